"""Weekly windows in a customer's local time: tariff bands, speed bands, hours of a bucket."""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from wispgate.kernel.errors import InvalidValue

EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
WEEKEND = (5, 6)


@dataclass(frozen=True, slots=True)
class Window:
    """From `starts` to before `ends` on `days` (0 is Monday).

    An end that is not after the start lies on the next day; the window belongs to the day on
    which it begins. The same start and end mean 24 hours.
    """

    starts: time
    ends: time
    days: tuple[int, ...] = EVERY_DAY

    def __post_init__(self) -> None:
        if not self.days or not set(self.days) <= set(EVERY_DAY):
            raise InvalidValue(f"days are 0 (Monday) to 6, not {self.days}", field="days")
        if self.starts.tzinfo or self.ends.tzinfo:
            raise InvalidValue("a window has local times without zone", field="starts")

    def contains(self, local: datetime) -> bool:
        """Whether the local wall clock `local` lies inside."""
        at, day = local.time(), local.weekday()
        if self.starts < self.ends:
            return day in self.days and self.starts <= at < self.ends
        if at >= self.starts:
            return day in self.days
        return at < self.ends and (day - 1) % 7 in self.days


def find_next_change(
    windows: Iterable[Window],
    now: datetime,
    zone: ZoneInfo,
    *,
    select: Callable[[datetime], object],
) -> datetime | None:
    """The first instant after `now` at which `select(local time)` gives something else.

    Only starts and ends of `windows` are looked at, a week and a day ahead. None: no change.
    """
    present = select(now.astimezone(zone))
    for instant in _list_boundaries(windows, now, zone):
        if select(instant.astimezone(zone)) != present:
            return instant
    return None


def _list_boundaries(windows: Iterable[Window], now: datetime, zone: ZoneInfo) -> list[datetime]:
    today = now.astimezone(zone).date()
    clock_times = {at for window in windows for at in (window.starts, window.ends)}
    instants = {
        instant
        for ahead in range(9)
        for at in clock_times
        for instant in _instants_of(datetime.combine(today + timedelta(days=ahead), at), zone)
    }
    return sorted(instant for instant in instants if instant > now)


def _instants_of(wall_clock: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """When the wall clock shows this: twice in autumn; in the gap of spring when it jumps over."""
    first = wall_clock.replace(tzinfo=zone).astimezone(UTC)
    second = wall_clock.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if second >= first:
        return (first, second)
    seconds = range(int((first - second).total_seconds()))
    jump = bisect_left(
        seconds, wall_clock, key=lambda s: _wall_clock(second + timedelta(seconds=s), zone)
    )
    return (second + timedelta(seconds=jump),)


def _wall_clock(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)
