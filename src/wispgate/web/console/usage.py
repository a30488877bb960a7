"""Usage and activations over time, for the charts of the first page: one statement each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from django.apps import apps
from django.db.models import Count, Sum
from django.db.models.functions import TruncDay, TruncHour

from wispgate.business.hotplane.models import EveryLedger
from wispgate.kernel.units import format_octets
from wispgate.web.console.hotreads import DATA_UNITS, USAGE
from wispgate.web.console.wording import counted

HOURS = 24
DAYS = 14


@dataclass(frozen=True, slots=True)
class Point:
    """One bar: when it begins, how it is labelled, how much it is, and how that reads."""

    label: str
    value: int
    shown: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One question; the title is its answer, the points are the table behind it."""

    name: str
    title: str
    axis: str
    unit: str
    points: Sequence[Point]

    @property
    def data(self) -> dict[str, object]:
        """What the script draws."""
        return {
            "labels": [point.label for point in self.points],
            "values": [point.value for point in self.points],
            "shown": [point.shown for point in self.points],
            "unit": self.unit,
        }

    @property
    def is_empty(self) -> bool:
        return not any(point.value for point in self.points)


def by_hour(now: datetime, zone: tzinfo) -> Chart:
    """Octets of the last 24 hours."""
    hours = _hours(now, zone)
    used = _usage(TruncHour("posted_at", tzinfo=zone), since=hours[0])
    points = [_octets(f"{hour:%H}:00", used.get(hour, 0)) for hour in hours]
    busiest = max(points, key=lambda point: point.value)
    title = (
        f"{_sum(points)} used in 24 hours, most after {busiest.label}"
        if busiest.value
        else "Nothing was used in the last 24 hours"
    )
    return Chart("hours", title, "hour", "octets", points)


def by_day(now: datetime, zone: tzinfo) -> Chart:
    """Octets of the last fortnight."""
    days = _days(now, zone)
    used = _usage(TruncDay("posted_at", tzinfo=zone), since=days[0])
    points = [_octets(_day(day), used.get(day, 0)) for day in days]
    nothing = "Nothing was used in a fortnight"
    title = (
        f"{_sum(points)} used in a fortnight, {_compared(points)}" if any_of(points) else nothing
    )
    return Chart("days", title, "day", "octets", points)


def activations(now: datetime, zone: tzinfo) -> Chart:
    """Lines that were activated, by day."""
    days = _days(now, zone)
    lines = apps.get_model("subscriptions.Subscription")._default_manager
    rows = lines.filter(activated_at__gte=days[0]).order_by()
    by_time = rows.annotate(at=TruncDay("activated_at", tzinfo=zone)).values_list("at")
    found = dict(by_time.annotate(Count("pk")))
    points = [_count(_day(day), found.get(day, 0)) for day in days]
    total = sum(point.value for point in points)
    title = (
        f"{counted(total, 'activation')} in a fortnight, {_compared(points)}"
        if total
        else "No line was activated in a fortnight"
    )
    return Chart("activations", title, "day", "lines", points)


CHARTS: Mapping[str, Callable[[datetime, tzinfo], Chart]] = {
    "hours": by_hour,
    "days": by_day,
    "activations": activations,
}


def any_of(points: Sequence[Point]) -> bool:
    return any(point.value for point in points)


def _usage(moment: TruncHour | TruncDay, *, since: datetime) -> Mapping[datetime, int]:
    rows = EveryLedger.objects.filter(
        posted_at__gte=since, kind__in=USAGE, unit__in=DATA_UNITS
    ).order_by()
    return dict(rows.annotate(at=moment).values_list("at").annotate(Sum("used_units")))


def _hours(now: datetime, zone: tzinfo) -> list[datetime]:
    """The beginnings of this hour and of those before it, on the operator's clock."""
    # Arithmetic in UTC: where clocks change, an hour is an hour still.
    last = now.astimezone(zone).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    return [(last - timedelta(hours=back)).astimezone(zone) for back in range(HOURS - 1, -1, -1)]


def _days(now: datetime, zone: tzinfo) -> list[datetime]:
    # Arithmetic on the wall clock: a day of 23 hours is a day.
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]


def _day(day: datetime) -> str:
    return f"{day.day} {day:%b}"


def _octets(label: str, octets: int) -> Point:
    return Point(label, int(octets), format_octets(int(octets)))


def _count(label: str, count: int) -> Point:
    return Point(label, count, str(count))


def _sum(points: Sequence[Point]) -> str:
    return format_octets(sum(point.value for point in points))


def _compared(points: Sequence[Point]) -> str:
    """The last seven days against the seven before."""
    before = sum(point.value for point in points[: DAYS // 2])
    after = sum(point.value for point in points[DAYS // 2 :])
    if not before:
        return "all of it this week"
    if after >= 2 * before:
        times = f"{after / before:.1f}".removesuffix(".0")
        return f"this week {times} times the week before"
    change = round(100 * (after - before) / before)
    if not change:
        return "this week as much as the week before"
    return f"this week {abs(change)}\u00a0% {'more' if change > 0 else 'less'} than the week before"
