"""One transport connection: a thin driver between asyncio and the peer that thinks.

What one read of the socket brings is handled in one pass, and all answers that are ready then
leave in one write.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable
from datetime import timedelta
from typing import TYPE_CHECKING, Final, assert_never, cast

import structlog

from wispgate.network.transport import metrics
from wispgate.network.transport.applications import RemotePeer
from wispgate.network.transport.requests import OutgoingRequest, Outstanding
from wispgate.wire.diameter import events as ev
from wispgate.wire.diameter.capabilities import Capabilities
from wispgate.wire.diameter.events import DisconnectCause
from wispgate.wire.diameter.header import Header
from wispgate.wire.diameter.message import Message
from wispgate.wire.diameter.peer import Peer

if TYPE_CHECKING:
    from wispgate.network.transport.node import DiameterNode

_log = structlog.get_logger("diameter")

# Beyond this many unanswered requests of one connection the rest is answered 3004 unread.
MAX_IN_FLIGHT: Final = 4000
# A peer that does not read what we wrote last is cut off after this long.
_LINGER_SECONDS: Final = 2.0


def draw_jitter() -> timedelta:
    """-2 to +2 s for a watchdog (RFC 3539 section 3.4.1)."""
    return timedelta(milliseconds=secrets.randbelow(4001) - 2000)


class Connection(asyncio.Protocol):
    """A connection that the other side opened."""

    def __init__(self, node: "DiameterNode") -> None:
        self._node = node
        self.peer = Peer(
            node.local, "responder",
            jitter=draw_jitter, seed=secrets.randbits(32), timing=node.timing,
        )  # fmt: skip
        self.remote: RemotePeer | None = None
        self.address = ""
        self.opened_at = node.clock.now()
        self.answered = 0
        self._outstanding = Outstanding(self.peer)
        self._transport: asyncio.Transport | None = None
        self._answers: list[bytes] = []
        self._is_flush_due = False
        self._is_leaving = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._introduced: Capabilities | None = None
        self._lingering: asyncio.TimerHandle | None = None

    # --- what asyncio tells -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        name = transport.get_extra_info("peername")
        self.address = name[0] if name else ""
        if not self._node.take(self):
            metrics.REFUSED_CONNECTIONS.labels("too many").inc()
            self._transport.abort()
            return
        self.act(self.peer.connection_made(now=self._node.clock.now()))

    def data_received(self, data: bytes) -> None:
        self.act(self.peer.receive_data(data, now=self._node.clock.now()))
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self.act(self.peer.connection_lost(now=self._node.clock.now()))
        self._outstanding.fail()
        self._transport = None
        if self._lingering is not None:
            self._lingering.cancel()
        self._node.forget(self)

    def pause_writing(self) -> None:
        """The other side does not read: then neither do we, so that nothing piles up here."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    # --- what the node asks -------------------------------------------------------------------

    @property
    def in_flight(self) -> int:
        return len(self._tasks)

    @property
    def unanswered(self) -> int:
        """How many requests of ours wait for the other side."""
        return len(self._outstanding)

    def handle_timer(self) -> None:
        """Acts if the peer's timer has come."""
        now = self._node.clock.now()
        timer = self.peer.get_timer()
        if timer is not None and timer <= now:
            self.act(self.peer.handle_timer(now=now))
            self.flush()

    def disconnect(self, cause: DisconnectCause) -> None:
        """Says goodbye, as far as the peer is open."""
        if self.peer.is_open:
            self.act(self.peer.disconnect(cause, now=self._node.clock.now()))
            self.flush()

    async def ask(self, request: OutgoingRequest) -> Message:
        """The answer to a request of ours. Raises PeerAway, ConnectionGone or NoAnswer."""
        return await self._outstanding.ask(request, self.flush, now=self._node.clock.now())

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def drain(self) -> None:
        """Takes no more requests, and waits until those taken have been answered."""
        self._is_leaving = True
        while self._tasks:
            await asyncio.wait(self._tasks)
        self.flush()

    def flush(self) -> None:
        """One write of all that is ready."""
        self._is_flush_due = False
        data = self.peer.data_to_send(now=self._node.clock.now())
        if self._answers:
            data += b"".join(self._answers)
            self._answers.clear()
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    # --- what the peer says -------------------------------------------------------------------

    def act(self, events: list[ev.Event]) -> None:
        for event in events:
            if type(event) is ev.RequestReceived:
                self._receive_request(event.raw, event.header)
            elif type(event) is ev.AnswerReceived and self._outstanding.receive(
                event.raw, event.header
            ):
                continue
            else:
                self._act_on(event)

    def _act_on(self, event: ev.Event) -> None:
        match event:
            case ev.CapabilitiesRequested(remote=remote):
                self._introduced = remote
                self._run(self._node.admit(self, remote))
            case ev.PeerDown(reason=reason, detail=detail):
                self._log("peer down", reason=str(reason), detail=detail)
                self._node.spawn(self._node.release(self))
            case ev.WatchdogSuspect():
                self._log("peer suspect")
                self._node.spawn(self._node.mark(self, "suspect"))
            case ev.WatchdogRecovered():
                self._log("peer recovered")
                self._node.spawn(self._node.mark(self, "open"))
            case ev.ConnectionShouldClose():
                self._close()
            case ev.CapabilitiesRefused(result_code=result_code):
                self._note_refusal(result_code)
            case ev.AnswerReceived() | ev.RequestReceived():
                self._log("unexpected answer", command=event.header.command_code)
            case (
                ev.CapabilitiesExchanged()
                | ev.DisconnectRequested()
                | ev.OriginStateChanged()
                | ev.ConnectionWanted()
                | ev.RivalAccepted()
                | ev.RivalRefused()
            ):
                self._log(_words(type(event).__name__))
            case _:
                assert_never(event)

    def _note_refusal(self, result_code: int) -> None:
        """An allowed peer with whom this node cannot speak: no application or security in common."""
        remote = self.peer.remote or self._introduced
        if remote is not None:
            reason = f"it and this node have nothing in common (result {result_code})"
            self._node.spawn(self._node.record_refusal(self, remote, reason))

    def _close(self) -> None:
        """Closes once everything is written, or gives that up after a while."""
        self.flush()
        if self._transport is not None:
            self._transport.close()
            self._lingering = asyncio.get_running_loop().call_later(_LINGER_SECONDS, self.abort)

    # --- requests -----------------------------------------------------------------------------

    def _receive_request(self, raw: bytes, header: Header) -> None:
        remote = self.remote
        if remote is None:
            return
        if self._is_leaving or len(self._tasks) >= MAX_IN_FLIGHT:
            self._answer(self._node.dispatcher.too_busy(header), header, time.perf_counter())
            return
        started = time.perf_counter()
        answer = self._node.dispatcher.dispatch(raw, header, remote, now=self._node.clock.now())
        if isinstance(answer, bytes):
            self._answer(answer, header, started)
        else:
            self._run(self._answer_later(answer, header, started))

    async def _answer_later(self, answer: Awaitable[bytes], header: Header, started: float) -> None:
        self._answer(await answer, header, started)

    def _answer(self, answer: bytes, header: Header, started: float) -> None:
        metrics.count_answer(header, answer, seconds=time.perf_counter() - started)
        self.answered += 1
        if self.peer.is_open or self.in_flight:
            self._answers.append(answer)
        if not self._is_flush_due:
            self._is_flush_due = True
            asyncio.get_running_loop().call_soon(self.flush)

    def _run(self, coroutine: Awaitable[None]) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _log(self, what: str, **facts: object) -> None:
        identity = self.peer.remote.origin_host if self.peer.remote else ""
        _log.info(what, peer=identity, address=self.address, **facts)


def _words(name: str) -> str:
    """CapabilitiesExchanged → "capabilities exchanged"."""
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()
