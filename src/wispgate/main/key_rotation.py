"""Replacing the vault's key: the steps, each of which may be cut off and done again.

1. The new pair is made beside the old one.
2. Every running Diameter process says that it can open seals of it.
3. It becomes the current one: from that moment on everything new is sealed with it.
4. What is there is sealed anew, by the process that may open seals.
5. Retiring the old one, later: nothing is sealed with it any more, and its private half is destroyed.
"""

import asyncio
import json
import os
import secrets as randomness
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from wispgate.domain.authentication.sealing import KEY_OCTETS, OpeningKey, SealingKey
from wispgate.kernel.errors import Conflict, InvalidValue, Unavailable
from wispgate.main import key_holding, secret_files
from wispgate.main.settings import Settings
from wispgate.network.hss.key_holders import AgentKeys

if TYPE_CHECKING:
    from wispgate.business.operators.scope import Scope
    from wispgate.business.tenants.rewrapping import Outcome

# A process that has not said for so long what it holds is taken for ended.
_SILENCE: Final = timedelta(seconds=60)
# Processes look for new keys every two seconds.
_PATIENCE_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.5


def rotate(settings: Settings, scope: "Scope", *, key_text: str = "") -> "Outcome":
    """All but the last step; after one that was cut off, the rest of it.

    Raises Conflict where a Diameter process lacks the new key.
    """
    from wispgate.business.operators import scope as scopes  # noqa: PLC0415 (needs Django)
    from wispgate.business.operators import vault  # noqa: PLC0415

    with scopes.within(scope):
        known = vault.list_keys()
    if not any(one.state == vault.State.RETIRING for one in known):
        new = _new_key(settings, [one.key for one in known], key_text)
        _require_held(scope, new)
        with scopes.within(scope):
            vault.switch_to(new)
    return rewrap(settings, scope)


def rewrap(settings: Settings, scope: "Scope") -> "Outcome":
    """Seals everything anew for the current key."""
    from wispgate.business.operators import scope as scopes  # noqa: PLC0415 (needs Django)
    from wispgate.business.operators import vault  # noqa: PLC0415
    from wispgate.business.tenants import rewrapping  # noqa: PLC0415

    with scopes.within(scope):
        key = vault.sealing_key()
    secret_files.put_sealing_key(settings.folder.secrets, key)
    with _resealing(settings, key) as reseal:
        return rewrapping.rewrap(scope, key, reseal)


def retire(settings: Settings, scope: "Scope") -> Sequence[SealingKey]:
    """Ends the old keys that nothing is sealed with: which they were. Raises Conflict otherwise.

    Also destroys the private half of one that was retired by a run that was cut off then.
    """
    from wispgate.business.operators import scope as scopes  # noqa: PLC0415 (needs Django)
    from wispgate.business.operators import vault  # noqa: PLC0415
    from wispgate.business.tenants import rewrapping  # noqa: PLC0415

    counts = rewrapping.count_seals(scope)
    with scopes.within(scope):
        known = vault.list_keys()
        retiring = [one.key for one in known if one.state == vault.State.RETIRING]
        for key in retiring:
            if left := counts.get(key.key_id.hex()):
                places = ", ".join(f"{number} in {place}" for place, number in left.items())
                raise Conflict(
                    f"key {key.key_id.hex()} is still needed: {places}; `wispgate keys rotate` "
                    f"goes on with sealing anew"
                )
            vault.retire(key)
    ended = [one.key for one in known if one.state != vault.State.CURRENT]
    return [key for key in ended if _destroy(settings, key) or key in retiring]


