"""The compiled plan: what it refuses, what it answers, and its way through JSON."""

from dataclasses import replace
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from wispgate.domain.plan.basic import BASIC_PLAN_ID, basic_plan
from wispgate.domain.plan.compiled import (
    MAX_GRANT_OCTETS,
    Allowance,
    Apn,
    CompiledPlan,
    GrantRounding,
    GrantRules,
    PdnType,
    SpeedBand,
    Zone,
)
from wispgate.domain.plan.exhaustion import AutoTopUp, Block, FinalAction, NotifyOnly, Throttle
from wispgate.domain.plan.schedule import Window
from wispgate.domain.plan.speed import Arp, Speed
from wispgate.domain.plan.tariff import HOME, Band, TariffEntry, UnitKind, block_price
from wispgate.kernel.errors import InvalidValue

SPEED = Speed(10_000_000, 50_000_000)
ZONE = ZoneInfo("UTC")


def a_full_plan(**changes: Any) -> CompiledPlan:
    """A plan that uses every part."""
    price = block_price(Decimal("0.10"), 1_000_000)
    night = Window(time(23), time(6, 30), (0, 1, 2))
    given = {
        "plan_id": UUID(int=7),
        "version": 3,
        "name": "Größe L",
        "currency": "EUR",
        "apns": (
            Apn("internet", SPEED, qci=8, arp=Arp(3, can_preempt=True)),
            Apn("ims", SPEED, qci=5, pdn_type=PdnType.IPV4V6, charging_characteristics="0400"),
        ),
        "speed": SPEED,
        "speed_bands": (SpeedBand(night, Speed(1, 2)),),
        "allowances": (
            Allowance("data", UnitKind.OCTETS, 10**10, priority=1, window=night),
            Allowance("credit", UnitKind.MONEY, Decimal("2.50"), validity_seconds=86400),
            Allowance("social", UnitKind.OCTETS, 5, rating_groups=(50,), zones=("eu",)),
        ),
        "tariff": (
            TariffEntry(UnitKind.OCTETS, price, (Band("night", night, price),), zones=("eu",)),
        ),
        "zero_rated_groups": (99,),
        "zones": (Zone(HOME, ("00101",)), Zone("eu", ("262", "208")), Zone("best", ("26201",))),
        "grant": GrantRules(rounding=GrantRounding.STARTED_BLOCK),
        "charging_characteristics": "0800",
    }
    return CompiledPlan(**(given | changes))


@pytest.mark.parametrize(
    "exhaustion",
    [
        Block(),
        Block(FinalAction.REDIRECT, "http://topup.example/"),
        Block(FinalAction.RESTRICT_ACCESS, filter_ids=("portal",)),
        Throttle(Speed(64_000, 64_000)),
        NotifyOnly(),
        AutoTopUp(10**9, Decimal("5.00"), max_count=3, validity_seconds=86400),
    ],
)
def test_plan_comes_back_from_json_as_it_was(exhaustion: Any) -> None:
    plan = a_full_plan(exhaustion=exhaustion)

    assert CompiledPlan.decode(plan.encode()) == plan


def test_basic_plan_is_small_and_comes_back() -> None:
    plan = basic_plan()

    assert CompiledPlan.decode(plan.encode()) == plan
    assert plan.plan_id == BASIC_PLAN_ID
    assert plan.apns[0].name == "internet"
    assert len(plan.encode()) < 700


