"""How the supervisor sees that a process serves: it asks from outside, as a user would."""

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from wispgate.main.rules import Address

HEARTBEAT_LIMIT_SECONDS = 30
_ANSWER_SECONDS = 5
_LONGEST_ANSWER = 1024 * 1024


async def always() -> bool:
    """For processes of which being alive is all that is asked."""
    return True


def answers_http(address: Address, path: str) -> Callable[[], Awaitable[bool]]:
    """The check: a GET is answered with 200, or with 503.

    Who says that he cannot serve now (the database is away) is alive: a new start would not help.
    """

    async def check() -> bool:
        status, _ = await _get(address, path)
        return status in (200, 503)

    return check


def beats(heartbeat: Path) -> Callable[[], Awaitable[bool]]:
    """The check: the process touched its heartbeat file lately (`beat`)."""

    async def check() -> bool:
        return _age_seconds(heartbeat) < HEARTBEAT_LIMIT_SECONDS

    return check


def beat(heartbeat: Path) -> None:
    """Says "I work": called by a process at least every ten seconds, from its main loop."""
    heartbeat.touch(mode=0o600)


async def http_get(address: Address, path: str) -> bytes | None:
    """The body of a 200 answer, else None. For our own processes on this machine."""
    status, body = await _get(address, path)
    return body if status == 200 else None


async def _get(address: Address, path: str) -> tuple[int, bytes]:
    """Status and body; status 0 where there was no answer."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_ANSWER_SECONDS):
            return _parsed(await _exchange(address, path))
    return 0, b""


def _parsed(answer: bytes) -> tuple[int, bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    return (int(words[1]), body) if len(words) > 1 and words[1].isdigit() else (0, b"")


def _age_seconds(heartbeat: Path) -> float:
    """By the world's clock, which also dates files: a sandbox's would be ahead."""
    try:
        return time.time() - heartbeat.stat().st_mtime
    except FileNotFoundError:
        return math.inf


async def _exchange(address: Address, path: str) -> bytes:
    reader, writer = await asyncio.open_connection(address.reachable_host, address.port)
    request = f"GET {path} HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    try:
        writer.write(request.encode("ascii"))
        await writer.drain()
        answer = await reader.read(_LONGEST_ANSWER)
        while more := await reader.read(_LONGEST_ANSWER - len(answer)):
            answer += more
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    return answer
