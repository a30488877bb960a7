"""One connection per remote identity over all processes: leases in the database.

The holder is the node's name, not the process's: a node that was killed takes its own lease back
at once when it starts again.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from wispgate.network.transport.applications import RemotePeer
from wispgate.store.hot import HotStore
from wispgate.wire.diameter.capabilities import Capabilities

LEASE = timedelta(seconds=30)
# A DiameterIdentity is a domain name.
_LONGEST = 255


class Leases:
    """The leases of one node."""

    def __init__(self, store: HotStore, *, holder: str, local_identity: str) -> None:
        self._store = store
        self.holder = holder
        self._local_identity = local_identity

    async def find_allowed(self, identity: str) -> list[dict[str, object]]:
        """The peers of that identity in all cores, for `decide_admission`."""
        rows = await self._store.public.fetch("find_peers", {"identity": _plain(identity.lower())})
        return [dict(row) for row in rows]

    async def claim(
        self, peer: RemotePeer, remote: Capabilities, *, address: str, now: datetime
    ) -> bool:
        """Whether the peer is ours now; False while another node holds it."""
        rows = await self._store.public.fetch(
            "claim_connection",
            {
                "core_id": peer.core_id,
                "identity": peer.identity,
                "holder": self.holder,
                "local_identity": self._local_identity,
                "remote_address": address,
                "product_name": _plain(remote.product_name),
                "applications": sorted(a.application_id for a in remote.applications),
                "origin_state_id": remote.origin_state_id or 0,
                "now": now,
                "expires_at": now + LEASE,
            },
        )
        return bool(rows)

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

    async def release(self, peer: RemotePeer, *, now: datetime) -> None:
        await self._store.public.fetch("release_connection", self._lease(peer) | {"now": now})

    async def record_refusal(
        self, identity: str, *, address: str, reason: str, now: datetime
    ) -> None:
        await self._store.public.fetch(
            "record_refused_connection",
            {
                "identity": _plain(identity),
                "remote_address": address,
                "reason": _plain(reason),
                "now": now,
            },
        )

    async def keep_origin_state(self, *, now: datetime) -> int:
        """Our Origin-State-Id: made at the first start, kept ever since."""
        rows = await self._store.public.fetch(
            "keep_origin_state",
            {"local_identity": self._local_identity, "value": int(now.timestamp())},
        )
        return int(rows[0]["value"])

    def _lease(self, peer: RemotePeer) -> dict[str, object]:
        return {"core_id": peer.core_id, "identity": peer.identity, "holder": self.holder}


def _plain(text: str) -> str:
    """Whatever a stranger says of itself as PostgreSQL can hold it: without NUL, not too long."""
    return text.replace("\x00", "\ufffd")[:_LONGEST]
