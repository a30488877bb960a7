"""Which public key SIM secrets are sealed with, while keys come and go (`wispgate keys`).

Everything that seals takes its key from here, in the transaction that keeps the seal: it holds a
shared lock until its end, so that after a rotation nothing comes in under the key of before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from wispgate.business.operators import hot, locks
from wispgate.business.operators import scope as scopes
from wispgate.business.operators.models import VaultKey
from wispgate.domain.authentication.sealing import SealingKey
from wispgate.kernel.errors import Conflict, Misconfigured, NotFound

State = VaultKey.State
_LOCK = "vault key"


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A public key and what it is good for. `since` is None for the one of the founding."""

    key: SealingKey
    state: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """A running Diameter process and the ids of the keys that it can open seals of."""

    name: str
    key_ids: frozenset[str]
    seen_at: datetime


def sealing_key() -> SealingKey:
    """The key that a new secret is sealed with, until the transaction ends. Raises Misconfigured."""
    locks.share(_LOCK)
    return next(known.key for known in list_keys() if known.state == State.CURRENT)


def list_keys() -> Sequence[KnownKey]:
    """In the order in which they came. Raises Misconfigured where there is none at all."""
    rows = [
        KnownKey(SealingKey.from_text(row.public_key), row.state, row.state_changed_at)
        for row in VaultKey.objects.all()
    ]
    return rows or [KnownKey(_founding_key(), State.CURRENT)]


def is_known(key_id: str) -> bool:
    """Whether seals of that key can be opened here."""
    return any(
        known.key.key_id.hex() == key_id for known in list_keys() if known.state != State.RETIRED
    )


def list_holders() -> Sequence[Holder]:
    """Diameter processes, as each of them wrote it down last."""
    rows = hot.run("list_key_holders")
    return [Holder(row["holder"], frozenset(row["key_ids"]), row["seen_at"]) for row in rows]


def switch_to(key: SealingKey) -> None:
    """Makes a key the current one, and the one of before a retiring one.

    Waits for everything that is being sealed. Raises Conflict while an older one is retiring, and
    for a key that was used before.
    """
    locks.hold(_LOCK)
    known = list_keys()
    if any(one.state == State.RETIRING for one in known):
        raise Conflict("another key is retiring: end that first")
    if any(one.key == key for one in known):
        raise Conflict("the key is here already, or was: make a new one")
    before = next(one for one in known if one.state == State.CURRENT)
    _put(before.key, State.RETIRING)
    _put(key, State.CURRENT)


def retire(key: SealingKey) -> None:
    """Says that a key is of no use any more; that nothing is sealed with it, the caller saw."""
    changed = VaultKey.objects.filter(key_id=key.key_id.hex(), state=State.RETIRING).update(
        state=State.RETIRED, state_changed_at=scopes.current().now
    )
    if not changed:
        raise NotFound("retiring key", key.key_id.hex())


def _put(key: SealingKey, state: State) -> None:
    now = scopes.current().now
    VaultKey.objects.update_or_create(
        key_id=key.key_id.hex(),
        defaults={"state": state, "state_changed_at": now},
        create_defaults={
            "public_key": key.to_text(), "state": state, "created_at": now, "state_changed_at": now
        },
    )  # fmt: skip


def _founding_key() -> SealingKey:
    text = settings.WISPGATE_VAULT_PUBLIC_KEY
    if not text:
        raise Misconfigured("there is no vault key to seal with", option="vault_public_key")
    return SealingKey.from_text(text)
