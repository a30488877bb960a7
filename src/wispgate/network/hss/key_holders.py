"""Who opens seals for the authentication function: this process, a key agent, or a plug-in.

`HeldKeys` has the private keys in memory. `AgentKeys` asks a process of its own over a Unix socket
(`key_agent`, or anything in front of a KMS or HSM that speaks the same lines), so that the private
keys are never here. Others fulfil `KeyHolder` and are named in the settings.
"""

import asyncio
import json
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Protocol

from wispgate.domain.authentication.errors import OpeningKeyMissing, SealBroken
from wispgate.domain.authentication.sealing import OpeningKey, SealingKey, keyring, open_sealed
from wispgate.kernel.errors import InvalidValue, Unavailable

# Not once per unknown seal: a restored backup may hold a million that nobody can open.
_SECONDS_BETWEEN_QUESTIONS: Final = 1.0
# An agent answers in a millisecond; a phone waits some seconds for its vectors.
_ANSWER_SECONDS: Final = 3.0
LONGEST_LINE: Final = 64 * 1024


class KeyHolder(Protocol):
    """Opens what is sealed. It may be asked many things at once."""

    async def list_keys(self) -> Sequence[SealingKey]:
        """The public halves of the keys that open here. Raises Unavailable."""
        ...

    async def open(self, sealed: bytes, *, bound_to: str) -> bytes:
        """What `open_sealed` gives, and raises; Unavailable while the keys cannot be reached."""
        ...

    async def close(self) -> None:
        """The end; nothing is asked any more."""


class HeldKeys:
    """Private keys in this process. `ask_again` reads them anew: keys come and go in a rotation."""

    def __init__(
        self,
        opening_keys: Iterable[OpeningKey],
        *,
        ask_again: Callable[[], Awaitable[Sequence[OpeningKey]]] | None = None,
    ) -> None:
        self._keys: Mapping[bytes, OpeningKey] = keyring(opening_keys)
        self._ask_again = ask_again
        self._asked_at = float("-inf")

    async def list_keys(self) -> Sequence[SealingKey]:
        """Asks anew first: a key that was retired is forgotten here too."""
        await self._refresh()
        return [key.sealing_key for key in self._keys.values()]

    async def open(self, sealed: bytes, *, bound_to: str) -> bytes:
        try:
            return open_sealed(self._keys, sealed, bound_to=bound_to)
        except OpeningKeyMissing:
            await self._refresh()
            return open_sealed(self._keys, sealed, bound_to=bound_to)

    async def close(self) -> None:
        self._keys = {}

    async def _refresh(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._ask_again is None or now - self._asked_at < _SECONDS_BETWEEN_QUESTIONS:
            return
        self._asked_at = now
        self._keys = keyring(await self._ask_again())

    def __repr__(self) -> str:
        return f"HeldKeys({len(self._keys)})"


class AgentKeys:
    """Keys of an agent at a Unix socket: one connection, opened when needed, one question at a time.

    The protocol is described in docs/howto/keys.md: one JSON object a line, each answered by one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = asyncio.Lock()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def list_keys(self) -> Sequence[SealingKey]:
        answer = await self._ask({"do": "list"})
        return [SealingKey.from_text(text) for text in answer["keys"]]

    async def open(self, sealed: bytes, *, bound_to: str) -> bytes:
        question = {"do": "open", "sealed": b64encode(sealed).decode(), "bound_to": bound_to}
        return b64decode((await self._ask(question))["plaintext"])

    async def make_key(self) -> SealingKey:
        """A new pair, of which the agent gives the public half only."""
        return SealingKey.from_text((await self._ask({"do": "make"}))["key"])

    async def forget_key(self, key: SealingKey) -> None:
        """Destroys a private key. What is sealed for it cannot be opened any more."""
        await self._ask({"do": "forget", "key": key.to_text()})

    async def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _ask(self, question: Mapping[str, str]) -> dict[str, Any]:
        async with self._turn:
            is_new = self._streams is None
            try:
                answer = await self._talk(question)
            except (OSError, ValueError, asyncio.IncompleteReadError):
                await self.close()
                if is_new:
                    raise self._away() from None
                answer = await self._talk_anew(question)
            except TimeoutError:
                await self.close()
                raise self._away() from None
        return _without_error(answer)

    async def _talk_anew(self, question: Mapping[str, str]) -> dict[str, Any]:
        """An agent that was started again: the old connection says so only when it is used."""
        try:
            return await self._talk(question)
        except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError):
            await self.close()
            raise self._away() from None

    async def _talk(self, question: Mapping[str, str]) -> dict[str, Any]:
        async with asyncio.timeout(_ANSWER_SECONDS):
            if self._streams is None:
                self._streams = await asyncio.open_unix_connection(
                    str(self._path), limit=LONGEST_LINE
                )
            reader, writer = self._streams
            writer.write(json.dumps(question).encode() + b"\n")
            await writer.drain()
            answer: dict[str, Any] = json.loads(await reader.readuntil(b"\n"))
            return answer

    def _away(self) -> Unavailable:
        return Unavailable(f"the key agent at {self._path} does not answer")

    def __repr__(self) -> str:
        return f"AgentKeys({self._path})"


_ERRORS: Final[Mapping[str, type[InvalidValue | Unavailable]]] = MappingProxyType(
    {
        OpeningKeyMissing.code: OpeningKeyMissing,
        SealBroken.code: SealBroken,
        InvalidValue.code: InvalidValue,
    }
)


def _without_error(answer: dict[str, Any]) -> dict[str, Any]:
    code = answer.get("error")
    if code is None:
        return answer
    raise _ERRORS.get(str(code), Unavailable)(str(answer.get("message", code)))
