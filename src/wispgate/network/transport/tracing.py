"""Traces: hears what passes over connections, and records what a running trace asks for.

A connection without a trace has no `Tap`, and pays one look at an attribute for it. A tap cuts the
octets into messages by itself, so that watchdogs and introductions are heard as well. Messages are
masked before they are kept anywhere, and written together once a second.
"""

import asyncio
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import structlog

from wispgate.kernel.clock import Clock
from wispgate.kernel.ids import uuid7
from wispgate.store.hot import HotStore
from wispgate.wire.diameter.errors import DiameterError, FramingError
from wispgate.wire.diameter.framing import Framer
from wispgate.wire.diameter.header import peek_header
from wispgate.wire.diameter.mentions import does_mention, session_id_of
from wispgate.wire.diameter.message import decode_message
from wispgate.wire.diameter.secrecy import mask_secrets

if TYPE_CHECKING:
    from wispgate.network.transport.connection import Connection

_log = structlog.get_logger("diameter")

# A phone has a few sessions at a time; a peer that makes up more is not followed into them.
_MOST_SESSIONS: Final = 200
# Requests that nobody answers are forgotten, the oldest first.
_MOST_WAITING: Final = 1000
# What waits for the database at most: it is away for longer than a trace is worth.
_MOST_UNWRITTEN: Final = 5000
_AT_ONCE: Final = 500


@dataclass(slots=True)
class Trace:
    """One running trace as a process knows it. `room`: how many messages it still wants."""

    id: UUID
    core_id: UUID | None
    kind: str
    subject: str
    ends_at: datetime
    room: int
    sessions: set[bytes] = field(default_factory=set)

    def concerns(self, connection: "Connection") -> bool:
        """Whether anything on the connection can be meant."""
        remote = connection.remote
        if remote is None:
            # Nobody knows yet who it is.
            return True
        if self.core_id not in (None, remote.core_id):
            return False
        return self.kind != "peer" or self.subject == remote.identity

    def means(self, raw: bytes, connection: "Connection") -> bool:
        """Whether the message on a connection that it concerns is to be recorded."""
        if connection.remote is None:
            # Before a peer is let in, only a peer's trace is about it: that is its introduction.
            return self.kind == "peer" and _origin_of(raw) == self.subject
        match self.kind:
            case "peer":
                return True
            case "session":
                return session_id_of(raw) == self.subject.encode()
            case _:
                return self._is_of_subscriber(raw)

    def _is_of_subscriber(self, raw: bytes) -> bool:
        """By the IMSI; or by a session of which an earlier message named it."""
        session = session_id_of(raw)
        if session in self.sessions:
            return True
        if not does_mention(raw, self.subject.encode()):
            return False
        if session and len(self.sessions) < _MOST_SESSIONS:
            self.sessions.add(session)
        return True


def _origin_of(raw: bytes) -> str:
    try:
        return (decode_message(raw).find_text("Origin-Host") or "").lower()
    except DiameterError:
        return ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A message of a trace, its secrets zeros."""

    id: UUID
    trace_id: UUID
    at: datetime
    is_sent: bool
    peer: str
    transport: str
    local_address: str
    remote_address: str
    remote_port: int
    latency_us: int | None
    raw: bytes


class Tap:
    """Hears one connection."""

    def __init__(self, tracer: "Tracer", connection: "Connection") -> None:
        self._tracer = tracer
        self._connection = connection
        self._framer = Framer()
        self._framer.receive_data(connection.peer.unread)
        # By direction of the request and its Hop-by-Hop: who follows it, since when it waits.
        self._waiting: dict[tuple[bool, int], tuple[list[Trace], float]] = {}

    def received(self, data: bytes) -> None:
        """Octets from the peer, however the network cut them."""
        for raw in _messages(self._framer, data):
            self._hear(raw, is_sent=False)

    def sent(self, data: bytes) -> None:
        """Whole messages of ours."""
        for raw in _messages(Framer(), data):
            self._hear(raw, is_sent=True)

    def _hear(self, raw: bytes, *, is_sent: bool) -> None:
        header = peek_header(raw)
        key = (is_sent == header.is_request, header.hop_by_hop)
        if header.is_request:
            traces, latency = self._tracer.meant_by(raw, self._connection), None
            if traces:
                self._await_answer(key, traces)
        else:
            traces, latency = self._followers(key, raw)
        if traces:
            self._tracer.record(traces, raw, self._connection, is_sent=is_sent, seconds=latency)

    def _await_answer(self, key: tuple[bool, int], traces: list[Trace]) -> None:
        if len(self._waiting) >= _MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._waiting[key] = (traces, time.perf_counter())

    def _followers(self, key: tuple[bool, int], raw: bytes) -> tuple[list[Trace], float | None]:
        """Those who follow the request; for one from before the trace, those whom it names."""
        found = self._waiting.pop(key, None)
        if found is None:
            return self._tracer.meant_by(raw, self._connection), None
        traces, since = found
        return traces, time.perf_counter() - since


def _messages(framer: Framer, data: bytes) -> list[bytes]:
    """What is whole; a broken stream is the connection's affair, which ends for it."""
    try:
        return framer.receive_data(data)
    except FramingError as error:
        return error.messages


