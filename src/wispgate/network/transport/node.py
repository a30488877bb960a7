"""The Diameter node: listens, keeps its connections' timers, says goodbye."""

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import structlog

from wispgate.domain.diagnosis.evidence import KnockCause
from wispgate.kernel.clock import Clock
from wispgate.kernel.errors import Unavailable
from wispgate.network.transport import metrics, sctp, tls
from wispgate.network.transport.applications import RemotePeer
from wispgate.network.transport.calls import Calls
from wispgate.network.transport.connection import Connection
from wispgate.network.transport.dispatch import Dispatcher
from wispgate.network.transport.doorkeeper import Doorkeeper
from wispgate.network.transport.leases import Leases
from wispgate.network.transport.registrar import Registrar
from wispgate.network.transport.requests import OutgoingRequest, PeerAway
from wispgate.network.transport.tls import Certificate, TlsDoor
from wispgate.network.transport.tracing import Tracer
from wispgate.wire.diameter.answers import Origin
from wispgate.wire.diameter.capabilities import LocalNode
from wispgate.wire.diameter.events import DisconnectCause
from wispgate.wire.diameter.message import Message
from wispgate.wire.diameter.timing import Timing

_log = structlog.get_logger("diameter")

MAX_CONNECTIONS: Final = 2000
# How often timers are looked at: fine enough for seconds, and a clock set forward is noticed.
_TICK_SECONDS: Final = 0.25
_TICKS_PER_TRACING: Final = 4
_TICKS_PER_REFRESH: Final = 10
_TICKS_PER_STATISTICS: Final = 20
_TICKS_PER_RENEWAL: Final = 40
_TICKS_PER_CLEANING: Final = 14400
_DRAIN_SECONDS: Final = 5.0
# How long a peer has to answer our goodbye.
_GOODBYE_SECONDS: Final = 1.0
_POLL_SECONDS: Final = 0.01


@dataclass(frozen=True, slots=True)
class Doors:
    """Where a node listens. `is_shared`: other processes of ours listen at the same address."""

    host: str
    port: int
    tls: tuple[str, int] | None = None
    has_sctp: bool = False
    is_shared: bool = False


