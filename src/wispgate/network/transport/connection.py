"""One transport connection: a thin driver between asyncio and the peer that thinks.

What one read of the socket brings is handled in one pass, and all answers that are ready then
leave in one write.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, assert_never, cast

import structlog

from wispgate.domain.diagnosis.evidence import KnockCause
from wispgate.network.transport import metrics
from wispgate.network.transport.admission import Path
from wispgate.network.transport.applications import PendingAnswer, RemotePeer
from wispgate.network.transport.requests import OutgoingRequest, Outstanding
from wispgate.network.transport.statistics import Statistics
from wispgate.wire.diameter import events as ev
from wispgate.wire.diameter.capabilities import Capabilities
from wispgate.wire.diameter.events import DisconnectCause
from wispgate.wire.diameter.header import Header
from wispgate.wire.diameter.message import Message
from wispgate.wire.diameter.peer import Peer

if TYPE_CHECKING:
    from wispgate.network.transport.calls import Call
    from wispgate.network.transport.node import DiameterNode
    from wispgate.network.transport.tracing import Tap

_log = structlog.get_logger("diameter")

# Beyond this many unanswered requests of one connection the rest is answered 3004 unread: more
# would only wait. A fifth of a second's work, and what a gateway has outstanding is far less.
MAX_IN_FLIGHT: Final = 1000
# What a peer does not read waits here, up to this many octets, and not longer than this.
MAX_UNREAD: Final = 8 * 1024 * 1024
MAX_STALL: Final = timedelta(seconds=30)
# A peer that does not read what we wrote last is cut off after this long.
_LINGER_SECONDS: Final = 2.0

_CAUSES: Final[dict[int | None, str]] = {
    DisconnectCause.REBOOTING: "rebooting",
    DisconnectCause.BUSY: "busy",
    DisconnectCause.DO_NOT_WANT_TO_TALK_TO_YOU: "does not want to talk to us",
}


def draw_jitter() -> timedelta:
    """-2 to +2 s for a watchdog (RFC 3539 section 3.4.1)."""
    return timedelta(milliseconds=secrets.randbelow(4001) - 2000)


class Connection(asyncio.Protocol):
    """A connection that the other side opened, or that we did to answer a call of ours."""

    def __init__(
        self, node: "DiameterNode", *, transport_name: str = "tcp", call: "Call | None" = None
    ) -> None:
        self._node = node
        self.call = call
        self.peer = Peer(
            node.local if call is None else node.registrar.local_node(call.peer),
            "responder" if call is None else "initiator",
            jitter=draw_jitter, seed=secrets.randbits(32), timing=node.timing,
        )  # fmt: skip
        self.remote: RemotePeer | None = None
        self.path = Path("", transport_name)
        self.opened_at = node.clock.now()
        self.answered = 0
        self.statistics = Statistics()
        # Who hears everything that passes; nobody, unless a trace is about this connection.
        self.tracer: Tap | None = None
        # Why it ended, in words for people: the first that is known stays.
        self.end_reason = ""
        self.goodbye: int | None = None
        self._outstanding = Outstanding(self.peer)
        self._transport: asyncio.Transport | None = None
        self._answers: list[bytes] = []
        self._is_flush_due = False
        self._is_leaving = False
        self._stalled_at: datetime | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._pending = 0
        self._settled: asyncio.Event | None = None
        self._introduced: Capabilities | None = None
        self._lingering: asyncio.TimerHandle | None = None

    @property
    def address(self) -> str:
        """Where the other side is."""
        return self.path.address

    @property
    def remote_port(self) -> int:
        return _end_of(self._transport, "peername")[1]

    @property
    def local_address(self) -> str:
        return _end_of(self._transport, "sockname")[0]

    # --- what asyncio tells -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.path = replace(
            self.path, address=address_of(transport), certificate=certificate_of(transport)
        )
        if not self._node.take(self):
            self._transport.abort()
            return
        self.act(self.peer.connection_made(now=self._node.clock.now()))
        self.flush()

    def data_received(self, data: bytes) -> None:
        if self.tracer is not None:
            self.tracer.received(data)
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
        self._stalled_at = self._node.clock.now()
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._stalled_at = None
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    # --- what the node asks -------------------------------------------------------------------

    @property
    def in_flight(self) -> int:
        return len(self._tasks) + self._pending

    @property
    def unanswered(self) -> int:
        """How many requests of ours wait for the other side."""
        return len(self._outstanding)

    def handle_timer(self) -> None:
        """Acts if the peer's timer has come."""
        now = self._node.clock.now()
        if self._stalled_at is not None and now - self._stalled_at >= MAX_STALL:
            self._cut_off("it does not read what we write")
            return
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
        started = time.perf_counter()
        answer = await self._outstanding.ask(request, self.flush, now=self._node.clock.now())
        self._count_answer_of_theirs(request, answer, time.perf_counter() - started)
        return answer

    def _count_answer_of_theirs(
        self, request: OutgoingRequest, answer: Message, seconds: float
    ) -> None:
        remote = self.remote
        result = metrics.result_of(answer)
        if remote is not None:
            metrics.count_sent(remote.identity, request, result)
        self.statistics.note(request.application_id, result, seconds, is_ours=True)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def drain(self) -> None:
        """Takes no more requests, and waits until those taken have been answered."""
        self._is_leaving = True
        while self._tasks:
            await asyncio.wait(self._tasks)
        self._settled = asyncio.Event()
        if self._pending:
            await self._settled.wait()
        self.flush()

    def flush(self) -> None:
        """One write of all that is ready."""
        self._is_flush_due = False
        data = self.peer.data_to_send(now=self._node.clock.now())
        if self._answers:
            data += b"".join(self._answers)
            self._answers.clear()
        transport = self._transport
        if data and transport is not None and not transport.is_closing():
            if self.tracer is not None:
                self.tracer.sent(data)
            transport.write(data)
            if transport.get_write_buffer_size() > MAX_UNREAD:
                self._cut_off("too much waits for it to be read")

    def _cut_off(self, reason: str) -> None:
        """Gives up a peer that lets us wait; what it asked may be asked again elsewhere."""
        metrics.UNREAD.inc()
        self._log("peer cut off", reason=reason)
        self.end_reason = reason
        self.abort()

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
                self._run(self._node.registrar.admit(self, remote))
            case ev.CapabilitiesExchanged(remote=remote):
                self._log("peer open")
                if self.call is not None:
                    self._welcome(remote, self.call)
            case ev.CapabilitiesRefused():
                self._note_refusal(event)
            case ev.PeerDown(reason=reason, detail=detail):
                self._go_down(str(reason), detail)
            case ev.ConnectionShouldClose():
                self._close()
            case ev.AnswerReceived() | ev.RequestReceived():
                self._log("unexpected answer", command=event.header.command_code)
            case _:
                self._take_note_of(event)

    def _take_note_of(
        self,
        event: ev.WatchdogSuspect | ev.WatchdogRecovered | ev.DisconnectRequested
        | ev.OriginStateChanged | ev.ConnectionWanted | ev.RivalAccepted | ev.RivalRefused,
    ) -> None:  # fmt: skip
        """What changes nothing about the connection itself."""
        registrar = self._node.registrar
        match event:
            case ev.WatchdogSuspect():
                self._log("peer suspect")
                self._node.spawn(registrar.mark(self, "suspect"))
            case ev.WatchdogRecovered():
                self._log("peer recovered")
                self._node.spawn(registrar.mark(self, "open"))
            case ev.DisconnectRequested(cause=cause):
                self.goodbye = cause
                self._log("goodbye", cause=_CAUSES.get(cause, str(cause)))
            case ev.OriginStateChanged(previous=previous, current=current):
                self._node.spawn(registrar.note_origin_state(self, previous or 0, current))
            case ev.ConnectionWanted() | ev.RivalAccepted() | ev.RivalRefused():
                # The call opens the connection; elections are held over the lease.
                pass
            case _:
                assert_never(event)

    def _welcome(self, remote: Capabilities, call: "Call") -> None:
        """The node that we called has introduced itself; its requests may follow at once."""
        if remote.origin_host.lower() != call.peer.identity:
            self.end_reason = f"it says it is {remote.origin_host}"
            self.disconnect(DisconnectCause.DO_NOT_WANT_TO_TALK_TO_YOU)
            return
        self.remote = call.peer
        self._run(self._node.registrar.welcome(self, remote))

    def _go_down(self, reason: str, detail: str) -> None:
        if self.goodbye is not None:
            reason = f"it said goodbye: {_CAUSES.get(self.goodbye, self.goodbye)}"
        said = self.end_reason or (f"{reason}: {detail}" if detail else reason)
        self.end_reason = said
        self._log("peer down", reason=said)
        self._node.spawn(self._node.registrar.release(self, detail=said))
        if self.call is not None:
            self.call.ended(self, said)

    def _note_refusal(self, event: ev.CapabilitiesRefused) -> None:
        """A peer that does not take us, or that has no application or security in common with us."""
        reason = f"it and this node have nothing in common (result {event.result_code})"
        cause = KnockCause.NO_COMMON_APPLICATION
        if not event.by_us:
            cause = KnockCause.REFUSED_BY_PEER
            reason = f"it refuses us with {event.result_code} {event.error_message}".rstrip()
        self.end_reason = reason
        remote = self.peer.remote or self._introduced
        if remote is not None:
            self._node.spawn(self._node.registrar.record_refusal(self, remote, reason, cause))

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
        if self._is_leaving or self.in_flight >= MAX_IN_FLIGHT:
            self._answer(
                self._node.dispatcher.too_busy(raw, header, remote), header, time.perf_counter()
            )
            return
        started = time.perf_counter()
        answer = self._node.dispatcher.dispatch(raw, header, remote, now=self._node.clock.now())
        if isinstance(answer, bytes):
            self._answer(answer, header, started)
        elif isinstance(answer, PendingAnswer):
            answer.header = header
            answer.started = started
            answer.taker = self
            self._pending += 1
        else:
            self._run(self._answer_later(answer, header, started))

    def take_answer(self, pending: PendingAnswer, answer: bytes) -> None:
        """Writes an answer that came later, with all others that come in this turn."""
        self._answer(answer, pending.header, pending.started)
        self._pending -= 1
        if not self._pending and self._settled is not None:
            self._settled.set()

    async def _answer_later(self, answer: Awaitable[bytes], header: Header, started: float) -> None:
        self._answer(await answer, header, started)

    def _answer(self, answer: bytes, header: Header, started: float) -> None:
        seconds = time.perf_counter() - started
        remote = self.remote
        if remote is not None:
            result = metrics.count_answer(header, answer, peer=remote.identity, seconds=seconds)
            known = header.application_id in remote.application_ids
            application_id = header.application_id if known else 0
            self.statistics.note(application_id, result, seconds, is_ours=False)
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
        known = self.peer.remote or self._introduced
        identity = known.origin_host if known else self.call.peer.identity if self.call else ""
        _log.info(what, peer=identity, address=self.address, **facts)


def address_of(transport: asyncio.BaseTransport) -> str:
    name = transport.get_extra_info("peername")
    return name[0] if name else ""


def _end_of(transport: asyncio.BaseTransport | None, name: str) -> tuple[str, int]:
    """Address and port of one end, as the socket knows them; nothing of one that is gone."""
    end = None if transport is None else transport.get_extra_info(name)
    return (end[0], end[1]) if end else ("0.0.0.0", 0)  # noqa: S104 (no address to listen at)


def certificate_of(transport: asyncio.BaseTransport) -> bytes:
    """The other side's certificate (DER), where it showed one."""
    tls = transport.get_extra_info("ssl_object")
    return (tls.getpeercert(binary_form=True) or b"") if tls else b""
