"""Ends the sessions of a peer that has lost them: its Origin-State-Id has grown (RFC 6733 8.16).

Registrations stay: a serving node keeps no session with the HSS, and its phones come again.
"""

import os
from datetime import datetime
from typing import Protocol
from uuid import UUID

import structlog

from wispgate.kernel.ids import uuid7
from wispgate.store.hot import HotStore, Partition

_log = structlog.get_logger("diameter")


class LostBy(Protocol):
    """The peer that they were with."""

    @property
    def core_id(self) -> UUID: ...

    @property
    def identity(self) -> str: ...


class LostSessions:
    """Gx sessions are closed; of Gy sessions what was reported stays charged, and what was granted
    and not reported is given back. A report that comes all the same is charged as late usage."""

    def __init__(self, store: HotStore) -> None:
        self._store = store

    async def settle(self, peer: LostBy, now: datetime) -> None:
        """Ends all that were opened before now. Raises DatabaseLost."""
        for partition in self._store.partitions:
            policy = await self._close_policy_sessions(partition, peer, now)
            charging = await self._settle_charging_sessions(partition, peer, now)
            if policy or charging:
                _log.warning(
                    "sessions of a peer ended",
                    peer=peer.identity,
                    gx=policy,
                    gy=charging,
                    cause="it lost its state",
                )

    async def _close_policy_sessions(
        self, partition: Partition, peer: LostBy, now: datetime
    ) -> int:
        rows = await partition.fetch("list_lost_policy_sessions", _of(peer, now))
        if not rows:
            return 0
        values = {
            "session_ids": [row["session_id"] for row in rows],
            "event_ids": [uuid7(now, os.urandom(10)) for _ in rows],
            "now": now,
        }
        return len(await partition.fetch("close_lost_policy_sessions", values))

    async def _settle_charging_sessions(
        self, partition: Partition, peer: LostBy, now: datetime
    ) -> int:
        rows = await partition.fetch("list_lost_charging_lines", _of(peer, now))
        ended = 0
        for row in rows:
            values = _of(peer, now) | {"line_id": row["line_id"]}
            async with partition.transaction() as transaction:
                await transaction.fetch("lock_lost_charging_sessions", values)
                ended += len(await transaction.fetch("settle_lost_charging_sessions", values))
        return ended


def _of(peer: LostBy, now: datetime) -> dict[str, object]:
    return {"core_id": peer.core_id, "identity": peer.identity, "now": now}
