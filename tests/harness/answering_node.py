"""A Diameter node of a few lines that answers as it is told and asks what it is told to.

It stands for HSS, PCRF and OCS where a test needs answers that the product would not give.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self, cast

from wispgate.wire.diameter import commands
from wispgate.wire.diameter import events as ev
from wispgate.wire.diameter.answers import Origin, Result, answer_to
from wispgate.wire.diameter.capabilities import Application, LocalNode
from wispgate.wire.diameter.header import request_header
from wispgate.wire.diameter.message import AvpItem, Message, decode_message, encode_message
from wispgate.wire.diameter.peer import Peer
from wispgate.wire.diameter.types import Address

HOST = "node.epc.test"
REALM = "epc.test"
_APPLICATIONS = (
    Application(commands.APPLICATION_S6A, commands.VENDOR_3GPP),
    Application(commands.APPLICATION_GX, commands.VENDOR_3GPP),
    Application(commands.APPLICATION_CREDIT_CONTROL),
)


@dataclass
class Reply:
    """What to answer: a result and AVPs, or nothing at all."""

    result: Result | int = 2001
    avps: list[AvpItem] = field(default_factory=list)
    is_silent: bool = False


Handler = Callable[[Message], Reply]


class AnsweringNode:
    """Answers with the handler of (application, command); `requests` is all that came, in order."""

    def __init__(self) -> None:
        self.handlers: dict[tuple[int, int], Handler] = {}
        self.requests: list[Message] = []
        self.port = 0
        self.refuses = False
        self._numbers = itertools.count(1)
        self._server: asyncio.Server | None = None
        self._connections: dict[str, _Connection] = {}
        self._pending: dict[int, asyncio.Future[Message]] = {}

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.drop()

    def drop(self) -> None:
        """Cuts all connections."""
        for connection in list(self._connections.values()):
            connection.transport.abort()

    def requests_of(self, application_id: int, command_code: int) -> list[Message]:
        return [
            request
            for request in self.requests
            if request.header.application_id == application_id
            and request.header.command_code == command_code
        ]

    def credit_controls(self, application_id: int) -> list[Message]:
        return self.requests_of(application_id, commands.COMMAND_CREDIT_CONTROL)

    async def ask(
        self, host: str, application_id: int, command_code: int, avps: Iterable[AvpItem]
    ) -> Message:
        """The answer of that node to a request of ours."""
        number = next(self._numbers)
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._pending[number] = answer
        header = request_header(command_code, application_id, hop_by_hop=number, end_to_end=number)
        self._connections[host].send(encode_message(header, avps))
        async with asyncio.timeout(10):
            return await answer

    def receive(self, connection: "_Connection", event: ev.Event) -> None:
        if isinstance(event, ev.CapabilitiesRequested):
            self._connections[event.remote.origin_host] = connection
        elif isinstance(event, ev.RequestReceived):
            request = decode_message(event.raw)
            self.requests.append(request)
            reply = self._reply_to(request)
            if not reply.is_silent:
                connection.send(answer_to(request, reply.result, Origin(HOST, REALM), reply.avps))
        elif isinstance(event, ev.AnswerReceived):
            self._pending.pop(event.header.hop_by_hop).set_result(decode_message(event.raw))

    def forget(self, connection: "_Connection") -> None:
        kept = {host: c for host, c in self._connections.items() if c is not connection}
        self._connections = kept

    def _reply_to(self, request: Message) -> Reply:
        key = request.header.application_id, request.header.command_code
        handler = self.handlers.get(key)
        return Reply(3001) if handler is None else handler(request)


class _Connection(asyncio.Protocol):
    def __init__(self, node: AnsweringNode) -> None:
        local = LocalNode(HOST, REALM, (Address.parse("127.0.0.1"),), _APPLICATIONS)
        self._node = node
        self._peer = Peer(local, "responder", jitter=timedelta, seed=1)
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._act(self._peer.connection_made(now=_now()))

    def data_received(self, data: bytes) -> None:
        self._act(self._peer.receive_data(data, now=_now()))

    def connection_lost(self, exc: Exception | None) -> None:
        self._peer.connection_lost(now=_now())
        self._node.forget(self)

    def send(self, message: bytes) -> None:
        self._peer.send(message, now=_now())
        self._flush()

    def _act(self, events: list[ev.Event]) -> None:
        for event in events:
            self._node.receive(self, event)
            if isinstance(event, ev.CapabilitiesRequested):
                peer, now = self._peer, _now()
                self._act(peer.refuse(now=now) if self._node.refuses else peer.accept(now=now))
            elif isinstance(event, ev.ConnectionShouldClose):
                self._flush()
                self.transport.close()
        self._flush()

    def _flush(self) -> None:
        data = self._peer.data_to_send(now=_now())
        if data and not self.transport.is_closing():
            self.transport.write(data)


def _now() -> datetime:
    return datetime.now(UTC)
