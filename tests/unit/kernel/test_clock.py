"""The clock port: what fulfils it tells aware time."""

from datetime import UTC, datetime, timedelta

from wispgate.kernel.clock import Clock


class TravellingClock:
    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        self._now += by


def test_clock_that_travels_fulfils_the_port():
    travelling = TravellingClock(datetime(2026, 11, 23, tzinfo=UTC))
    clock: Clock = travelling

    travelling.advance(timedelta(days=1))

    assert clock.now() == datetime(2026, 11, 24, tzinfo=UTC)
