"""Events: all or nothing, a check that moves nothing, a price from the tariff."""

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.domain.charging.account import (
    Account,
    a_bucket,
    a_group,
    a_plan,
    a_request,
    a_wallet,
)
from wispgate.domain.charging.granting import Booked, DenialReason, Denied, Granted
from wispgate.domain.charging.outcome import ChargeDecision, Outcome
from wispgate.domain.charging.requests import EventAction, ServiceGroup
from wispgate.domain.plan.exhaustion import NotifyOnly
from wispgate.domain.plan.tariff import TariffEntry, UnitKind, block_price
from wispgate.kernel.money import Money

SMS = TariffEntry(UnitKind.MESSAGES, block_price(Decimal("0.10"), 1))


def messages(count: int, number: int = 1) -> Any:
    return a_bucket(number, kind=UnitKind.MESSAGES, remaining=count, initial=count)


def ask(
    account: Account, want: int, action: EventAction = EventAction.DIRECT_DEBITING
) -> ChargeDecision:
    groups = (ServiceGroup(None, want),)
    request = a_request("E", 0, *groups, action=action, unit=UnitKind.MESSAGES)
    return account.charge(request)


def test_debit_at_once_takes_all_that_is_wanted() -> None:
    account = Account.of(a_plan(tariff=(SMS,)), messages(2), a_wallet("1.00"))

    decision = ask(account, 3)

    assert isinstance(decision.groups[0], Granted)
    assert (account.remaining(), account.money_free()) == (0, Decimal("0.90"))
    assert (decision.cost, decision.session) == (Money.parse("0.10", "EUR"), None)


def test_debit_at_once_takes_nothing_when_not_all_is_there() -> None:
    account = Account.of(a_plan(), messages(2))

    decision = ask(account, 3)

    assert (decision.outcome, account.remaining()) == (Outcome.DENIED, 2)
    assert decision.groups == (Denied(None, DenialReason.OUT_OF_CREDIT),)


@pytest.mark.parametrize("unit", [UnitKind.OCTETS, UnitKind.SECONDS])
def test_debit_at_once_knows_every_unit(unit: UnitKind) -> None:
    account = Account.of(a_plan(), a_bucket(kind=unit, remaining=50, initial=50))

    account.charge(a_request("E", 0, a_group(want=20), unit=unit))

    assert account.remaining() == 30


def test_event_in_an_unknown_group_fails_in_rating() -> None:
    assert ask(Account.of(a_plan()), 1).reason is DenialReason.RATING_FAILED


def test_event_of_a_plan_that_goes_on_is_never_denied() -> None:
    account = Account.of(a_plan(exhaustion=NotifyOnly()), messages(1))

    decision = ask(account, 3)

    assert (decision.outcome, account.remaining()) == (Outcome.SUCCESS, 0)


@pytest.mark.parametrize(("want", "outcome"), [(2, Outcome.SUCCESS), (3, Outcome.DENIED)])
def test_balance_check_moves_nothing(want: int, outcome: Outcome) -> None:
    account = Account.of(a_plan(), messages(2))

    decision = ask(account, want, EventAction.CHECK_BALANCE)

    assert (decision.outcome, decision.entries, account.remaining()) == (outcome, (), 2)


def test_price_enquiry_tells_the_cost_and_moves_nothing() -> None:
    account = Account.of(a_plan(tariff=(SMS,)), a_wallet("1.00"))

    decision = ask(account, 3, EventAction.PRICE_ENQUIRY)

    assert decision.cost == Money.parse("0.30", "EUR")
    assert (decision.groups, decision.entries) == ((Booked(None),), ())


def test_price_of_what_has_none_is_refused_and_of_what_is_free_is_nothing() -> None:
    free = a_plan(tariff=(TariffEntry(UnitKind.MESSAGES, block_price(Decimal(0), 1)),))

    priced = ask(Account.of(free), 1, EventAction.PRICE_ENQUIRY)
    refused = ask(Account.of(a_plan()), 1, EventAction.PRICE_ENQUIRY)

    assert priced.cost == Money.zero("EUR")
    assert refused.reason is DenialReason.RATING_FAILED
