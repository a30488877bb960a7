"""The Diameter node: listens, admits peers by the allow-list and a lease, keeps their timers."""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine
from typing import Any, Final
from uuid import UUID

import structlog

from wispgate.kernel.clock import Clock
from wispgate.kernel.errors import Unavailable
from wispgate.network.transport import metrics
from wispgate.network.transport.admission import NotAdmitted, decide_admission
from wispgate.network.transport.applications import RemotePeer
from wispgate.network.transport.connection import Connection
from wispgate.network.transport.dispatch import Dispatcher
from wispgate.network.transport.leases import Leases
from wispgate.network.transport.requests import OutgoingRequest, PeerAway
from wispgate.wire.diameter.capabilities import Capabilities, LocalNode
from wispgate.wire.diameter.errors import PeerNotOpen
from wispgate.wire.diameter.events import DisconnectCause
from wispgate.wire.diameter.message import Message
from wispgate.wire.diameter.results import ResultCode
from wispgate.wire.diameter.timing import Timing

_log = structlog.get_logger("diameter")

MAX_CONNECTIONS: Final = 2000
# How often timers are looked at: fine enough for seconds, and a clock set forward is noticed.
_TICK_SECONDS: Final = 0.25
_TICKS_PER_RENEWAL: Final = 40
_DRAIN_SECONDS: Final = 5.0
# How long a peer has to answer our goodbye.
_GOODBYE_SECONDS: Final = 1.0
_POLL_SECONDS: Final = 0.01


