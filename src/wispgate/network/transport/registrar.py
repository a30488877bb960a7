"""Who is connected: admits peers by the allow-list and a lease, keeps leases, lets peers go."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import structlog

from wispgate.domain.diagnosis.evidence import KnockCause
from wispgate.kernel.errors import Unavailable
from wispgate.network.transport import metrics
from wispgate.network.transport.admission import NotAdmitted, decide_admission, peer_of
from wispgate.network.transport.applications import RemotePeer
from wispgate.network.transport.connection import Connection
from wispgate.network.transport.leases import Claimed, Leases
from wispgate.network.transport.statistics import Tally
from wispgate.wire.diameter.answers import Origin
from wispgate.wire.diameter.capabilities import Capabilities, LocalNode
from wispgate.wire.diameter.errors import PeerNotOpen
from wispgate.wire.diameter.events import DisconnectCause
from wispgate.wire.diameter.results import ResultCode

if TYPE_CHECKING:
    from wispgate.network.transport.node import DiameterNode

_log = structlog.get_logger("diameter")

# Who is told that a peer lost its sessions; the instant is that of the news.
StateLost = Callable[[RemotePeer, datetime], Awaitable[None]]

_REMEMBERED: Final = timedelta(days=30)
_NOT_ASKED: Final = "(not heard)"


class Registrar:
    """The open peers of one node."""

    def __init__(self, node: "DiameterNode", leases: Leases) -> None:
        self._node = node
        self.leases = leases
        self._open: dict[tuple[UUID, str], Connection] = {}
        # What is written of one lease is written in order. Only known peers get one.
        self._locks: defaultdict[tuple[UUID, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._locals: dict[Origin, LocalNode] = {}
        self.state_lost: list[StateLost] = []

    # --- questions ----------------------------------------------------------------------------

    @property
    def open_peers(self) -> list[RemotePeer]:
        return [c.remote for c in self._open.values() if c.remote is not None]

    def has(self, key: tuple[UUID, str]) -> bool:
        return key in self._open

    def find(self, key: tuple[UUID, str]) -> Connection | None:
        return self._open.get(key)

    def local_node(self, peer: RemotePeer) -> LocalNode:
        """Who we are towards the peer."""
        return self._node.local if peer.origin is None else self._locals[peer.origin]

    # --- peers that connect -------------------------------------------------------------------

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
        now = self._node.clock.now()
        try:
            if refusal is not None or connection.remote is None:
                code = ResultCode.UNABLE_TO_COMPLY if refusal is None else refusal
                connection.act(connection.peer.refuse(code, now=now))
            else:
                local = self.local_node(connection.remote)
                connection.act(connection.peer.accept(now=now, node=local))
        except PeerNotOpen:
            # It went while it was looked up, before anybody could know that it had a lease.
            await self.release(connection, detail="it went during its admission")
        self._count()
        connection.flush()

    async def _decide(self, connection: Connection, remote: Capabilities) -> ResultCode | None:
        rows = await self.leases.find_allowed(remote.origin_host)
        decision = decide_admission(remote, connection.path, rows)
        if isinstance(decision, NotAdmitted):
            await self.record_refusal(connection, remote, decision.reason, decision.cause)
            return decision.result_code
        await self._prepare_local(decision.peer)
        async with self._locks[decision.peer.key]:
            claimed = await self._claim(connection, decision.peer, remote)
        if isinstance(claimed, str):
            await self.record_refusal(connection, remote, claimed, KnockCause.CONNECTED_ALREADY)
            return ResultCode.ELECTION_LOST
        connection.remote = decision.peer
        self._node.calls.give_way(decision.peer.key)
        metrics.show_state(decision.peer.core, decision.peer.identity, "open")
        await self._compare_states(decision.peer, claimed.previous_state, remote.origin_state_id)
        return None

    async def _claim(
        self, connection: Connection, peer: RemotePeer, remote: Capabilities
    ) -> Claimed | str:
        """Claims the peer for the connection; or says which other connection has it."""
        if peer.key in self._open:
            return "it has an open connection already"
        self._open[peer.key] = connection
        claimed = None
        try:
            claimed = await self.leases.claim(
                peer, remote, address=connection.address, transport=connection.path.transport,
                now=self._node.clock.now(),
            )  # fmt: skip
        finally:
            if claimed is None:
                del self._open[peer.key]
        return claimed or "another connection of ours has it, or won the election"

    # --- peers that we called -----------------------------------------------------------------

    async def welcome(self, connection: Connection, remote: Capabilities) -> None:
        """A peer that we called has answered: the connection is kept if the lease is still ours."""
        call, peer = connection.call, connection.remote
        if call is None or peer is None:
            raise LookupError("only called connections are welcomed")
        claimed = None
        async with self._locks[peer.key]:
            if peer.key not in self._open and connection.peer.is_open:
                claimed = await self.leases.open_called(
                    peer, remote, address=connection.address, now=self._node.clock.now()
                )
            if claimed is not None:
                self._open[peer.key] = connection
        if claimed is None:
            connection.end_reason = "another connection won the election"
            connection.disconnect(DisconnectCause.DO_NOT_WANT_TO_TALK_TO_YOU)
            return
        call.opened()
        self._count()
        metrics.show_state(peer.core, peer.identity, "open")
        await self._compare_states(peer, claimed.previous_state, remote.origin_state_id)
        if not connection.peer.is_open:
            await self.release(connection, detail=connection.end_reason)

    # --- their end ----------------------------------------------------------------------------

    async def record_refusal(
        self, connection: Connection, remote: Capabilities, reason: str, cause: KnockCause
    ) -> None:
        """Tells the console who was turned away, and why."""
        _log.warning(
            "peer refused", peer=remote.origin_host, address=connection.address, reason=reason
        )
        metrics.REFUSED_CONNECTIONS.labels("not admitted").inc()
        await self.leases.record_refusal(
            remote.origin_host,
            address=connection.address,
            cause=cause,
            reason=reason,
            now=self._node.clock.now(),
        )

    async def release(self, connection: Connection, *, detail: str) -> None:
        """The connection is no more: its lease is free."""
        remote = connection.remote
        if remote is None:
            return
        async with self._locks[remote.key]:
            if self._open.get(remote.key) is not connection:
                return
            del self._open[remote.key]
            self._count()
            metrics.show_state(remote.core, remote.identity, "closed")
            await self.leases.release(remote, detail=detail, now=self._node.clock.now())

    async def mark(self, connection: Connection, state: str) -> None:
        """What the watchdog thinks, for everybody to see."""
        remote = connection.remote
        if remote is None:
            return
        async with self._locks[remote.key]:
            if self._open.get(remote.key) is connection:
                metrics.show_state(remote.core, remote.identity, state)
                await self.leases.set_state(remote, state)

    def _count(self) -> None:
        metrics.PEERS.set(len(self._open))

    # --- Origin-State-Id ----------------------------------------------------------------------

    async def note_origin_state(self, connection: Connection, previous: int, current: int) -> None:
        """An open peer says another number; a lower one is an old message (section 8.16)."""
        remote = connection.remote
        if remote is None or current <= previous:
            return
        await self.leases.note_origin_state(remote, current)
        await self._compare_states(remote, previous, current)

    async def _compare_states(self, peer: RemotePeer, previous: int, current: int | None) -> None:
        """Of a number that has grown: the peer has lost its sessions."""
        if not previous or not current or current <= previous:
            return
        _log.warning("peer lost its state", peer=peer.identity, previous=previous, current=current)
        now = self._node.clock.now()
        for tell in self.state_lost:
            await tell(peer, now)

    async def _prepare_local(self, peer: RemotePeer) -> None:
        """Makes the identity that we have towards the peer's core, when it is wanted first."""
        origin = peer.origin
        if origin is None or origin in self._locals:
            return
        state = await self.leases.keep_origin_state(
            now=self._node.clock.now(), local_identity=origin.host
        )
        self._locals[origin] = replace(
            self._node.local,
            origin_host=origin.host,
            origin_realm=origin.realm,
            origin_state_id=state,
        )

    async def _take_over_states(self) -> None:
        """Our own numbers, should they have grown: open peers hear of it with the next watchdog."""
        states = await self.leases.read_origin_states()
        node = self._node
        node.local = _with_state(node.local, states)
        for origin, local in self._locals.items():
            self._locals[origin] = _with_state(local, states)
        for connection in self._open.values():
            if connection.remote is not None:
                connection.peer.messages.node = self.local_node(connection.remote)

    # --- time ---------------------------------------------------------------------------------

    async def renew(self) -> None:
        """Keeps our leases, and leaves peers whose lease another node has taken."""
        # One without `remote` is being claimed just now: it has all its time before it.
        held = {key: c for key, c in self._open.items() if c.remote is not None}
        kept = await self.leases.renew(held.keys(), now=self._node.clock.now())
        for key, connection in held.items():
            if key not in kept and self._open.get(key) is connection:
                _log.warning("lease lost", peer=key[1])
                connection.end_reason = "its lease went to another node"
                connection.disconnect(DisconnectCause.REBOOTING)

    async def refresh(self) -> list[dict[str, Any]]:
        """Takes over what changed in the allow-list; its rows."""
        rows = await self.leases.list_allowed()
        await self._take_over_states()
        for row in rows:
            await self._prepare_local(peer_of(row))
        by_identity: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            by_identity[row["identity"]].append(row)
        for connection in list(self._open.values()):
            if connection.remote is not None and connection.call is None:
                self._reconsider(connection, by_identity[connection.remote.identity])
        return rows

    def _reconsider(self, connection: Connection, rows: list[dict[str, Any]]) -> None:
        """An open peer that would be refused today is told to go; other changes are taken over."""
        before, remote = connection.remote, connection.peer.remote
        if before is None or remote is None or not connection.peer.is_open:
            return
        decision = decide_admission(remote, connection.path, rows)
        if isinstance(decision, NotAdmitted):
            connection.end_reason = f"no longer allowed: {decision.reason}"
            connection.disconnect(DisconnectCause.DO_NOT_WANT_TO_TALK_TO_YOU)
        elif decision.peer.key != before.key or decision.peer.origin != before.origin:
            connection.end_reason = "its core changed"
            connection.disconnect(DisconnectCause.REBOOTING)
        else:
            connection.remote = decision.peer

    async def keep_statistics(self, span_seconds: float) -> None:
        """Writes what passed over the connections, and who was turned away unheard."""
        tallies: list[tuple[RemotePeer, Tally]] = [
            (connection.remote, tally)
            for connection in self._open.values()
            if connection.remote is not None
            for tally in connection.statistics.read(span_seconds)
        ]
        now = self._node.clock.now()
        if tallies:
            await self.leases.keep_statistics(tallies, now=now)
        for address, attempts in self._node.doorkeeper.take_turned_away().items():
            await self.leases.record_refusal(
                _NOT_ASKED, address=address, cause=KnockCause.TOO_MANY, attempts=attempts, now=now,
                reason="too many connections from addresses that no peer has",
            )  # fmt: skip

    async def forget_refusals(self) -> None:
        await self.leases.forget_refusals(before=self._node.clock.now() - _REMEMBERED)


def _with_state(local: LocalNode, states: dict[str, int]) -> LocalNode:
    known = states.get(local.origin_host)
    return (
        local if known in (None, local.origin_state_id) else replace(local, origin_state_id=known)
    )
