"""A clock that tests carry along and set forward."""

from datetime import UTC, datetime, timedelta


class TravellingClock:
    def __init__(self, start: datetime = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, **duration: float) -> datetime:
        self._now += timedelta(**duration)
        return self._now
