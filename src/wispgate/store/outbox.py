"""The outbox: events leave with the transaction that made them true.

Reading stops below the oldest running transaction and goes on from one cursor per consumer and
outbox, so that an event that commits late is delivered late, and never skipped.
"""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from wispgate.kernel.errors import Unavailable
from wispgate.kernel.events import Event
from wispgate.store import partitions, sync

PUBLIC = "public"


class CursorAhead(Unavailable):
    """A consumer's place is ahead of the database's transactions: what is written now would be
    taken for delivered. The database came into another cluster, and nobody prepared it there.
    """

    code = "cursor_ahead"

    def __init__(self, consumer: str, source: str) -> None:
        super().__init__(
            f"{consumer} has read further in the outbox {source} than this server has counted its "
            f"transactions: the database was restored; run `wispgate migrate`, then start again",
            consumer=consumer,
            source=source,
        )


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as a consumer gets it."""

    event_id: UUID
    xid: str
    operator_id: UUID
    account_id: UUID | None
    line_id: UUID | None
    kind: str
    payload: dict[str, Any]
    occurred_at: datetime


def source_of(partition: int | None) -> str:
    """The name by which cursors know an outbox: a partition's or the public one."""
    return PUBLIC if partition is None else partitions.schema_of(partition)


def append(cursor: sync.Cursor, event_id: UUID, event: Event, *, partition: int | None) -> None:
    """Writes an event in the running transaction; an account's event goes to its partition."""
    values = {
        "event_id": event_id,
        "operator_id": event.operator_id,
        "account_id": event.account_id,
        "line_id": event.line_id,
        "kind": event.kind,
        "payload": json.dumps(event.payload()),
        "occurred_at": event.occurred_at,
    }
    sync.run(cursor, "append_event", values, partition=partition)


def deliver(
    cursor: sync.Cursor,
    consumer: str,
    handle: Callable[[Sequence[StoredEvent]], None],
    *,
    partition: int | None,
    most: int = 500,
) -> int:
    """Hands the next events to `handle` and moves the cursor, all in the running transaction.

    Returns how many there were; 0 also where another worker is at it. Raises CursorAhead.
    """
    source = {"consumer": consumer, "source": source_of(partition)}
    place = _lock_place(cursor, source)
    if not place:
        return 0
    if place[0]["is_ahead"]:
        raise CursorAhead(**source)
    after = {"after_xid": place[0]["xid"], "after_event_id": place[0]["event_id"], "most": most}
    rows = sync.run(cursor, "read_events", after, partition=partition)
    if rows:
        events = [_stored(row) for row in rows]
        handle(events)
        last = {"xid": events[-1].xid, "event_id": events[-1].event_id}
        sync.run(cursor, "move_cursor", source | last)
    return len(rows)


def prune(
    cursor: sync.Cursor, *, partition: int | None, readers: Collection[str], before: datetime,
    most: int = 5000,
) -> int:  # fmt: skip
    """Removes the oldest events that every consumer has passed; how many, at most so many.

    One of `readers` that has no place yet has passed nothing: all is kept for it.
    """
    places = sync.run(cursor, "list_cursors", {"source": source_of(partition)})
    if not places or not {one["consumer"] for one in places}.issuperset(readers):
        return 0
    xid, event_id = min((int(one["xid"]), one["event_id"]) for one in places)
    passed = {"up_to_xid": str(xid), "up_to_event_id": event_id}
    portion = {"before": before, "most": most}
    return len(sync.run(cursor, "prune_events", passed | portion, partition=partition))


def _lock_place(cursor: sync.Cursor, source: dict[str, str]) -> list[dict[str, Any]]:
    """The consumer's place, locked; nothing where another worker has it.

    A new consumer's is made only where there is none: an insert would wait for that other worker.
    """
    place = sync.run(cursor, "lock_cursor", source)
    if place:
        return place
    places = sync.run(cursor, "list_cursors", {"source": source["source"]})
    if any(row["consumer"] == source["consumer"] for row in places):
        return []
    sync.run(cursor, "create_cursor", source)
    return sync.run(cursor, "lock_cursor", source)


def _stored(row: dict[str, Any]) -> StoredEvent:
    payload = row["payload"]
    decoded = json.loads(payload) if isinstance(payload, str) else payload
    return StoredEvent(**{**row, "payload": decoded})