class DiameterNode:
    """One process' connections. `local` is its own identity; a core may have another for itself."""

    def __init__(
        self, local: LocalNode, dispatcher: Dispatcher, leases: Leases,
        *, clock: Clock, timing: Timing | None = None, certificate: Certificate | None = None,
    ) -> None:  # fmt: skip
        self.local = local
        self.dispatcher = dispatcher
        self.clock = clock
        self.timing = timing or Timing()
        self.certificate = certificate
        self.connections: set[Connection] = set()
        self.registrar = Registrar(self, leases)
        self.calls = Calls(self)
        self.doorkeeper = Doorkeeper()
        # Who records what traces ask for, where there is somebody.
        self.tracer: Tracer | None = None
        self.port = 0
        self.tls_port = 0
        self._doors: list[asyncio.Server | sctp.Listener] = []
        self._tls_context: ssl.SSLContext | None = None
        self._authorities: set[str] = set()
        self._ticking: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def open_peers(self) -> list[RemotePeer]:
        return self.registrar.open_peers

    # --- beginning and end ----------------------------------------------------------------------

    async def start(self, doors: Doors) -> int:
        """Listens and begins to call; returns the TCP port (the one chosen, for 0)."""
        await self._release_all()
        await self._guarded(self._refresh())
        self.port = await self._open_tcp(doors)
        if doors.tls is not None and self.certificate is not None:
            self.tls_port = await self._open_tls(*doors.tls, is_shared=doors.is_shared)
        if doors.has_sctp:
            self._open_sctp(doors.host, self.port)
        self._ticking = asyncio.get_running_loop().create_task(self._guarded(self._tick()))
        return self.port

    async def _open_tcp(self, doors: Doors) -> int:
        server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self), doors.host, doors.port, reuse_port=doors.is_shared or None
        )
        self._doors.append(server)
        return self._listening("tcp", doors.host, server)

    async def _open_tls(self, host: str, port: int, *, is_shared: bool) -> int:
        if self.certificate is None:
            raise LookupError("TLS without a certificate")
        context = tls.serving_context(self.certificate, self._authorities)
        self._tls_context = context
        server = await asyncio.get_running_loop().create_server(
            lambda: TlsDoor(
                context,
                lambda: Connection(self, transport_name="tls"),
                self._may_shake_hands,
                self._note_failed_handshake,
            ),
            host, port, reuse_port=is_shared or None,
        )  # fmt: skip
        self._doors.append(server)
        return self._listening("tls", host, server)

    def _open_sctp(self, host: str, port: int) -> None:
        if not sctp.is_available():
            _log.warning("no SCTP", reason="this kernel does not speak it")
            return
        self._doors.append(
            sctp.Listener(lambda: Connection(self, transport_name="sctp"), host, port)
        )
        _log.info("listening", transport="sctp", address=f"{host}:{port}")

    def _listening(self, transport: str, host: str, server: asyncio.Server) -> int:
        port: int = server.sockets[0].getsockname()[1]
        _log.info(
            "listening",
            transport=transport,
            address=f"{host}:{port}",
            origin_host=self.local.origin_host,
        )
        return port

    async def stop(self) -> None:
        """Answers what was taken, says goodbye, closes, and frees the leases."""
        for door in self._doors:
            door.close()
        self.calls.stop()
        # The peer closes once it has our goodbye: so that comes after the last answer.
        drains = [asyncio.ensure_future(connection.drain()) for connection in self.connections]
        if drains:
            await asyncio.wait(drains, timeout=_DRAIN_SECONDS)
        for connection in list(self.connections):
            connection.disconnect(DisconnectCause.REBOOTING)
        await self._await_goodbyes()
        for connection in list(self.connections):
            connection.abort()
        await asyncio.sleep(0)
        await self._guarded(self.trace())
        await self._end_tasks()
        await self._release_all()

    # --- what connections ask -------------------------------------------------------------------

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Runs something beside the connections; a failure is logged."""
        task = asyncio.get_running_loop().create_task(self._guarded(coroutine))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def take(self, connection: Connection) -> bool:
        """Whether there is room for one more connection, from where it comes."""
        if connection.call is None:
            if len(self.connections) >= MAX_CONNECTIONS:
                metrics.REFUSED_CONNECTIONS.labels("too many").inc()
                return False
            if not self.doorkeeper.enter(connection.address, self.clock.now()):
                metrics.REFUSED_CONNECTIONS.labels("flood").inc()
                return False
        self.connections.add(connection)
        if self.tracer is not None:
            self.tracer.join(connection)
        return True

    def forget(self, connection: Connection) -> None:
        if connection in self.connections:
            self.connections.remove(connection)
            if connection.call is None:
                self.doorkeeper.leave(connection.address)

    def _may_shake_hands(self, address: str) -> bool:
        """Strangers at the TLS port count twice: for the handshake, and for what follows it."""
        if not self.doorkeeper.enter(address, self.clock.now()):
            metrics.REFUSED_CONNECTIONS.labels("flood").inc()
            return False
        self.doorkeeper.leave(address)
        return True

    def _note_failed_handshake(self, address: str, cause: KnockCause, reason: str) -> None:
        """Nobody has said a name yet: the address is all that is known."""
        _log.warning("peer refused", address=address, reason=reason)
        metrics.REFUSED_CONNECTIONS.labels("tls").inc()
        self.spawn(
            self.registrar.leases.record_refusal(
                "(no name yet)", address=address, cause=cause, reason=reason, now=self.clock.now()
            )
        )

    # --- what functions ask ---------------------------------------------------------------------

    def origin_towards(self, core_id: UUID, identity: str) -> Origin:
        """Who we are towards a peer that is connected here; else the node's own name."""
        connection = self.registrar.find((core_id, identity))
        remote = None if connection is None else connection.remote
        return self.dispatcher.origin if remote is None or remote.origin is None else remote.origin

    async def send_request(self, core_id: UUID, identity: str, request: OutgoingRequest) -> Message:
        """The answer of a peer that is connected to this very node.

        Raises PeerAway (nothing was sent), ConnectionGone or NoAnswer (it may have been).
        """
        connection = self.registrar.find((core_id, identity))
        if connection is None:
            raise PeerAway(f"{identity} is not connected here")
        return await connection.ask(request)

    # --- time -----------------------------------------------------------------------------------

    async def renew(self) -> None:
        await self.registrar.renew()

    async def refresh(self) -> None:
        """Takes over what changed in the allow-list, as happens every few seconds."""
        await self._refresh()

    async def trace(self) -> None:
        """Writes what traces heard and takes over which run, as happens every second."""
        if self.tracer is not None:
            await self.tracer.work(self.connections)

    async def _refresh(self) -> None:
        rows = await self.registrar.refresh()
        self.doorkeeper.refresh(rows)
        authorities = {row["certificate_authority"] for row in rows} - {""}
        if self._tls_context is not None:
            tls.trust(self._tls_context, authorities - self._authorities)
        self._authorities = authorities
        self.calls.refresh(rows)

    async def _tick(self) -> None:
        ticks = 0
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            for connection in list(self.connections):
                self._beat(connection)
            self.calls.tick(self.clock.now())
            ticks += 1
            # Beside the timers: a slow database must not stop the watchdogs.
            for period, work in self._chores():
                if ticks % period == 0:
                    self.spawn(work())

    def _chores(self) -> list[tuple[int, Callable[[], Coroutine[Any, Any, None]]]]:
        registrar, span = self.registrar, _TICKS_PER_STATISTICS * _TICK_SECONDS
        return [
            (_TICKS_PER_TRACING, self.trace),
            (_TICKS_PER_REFRESH, self._refresh),
            (_TICKS_PER_STATISTICS, lambda: registrar.keep_statistics(span)),
            (_TICKS_PER_RENEWAL, self.renew),
            (_TICKS_PER_CLEANING, registrar.forget_refusals),
        ]

    def _beat(self, connection: Connection) -> None:
        try:
            connection.handle_timer()
        except Exception:  # noqa: BLE001 (one connection's fault must not stop the others' timers)
            _log.exception("timer failed", address=connection.address)
            connection.abort()

    async def _release_all(self) -> None:
        try:
            await self.registrar.leases.release_all(now=self.clock.now())
        except Unavailable as error:
            _log.warning("leases not released", cause=error.code)

    async def _await_goodbyes(self) -> None:
        """Peers that were open answer our goodbye, or have had their time."""
        for _ in range(round(_GOODBYE_SECONDS / _POLL_SECONDS)):
            if not any(connection.remote for connection in self.connections):
                return
            await asyncio.sleep(_POLL_SECONDS)

    async def _end_tasks(self) -> None:
        """What was begun beside the connections ends by itself, or has had its time."""
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_DRAIN_SECONDS)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _guarded(self, coroutine: Coroutine[Any, Any, None]) -> None:
        try:
            await coroutine
        except asyncio.CancelledError:
            raise
        except Unavailable as error:
            _log.warning("database away", cause=error.code)
        except Exception:  # noqa: BLE001 (the top of a task: said, and the node lives on)
            _log.exception("task failed")
