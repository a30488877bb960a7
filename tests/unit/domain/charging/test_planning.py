"""The charge plan of a request, and the order in which buckets pay."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tests.unit.domain.charging.account import (
    LINE,
    NOW,
    UTC_ZONE,
    Account,
    a_bucket,
    a_group,
    a_plan,
    a_request,
    a_wallet,
)
from wispgate.domain.charging.planning import GroupPlan, cap_validity, list_candidates, plan_charge
from wispgate.domain.plan.compiled import Allowance, GrantRules, Zone
from wispgate.domain.plan.schedule import Window
from wispgate.domain.plan.tariff import Band, TariffEntry, UnitKind, block_price

PRICE = block_price(Decimal(1), 10)
FREE = TariffEntry(UnitKind.OCTETS, block_price(Decimal(0), 1))
EVENING = Window((NOW + timedelta(minutes=10)).time(), (NOW + timedelta(hours=5)).time())
BANDED = TariffEntry(UnitKind.OCTETS, PRICE, (Band("evening", EVENING, PRICE),))
CHEAP = replace(BANDED, bands=(Band("evening", EVENING, block_price(Decimal(0), 1)),))


def plan_group(request: Any = None, **changes: Any) -> GroupPlan:
    plan = a_plan(**changes)
    return plan_charge(plan, request or a_request(), NOW, time_zone=UTC_ZONE).groups[0]


def test_wish_is_sized_by_the_plan_and_report_wants_nothing() -> None:
    asked, told = plan_group(), plan_group(a_request("U", 1, a_group(used=5)))

    assert (asked.is_asked, asked.wanted_units, asked.used_units) == (True, 10_000_000, 0)
    assert (told.is_asked, told.wanted_units, told.used_units) == (False, 0, 5)


def test_termination_wants_nothing() -> None:
    assert not plan_group(a_request("T", 1, a_group(want=5))).is_asked


@pytest.mark.parametrize(
    ("changes", "is_free", "is_known"),
    [
        ({}, False, False),
        ({"tariff": (FREE,)}, True, True),
        ({"tariff": (FREE,), "allowances": (Allowance("a", UnitKind.OCTETS, 1),)}, False, True),
        ({"allowances": (Allowance("a", UnitKind.OCTETS, 1),)}, False, True),
        ({"tariff": (replace(FREE, rate=PRICE),)}, False, True),
        ({"tariff": (replace(CHEAP, rate=FREE.rate),)}, False, True),
    ],
)
def test_free_is_what_the_plan_gives_for_nothing(
    changes: Any, is_free: bool, is_known: bool
) -> None:
    group = plan_group(**changes)

    assert (group.is_free, group.is_known) == (is_free, is_known)


def test_zero_rated_group_is_free_beside_a_price() -> None:
    request = a_request("I", 0, a_group(99, want=0))

    assert plan_group(request, tariff=(replace(FREE, rate=PRICE),), zero_rated_groups=(99,)).is_free


def test_validity_ends_at_the_tariff_change_unless_it_is_announced() -> None:
    rules = GrantRules(announces_tariff_change=True)

    capped, announced = plan_group(tariff=(CHEAP,)), plan_group(tariff=(CHEAP,), grant=rules)

    assert (capped.validity_seconds, capped.tariff_change_at) == (600, None)
    assert announced.validity_seconds == 3600
    assert announced.tariff_change_at == NOW + timedelta(minutes=10)


def test_zone_of_the_visited_network_chooses_the_price() -> None:
    abroad = TariffEntry(UnitKind.OCTETS, PRICE, zones=("eu",))
    request = a_request(visited_plmn="26201")

    group = plan_group(request, tariff=(abroad,), zones=(Zone("eu", ("262",)),))

    assert (group.zone, group.price) == ("eu", abroad)


@pytest.mark.parametrize(("seconds", "validity"), [(None, 60), (30, 30), (90, 60), (0, 1), (-5, 1)])
def test_validity_never_passes_the_end_and_is_never_zero(
    seconds: int | None, validity: int
) -> None:
    end = None if seconds is None else NOW + timedelta(seconds=seconds)

    assert cap_validity(60, NOW, end) == validity


def candidates(*buckets: Any, group: Any = None, **plan: Any) -> list[int]:
    account = Account.of(a_plan(**plan), *buckets)
    charge_plan = account.plan_for(a_request("I", 0, group or a_group(want=0)))
    found = list_candidates(
        buckets, charge_plan.groups[0], charge_plan=charge_plan, line_id=LINE, at=NOW
    )
    return [bucket.bucket_id.int - 100 for bucket in found]


def test_buckets_pay_by_priority_then_end_then_age() -> None:
    soon = NOW + timedelta(hours=1)
    buckets = [
        a_bucket(1, priority=5),
        a_bucket(2, priority=5, created_at=NOW - timedelta(days=90)),
        a_bucket(3, priority=5, valid_until=soon + timedelta(hours=1)),
        a_bucket(4, priority=5, valid_until=soon),
        a_bucket(5, priority=1),
    ]

    assert candidates(*buckets) == [5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    "changes",
    [
        {"valid_until": NOW},
        {"valid_from": NOW + timedelta(seconds=1)},
        {"owner_id": UUID(int=8)},
        {"rating_groups": (10,)},
        {"zones": ("eu",)},
        {"window": EVENING},
        {"kind": UnitKind.SECONDS},
    ],
)
def test_bucket_that_does_not_fit_does_not_pay(changes: Any) -> None:
    assert candidates(a_bucket(1, **changes)) == []


def test_bucket_that_fits_in_every_way_pays() -> None:
    bucket = a_bucket(
        1,
        valid_from=NOW,
        owner_id=LINE,
        rating_groups=(10,),
        zones=("home",),
        window=Window(NOW.time(), EVENING.ends),
    )

    assert candidates(bucket, group=a_group(10, want=0)) == [1]


def test_money_pays_only_where_there_is_a_price_in_its_currency() -> None:
    wallet = a_wallet("1.00", 1)
    tariff = (replace(FREE, rate=PRICE),)

    assert candidates(wallet, tariff=tariff) == [1]
    assert candidates(wallet) == []
    assert candidates(wallet, tariff=tariff, currency="USD") == []
