import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.acceptance.toys import free_port
from wispgate.main import health, leftovers
from wispgate.main.rules import Address


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[Address]:
    """A server that gives every request the same bytes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    port = free_port()
    async with await asyncio.start_server(serve, "127.0.0.1", port):
        yield Address("127.0.0.1", port)


async def test_an_answer_200_is_health() -> None:
    async with answering(b"HTTP/1.1 200 OK\r\n\r\nfine") as address:
        assert await health.answers_http(address, "/healthz")()
        assert await health.http_get(address, "/healthz") == b"fine"


async def test_who_says_that_he_cannot_serve_now_is_alive() -> None:
    async with answering(b"HTTP/1.1 503 Busy\r\n\r\nfailing") as address:
        assert await health.answers_http(address, "/healthz")()
        assert await health.http_get(address, "/healthz") is None


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 500 Oh\r\n\r\n", b"", b"nonsense\r\n\r\n", b"HTTP/1.1 x"]
)
async def test_any_other_answer_is_none(answer: bytes) -> None:
    async with answering(answer) as address:
        assert not await health.answers_http(address, "/healthz")()


async def test_nobody_there_is_no_health() -> None:
    assert not await health.answers_http(Address("127.0.0.1", free_port()), "/")()


async def test_a_heart_that_beats_is_health(tmp_path: Path) -> None:
    heartbeat = tmp_path / "worker.heartbeat"
    check = health.beats(heartbeat)
    assert not await check()

    health.beat(heartbeat)

    assert await check()


async def test_an_old_heartbeat_is_none(tmp_path: Path) -> None:
    heartbeat = tmp_path / "worker.heartbeat"
    health.beat(heartbeat)
    past = time.time() - health.HEARTBEAT_LIMIT_SECONDS - 1
    os.utime(heartbeat, (past, past))

    assert not await health.beats(heartbeat)()


def test_a_process_is_told_from_a_later_one_of_its_number() -> None:
    assert leftovers.start_ticks(os.getpid()) is not None
    assert leftovers.start_ticks(2**22 + 1) is None


@pytest.mark.parametrize("text", ["", "{", "{}", '{"processes": []}'])
def test_without_notes_nothing_is_ended(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(text)

    assert leftovers.end(path) == []


def test_a_strangers_process_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text(f'{{"processes": [{{"name": "web", "pid": {os.getpid()}, "start_ticks": 1}}]}}')

    assert leftovers.end(path) == []