def _new_key(settings: Settings, known: Sequence[SealingKey], text: str) -> SealingKey:
    """The one that was named; else one that a run left unused; else one made now."""
    if text:
        return SealingKey.from_text(text)
    agent = key_holding.find_agent(settings)
    if agent is not None:
        return asyncio.run(_new_key_of(agent, known))
    if not key_holding.is_handed_over(settings):
        raise InvalidValue("who holds the keys makes the new one: name it", field="key")
    held = secret_files.opening_keys_of(secret_files.read_opening_keys(settings.folder.secrets))
    unused = [one.sealing_key for one in held if one.sealing_key not in known]
    if unused:
        return unused[0]
    made = OpeningKey(randomness.token_bytes(KEY_OCTETS))
    secret_files.add_opening_key(settings.folder.secrets, made)
    return made.sealing_key


async def _new_key_of(agent: AgentKeys, known: Sequence[SealingKey]) -> SealingKey:
    try:
        unused = [key for key in await agent.list_keys() if key not in known]
        return unused[0] if unused else await agent.make_key()
    finally:
        await agent.close()


def _destroy(settings: Settings, key: SealingKey) -> bool:
    """Whether there was a private half to destroy. That of a plug-in is its own business."""
    agent = key_holding.find_agent(settings)
    if agent is not None:
        return asyncio.run(_destroy_in(agent, key))
    if not key_holding.is_handed_over(settings):
        return False
    held = secret_files.opening_keys_of(secret_files.read_opening_keys(settings.folder.secrets))
    if key not in [one.sealing_key for one in held]:
        return False
    secret_files.drop_opening_key(settings.folder.secrets, key)
    return True


async def _destroy_in(agent: AgentKeys, key: SealingKey) -> bool:
    try:
        if key not in await agent.list_keys():
            return False
        await agent.forget_key(key)
    finally:
        await agent.close()
    return True


def _require_held(scope: "Scope", key: SealingKey) -> None:
    """Waits until every running Diameter process has the key. Raises Conflict, naming who has not."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while lacking := _lacking(scope, key):
        if time.monotonic() > until:
            raise Conflict(
                f"{', '.join(lacking)} cannot open seals of key {key.key_id.hex()} yet: start it "
                f"again with the new key, then run this again"
            )
        time.sleep(_LOOK_SECONDS)


def _lacking(scope: "Scope", key: SealingKey) -> list[str]:
    from wispgate.business.operators import scope as scopes  # noqa: PLC0415 (needs Django)
    from wispgate.business.operators import vault  # noqa: PLC0415

    with scopes.within(scope):
        return [
            holder.name
            for holder in vault.list_holders()
            if scope.now - holder.seen_at < _SILENCE and key.key_id.hex() not in holder.key_ids
        ]


@contextmanager
def _resealing(settings: Settings, key: SealingKey) -> "Iterator[_Reseal]":
    """The process that opens seals, and a function that asks it."""
    handed_over: list[int] = []
    environment = os.environ | settings.environment()
    if key_holding.is_handed_over(settings):
        text = secret_files.read_opening_keys(settings.folder.secrets)
        handed_over = [secret_files.pipe_with(text)]
        environment |= {secret_files.VAULT_FD: str(handed_over[0])}
    try:
        process = subprocess.Popen(  # noqa: S603 (our own program)
            [sys.executable, "-P", "-m", "wispgate.main.resealing", "--lines", key.to_text()],
            env=environment, pass_fds=handed_over, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
    finally:
        for descriptor in handed_over:
            os.close(descriptor)
    with process:
        yield _Reseal(process)


class _Reseal:
    """Asks the process, a batch a line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, asked: Sequence[tuple[bytes, str]]) -> Sequence[bytes | str]:
        question = [[b64encode(sealed).decode(), bound_to] for sealed, bound_to in asked]
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise AssertionError("a process with pipes has pipes")
        try:
            stdin.write(json.dumps(question) + "\n")
            stdin.flush()
        except BrokenPipeError:
            raise Unavailable("nothing can be sealed anew: see above") from None
        line = stdout.readline()
        if not line:
            raise Unavailable("sealing anew was cut off: see above")
        return [wrong or b64decode(sealed) for sealed, wrong in json.loads(line)]
