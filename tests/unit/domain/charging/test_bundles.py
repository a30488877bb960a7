"""A tariff with a rule for bundles: blocks of units, and a fee in money beside them."""

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.domain.charging.account import Account, a_bucket, a_plan, a_wallet
from wispgate.domain.charging.granting import Denied, Granted
from wispgate.domain.charging.requests import ChargeRequest, RequestKind, ServiceGroup, UsedUnits
from wispgate.domain.charging.simple import is_simple
from wispgate.domain.plan.compiled import CompiledPlan
from wispgate.domain.plan.tariff import BundleRule, TariffEntry, UnitKind, block_price

SECONDS = UnitKind.SECONDS
PRICE = block_price(Decimal("0.10"), 1)


def a_voice_plan(fee: str = "0.01", block: int = 20) -> CompiledPlan:
    rule = BundleRule(block, Decimal(fee))
    return a_plan(tariff=(TariffEntry(SECONDS, PRICE, bundle=rule),))


def minutes(seconds: int) -> Any:
    return a_bucket(1, kind=SECONDS, remaining=seconds, initial=seconds)


def ask(
    account: Account, kind: RequestKind, number: int, *, want: int | None = None, used: int = 0
) -> Any:
    reports = (UsedUnits(seconds=used),) if used else ()
    request = ChargeRequest(
        session_id="call", number=number, kind=kind, unit=SECONDS,
        groups=(ServiceGroup(None, want, reports),),
    )  # fmt: skip
    return account.charge(request)


def left(account: Account) -> tuple[Any, Any]:
    seconds, money = sorted(account.buckets.values(), key=lambda b: b.kind is UnitKind.MONEY)
    return seconds.remaining, money.remaining


def test_blocks_accumulate_and_the_fee_is_taken_once_in_a_session() -> None:
    account = Account.of(a_voice_plan(), minutes(100), a_wallet("1.00"))

    first = ask(account, RequestKind.INITIAL, 0, want=30).groups[0]
    held = account.money_free()
    ask(account, RequestKind.UPDATE, 1, want=30, used=30)
    ask(account, RequestKind.TERMINATION, 2, used=5)

    assert isinstance(first, Granted)
    assert (first.units, first.is_final) == (30, False)
    assert held == Decimal("0.99")
    assert left(account) == (60, Decimal("0.99"))


def test_a_session_whose_fee_cannot_be_paid_does_not_begin() -> None:
    account = Account.of(a_voice_plan(), minutes(40), a_wallet("0.00"))

    answer = ask(account, RequestKind.INITIAL, 0, want=10).groups[0]

    assert isinstance(answer, Denied)


def test_usage_is_a_fact_and_its_fee_may_make_money_negative() -> None:
    account = Account.of(a_voice_plan(), minutes(40), a_wallet("0.00"))

    ask(account, RequestKind.INITIAL, 0)
    ask(account, RequestKind.TERMINATION, 1, used=10)

    assert left(account) == (20, Decimal("-0.01"))


@pytest.mark.parametrize(("money", "units"), [("10.00", 60), ("1.01", 30), ("0.50", 24)])
def test_money_goes_on_where_the_bundle_ends_and_pays_for_the_fee_first(
    money: str, units: int
) -> None:
    account = Account.of(a_voice_plan(), minutes(20), a_wallet(money))

    granted = ask(account, RequestKind.INITIAL, 0, want=60).groups[0]

    assert isinstance(granted, Granted)
    assert granted.units == units
    ask(account, RequestKind.TERMINATION, 1, used=units)
    assert left(account) == (0, Decimal(money) - Decimal("0.01") - (units - 20) * Decimal("0.10"))


def test_without_money_there_is_no_fee_to_take_and_blocks_are_taken_all_the_same() -> None:
    account = Account.of(a_voice_plan(), minutes(40))

    ask(account, RequestKind.INITIAL, 0)
    ask(account, RequestKind.TERMINATION, 1, used=10)

    assert [bucket.remaining for bucket in account.buckets.values()] == [20]


def test_such_a_request_is_not_for_the_common_statement() -> None:
    account = Account.of(a_voice_plan(), minutes(40), a_wallet("1.00"))
    request = ChargeRequest(
        session_id="call", number=0, kind=RequestKind.INITIAL, unit=SECONDS,
        groups=(ServiceGroup(None, 10),),
    )  # fmt: skip

    assert not is_simple(account.plan_for(request), account.state_for(request.session_id))
