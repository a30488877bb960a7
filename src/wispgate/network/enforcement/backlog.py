"""How far the consumers of the partitions' outboxes are behind, as a metric."""

from typing import Final

from prometheus_client import Gauge

from wispgate.kernel.clock import Clock
from wispgate.store import outbox
from wispgate.store.hot import HotStore

# Beyond this it is enough to know that there are very many.
_MOST_COUNTED: Final = 10_000
_LABELS: Final = ("consumer", "source")

WAITING: Final = Gauge(
    "wispgate_outbox_waiting_events",
    "Events of a partition that a consumer has not seen yet; at most 10000 are counted.",
    _LABELS,
)
LAG: Final = Gauge(
    "wispgate_outbox_lag_seconds", "Age of the oldest event that waits for a consumer.", _LABELS
)


async def measure(store: HotStore, clock: Clock) -> None:
    """Sets both gauges for every consumer and partition. Raises DatabaseLost."""
    now = clock.now()
    for partition in store.partitions:
        source = outbox.source_of(partition.number)
        for cursor in await store.public.fetch("list_cursors", {"source": source}):
            place = {"after_xid": cursor["xid"], "after_event_id": cursor["event_id"]}
            rows = await partition.fetch("measure_backlog", place | {"most": _MOST_COUNTED})
            oldest = rows[0]["oldest"]
            labels = (cursor["consumer"], source)
            WAITING.labels(*labels).set(rows[0]["waiting"])
            LAG.labels(*labels).set(
                0 if oldest is None else max(0.0, (now - oldest).total_seconds())
            )
