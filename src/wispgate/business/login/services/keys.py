"""Security keys and passkeys: WebAuthn level 2, by the library `fido2`.

A challenge and its answer are two requests. What was asked is plain data that the caller keeps in
the session between them, and that is good for one answer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from wispgate.business.login.errors import FactorExists, FactorRefused
from wispgate.business.login.models import SecurityKey
from wispgate.business.login.services.factors import require_name
from wispgate.business.operators import ids
from wispgate.business.operators import scope as scopes
from wispgate.business.staff.models import StaffMember

_log = structlog.get_logger("login")

REFUSAL = "this key was not accepted"
_LONGEST_ID = 1023  # WebAuthn level 2 section 4, "credential ID"


@dataclass(frozen=True, slots=True)
class Site:
    """Where the browser is: keys are bound to the host name, answers to the whole origin.

    `name` is what the browser and the keeper of passkeys call the place.
    """

    host: str
    origin: str
    name: str

    @property
    def server(self) -> Fido2Server:
        entity = PublicKeyCredentialRpEntity(id=self.host, name=self.name)
        return Fido2Server(entity, verify_origin=self.is_ours)

    def is_ours(self, origin: str) -> bool:
        return origin == self.origin


@dataclass(frozen=True, slots=True)
class Asked:
    """What the browser gets, and what is kept to check its answer."""

    options: Mapping[str, Any]
    state: Mapping[str, Any]


def ask_to_enrol(member: StaffMember, site: Site) -> Asked:
    """A challenge for a new key; those that are enrolled already are told to stay silent."""
    known = _credentials(SecurityKey.objects.filter(member_id=member.id, host=site.host))
    options, state = site.server.register_begin(
        PublicKeyCredentialUserEntity(
            id=member.id.bytes, name=member.email, display_name=member.name or member.email
        ),
        known,
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
        extensions={"credProps": True},
    )
    return Asked(dict(options), state)


def enrol(
    member: StaffMember, site: Site, *, state: Mapping[str, Any], answer: Any, name: str
) -> None:
    """Keeps a new key. Raises FactorRefused, FactorExists."""
    made = _believing(lambda: site.server.register_complete(state, answer))
    credential = made.credential_data
    if len(credential.credential_id) > _LONGEST_ID:
        raise FactorRefused(REFUSAL)
    now = scopes.current().now
    row = SecurityKey(
        id=ids.new_id(now),
        operator_id=member.operator_id,
        member_id=member.id,
        name=require_name(name),
        host=site.host,
        credential_id=credential.credential_id,
        credential=bytes(credential),
        sign_count=made.counter,
        is_passkey=_is_passkey(answer),
        created_at=now,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise FactorExists("this key is enrolled already") from None


def ask_for_factor(member_id: UUID, site: Site) -> Asked | None:
    """A challenge for the member's own keys, None where none was made for this host."""
    known = _credentials(SecurityKey.objects.filter(member_id=member_id, host=site.host))
    if not known:
        return None
    options, state = site.server.authenticate_begin(
        known, user_verification=UserVerificationRequirement.PREFERRED
    )
    return Asked(dict(options), state)


def ask_for_passkey(site: Site) -> Asked:
    """A challenge for whoever holds a passkey: finger or PIN is required, so it is two factors."""
    options, state = site.server.authenticate_begin(
        user_verification=UserVerificationRequirement.REQUIRED
    )
    return Asked(dict(options), state)


def find_holder(answer: Any) -> UUID | None:
    """Whose passkey the browser says that it is; `take` proves it."""
    try:
        handle = AuthenticationResponse.from_dict(answer).response.user_handle
        return UUID(bytes=handle) if handle else None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def take(member_id: UUID, site: Site, *, state: Mapping[str, Any], answer: Any) -> SecurityKey:
    """The key that answered. Raises FactorRefused, also for a key that seems to be copied."""
    # Locked: of two answers at once the second one sees the first one's counter.
    rows = list(SecurityKey.objects.select_for_update().filter(member_id=member_id, host=site.host))
    known = _credentials(rows)
    used = _believing(lambda: site.server.authenticate_complete(state, known, answer))
    row = next(each for each in rows if bytes(each.credential_id) == used.credential_id)
    counter = AuthenticationResponse.from_dict(answer).response.authenticator_data.counter
    _require_new(row, counter)
    row.sign_count, row.last_used_at = counter, scopes.current().now
    row.save(update_fields=["sign_count", "last_used_at"])
    return row


def _require_new(row: SecurityKey, counter: int) -> None:
    """WebAuthn level 2 section 6.1.1: a counter that does not grow is a copy's. Passkeys that are
    synchronized between devices keep it at zero."""
    if (counter or row.sign_count) and counter <= row.sign_count:
        _log.warning("a security key's counter went back", key=str(row.id))
        raise FactorRefused("this key was not accepted: it may have been copied")


def _credentials(rows: Any) -> Sequence[AttestedCredentialData]:
    return [AttestedCredentialData(bytes(row.credential)) for row in rows]


def _believing(check: Callable[[], Any]) -> Any:
    """The library names what is wrong by a ValueError, and by others where the answer is garbage."""
    try:
        return check()
    except (ValueError, TypeError, KeyError, AttributeError, AssertionError) as error:
        _log.info("a security key's answer was refused", cause=str(error)[:200])
        raise FactorRefused(REFUSAL) from None


def _is_passkey(answer: Any) -> bool:
    """As the browser says; it only decides which words the page shows."""
    results = answer.get("clientExtensionResults") if isinstance(answer, dict) else None
    properties = results.get("credProps") if isinstance(results, dict) else None
    return isinstance(properties, dict) and properties.get("rk") is True
