"""Requests refuse what no gateway can mean."""

from typing import Any

import pytest

from tests.unit.domain.charging.account import a_group, a_request
from wispgate.domain.charging.requests import (
    MAX_REPORTED_UNITS,
    EventAction,
    ServiceGroup,
    UsedUnits,
    total_octets,
)
from wispgate.domain.plan.tariff import UnitKind
from wispgate.kernel.errors import InvalidValue


@pytest.mark.parametrize("count", [-1, MAX_REPORTED_UNITS + 1, 2**64 - 5_000_000])
@pytest.mark.parametrize("name", ["octets", "seconds", "messages"])
def test_usage_that_nobody_can_have_is_refused(name: str, count: int) -> None:
    with pytest.raises(InvalidValue):
        UsedUnits(**{name: count})


def test_only_the_charged_kind_of_usage_counts() -> None:
    used = UsedUnits(octets=1, seconds=2, messages=3)

    kinds = (UnitKind.OCTETS, UnitKind.SECONDS, UnitKind.MESSAGES)
    assert [used.of(unit) for unit in kinds] == [1, 2, 3]
    with pytest.raises(InvalidValue):
        used.of(UnitKind.MONEY)


@pytest.mark.parametrize(
    ("total", "uplink", "downlink", "octets"),
    [(4, 1, 3, 4), (None, 1, 3, 4), (0, 1, 3, 0), (None, None, 3, 3), (None, None, None, 0)],
)
def test_total_stands_for_both_directions(
    total: int | None, uplink: int | None, downlink: int | None, octets: int
) -> None:
    assert total_octets(total, uplink=uplink, downlink=downlink) == octets


@pytest.mark.parametrize(
    "make",
    [
        lambda: ServiceGroup(None, -1),
        lambda: a_request(session_id=""),
        lambda: a_request(number=-1),
        lambda: a_request(unit=UnitKind.MONEY),
        lambda: a_request(action=EventAction.CHECK_BALANCE),
        lambda: a_request("E", action=None),
        lambda: a_request("I", 0, a_group(10), a_group(10)),
    ],
)
def test_contradictory_requests_are_refused(make: Any) -> None:
    with pytest.raises(InvalidValue):
        make()
