"""New ids for rows: UUIDv7 of the scope's time."""

import os
from datetime import datetime
from uuid import UUID

from wispgate.kernel.ids import uuid7


def new_id(now: datetime) -> UUID:
    return uuid7(now, os.urandom(10))


def new_event_id(now: datetime, number: int) -> UUID:
    """For the event of that number in its transaction: readers get them in this order."""
    return uuid7(now, number.to_bytes(4, "big") + os.urandom(6))