class Tracer:
    """The running traces of one process, and what it has heard for them."""

    def __init__(self, store: HotStore, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._traces: list[Trace] = []
        self._unwritten: list[Recorded] = []
        self._count = 0
        # A slow database must not make two turns of one.
        self._turn = asyncio.Lock()

    # --- what the node says -------------------------------------------------------------------

    def join(self, connection: "Connection") -> None:
        """A new connection, which may be the one that is waited for."""
        self._attend(connection)

    async def work(self, connections: Iterable["Connection"]) -> None:
        """Once a second: writes what was heard, and takes over which traces run."""
        async with self._turn:
            await self._write()
            await self._take_over(connections)

    async def _take_over(self, connections: Iterable["Connection"]) -> None:
        rows = await self._store.public.fetch("list_running_traces", {"now": self._clock.now()})
        if not rows and not self._traces:
            return
        known = {trace.id: trace for trace in self._traces}
        self._traces = [_trace_of(dict(row), known.get(row["id"])) for row in rows]
        for connection in connections:
            self._attend(connection)

    async def _write(self) -> None:
        """Everything that was heard goes into the database; what fails to is tried again."""
        while self._unwritten:
            batch = self._unwritten[:_AT_ONCE]
            await self._store.public.fetch("record_traced_messages", _columns(batch))
            del self._unwritten[: len(batch)]

    def _attend(self, connection: "Connection") -> None:
        if not any(trace.concerns(connection) for trace in self._traces):
            connection.tracer = None
        elif connection.tracer is None:
            connection.tracer = Tap(self, connection)

    # --- what taps say ------------------------------------------------------------------------

    def meant_by(self, raw: bytes, connection: "Connection") -> list[Trace]:
        """Which traces want a message."""
        now = self._clock.now()
        return [
            trace
            for trace in self._traces
            if trace.ends_at > now and trace.concerns(connection) and trace.means(raw, connection)
        ]

    def record(
        self, traces: list[Trace], raw: bytes, connection: "Connection",
        *, is_sent: bool, seconds: float | None,
    ) -> None:  # fmt: skip
        """Keeps a message for those that want it, as far as they have room."""
        masked, now = mask_secrets(raw), self._clock.now()
        for trace in traces:
            if trace.room <= 0 or trace.ends_at <= now or not self._has_space():
                continue
            trace.room -= 1
            self._unwritten.append(
                Recorded(
                    id=self._next_id(now),
                    trace_id=trace.id,
                    at=now,
                    is_sent=is_sent,
                    peer=_name_of(connection, raw),
                    transport=connection.path.transport,
                    local_address=connection.local_address,
                    remote_address=connection.address,
                    remote_port=connection.remote_port,
                    latency_us=None if seconds is None else round(seconds * 1_000_000),
                    raw=masked,
                )
            )

    def _has_space(self) -> bool:
        if len(self._unwritten) < _MOST_UNWRITTEN:
            return True
        _log.warning("traced message lost", reason="the database does not take them")
        return False

    def _next_id(self, now: datetime) -> UUID:
        """In the order in which this process heard them, unlike any other's."""
        self._count += 1
        return uuid7(now, (self._count & 0xFFFFFFFF).to_bytes(4, "big") + os.urandom(6))


def _trace_of(row: dict[str, Any], known: Trace | None) -> Trace:
    """A trace that went on keeps the sessions that it has learnt."""
    sessions = {session.encode() for session in row["sessions"]}
    return Trace(
        id=row["id"],
        core_id=row["core_id"],
        kind=row["kind"],
        subject=row["subject"],
        ends_at=row["ends_at"],
        room=row["room"],
        sessions=sessions if known is None else sessions | known.sessions,
    )


def _name_of(connection: "Connection", raw: bytes) -> str:
    return _origin_of(raw) if connection.remote is None else connection.remote.identity


def _columns(batch: Sequence[Recorded]) -> dict[str, list[Any]]:
    return {
        "ids": [one.id for one in batch],
        "trace_ids": [one.trace_id for one in batch],
        "instants": [one.at for one in batch],
        "directions": [one.is_sent for one in batch],
        "peers": [one.peer[:255] for one in batch],
        "transports": [one.transport for one in batch],
        "local_addresses": [one.local_address for one in batch],
        "remote_addresses": [one.remote_address for one in batch],
        "remote_ports": [one.remote_port for one in batch],
        "latencies": [one.latency_us for one in batch],
        "messages": [one.raw for one in batch],
    }
