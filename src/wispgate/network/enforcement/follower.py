"""Follows one partition's outbox: every event that may change what the network must be told.

The cursor is durable and moves after the work: what was cut off is done again, which finds
nothing left to do. Truth is in the rows; an event only says which line to look at. Events are
acted upon as soon as they are seen; only the cursor waits for the oldest running transaction, so
that a long one (a bill run, a backup) delays no suspension and a late commit is never passed over.
"""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import structlog

from wispgate.domain.policy.events import NetworkProfileChanged
from wispgate.kernel.errors import Unavailable
from wispgate.network.enforcement.ladder import (
    CLR_INITIAL_ATTACH,
    CLR_MME_UPDATE,
    CLR_SGSN_UPDATE,
    EXHAUSTED,
    REFILLED,
    Target,
    leave_node_push,
)
from wispgate.network.enforcement.reconciler import Reconciler
from wispgate.store import outbox
from wispgate.store.hot import Partition

_log = structlog.get_logger("enforcement")

CONSUMER: Final = "enforcement"
# A cursor that is held back sees at most so many events ahead of it.
_MOST_EVENTS: Final = 2000
# After these a node may have to be told that the phone is with it no more.
_MOVES: Final = frozenset({"line.registered", "line.left_node"})
_UPDATES: Final = {"mme": CLR_MME_UPDATE, "sgsn": CLR_SGSN_UPDATE}
_ENDINGS: Final = {"sgsn_update": CLR_SGSN_UPDATE, "initial_attach": CLR_INITIAL_ATTACH}
_CHANGES: Final = {
    NetworkProfileChanged.kind,
    EXHAUSTED,
    *REFILLED,
    "sim.unassigned",
    "sim.retired",
    "sim.swapped",
}
# What happens on the network: evidence.
_SIGHTINGS: Final = ("line.", "charging.session")
_START: Final = {"xid": "0", "event_id": UUID(int=0)}


@dataclass(frozen=True, slots=True)
class _LeftNode:
    host: str
    realm: str
    means: str


@dataclass(slots=True)
class Follower:
    """The consumer of one partition's outbox."""

    reconciler: Reconciler
    public: Partition
    # Reads anew what kind of core each peer is; called before anything is decided.
    refresh: Callable[[], Awaitable[None]]
    place: Mapping[str, Any] | None = None
    done_ahead: set[UUID] = field(default_factory=set)

    @property
    def source(self) -> dict[str, str]:
        return {
            "consumer": CONSUMER,
            "source": outbox.source_of(self.reconciler.desk.number),
        }

    async def follow(self) -> int:
        """Acts upon the next events; how many there were. Raises DatabaseLost, CursorAhead."""
        if self.place is None:
            self.place = await self._find_place()
        after = {"after_xid": self.place["xid"], "after_event_id": self.place["event_id"]}
        rows = await self.reconciler.desk.fetch("read_events_ahead", after | {"most": _MOST_EVENTS})
        fresh = [row for row in rows if row["event_id"] not in self.done_ahead]
        if fresh:
            await self.refresh()
            await self._act_on(fresh)
        await self._move(rows)
        return len(fresh)

    async def _move(self, rows: Sequence[Any]) -> None:
        """The cursor goes to the last settled event; what is done beyond it is remembered."""
        settled = [row for row in rows if row["is_settled"]]
        if settled:
            last = {"xid": settled[-1]["xid"], "event_id": settled[-1]["event_id"]}
            await self.public.fetch("advance_delivery", self.source | last)
            self.place = last
        self.done_ahead = {row["event_id"] for row in rows if not row["is_settled"]}

    async def _find_place(self) -> Mapping[str, Any]:
        await self.public.fetch("create_cursor", self.source)
        rows = await self.public.fetch("read_delivery_place", self.source)
        if rows and rows[0]["is_ahead"]:
            raise outbox.CursorAhead(**self.source)
        return dict(rows[0]) if rows else _START

    async def _act_on(self, rows: Sequence[Any]) -> None:
        changed: dict[UUID, str] = {}
        seen: set[UUID] = set()
        for row in rows:
            line_id, kind = row["line_id"], row["kind"]
            if line_id is None:
                continue
            if kind in _CHANGES:
                changed[line_id] = kind
            if kind.startswith(_SIGHTINGS):
                seen.add(line_id)
            if kind in _MOVES:
                await self._alone(line_id, self._tell_left_nodes(row))
        for line_id, cause in changed.items():
            await self._alone(line_id, self.reconciler.reconcile(line_id, cause))
        if seen:
            await self.reconciler.judge(seen)

    async def _alone(self, line_id: UUID, work: Awaitable[None]) -> None:
        """A fault with one line is said; the others' work goes on."""
        try:
            await work
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 (the top of one line's work)
            _log.exception("reconciliation failed", line=str(line_id))

    async def _tell_left_nodes(self, row: Any) -> None:
        """TS 29.272 section 5.2.1.2: CLR to the node of its kind where the phone was before, and to
        the one of the other kind if it left that, too.
        """
        payload = json.loads(row["payload"])
        core_id = UUID(payload["core_id"])
        for push_id, left in _list_left_nodes(row["event_id"], payload):
            push = leave_node_push(
                push_id,
                payload["imsi"],
                Target(core_id, left.host, left.realm, left.host.lower()),
                means=left.means,
                now=self.reconciler.clock.now(),
            )
            await self.reconciler.add(row["line_id"], push)


def _list_left_nodes(
    event_id: UUID, payload: Mapping[str, Any]
) -> Iterator[tuple[UUID, _LeftNode]]:
    """Each with the id of its push, which follows from the event: told twice, it is one push.

    A node that is MME and SGSN at once has not been left by changing from the one to the other.
    """
    here = (payload.get("mme_host") or "").lower()
    before = payload.get("previous_mme_host") or ""
    if before and before.lower() != here:
        means = _UPDATES[payload["node"]]
        yield event_id, _LeftNode(before, payload["previous_mme_realm"] or "", means)
    left = payload.get("left_host") or ""
    if left and left.lower() != here:
        means = _ENDINGS[payload["left_by"]]
        yield UUID(int=event_id.int ^ 1), _LeftNode(left, payload["left_realm"] or "", means)
