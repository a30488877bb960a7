"""Prices as cumulative functions, and which price holds where and when."""

from datetime import UTC, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wispgate.domain.plan.schedule import Window
from wispgate.domain.plan.tariff import (
    Band,
    BundleRule,
    CostRounding,
    OnMaxCost,
    PriceStep,
    Rate,
    TariffEntry,
    UnitKind,
    block_price,
    find_entry,
    price_interval,
)
from wispgate.kernel.errors import InvalidValue

ZONE = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)
CALL = Rate(
    (PriceStep(Decimal("0.2"), 60, 60), PriceStep(Decimal("0.1"), 60, 1, from_units=60)),
    connect_fee=Decimal("0.4"),
)
DAY = Rate((PriceStep(Decimal(1), 1, 1),))
NIGHT = Rate((PriceStep(Decimal("0.5"), 1, 1),))
BANDED = TariffEntry(UnitKind.SECONDS, DAY, (Band("night", Window(time(23), time(8)), NIGHT),))


@pytest.mark.parametrize(
    ("units", "cost"),
    [(0, "0"), (1, "0.6"), (60, "0.6"), (61, "0.601667"), (120, "0.7"), (-5, "0")],
)
def test_call_costs_fee_then_whole_minute_then_seconds(units: int, cost: str) -> None:
    assert CALL.cost(units) == Decimal(cost)


def test_started_blocks_accumulate_over_reports() -> None:
    rate = block_price(Decimal("1.00"), 10)

    costs = [rate.cost_between(position, 4) for position in (0, 4, 8)]

    assert costs == [1, 0, 1]


@given(st.integers(0, 500), st.integers(0, 500))
def test_costs_of_parts_add_up_to_the_cost_of_the_whole(first: int, second: int) -> None:
    assert CALL.cost(first) + CALL.cost_between(first, second) == CALL.cost(first + second)


@given(st.integers(0, 500), st.decimals(0, 9, places=3), st.integers(0, 900))
def test_affordable_units_are_the_most_that_the_budget_pays(
    position: int, budget: Decimal, limit: int
) -> None:
    units = CALL.affordable_units(position, budget, limit)

    assert CALL.cost_between(position, units) <= budget
    assert units == limit or CALL.cost_between(position, units + 1) > budget


def test_maximum_cost_ends_what_is_affordable() -> None:
    rate = Rate((PriceStep(Decimal(1), 1, 1),), max_cost=Decimal(10))

    assert rate.affordable_units(0, Decimal(100), 1800) == 10
    assert rate.affordable_units(50, Decimal(100), 1800) == 0


def test_increment_is_that_of_the_step_reached() -> None:
    assert [CALL.increment_at(position) for position in (0, 59, 60, 500)] == [60, 60, 1, 1]


def test_rate_without_price_and_fee_is_free() -> None:
    assert block_price(Decimal(0), 1).is_free
    assert not block_price(Decimal("0.01"), 1).is_free
    assert not Rate(block_price(Decimal(0), 1).steps, connect_fee=Decimal(1)).is_free


@pytest.mark.parametrize(
    "make",
    [
        lambda: PriceStep(Decimal(-1), 1, 1),
        lambda: PriceStep(Decimal(1), 0, 1),
        lambda: PriceStep(Decimal(1), 1, 0),
        lambda: PriceStep(Decimal(1), 1, 1, -1),
        lambda: Rate(()),
        lambda: Rate((PriceStep(Decimal(1), 1, 1, 5),)),
        lambda: Rate((PriceStep(Decimal(1), 1, 1), PriceStep(Decimal(1), 1, 1))),
        lambda: Rate((PriceStep(Decimal(1), 1, 7), PriceStep(Decimal(1), 1, 1, 10))),
        lambda: Rate((PriceStep(Decimal(1), 1, 1),), connect_fee=Decimal(-1)),
        lambda: TariffEntry(UnitKind.MONEY, DAY),
    ],
)
def test_impossible_prices_are_refused(make: object) -> None:
    with pytest.raises(InvalidValue):
        make()  # type: ignore[operator]


def test_band_holds_on_the_subscribers_clock() -> None:
    # 07:30 UTC is 08:30 in Berlin in winter, 22:30 UTC is 23:30.
    assert BANDED.rate_at(datetime(2026, 11, 23, 7, 30, tzinfo=UTC), ZONE) == DAY
    assert BANDED.rate_at(datetime(2026, 11, 23, 22, 30, tzinfo=UTC), ZONE) == NIGHT


def test_next_change_is_the_start_of_the_band() -> None:
    assert BANDED.find_next_change(NOON, ZONE) == datetime(2026, 11, 23, 22, tzinfo=UTC)
    assert TariffEntry(UnitKind.SECONDS, DAY).find_next_change(NOON, ZONE) is None


