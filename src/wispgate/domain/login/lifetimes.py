"""How long a session lasts: at rest, altogether, and how long a proof stays fresh."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from wispgate.kernel.errors import InvalidValue

# Risky acts ask again after this: long enough for what one sat down to do.
FRESH = timedelta(minutes=10)
# Between password and second factor.
ON_THE_DOORSTEP = timedelta(minutes=15)

_SHORTEST, _LONGEST = timedelta(minutes=5), timedelta(days=30)


class Ended(StrEnum):
    """Why a session is over."""

    IDLE = "idle"
    TOO_OLD = "too old"


@dataclass(frozen=True, slots=True)
class Lifetime:
    """An operator's rule."""

    idle: timedelta = timedelta(hours=2)
    absolute: timedelta = timedelta(hours=12)

    def __post_init__(self) -> None:
        for field, span in (("idle", self.idle), ("absolute", self.absolute)):
            if not _SHORTEST <= span <= _LONGEST:
                raise InvalidValue("a session lasts from 5 minutes to 30 days", field=field)
        if self.idle > self.absolute:
            raise InvalidValue("a session does not rest longer than it lasts", field="idle")


def find_end(
    lifetime: Lifetime, *, created_at: datetime, seen_at: datetime, now: datetime
) -> Ended | None:
    """Why the session is over at `now`, None while it is not."""
    if now - created_at >= lifetime.absolute:
        return Ended.TOO_OLD
    return Ended.IDLE if now - seen_at >= lifetime.idle else None


def is_fresh(proved_at: datetime | None, *, now: datetime) -> bool:
    """Whether a proof of identity is recent enough for a risky act."""
    return proved_at is not None and timedelta(0) <= now - proved_at < FRESH
