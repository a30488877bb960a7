"""New ids for rows: UUIDv7 of the scope's time, growing in the order in which a process makes them."""

import os
from datetime import datetime
from threading import Lock
from uuid import UUID

from wispgate.kernel.ids import uuid7, uuid7_after


class _Series:
    """Rows of one millisecond are listed in the order of their making, whichever thread makes them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._last: UUID | None = None

    def next(self, now: datetime) -> UUID:
        with self._lock:
            self._last = uuid7_after(self._last, now, os.urandom(10))
            return self._last


_series = _Series()


def new_id(now: datetime) -> UUID:
    return _series.next(now)


def new_event_id(now: datetime, number: int) -> UUID:
    """For the event of that number in its transaction: readers get them in this order."""
    return uuid7(now, number.to_bytes(4, "big") + os.urandom(6))