def test_interval_is_priced_on_both_sides_of_the_change() -> None:
    begins = datetime(2026, 11, 23, 21, 59, tzinfo=UTC)
    ends = datetime(2026, 11, 23, 22, 1, tzinfo=UTC)

    assert price_interval(BANDED, begins, ends, ZONE) == 60 + 30
    assert price_interval(TariffEntry(UnitKind.SECONDS, DAY), begins, ends, ZONE) == 120


ENTRIES = (
    TariffEntry(UnitKind.SECONDS, block_price(Decimal(1), 1)),
    TariffEntry(UnitKind.SECONDS, block_price(Decimal(2), 1), destination_prefixes=("+49",)),
    TariffEntry(UnitKind.SECONDS, block_price(Decimal(3), 1), destination_prefixes=("4917", "44")),
    TariffEntry(UnitKind.OCTETS, block_price(Decimal(4), 1)),
    TariffEntry(UnitKind.OCTETS, block_price(Decimal(5), 1), zones=("eu",)),
    TariffEntry(UnitKind.OCTETS, block_price(Decimal(6), 1), rating_groups=(50,)),
)


@pytest.mark.parametrize(
    ("unit", "facts", "price"),
    [
        (UnitKind.SECONDS, {"destination": "+33123"}, 1),
        (UnitKind.SECONDS, {"destination": "+4930"}, 2),
        (UnitKind.SECONDS, {"destination": "+491701"}, 3),
        (UnitKind.OCTETS, {}, 4),
        (UnitKind.OCTETS, {"zone": "eu", "rating_group": 50}, 5),
        (UnitKind.OCTETS, {"rating_group": 50}, 6),
    ],
)
def test_the_closest_entry_gives_the_price(
    unit: UnitKind, facts: dict[str, object], price: int
) -> None:
    entry = find_entry(ENTRIES, unit, **facts)  # type: ignore[arg-type]

    assert entry is not None
    assert entry.rate.cost(1) == price


def test_what_no_entry_names_has_no_price() -> None:
    assert find_entry(ENTRIES, UnitKind.MESSAGES) is None
    assert find_entry(ENTRIES[1:2], UnitKind.SECONDS, destination="+44") is None


@pytest.mark.parametrize(
    ("rounding", "decimals", "cost"),
    [
        (CostRounding.UP, 4, "0.6017"),
        (CostRounding.DOWN, 4, "0.6016"),
        (CostRounding.HALF_UP, 2, "0.60"),
        (CostRounding.UP, 2, "0.61"),
    ],
)
def test_a_session_s_cost_is_rounded_as_the_tariff_says(
    rounding: CostRounding, decimals: int, cost: str
) -> None:
    rate = Rate(CALL.steps, CALL.connect_fee, rounding=rounding, decimals=decimals)

    assert rate.cost(61) == Decimal(cost)
    assert rate.cost_between(0, 30) + rate.cost_between(30, 31) == Decimal(cost)


def test_decimals_beyond_the_ledger_are_refused() -> None:
    with pytest.raises(InvalidValue, match="0 to 6 decimals"):
        Rate(DAY.steps, decimals=7)


def test_at_the_most_that_it_may_cost_a_session_ends_or_goes_on_for_nothing() -> None:
    ending = Rate(DAY.steps, max_cost=Decimal(10))
    going_on = Rate(DAY.steps, max_cost=Decimal(10), on_max_cost=OnMaxCost.FREE)

    assert ending.affordable_units(0, Decimal(1000), 1800) == 10
    assert going_on.affordable_units(0, Decimal(1000), 1800) == 1800
    assert going_on.affordable_units(0, Decimal(9), 1800) == 9
    assert going_on.cost(1800) == 10


def test_bundles_are_asked_for_whole_blocks_and_one_fee_per_session() -> None:
    rule = BundleRule(20, Decimal("0.01"))

    assert [rule.units_between(position, 10) for position in (0, 10, 20)] == [20, 0, 20]
    assert [rule.fee_between(position, 10) for position in (0, 10)] == [Decimal("0.01"), 0]
    assert rule.fee_between(0, 0) == 0


@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 300), st.integers(1, 30))
def test_what_a_bundle_affords_is_the_most_that_fits_into_it(
    position: int, room: int, limit: int, block: int
) -> None:
    rule = BundleRule(block)

    units = rule.affordable_units(position, room, limit)

    assert 0 <= units <= limit
    assert rule.units_between(position, units) <= room
    assert units == limit or rule.units_between(position, units + 1) > room


@pytest.mark.parametrize(("block", "fee"), [(0, "0"), (1, "-1")])
def test_a_bundle_rule_counts_in_positive_blocks_and_fees(block: int, fee: str) -> None:
    with pytest.raises(InvalidValue):
        BundleRule(block, Decimal(fee))
