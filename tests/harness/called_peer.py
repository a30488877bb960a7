"""A peer that is called: it listens, and a test writes every octet of what it says."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.harness.network import NOW, PATIENCE, RawPeer, messages_of
from wispgate.wire.diameter.answers import Result
from wispgate.wire.diameter.base_messages import BaseMessages


class CalledPeer:
    """`calls` are the connections in the order in which they came."""

    def __init__(self, host: str) -> None:
        self.messages: BaseMessages = messages_of(host)
        self.calls: asyncio.Queue[RawPeer] = asyncio.Queue()
        self.count = 0
        self.port = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def close(self) -> None:
        for writer in self._writers:
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    async def next_call(self) -> RawPeer:
        async with asyncio.timeout(PATIENCE):
            return await self.calls.get()

    async def welcome(self, call: RawPeer, result: Result | None = None) -> None:
        """Reads the CER, and answers it."""
        introduction = await call.read()
        call.write(self.messages.capabilities_answer(introduction, result or Result(2001)))

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.count += 1
        self._writers.append(writer)
        self.calls.put_nowait(RawPeer(reader, writer))


@asynccontextmanager
async def a_called_peer(
    host: str, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[CalledPeer]:
    peer = CalledPeer(host)
    server = await asyncio.start_server(peer._take, "127.0.0.1", 0, ssl=tls)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        await peer.close()


def goodbye(peer: CalledPeer, cause: int) -> bytes:
    return peer.messages.disconnect_request(cause, NOW)
