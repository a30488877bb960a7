"""A Diameter client of the simulator's own: one connection, requests awaited, requests served."""

import asyncio
import secrets
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self, cast

from wispgate.kernel.errors import Unavailable
from wispgate.wire.diameter import events as ev
from wispgate.wire.diameter.capabilities import Application, LocalNode
from wispgate.wire.diameter.header import FLAG_PROXIABLE, FLAG_REQUEST, Header
from wispgate.wire.diameter.message import AvpItem, Message, decode_message, encode_message
from wispgate.wire.diameter.peer import Peer
from wispgate.wire.diameter.types import Address

_PATIENCE: Final = 10.0
_TICK: Final = 0.5


class NotConnected(Unavailable):
    """The node does not take us, or is gone. `result_code` is what its CEA said, or 0."""

    code = "not_connected"

    def __init__(self, message: str, *, result_code: int = 0) -> None:
        super().__init__(message, result_code=result_code)
        self.result_code = result_code


class DiameterClient(asyncio.Protocol):
    """A client node. `serve` answers what the other side asks, as octets.

    `patience` is how many seconds an answer may take. A greater `origin_state_id` than that of an
    earlier connection says that the sessions of then are lost (RFC 6733 section 8.16).
    """

    def __init__(
        self, host: str, realm: str, applications: Iterable[Application],
        *, serve: Callable[[Message], bytes] | None = None, patience: float = _PATIENCE,
        origin_state_id: int | None = None,
    ) -> None:  # fmt: skip
        node = LocalNode(
            origin_host=host,
            origin_realm=realm,
            host_ip_addresses=(Address.parse("127.0.0.1"),),
            applications=tuple(applications),
            product_name="WISPGate simulator",
            origin_state_id=origin_state_id,
        )
        self.host = host
        self.realm = realm
        # What the node calls its realm; known once it has answered.
        self.node_realm = ""
        self._peer = Peer(node, "initiator", jitter=timedelta, seed=secrets.randbits(32))
        self._serve = serve
        self._patience = patience
        self._transport: asyncio.Transport | None = None
        self._pending: dict[int, asyncio.Future[Message]] = {}
        self._opened: asyncio.Future[None] | None = None
        self.closed = asyncio.Event()
        self._ticking: asyncio.Task[None] | None = None
        self._hop_by_hop = secrets.randbits(31)
        self._end_to_end = secrets.randbits(31)
        self._session = 0

    async def connect(self, address: str, port: int) -> Self:
        """Opens the peer. Raises NotConnected with the result code of a refusal."""
        loop = asyncio.get_running_loop()
        self._opened = loop.create_future()
        self._peer.start(now=_now())
        try:
            await loop.create_connection(lambda: self, address, port)
            async with asyncio.timeout(_PATIENCE):
                await self._opened
        except (OSError, TimeoutError) as error:
            raise NotConnected(f"{address}:{port} does not answer: {error}") from None
        self._ticking = loop.create_task(self._tick())
        return self

    async def close(self) -> None:
        """Says goodbye and closes."""
        if self._ticking is not None:
            self._ticking.cancel()
        if self._peer.is_open:
            self._act(self._peer.disconnect(ev.DisconnectCause.REBOOTING, now=_now()))
        if self._transport is not None:
            async with asyncio.timeout(_PATIENCE):
                await self.closed.wait()

    def abort(self) -> None:
        """Gone without a word."""
        if self._transport is not None:
            self._transport.abort()

    def new_session_id(self) -> str:
        self._session += 1
        return f"{self.host};{int(_now().timestamp())};{self._session};{secrets.token_hex(4)}"

    async def request(
        self, application_id: int, command_code: int, avps: Iterable[AvpItem],
        *, flags: int = FLAG_REQUEST | FLAG_PROXIABLE,
    ) -> Message:  # fmt: skip
        """The answer to a request. Raises NotConnected, TimeoutError."""
        return await self.exchange(
            self.encode_request(application_id, command_code, avps, flags=flags)
        )

    def encode_request(
        self, application_id: int, command_code: int, avps: Iterable[AvpItem],
        *, flags: int = FLAG_REQUEST | FLAG_PROXIABLE,
    ) -> bytes:  # fmt: skip
        """A request under a fresh End-to-End identifier, for `exchange`, once or again."""
        self._end_to_end = (self._end_to_end + 1) & 0xFFFF_FFFF
        header = Header(flags, command_code, application_id, 0, self._end_to_end)
        return encode_message(header, avps)

    async def exchange(self, message: bytes) -> Message:
        """Sends a ready request under a fresh Hop-by-Hop identifier; its answer."""
        identifier = self._hop_by_hop = (self._hop_by_hop + 1) & 0xFFFF_FFFF
        message = message[:12] + identifier.to_bytes(4, "big") + message[16:]
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._pending[identifier] = answer
        self._peer.send(message, now=_now())
        self._flush()
        try:
            async with asyncio.timeout(self._patience):
                return await answer
        finally:
            self._pending.pop(identifier, None)

    def send_octets(self, data: bytes) -> None:
        """Puts any octets on the connection."""
        if self._transport is not None:
            self._transport.write(data)

    # --- asyncio ------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._act(self._peer.connection_made(now=_now()))

    def data_received(self, data: bytes) -> None:
        self._act(self._peer.receive_data(data, now=_now()))

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._act(self._peer.connection_lost(now=_now()))
        self._fail(NotConnected("the connection is gone"))
        self.closed.set()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            timer = self._peer.get_timer()
            if timer is not None and timer <= _now():
                self._act(self._peer.handle_timer(now=_now()))

    def _act(self, events: list[ev.Event]) -> None:
        for event in events:
            if isinstance(event, ev.AnswerReceived):
                self._settle(decode_message(event.raw))
            elif isinstance(event, ev.RequestReceived) and self._serve is not None:
                self._peer.send(self._serve(decode_message(event.raw)), now=_now())
            elif isinstance(event, ev.CapabilitiesExchanged):
                self.node_realm = event.remote.origin_realm
                self._settle_opening()
            elif isinstance(event, ev.CapabilitiesRefused):
                self._fail(
                    NotConnected(event.error_message or "refused", result_code=event.result_code)
                )
            elif isinstance(event, ev.ConnectionShouldClose):
                self._flush()
                if self._transport is not None:
                    self._transport.close()
        self._flush()

    def _settle(self, answer: Message) -> None:
        waiting = self._pending.get(answer.header.hop_by_hop)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def _settle_opening(self) -> None:
        if self._opened is not None and not self._opened.done():
            self._opened.set_result(None)

    def _fail(self, error: NotConnected) -> None:
        waiting: list[asyncio.Future[Any]] = list(self._pending.values())
        if self._opened is not None:
            waiting.append(self._opened)
        for future in waiting:
            if not future.done():
                future.set_exception(error)

    def _flush(self) -> None:
        data = self._peer.data_to_send(now=_now())
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)


def _now() -> datetime:
    return datetime.now(UTC)