class DiameterNode:
    """One local identity and its connections."""

    def __init__(
        self, local: LocalNode, dispatcher: Dispatcher, leases: Leases,
        *, clock: Clock, timing: Timing | None = None,
    ) -> None:  # fmt: skip
        self.local = local
        self.dispatcher = dispatcher
        self.leases = leases
        self.clock = clock
        self.timing = timing or Timing()
        self.connections: set[Connection] = set()
        self._open: dict[tuple[UUID, str], Connection] = {}
        # What is written of one lease is written in order. Only known peers get one.
        self._locks: defaultdict[tuple[UUID, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self.port = 0
        self._server: asyncio.Server | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def open_peers(self) -> list[RemotePeer]:
        return [c.remote for c in self._open.values() if c.remote is not None]

    async def start(self, host: str, port: int) -> int:
        """Listens; returns the port (the one chosen, for 0)."""
        await self._release_all()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), host, port)
        self._ticking = loop.create_task(self._guarded(self._tick()))
        chosen: int = self._server.sockets[0].getsockname()[1]
        _log.info("listening", address=f"{host}:{chosen}", origin_host=self.local.origin_host)
        return chosen

    async def stop(self) -> None:
        """Answers what was taken, says goodbye, closes, and frees the leases."""
        if self._server is not None:
            self._server.close()
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
        await self._end_tasks()
        await self._release_all()

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Runs something beside the connections; a failure is logged."""
        task = asyncio.get_running_loop().create_task(self._guarded(coroutine))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def take(self, connection: Connection) -> bool:
        """Whether there is room for one more connection."""
        if len(self.connections) >= MAX_CONNECTIONS:
            return False
        self.connections.add(connection)
        return True

    def forget(self, connection: Connection) -> None:
        self.connections.discard(connection)

    async def send_request(self, core_id: UUID, identity: str, request: OutgoingRequest) -> Message:
        """The answer of a peer that is connected to this very node.

        Raises PeerAway (nothing was sent), ConnectionGone or NoAnswer (it may have been).
        """
        connection = self._open.get((core_id, identity))
        if connection is None:
            raise PeerAway(f"{identity} is not connected here")
        return await connection.ask(request)

    # --- admission ----------------------------------------------------------------------------

    async def admit(self, connection: Connection, remote: Capabilities) -> None:
        """Looks the node up in the allow-list, takes its lease, and answers its CER."""
        try:
            refusal = await self._decide(connection, remote)
        except Unavailable as error:
            _log.warning("peer refused", peer=remote.origin_host, cause=error.code)
            refusal = ResultCode.TOO_BUSY
        except Exception:  # noqa: BLE001 (the top of a request: it must be answered)
            _log.exception("admission failed", peer=remote.origin_host)
            refusal = ResultCode.UNABLE_TO_COMPLY
        now = self.clock.now()
        try:
            if refusal is not None:
                connection.act(connection.peer.refuse(refusal, now=now))
            else:
                connection.act(connection.peer.accept(now=now))
        except PeerNotOpen:
            # It went while it was looked up, before anybody could know that it had a lease.
            await self.release(connection)
        metrics.PEERS.set(len(self._open))
        connection.flush()

    async def _decide(self, connection: Connection, remote: Capabilities) -> ResultCode | None:
        rows = await self.leases.find_allowed(remote.origin_host)
        decision = decide_admission(remote, connection.address, rows)
        if isinstance(decision, NotAdmitted):
            await self.record_refusal(connection, remote, decision.reason)
            return decision.result_code
        async with self._locks[decision.peer.key]:
            rival = await self._find_rival(connection, decision.peer, remote)
        if rival:
            await self.record_refusal(connection, remote, rival)
            return ResultCode.ELECTION_LOST
        connection.remote = decision.peer
        return None

    async def _find_rival(
        self, connection: Connection, peer: RemotePeer, remote: Capabilities
    ) -> str:
        """Claims the peer for the connection; or says which other connection has it."""
        if peer.key in self._open:
            return "it has an open connection already"
        self._open[peer.key] = connection
        is_claimed = False
        try:
            is_claimed = await self.leases.claim(
                peer, remote, address=connection.address, now=self.clock.now()
            )
        finally:
            if not is_claimed:
                del self._open[peer.key]
        return "" if is_claimed else "another node of ours holds its connection"

    async def record_refusal(
        self, connection: Connection, remote: Capabilities, reason: str
    ) -> None:
        """Tells the console who was turned away, and why."""
        _log.warning(
            "peer refused", peer=remote.origin_host, address=connection.address, reason=reason
        )
        metrics.REFUSED_CONNECTIONS.labels("not admitted").inc()
        await self.leases.record_refusal(
            remote.origin_host, address=connection.address, reason=reason, now=self.clock.now()
        )

    async def release(self, connection: Connection) -> None:
        """The connection is no more: its lease is free."""
        remote = connection.remote
        if remote is None:
            return
        async with self._locks[remote.key]:
            if self._open.get(remote.key) is not connection:
                return
            del self._open[remote.key]
            metrics.PEERS.set(len(self._open))
            await self.leases.release(remote, now=self.clock.now())

    async def mark(self, connection: Connection, state: str) -> None:
        """What the watchdog thinks, for everybody to see."""
        remote = connection.remote
        if remote is None:
            return
        async with self._locks[remote.key]:
            if self._open.get(remote.key) is connection:
                await self.leases.set_state(remote, state)

    # --- time ---------------------------------------------------------------------------------

    async def _tick(self) -> None:
        ticks = 0
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            for connection in list(self.connections):
                self._beat(connection)
            ticks += 1
            if ticks % _TICKS_PER_RENEWAL == 0:
                # Beside the timers: a slow database must not stop the watchdogs.
                self.spawn(self.renew())

    def _beat(self, connection: Connection) -> None:
        try:
            connection.handle_timer()
        except Exception:  # noqa: BLE001 (one connection's fault must not stop the others' timers)
            _log.exception("timer failed", address=connection.address)
            connection.abort()

    async def renew(self) -> None:
        """Keeps our leases, and leaves peers whose lease another node has taken."""
        # One without `remote` is being claimed just now: it has all its time before it.
        held = {key: c for key, c in self._open.items() if c.remote is not None}
        kept = await self.leases.renew(held.keys(), now=self.clock.now())
        for key, connection in held.items():
            if key not in kept and self._open.get(key) is connection:
                _log.warning("lease lost", peer=key[1])
                connection.disconnect(DisconnectCause.REBOOTING)

    async def _release_all(self) -> None:
        try:
            await self.leases.release_all(now=self.clock.now())
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
