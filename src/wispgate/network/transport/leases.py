"""One connection per pair of identities over all processes: leases in the database.

The holder is the node's name, not the process's: a node that was killed takes its own lease back
at once when it starts again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from wispgate.domain.diagnosis.evidence import KnockCause
from wispgate.network.transport.applications import RemotePeer
from wispgate.network.transport.statistics import Tally
from wispgate.store.hot import HotStore
from wispgate.wire.diameter.capabilities import Capabilities
from wispgate.wire.diameter.states import decide_election

LEASE = timedelta(seconds=30)
# A DiameterIdentity is a domain name.
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class Claimed:
    """The lease is ours. `previous_state` is the peer's Origin-State-Id as it was last, or 0."""

    previous_state: int


class Leases:
    """The leases of one node. `local_identity` is its name where a core has none of its own."""

    def __init__(self, store: HotStore, *, holder: str, local_identity: str) -> None:
        self._store = store
        self.holder = holder
        self._local_identity = local_identity

    async def find_allowed(self, identity: str) -> list[dict[str, Any]]:
        """The peers of that identity in all cores, for `decide_admission`."""
        rows = await self._store.public.fetch("find_peers", {"identity": _plain(identity.lower())})
        return [dict(row) for row in rows]

    async def list_allowed(self) -> list[dict[str, Any]]:
        """All peers of all cores."""
        return [dict(row) for row in await self._store.public.fetch("list_allowed_peers", {})]

    # --- taking a lease -------------------------------------------------------------------------

    async def claim(
        self, peer: RemotePeer, remote: Capabilities,
        *, address: str, transport: str = "tcp", now: datetime,
    ) -> Claimed | None:  # fmt: skip
        """The lease for a connection that the peer opened; None while another process holds it.

        Against a call of ours that is under way, the election decides.
        """
        values = self._key(peer) | self._introduction(remote) | {
            "remote_address": address,
            "transport": transport,
            "wins_election": decide_election(self._local(peer), remote.origin_host),
            "now": now,
            "expires_at": now + LEASE,
        }  # fmt: skip
        return _claimed(await self._store.public.fetch("claim_connection", values))

    async def call(self, peer: RemotePeer, *, address: str, transport: str, now: datetime) -> bool:
        """Whether this node may call the peer now: nobody else is connected or calling."""
        values = self._key(peer) | {
            "remote_address": address,
            "transport": transport,
            "now": now,
            "expires_at": now + LEASE,
        }
        return bool(await self._store.public.fetch("call_peer", values))

    async def open_called(
        self, peer: RemotePeer, remote: Capabilities, *, address: str, now: datetime
    ) -> Claimed | None:
        """The peer that we called has answered; None if it won an election meanwhile."""
        values = self._key(peer) | self._introduction(remote) | {
            "remote_address": address,
            "now": now,
            "expires_at": now + LEASE,
        }  # fmt: skip
        return _claimed(await self._store.public.fetch("open_called_connection", values))

    async def end_call(self, peer: RemotePeer, *, detail: str, now: datetime) -> None:
        """A call came to nothing."""
        values = self._key(peer) | {"now": now, "detail": _plain(detail)}
        await self._store.public.fetch("end_call", values)

    # --- keeping and giving up ------------------------------------------------------------------

    async def renew(
        self, held: Collection[tuple[UUID, str]], *, now: datetime
    ) -> set[tuple[UUID, str]]:
        """Keeps the leases of those (core, identity); returns which are ours still."""
        values = {
            "holder": self.holder,
            "core_ids": [core_id for core_id, _ in held],
            "identities": [identity for _, identity in held],
            "expires_at": now + LEASE,
        }
        rows = await self._store.public.fetch("renew_connections", values)
        return {(row["core_id"], row["identity"]) for row in rows}

    async def release_all(self, *, now: datetime) -> None:
        """For a node that begins or ends: no lease in its name stands for a connection."""
        await self._store.public.fetch("release_connections", {"holder": self.holder, "now": now})

    async def set_state(self, peer: RemotePeer, state: str) -> None:
        await self._store.public.fetch("set_connection_state", self._lease(peer) | {"state": state})

    async def release(self, peer: RemotePeer, *, detail: str = "", now: datetime) -> None:
        values = self._lease(peer) | {"now": now, "detail": _plain(detail)}
        await self._store.public.fetch("release_connection", values)

    # --- what else the nodes share --------------------------------------------------------------

    async def record_refusal(
        self, identity: str, *, address: str, cause: KnockCause, reason: str, attempts: int = 1,
        now: datetime,
    ) -> None:  # fmt: skip
        await self._store.public.fetch(
            "record_refused_connection",
            {
                "identity": _plain(identity),
                "remote_address": address,
                "cause": cause.value,
                "reason": _plain(reason),
                "attempts": attempts,
                "now": now,
            },
        )

    async def forget_refusals(self, *, before: datetime) -> None:
        await self._store.public.fetch("forget_refused_connections", {"before": before})

    async def keep_origin_state(self, *, now: datetime, local_identity: str = "") -> int:
        """Our Origin-State-Id: made at the first start, kept ever since."""
        rows = await self._store.public.fetch(
            "keep_origin_state",
            {
                "local_identity": local_identity or self._local_identity,
                "value": int(now.timestamp()),
            },
        )
        return int(rows[0]["value"])

    async def read_origin_states(self) -> dict[str, int]:
        """Of all our identities."""
        rows = await self._store.public.fetch("read_origin_states", {})
        return {row["local_identity"]: int(row["value"]) for row in rows}

    async def note_origin_state(self, peer: RemotePeer, value: int) -> None:
        """The peer said another Origin-State-Id on its open connection."""
        values = self._lease(peer) | {"origin_state_id": value}
        await self._store.public.fetch("note_origin_state", values)

    async def keep_statistics(
        self, tallies: Sequence[tuple[RemotePeer, Tally]], *, now: datetime
    ) -> None:
        """What passed over this node's connections, for the console."""
        values = {
            "holder": self.holder,
            "now": now,
            "core_ids": [peer.core_id for peer, _ in tallies],
            "identities": [peer.identity for peer, _ in tallies],
            "local_identities": [self._local(peer) for peer, _ in tallies],
            "application_ids": [tally.application_id for _, tally in tallies],
            "whose": [tally.is_ours for _, tally in tallies],
            "requests": [tally.requests for _, tally in tallies],
            "results": [tally.results_as_json() for _, tally in tallies],
            "rates": [tally.per_second for _, tally in tallies],
            "medians": [tally.median_ms for _, tally in tallies],
            "slowest": [tally.slowest_ms for _, tally in tallies],
        }
        await self._store.public.fetch("keep_peer_statistics", values)

    # --- keys -----------------------------------------------------------------------------------

    def _local(self, peer: RemotePeer) -> str:
        return self._local_identity if peer.origin is None else peer.origin.host

    def _lease(self, peer: RemotePeer) -> dict[str, object]:
        """A connection of this node's: it has one at most for each (core, identity)."""
        return {"core_id": peer.core_id, "identity": peer.identity, "holder": self.holder}

    def _key(self, peer: RemotePeer) -> dict[str, object]:
        return self._lease(peer) | {"local_identity": self._local(peer)}

    @staticmethod
    def _introduction(remote: Capabilities) -> dict[str, object]:
        return {
            "product_name": _plain(remote.product_name),
            "applications": sorted(a.application_id for a in remote.applications),
            "origin_state_id": remote.origin_state_id or 0,
        }


def _claimed(rows: Sequence[Any]) -> Claimed | None:
    return Claimed(int(rows[0]["previous_state"] or 0)) if rows else None


def _plain(text: str) -> str:
    """Whatever a stranger says of itself as PostgreSQL can hold it: without NUL, not too long."""
    return text.replace("\x00", "\ufffd")[:_LONGEST]