def test_basic_plan_costs_nothing_in_every_unit() -> None:
    plan = basic_plan(currency="USD", apn="iot", up_bps=1, down_bps=2)

    for unit in (UnitKind.OCTETS, UnitKind.SECONDS, UnitKind.MESSAGES):
        price = plan.find_price(unit, 10, zone=HOME)
        assert price is not None
        assert price.rate.is_free
    assert (plan.currency, plan.speed) == ("USD", Speed(1, 2))


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 0},
        {"currency": "EURO"},
        {"notify_percents": (0,)},
        {"notify_percents": (101,)},
        {"charging_characteristics": "8"},
        {"charging_characteristics": "08G0"},
        {"apns": (Apn("a", SPEED), Apn("a", SPEED))},
        {"apns": (Apn("*", SPEED),)},
        {"allowances": (Allowance("a", UnitKind.OCTETS, 1),) * 2},
    ],
)
def test_impossible_plans_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        a_full_plan(**changes)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Apn("", SPEED),
        lambda: Apn("Internet", SPEED),
        lambda: Apn("a" * 101, SPEED),
        lambda: Apn("a", SPEED, qci=0),
        lambda: Apn("a", SPEED, qci=256),
        lambda: Zone("", ("1",)),
        lambda: Zone("eu", ()),
        lambda: Allowance("", UnitKind.OCTETS, 1),
        lambda: Allowance("a", UnitKind.OCTETS, 0),
        lambda: Allowance("a", UnitKind.OCTETS, Decimal(1)),
        lambda: Allowance("a", UnitKind.MONEY, 1),
        lambda: Allowance("a", UnitKind.OCTETS, 1, validity_seconds=0),
        lambda: GrantRules(slice_octets=0),
        lambda: GrantRules(max_octets=2**32),
        lambda: GrantRules(validity_seconds=0),
        lambda: GrantRules(threshold_percent=100),
        lambda: Speed(0, 1),
        lambda: Arp(0),
        lambda: Arp(16),
        lambda: Block(FinalAction.REDIRECT),
        lambda: Block(redirect_url="http://x/"),
        lambda: Block(FinalAction.RESTRICT_ACCESS),
        lambda: AutoTopUp(0, Decimal(1), 1),
        lambda: AutoTopUp(1, Decimal(-1), 1),
        lambda: AutoTopUp(1, Decimal(1), 0),
        lambda: AutoTopUp(1, Decimal(1), 1, validity_seconds=0),
    ],
)
def test_impossible_parts_are_refused(make: Any) -> None:
    with pytest.raises(InvalidValue):
        make()


@pytest.mark.parametrize(
    ("plmn", "zone"),
    [("00101", HOME), ("26202", "eu"), ("26201", "best"), ("310410", None), ("", HOME)],
)
def test_longest_prefix_names_the_zone(plmn: str, zone: str | None) -> None:
    assert a_full_plan().find_zone(plmn) == zone


def test_plan_without_zones_is_at_home_everywhere() -> None:
    assert basic_plan().find_zone("310410") == HOME


def test_allowance_serves_its_unit_and_groups() -> None:
    plan = replace(a_full_plan(), allowances=a_full_plan().allowances[1:])

    assert plan.has_allowance(UnitKind.OCTETS, 50)
    assert not plan.has_allowance(UnitKind.OCTETS, 51)
    assert not plan.has_allowance(UnitKind.SECONDS, 50)


@pytest.mark.parametrize(
    ("unit", "wanted", "granted"),
    [
        (UnitKind.OCTETS, 0, 50_000_000),
        (UnitKind.OCTETS, 7, 7),
        (UnitKind.OCTETS, 2**60, 2 * 2**30),
        (UnitKind.SECONDS, 0, 300),
        (UnitKind.SECONDS, 7, 7),
        (UnitKind.MESSAGES, 0, 1),
        (UnitKind.MESSAGES, 3, 3),
    ],
)
def test_grant_has_the_wished_size_below_the_cap(unit: UnitKind, wanted: int, granted: int) -> None:
    assert GrantRules().size(unit, wanted) == granted
    assert granted <= MAX_GRANT_OCTETS


def test_speed_follows_the_band_of_the_hour() -> None:
    plan = a_full_plan()
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)

    assert plan.speed_at(noon, ZONE) == SPEED
    assert plan.speed_at(noon.replace(hour=23), ZONE) == Speed(1, 2)
    assert plan.find_next_speed_change(noon, ZONE) == noon.replace(hour=23)
    assert basic_plan().find_next_speed_change(noon, ZONE) is None


def test_lower_speed_wins_in_each_direction() -> None:
    assert Speed(1, 9).limited_to(Speed(5, 5)) == Speed(1, 5)
