"""The automatic top-up: what it buys, from which wallet, and how often."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tests.unit.domain.charging.account import LINE, NOW, a_bucket, a_plan, a_wallet
from wispgate.domain.charging.state import Cap
from wispgate.domain.charging.topups import TopUpPurchase, find_purchase
from wispgate.domain.plan.exhaustion import AutoTopUp
from wispgate.domain.plan.tariff import UnitKind

OFFER = AutoTopUp(500, Decimal("2.00"), max_count=2)
END = NOW + timedelta(days=3)
EMPTY = a_bucket(octets=100, remaining=0, valid_until=END, caps=(Cap(LINE, 1),), priority=7)


def purchase(*buckets: Any, offer: Any = OFFER) -> TopUpPurchase | None:
    plan = a_plan(exhaustion=offer) if offer else a_plan()
    return find_purchase(plan, buckets, line_id=LINE, unit=UnitKind.OCTETS, now=NOW)


def test_top_up_is_a_new_bucket_like_the_one_that_ran_out() -> None:
    found = purchase(EMPTY, a_wallet("2.00"))

    assert found is not None
    bucket = found.bucket
    assert (bucket.remaining, bucket.initial, bucket.priority) == (500, 500, 7)
    assert (bucket.valid_from, bucket.valid_until, bucket.caps) == (NOW, END, ())
    assert found.wallet_id == UUID(int=150)


def test_same_top_up_has_the_same_id_and_the_next_another() -> None:
    first, again = purchase(EMPTY, a_wallet("9.00")), purchase(EMPTY, a_wallet("9.00"))
    assert first is not None
    used_up = replace(first.bucket, remaining=0)

    second = purchase(EMPTY, used_up, a_wallet("9.00"))

    assert first == again
    assert second is not None
    assert second.bucket.bucket_id != first.bucket.bucket_id
    assert purchase(EMPTY, used_up, second.bucket, a_wallet("9.00")) is None


def test_top_up_has_its_own_validity_when_the_offer_says() -> None:
    found = purchase(EMPTY, a_wallet("2.00"), offer=replace(OFFER, validity_seconds=60))

    assert found is not None
    assert found.bucket.valid_until == NOW + timedelta(seconds=60)


def test_first_wallet_that_can_pay_pays() -> None:
    wallets = [
        a_wallet("1.00", 51, priority=1),
        a_wallet("9.00", 52, priority=3),
        a_wallet("9.00", 53, priority=2),
    ]

    found = purchase(EMPTY, *wallets)

    assert found is not None
    assert found.wallet_id == UUID(int=153)


@pytest.mark.parametrize(
    "buckets",
    [
        (a_wallet("9.00"),),
        (EMPTY,),
        (EMPTY, a_wallet("1.99")),
        (EMPTY, a_wallet("9.00", currency="USD")),
        (EMPTY, a_wallet("9.00", reserved=Decimal("7.01"))),
        (replace(EMPTY, top_up_count=2), a_wallet("9.00")),
        (replace(EMPTY, valid_until=NOW), a_wallet("9.00")),
    ],
)
def test_nothing_is_bought_without_need_money_or_count(buckets: Any) -> None:
    assert purchase(*buckets) is None


def test_nothing_is_bought_where_the_plan_has_no_offer() -> None:
    assert purchase(EMPTY, a_wallet("9.00"), offer=None) is None
