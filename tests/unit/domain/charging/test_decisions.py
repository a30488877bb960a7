"""Requests of sessions: what is booked, granted, denied and told."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tests.unit.domain.charging.account import (
    LINE,
    NOW,
    Account,
    a_bucket,
    a_group,
    a_plan,
    a_request,
    a_wallet,
)
from wispgate.domain.charging.events import (
    AutoTopUpBought,
    QuotaExhausted,
    QuotaRestored,
    QuotaThresholdReached,
    UsageInSuspense,
)
from wispgate.domain.charging.granting import Booked, DenialReason, Denied, Granted
from wispgate.domain.charging.ledger import EntryKind
from wispgate.domain.charging.outcome import Outcome, list_crossed
from wispgate.domain.charging.requests import ServiceGroup, UsedUnits
from wispgate.domain.charging.sequence import Sequence
from wispgate.domain.charging.state import Cap
from wispgate.domain.plan.compiled import GrantRules
from wispgate.domain.plan.exhaustion import (
    AutoTopUp,
    Block,
    FinalAction,
    NotifyOnly,
    Throttle,
)
from wispgate.domain.plan.schedule import Window
from wispgate.domain.plan.speed import Speed
from wispgate.domain.plan.tariff import TariffEntry, UnitKind, block_price
from wispgate.kernel.money import Money

MB = 1_000_000
PER_10MB = TariffEntry(UnitKind.OCTETS, block_price(Decimal("1.00"), 10 * MB))
THROTTLE = Throttle(Speed(64_000, 64_000))
LATER = NOW + timedelta(minutes=5)


def grant_of(decision: Any, at: int = 0) -> Granted:
    granted = decision.groups[at]
    assert isinstance(granted, Granted)
    return granted


def test_grant_has_threshold_and_validity_of_the_plan() -> None:
    account = Account.of(a_plan(), a_bucket(octets=100 * MB))

    granted = grant_of(account.charge(a_request()))

    assert (granted.units, granted.threshold_units, granted.validity_seconds) == (
        10 * MB,
        2 * MB,
        3600,
    )
    assert not granted.is_final
    assert account.reserved() == 10 * MB


def test_new_grant_replaces_the_old_reservation() -> None:
    account = Account.of(a_plan(), a_bucket(octets=100 * MB))
    account.charge(a_request())

    account.charge(a_request("U", 1, a_group(want=4 * MB, used=3 * MB)))

    assert (account.remaining(), account.reserved()) == (97 * MB, 4 * MB)


def test_group_that_is_not_named_keeps_its_reservation() -> None:
    account = Account.of(a_plan(), a_bucket(octets=100 * MB))
    account.charge(a_request("I", 0, a_group(10, want=5), a_group(20, want=7)))

    account.charge(a_request("U", 1, a_group(10, want=6, used=5)))

    assert account.reserved() == 13


def test_last_grant_is_partial_and_final_then_credit_is_out() -> None:
    account = Account.of(a_plan(), a_bucket(octets=3 * MB))

    first = account.charge(a_request("I", 0, a_group(want=5 * MB)))
    second = account.charge(a_request("U", 1, a_group(want=5 * MB, used=3 * MB)))

    final = grant_of(first)
    assert (final.units, final.is_final, final.final_action) == (3 * MB, True, Block())
    assert final.threshold_units == 0
    assert second.groups == (Denied(None, DenialReason.OUT_OF_CREDIT, Block()),)
    assert (second.outcome, second.reason) == (Outcome.DENIED, DenialReason.OUT_OF_CREDIT)
    assert second.is_exhausted
    assert QuotaExhausted in [type(event) for event in second.events]


def test_denied_first_request_leaves_no_open_session() -> None:
    account = Account.of(a_plan(), a_bucket(octets=1, remaining=0))

    decision = account.charge(a_request())

    assert decision.session is not None
    assert not decision.session.is_open


def test_denied_group_does_not_end_the_others() -> None:
    account = Account.of(
        a_plan(),
        a_bucket(1, rating_groups=(10,)),
        a_bucket(2, octets=5, remaining=0, rating_groups=(20,)),
    )

    first = account.charge(a_request("I", 0, a_group(10, want=5), a_group(20, want=5)))
    second = account.charge(a_request("U", 1, a_group(20, want=5)))

    assert [type(group) for group in first.groups] == [Granted, Denied]
    assert (first.outcome, second.outcome) == (Outcome.SUCCESS, Outcome.SUCCESS)


def test_groups_that_nobody_knows_fail_in_rating() -> None:
    account = Account.of(a_plan(), a_bucket(rating_groups=(10,)))

    decision = account.charge(a_request("I", 0, a_group(777, want=0), a_group(778, want=0)))

    assert (decision.outcome, decision.reason) == (Outcome.DENIED, DenialReason.RATING_FAILED)
    assert (
        account.charge(
            a_request("I", 0, a_group(777, want=0), a_group(10, want=0), session_id="s2")
        ).outcome
        is Outcome.SUCCESS
    )


def test_out_of_credit_weighs_more_than_an_unknown_group() -> None:
    account = Account.of(a_plan(), a_bucket(octets=1, remaining=0, rating_groups=(10,)))

    decision = account.charge(a_request("I", 0, a_group(777, want=0), a_group(10, want=0)))

    assert decision.reason is DenialReason.OUT_OF_CREDIT


def test_report_without_a_wish_is_booked_only() -> None:
    account = Account.of(a_plan(), a_bucket(octets=100 * MB))
    account.charge(a_request())

    decision = account.charge(a_request("U", 1, a_group(used=MB)))

    assert decision.groups == (Booked(None),)
    assert (account.remaining(), account.reserved()) == (99 * MB, 0)


def test_session_may_open_without_any_group() -> None:
    account = Account.of(a_plan(), a_bucket())

    decision = account.charge(replace(a_request(), groups=()))

    assert (decision.outcome, decision.groups) == (Outcome.SUCCESS, ())
    assert account.sessions["s1"].is_open


def test_termination_releases_what_it_does_not_name() -> None:
    account = Account.of(a_plan(), a_bucket(octets=100 * MB))
    account.charge(a_request("I", 0, a_group(10, want=5), a_group(20, want=7)))

    decision = account.charge(a_request("T", 1, a_group(10, used=5, want=9)))

    assert decision.groups == (Booked(10),)
    assert (account.remaining(), account.reserved()) == (100 * MB - 5, 0)
    assert not account.sessions["s1"].is_open


def test_overuse_is_booked_into_the_negative() -> None:
    account = Account.of(a_plan(), a_bucket(octets=5))
    account.charge(a_request())

    account.charge(a_request("U", 1, a_group(used=8)))

    assert account.remaining() == -3


def test_overuse_of_money_goes_below_zero_at_its_price() -> None:
    account = Account.of(a_plan(tariff=(PER_10MB,)), a_wallet("1.00"))
    account.charge(a_request())

    decision = account.charge(a_request("U", 1, a_group(used=25 * MB)))

    assert account.money_free() == Decimal("-2.00")
    assert decision.cost == Money.parse("3.00", "EUR")


def test_overdraft_is_granted_down_to_its_floor() -> None:
    wallet = a_wallet("0.00", floor=Decimal("-2.00"))
    account = Account.of(a_plan(tariff=(PER_10MB,)), wallet)

    granted = grant_of(account.charge(a_request("I", 0, a_group(want=50 * MB))))

    assert (granted.units, granted.is_final) == (20 * MB, True)


def test_bundle_is_used_before_money_and_both_in_one_grant() -> None:
    account = Account.of(a_plan(tariff=(PER_10MB,)), a_wallet("9.00"), a_bucket(octets=MB))

    granted = grant_of(account.charge(a_request("I", 0, a_group(want=5 * MB))))
    account.charge(a_request("T", 1, a_group(used=5 * MB)))

    assert granted.units == 11 * MB
    assert account.remaining(1) == 0
    assert account.money_free() == Decimal("8.00")


def test_usage_is_booked_where_its_quota_was_granted() -> None:
    first = a_bucket(1, octets=100, valid_until=NOW + timedelta(minutes=1))
    account = Account.of(a_plan(), first, a_bucket(2, octets=100))
    account.charge(a_request("I", 0, a_group(want=50)))

    account.charge(a_request("U", 1, a_group(want=50, used=50)), LATER)

    assert (account.remaining(1), account.remaining(2)) == (50, 100)
    assert account.buckets[UUID(int=102)].reserved == 50


def test_reserved_units_of_others_are_left_to_them() -> None:
    account = Account.of(a_plan(), a_bucket(1, octets=100, priority=1), a_bucket(2, octets=100))
    account.charge(a_request("I", 0, a_group(want=60), session_id="s2"))
    account.charge(a_request("I", 0, a_group(want=40)))

    account.charge(a_request("U", 1, a_group(used=70)))

    assert (account.remaining(1), account.remaining(2)) == (60, 70)


def test_usage_that_nobody_pays_for_waits_in_suspense() -> None:
    account = Account.of(a_plan(), a_bucket(rating_groups=(10,)))

    account.charge(a_request("I", 0, a_group(777, used=5)))

    assert [(e.kind, e.used_units, e.bucket_id) for e in account.entries] == [
        (EntryKind.SUSPENSE, 5, None)
    ]


def test_unknown_session_debits_nothing_and_raises_an_event() -> None:
    account = Account.of(a_plan(), a_bucket())

    decision = account.charge(a_request("U", 4, a_group(10, used=5), a_group(20)))

    assert (decision.outcome, decision.session) == (Outcome.UNKNOWN_SESSION, None)
    assert account.remaining() == 10 * MB
    (event,) = decision.events
    assert isinstance(event, UsageInSuspense)
    assert (event.session_id, event.number, event.units, event.unit) == ("s1", 4, 5, "octets")


def test_overtaken_report_is_booked_and_leaves_the_grant() -> None:
    account = Account.of(a_plan(), a_bucket(octets=100 * MB))
    account.charge(a_request())
    account.charge(a_request("U", 2, a_group(want=4 * MB, used=MB)))

    late = account.charge(a_request("U", 1, a_group(want=9 * MB, used=2 * MB), a_group(20, used=1)))

    assert late.sequence is Sequence.LATE
    assert grant_of(late).units == 4 * MB
    assert late.groups[1] == Booked(20)
    assert (account.remaining(), account.reserved()) == (97 * MB - 1, 4 * MB)
    assert account.sessions["s1"].last_number == 2


def test_usage_after_the_end_is_booked_once_at_its_position() -> None:
    account = Account.of(a_plan(tariff=(PER_10MB,)), a_wallet("9.00"))
    account.charge(a_request())
    account.charge(a_request("T", 2, a_group(used=4 * MB)))

    late = account.charge(a_request("U", 1, a_group(want=0, used=4 * MB)))

    assert (late.sequence, late.groups) == (Sequence.AFTER_CLOSE, (Booked(None),))
    assert account.money_free() == Decimal("8.00")
    assert not account.sessions["s1"].is_open


def test_restarted_session_gives_back_what_the_old_one_held() -> None:
    account = Account.of(a_plan(), a_bucket(octets=100 * MB))
    account.charge(a_request("I", 0, a_group(10, want=5), a_group(20, want=7)))

    again = account.charge(a_request("I", 5, a_group(10, want=3)))

    assert again.sequence is Sequence.RESTARTED
    assert account.reserved() == 3
    assert [group.rating_group for group in account.sessions["s1"].groups] == [10]


@pytest.mark.parametrize("exhaustion", [THROTTLE, NotifyOnly()])
def test_plan_that_goes_on_grants_for_nothing_when_exhausted(exhaustion: Any) -> None:
    account = Account.of(a_plan(exhaustion=exhaustion), a_bucket(octets=MB))

    first = account.charge(a_request("I", 0, a_group(want=2 * MB)))
    second = account.charge(a_request("U", 1, a_group(want=2 * MB, used=3 * MB)))

    assert (grant_of(first).units, grant_of(first).is_final) == (MB, False)
    assert (grant_of(second).units, grant_of(second).is_free) == (2 * MB, True)
    assert account.remaining() == 0
    assert account.entries[-1].kind is EntryKind.FREE
    assert account.entries[-1].used_units == 2 * MB
    assert second.is_exhausted


def test_throttled_usage_takes_reserved_units_before_it_is_free() -> None:
    account = Account.of(a_plan(exhaustion=THROTTLE), a_bucket(octets=100))
    account.charge(a_request("I", 0, a_group(want=80), session_id="s2"))
    account.charge(a_request("I", 0, a_group(want=20)))

    decision = account.charge(a_request("U", 1, a_group(used=150)))

    assert account.remaining() == 0
    assert decision.is_exhausted


def test_zero_rated_group_touches_no_bucket() -> None:
    account = Account.of(a_plan(zero_rated_groups=(99,)), a_bucket(octets=1, remaining=0))

    granted = grant_of(account.charge(a_request("I", 0, a_group(99, want=0))))
    account.charge(a_request("U", 1, a_group(99, used=5)))

    assert (granted.is_free, granted.is_final) == (True, False)
    assert account.entries[-1].kind is EntryKind.FREE


def test_thresholds_are_told_once_when_reached() -> None:
    account = Account.of(a_plan(), a_bucket(octets=100))
    account.charge(a_request("I", 0, a_group(want=10)))

    account.charge(a_request("U", 1, a_group(want=10, used=50)))
    account.charge(a_request("U", 2, a_group(want=10, used=30)))
    account.charge(a_request("U", 3, a_group(want=10, used=5)))

    told = [e for e in account.events if isinstance(e, QuotaThresholdReached)]
    assert [(e.percent, e.remaining, e.unit) for e in told] == [
        (50, 50, "octets"),
        (80, 20, "octets"),
    ]


def test_money_and_empty_buckets_have_no_thresholds() -> None:
    wallet, empty = a_wallet("1.00"), a_bucket(octets=0)

    assert list_crossed(wallet, replace(wallet, remaining=Decimal(0)), (50,)) == []
    assert list_crossed(empty, replace(empty, remaining=-5), (50,)) == []


def test_top_up_restores_at_the_next_request() -> None:
    account = Account.of(a_plan(), a_bucket(1, octets=5, remaining=0), a_bucket(2, octets=50))
    account.is_exhausted = True

    decision = account.charge(a_request())

    assert QuotaRestored in [type(event) for event in decision.events]
    assert not decision.is_exhausted


def test_voice_leaves_the_flag_of_data_alone() -> None:
    minutes = a_bucket(kind=UnitKind.SECONDS, remaining=60, initial=60)
    account = Account.of(a_plan(), minutes, a_bucket(2, octets=1, remaining=0))

    decision = account.charge(a_request(unit=UnitKind.SECONDS))

    assert grant_of(decision).units == 60
    assert not decision.is_exhausted


def test_automatic_top_up_is_bought_when_nothing_is_left() -> None:
    offer = AutoTopUp(10 * MB, Decimal("5.00"), max_count=1)
    account = Account.of(a_plan(exhaustion=offer), a_bucket(octets=MB), a_wallet("12.00"))

    first = account.charge(a_request("I", 0, a_group(want=2 * MB)))
    second = account.charge(a_request("U", 1, a_group(want=2 * MB, used=MB)))
    last = account.charge(a_request("U", 2, a_group(want=99 * MB, used=2 * MB)))
    denied = account.charge(a_request("U", 3, a_group(want=2 * MB, used=8 * MB)))

    assert [grant_of(d).units for d in (first, second, last)] == [MB, 2 * MB, 8 * MB]
    assert [grant_of(d).is_final for d in (first, second, last)] == [False, False, True]
    assert not first.is_exhausted
    assert denied.outcome is Outcome.DENIED
    assert denied.is_exhausted
    assert account.money_free() == Decimal("7.00")
    (bought,) = [e for e in account.events if isinstance(e, AutoTopUpBought)]
    assert (bought.amount, bought.price) == (10 * MB, Money.parse("5.00", "EUR"))


def test_top_up_for_nothing_leaves_the_wallet_alone() -> None:
    offer = AutoTopUp(MB, Decimal(0), max_count=1)
    account = Account.of(
        a_plan(exhaustion=offer), a_bucket(octets=1, remaining=0), a_wallet("0.00")
    )

    decision = account.charge(a_request())

    assert grant_of(decision).units == MB
    assert [entry.kind for entry in decision.entries] == [EntryKind.CREDIT, EntryKind.RESERVE]


def test_cap_limits_what_a_line_takes_of_a_shared_bucket() -> None:
    account = Account.of(a_plan(), a_bucket(octets=100, caps=(Cap(LINE, 30), Cap(UUID(int=8), 5))))

    granted = grant_of(account.charge(a_request("I", 0, a_group(want=50))))
    account.charge(a_request("U", 1, a_group(used=30)))

    assert (granted.units, granted.is_final) == (30, True)
    (own, other) = account.buckets[UUID(int=101)].caps
    assert (own.used, own.reserved, other.used) == (30, 0, 0)
    assert account.charge(a_request("U", 2, a_group(want=1))).outcome is Outcome.DENIED


def test_validity_ends_with_the_bucket_or_its_window() -> None:
    soon = a_bucket(1, valid_until=NOW + timedelta(seconds=90))
    window = Window((NOW - timedelta(hours=1)).time(), (NOW + timedelta(seconds=30)).time())

    by_end = grant_of(Account.of(a_plan(), soon).charge(a_request()))
    by_window = grant_of(Account.of(a_plan(), replace(soon, window=window)).charge(a_request()))

    assert (by_end.validity_seconds, by_window.validity_seconds) == (90, 30)


def test_redirect_is_told_with_the_last_units_and_after_them() -> None:
    block = Block(FinalAction.REDIRECT, "http://topup.example/")
    account = Account.of(a_plan(exhaustion=block), a_bucket(octets=5))

    granted = grant_of(account.charge(a_request("I", 0, a_group(want=9))))
    denied = account.charge(a_request("U", 1, a_group(want=9, used=5))).groups[0]

    assert granted.final_action == block
    assert isinstance(denied, Denied)
    assert denied.final_action == block


def test_money_held_by_a_group_that_lost_its_price_is_given_back() -> None:
    account = Account.of(a_plan(tariff=(PER_10MB,)), a_wallet("9.00"))
    account.charge(a_request())
    account.plan = a_plan()

    account.charge(a_request("U", 1, ServiceGroup(None, None, (UsedUnits(octets=5),))))

    assert account.money_free() == Decimal("9.00")
    assert account.entries[-1].kind is EntryKind.SUSPENSE


def test_reservation_of_a_vanished_bucket_is_void() -> None:
    account = Account.of(a_plan(), a_bucket(1), a_bucket(2))
    account.charge(a_request())
    del account.buckets[UUID(int=101)]

    account.charge(a_request("U", 1, a_group(want=7, used=5)))

    assert (account.remaining(2), account.reserved()) == (10 * MB - 5, 7)


def test_slice_of_the_plan_never_passes_the_cap_of_grants() -> None:
    plan = a_plan(grant=GrantRules(max_octets=3 * MB))

    granted = grant_of(Account.of(plan, a_bucket()).charge(a_request("I", 0, a_group(want=2**40))))

    assert granted.units == 3 * MB
