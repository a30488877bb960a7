"""The key agent: a process that holds the private keys and does with them only what it is asked.

Run it as another user than the Diameter process: who takes that one over can then have seals
opened while it lasts, and cannot take the keys along. It also shows what a program in front of a
KMS or HSM has to answer; the lines are described in docs/howto/keys.md.
"""

import asyncio
import json
import os
import secrets
import socket
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import structlog

from wispgate.domain.authentication.sealing import (
    KEY_OCTETS,
    OpeningKey,
    SealingKey,
    keyring,
    open_sealed,
)
from wispgate.kernel.errors import InvalidValue, Misconfigured, WispgateError
from wispgate.network.hss.key_holders import LONGEST_LINE

_log = structlog.get_logger("keys")

# The agent's user and group: the Diameter process is of the group.
_SOCKET_MODE: Final = 0o660
_PRIVATE: Final = 0o600


class KeyFile:
    """Private keys, base64, one to a line, in a file that only its owner reads."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> tuple[OpeningKey, ...]:
        """Raises Misconfigured. No file is no key."""
        try:
            if self._path.stat().st_mode & 0o077:
                raise Misconfigured(f"{self._path} can be read by others: chmod go= {self._path}")
            return tuple(OpeningKey.from_text(line) for line in self._path.read_text().split())
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise Misconfigured(f"{self._path} cannot be read: {error.strerror}") from None
        except InvalidValue as error:
            raise Misconfigured(f"{self._path}: {error.message}") from None

    def make(self) -> OpeningKey:
        """A new key, on disk before anybody hears of it."""
        key = OpeningKey(secrets.token_bytes(KEY_OCTETS))
        self._write((*self.read(), key))
        return key

    def forget(self, key: SealingKey) -> None:
        self._write(tuple(kept for kept in self.read() if kept.sealing_key != key))

    def _write(self, keys: tuple[OpeningKey, ...]) -> None:
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
        with os.fdopen(descriptor, "w") as file:
            file.write("".join(f"{key.to_text()}\n" for key in keys))
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self._path)


class KeyAgent:
    """Answers questions about the keys of one file."""

    def __init__(self, file: KeyFile) -> None:
        self._file = file
        self._keys = keyring(file.read())

    def answer(self, line: bytes) -> dict[str, Any]:
        """One question's answer. What is wrong is answered too, and never quotes a secret."""
        try:
            question = json.loads(line)
            return _QUESTIONS[question["do"]](self, question)
        except WispgateError as error:
            return {"error": error.code, "message": error.message}
        except (ValueError, KeyError, TypeError):
            return {
                "error": InvalidValue.code,
                "message": "this is no question that an agent knows",
            }

    def _list(self, _: Mapping[str, str]) -> dict[str, Any]:
        return {"keys": [key.sealing_key.to_text() for key in self._keys.values()]}

    def _open(self, question: Mapping[str, str]) -> dict[str, Any]:
        sealed = b64decode(question["sealed"], validate=True)
        plaintext = open_sealed(self._keys, sealed, bound_to=question["bound_to"])
        return {"plaintext": b64encode(plaintext).decode()}

    def _make(self, _: Mapping[str, str]) -> dict[str, Any]:
        key = self._file.make()
        self._keys = keyring(self._file.read())
        _log.info("a key was made", key=key.sealing_key.key_id.hex())
        return {"key": key.sealing_key.to_text()}

    def _forget(self, question: Mapping[str, str]) -> dict[str, Any]:
        key = SealingKey.from_text(question["key"])
        self._file.forget(key)
        self._keys = keyring(self._file.read())
        _log.info("a key was destroyed", key=key.key_id.hex())
        return {}


_Question = Callable[[KeyAgent, Mapping[str, str]], dict[str, Any]]
# Of this module: what an agent does.
_QUESTIONS: Final[Mapping[str, _Question]] = MappingProxyType(
    {
        "list": KeyAgent._list,
        "open": KeyAgent._open,
        "make": KeyAgent._make,
        "forget": KeyAgent._forget,
    }
)


async def serve(agent: KeyAgent, path: Path) -> asyncio.Server:
    """Answers at a Unix socket. One that a killed agent left behind is taken over."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(agent.answer(line)).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError):
            pass  # who sends endless lines, or goes away in the middle, gets no answer
        finally:
            writer.close()

    return await asyncio.start_unix_server(converse, sock=_bound(path), limit=LONGEST_LINE)


def _bound(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    path.chmod(_SOCKET_MODE)
    return listening
