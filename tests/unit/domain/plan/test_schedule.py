"""Windows of the week and the instants at which they open and close."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from wispgate.domain.plan.schedule import WEEKEND, Window, find_next_change
from wispgate.kernel.errors import InvalidValue

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Window(time(23), time(8))
# 2026-11-23 is a Monday.


@pytest.mark.parametrize(
    ("window", "at", "is_inside"),
    [
        (Window(time(8), time(18)), "2026-11-23T08:00", True),
        (Window(time(8), time(18)), "2026-11-23T18:00", False),
        (NIGHT, "2026-11-23T23:00", True),
        (NIGHT, "2026-11-24T07:59", True),
        (NIGHT, "2026-11-24T08:00", False),
        (Window(time(0), time(0), WEEKEND), "2026-11-28T12:00", True),
        (Window(time(0), time(0), WEEKEND), "2026-11-23T00:00", False),
        (Window(time(22), time(6), (6,)), "2026-11-23T05:00", True),
        (Window(time(22), time(6), (6,)), "2026-11-29T05:00", False),
    ],
)
def test_window_contains_its_start_and_not_its_end(
    window: Window, at: str, is_inside: bool
) -> None:
    assert window.contains(datetime.fromisoformat(at)) is is_inside


@pytest.mark.parametrize("days", [(), (7,), (-1,)])
def test_window_refuses_what_is_no_day(days: tuple[int, ...]) -> None:
    with pytest.raises(InvalidValue, match="days"):
        Window(time(8), time(9), days)


def test_window_refuses_times_with_a_zone() -> None:
    with pytest.raises(InvalidValue, match="zone"):
        Window(time(8, tzinfo=UTC), time(9))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-23T12:00:00Z", "2026-11-23T22:00:00Z"),
        ("2026-11-23T22:00:00Z", "2026-11-24T07:00:00Z"),
        ("2026-07-23T12:00:00Z", "2026-07-23T21:00:00Z"),
    ],
)
def test_next_change_follows_the_local_clock(now: str, expected: str) -> None:
    found = find_next_change([NIGHT], datetime.fromisoformat(now), BERLIN, select=NIGHT.contains)

    assert found == datetime.fromisoformat(expected)


def test_window_that_opens_in_the_gap_of_spring_opens_at_the_jump() -> None:
    window = Window(time(2, 30), time(5))
    now = datetime(2026, 3, 28, 22, tzinfo=UTC)

    found = find_next_change([window], now, BERLIN, select=window.contains)

    assert found == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_window_that_closes_in_the_repeated_hour_closes_first_time() -> None:
    window = Window(time(1), time(2, 30))
    now = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)

    found = find_next_change([window], now, BERLIN, select=window.contains)

    assert found == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_window_that_never_closes_has_no_change() -> None:
    always = Window(time(0), time(0))

    assert (
        find_next_change([always], datetime(2026, 1, 1, tzinfo=UTC), BERLIN, select=always.contains)
        is None
    )


def test_next_change_finds_the_weekend_from_monday() -> None:
    weekend = Window(time(0), time(0), WEEKEND)
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)

    found = find_next_change([weekend], now, ZoneInfo("UTC"), select=weekend.contains)

    assert found == datetime(2026, 11, 28, tzinfo=UTC)
