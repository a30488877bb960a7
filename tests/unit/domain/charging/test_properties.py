"""What holds for every sequence of requests. Hypothesis prints what it needs to repeat a failure."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
from wispgate.domain.charging.decisions import decide_charge
from wispgate.domain.charging.granting import Denied, Granted
from wispgate.domain.charging.ledger import EntryKind
from wispgate.domain.charging.requests import ServiceGroup
from wispgate.domain.charging.sequence import Sequence, decide_sequence
from wispgate.domain.charging.simple import charge_simple, find_only_bucket, is_simple
from wispgate.domain.charging.state import Bucket, Cap, GroupState, Reservation, SessionState
from wispgate.domain.plan.compiled import CompiledPlan, GrantRounding, GrantRules
from wispgate.domain.plan.exhaustion import AutoTopUp, Block, Exhaustion, NotifyOnly, Throttle
from wispgate.domain.plan.speed import Speed
from wispgate.domain.plan.tariff import TariffEntry, UnitKind, block_price

UNITS = st.integers(0, 3000)
GROUPS = st.lists(
    st.tuples(st.sampled_from([None, 10, 20]), st.none() | UNITS, st.none() | UNITS),
    max_size=3,
    unique_by=lambda group: group[0],
)
STEPS = st.lists(
    st.tuples(st.sampled_from("IUUUT"), st.sampled_from(["a", "b"]), st.integers(0, 9), GROUPS),
    max_size=12,
)
EXHAUSTIONS: st.SearchStrategy[Exhaustion] = st.sampled_from(
    [Block(), NotifyOnly(), Throttle(Speed(1, 1)), AutoTopUp(500, Decimal("0.30"), max_count=2)]
)


@st.composite
def accounts(draw: Any) -> Account:
    """Two or three buckets, one with a cap or for one group only, and perhaps a wallet."""
    price = TariffEntry(UnitKind.OCTETS, block_price(Decimal("0.10"), 1000))
    plan = a_plan(
        exhaustion=draw(EXHAUSTIONS),
        tariff=(price,) if draw(st.booleans()) else (),
        grant=GrantRules(slice_octets=700, rounding=draw(st.sampled_from(GrantRounding))),
        zero_rated_groups=draw(st.sampled_from([(), (20,)])),
    )
    buckets = [
        a_bucket(1, octets=draw(st.integers(1, 5000)), priority=draw(st.integers(1, 3))),
        a_bucket(2, octets=draw(st.integers(1, 5000)), rating_groups=(10,), priority=2),
        a_bucket(3, octets=draw(st.integers(1, 5000)), caps=(Cap(LINE, draw(UNITS)),)),
        a_wallet("1.00", floor=Decimal(draw(st.sampled_from(["0", "-0.50"])))),
    ]
    return Account.of(plan, *draw(st.lists(st.sampled_from(buckets), unique=True)))


def run(account: Account, steps: list[tuple[str, str, int, list[Any]]]) -> None:
    for at, (kind, session, number, groups) in enumerate(steps):
        parts = tuple(a_group(rg, want=want, used=used) for rg, want, used in groups)
        request = a_request(kind, number, *parts, session_id=session)
        account.charge(replace(request, groups=parts), NOW + timedelta(seconds=at))


@given(accounts(), STEPS)
def test_what_left_each_bucket_stands_in_the_ledger(account: Account, steps: Any) -> None:
    run(account, steps)

    for bucket in account.buckets.values():
        own = [entry for entry in account.entries if entry.bucket_id == bucket.bucket_id]
        taken = (e.amount for e in own if e.kind in (EntryKind.DEBIT, EntryKind.PURCHASE))
        assert bucket.remaining == bucket.initial - sum(taken)


@given(accounts(), STEPS)
def test_buckets_reserve_exactly_what_sessions_hold(account: Account, steps: Any) -> None:
    run(account, steps)

    held = [r for session in account.sessions.values() for r in session.reservations]
    for bucket in account.buckets.values():
        own = [r.amount for r in held if r.bucket_id == bucket.bucket_id]
        assert bucket.reserved == sum(own)
        assert all(amount > 0 for amount in own)
        assert all(cap.reserved >= 0 for cap in bucket.caps)


@given(accounts(), STEPS)
def test_all_reported_usage_is_booked_once(account: Account, steps: Any) -> None:
    run(account, steps)

    first = {(session, number): groups for _, session, number, groups in reversed(steps)}
    reported = sum(used or 0 for groups in first.values() for _, _, used in groups)
    assert sum(entry.used_units for entry in account.entries) == reported


@given(accounts(), STEPS)
def test_a_grant_never_overdraws_a_bucket(account: Account, steps: Any) -> None:
    for step in steps:
        before = dict(account.buckets)
        run(account, [step])
        for key, bucket in account.buckets.items():
            grown = bucket.reserved > before.get(key, bucket).reserved
            assert not grown or bucket.remaining - bucket.reserved >= bucket.floor


@given(accounts(), STEPS)
def test_an_ended_session_holds_nothing(account: Account, steps: Any) -> None:
    run(account, steps)

    for session in account.sessions.values():
        assert session.is_open or not session.reservations


@given(accounts(), STEPS)
def test_a_plan_that_goes_on_never_denies_for_credit(account: Account, steps: Any) -> None:
    account.plan = replace(account.plan, exhaustion=NotifyOnly())
    if not account.buckets:
        account.put(a_bucket(octets=1))

    run(account, steps)

    denied = [d for a in account.answers.values() for d in a.groups if isinstance(d, Denied)]
    assert all(d.rating_group != 10 and d.reason.value != "out_of_credit" for d in denied) or not [
        b
        for b in account.buckets.values()
        # Money alone, without a price, serves nothing: that is no lack of credit.
        if b.rating_groups is None and b.kind is not UnitKind.MONEY
    ]


SIZES = st.integers(0, 10_000)


@given(remaining=st.integers(-500, 10_000), others=SIZES, used=SIZES, old=SIZES, wanted=SIZES)
@settings(max_examples=300)
def test_simple_arithmetic_is_that_of_the_decision(
    remaining: int, others: int, used: int, old: int, wanted: int
) -> None:
    bucket = a_bucket(octets=10_000, remaining=remaining, reserved=others + old)
    account = Account.of(a_plan(grant=GrantRules(slice_octets=1)), bucket)
    account.sessions["s1"] = an_open_session(bucket, old)
    group = a_group(want=wanted or None, used=used)

    decision = account.charge(a_request("U", 1, group))

    simple = charge_simple(remaining, others + old, used=used, old_reservation=old, wanted=wanted)
    after = account.buckets[bucket.bucket_id]
    assert (after.remaining, after.reserved) == (simple.remaining, simple.reserved)
    (answer,) = decision.groups
    granted = (answer.units, answer.is_final) if isinstance(answer, Granted) else (0, False)
    assert granted == (simple.granted_units, simple.is_final)


def an_open_session(bucket: Bucket, amount: int) -> SessionState:
    reservations = (Reservation(None, bucket.bucket_id, amount),) if amount else ()
    group = GroupState(None, granted_units=amount, granted_at=NOW - timedelta(seconds=9))
    return SessionState("s1", 0, groups=(group,), reservations=reservations)


@st.composite
def plain_accounts(draw: Any) -> Account:
    """Buckets of a size that most requests do not exhaust, for all groups or for single ones."""
    sizes = st.integers(5_000, 60_000)
    general = a_bucket(1, octets=draw(sizes))
    by_group = [a_bucket(n, octets=draw(sizes), rating_groups=(n * 5,)) for n in (2, 4)]
    plan = a_plan(
        exhaustion=draw(EXHAUSTIONS),
        grant=GrantRules(slice_octets=700),
        notify_percents=draw(st.sampled_from([(), (50, 100)])),
        zero_rated_groups=draw(st.sampled_from([(), (20,)])),
    )
    return Account.of(plan, *draw(st.sampled_from([[general], by_group, [general, *by_group]])))


@given(plain_accounts(), STEPS)
@settings(max_examples=300)
def test_simple_requests_decide_like_group_after_group(account: Account, steps: Any) -> None:
    opening = [("I", session, 0, [(None, 0, None), (10, 0, None)]) for session in "ab"]
    for step in opening + steps:
        kind, session, number, groups = step
        parts = tuple(a_group(rg, want=want, used=used) for rg, want, used in groups)
        request = replace(a_request(kind, number, *parts, session_id=session), groups=parts)
        state, charge_plan = account.state_for(session), account.plan_for(request)
        is_new = (session, number) not in account.answers
        if is_new and is_simple(charge_plan, state):
            assert_like_simple(account, charge_plan, state)
        run(account, [step])


def assert_like_simple(account: Account, charge_plan: Any, state: Any) -> None:
    decision = decide_charge(state, charge_plan)
    after = {b.bucket_id: b for b in state.buckets} | {b.bucket_id: b for b in decision.buckets}
    expected = {b.bucket_id: (b.remaining, b.reserved) for b in state.buckets}
    held = state.session.reservations if state.session else ()
    for group, answer in zip(charge_plan.groups, decision.groups, strict=True):
        bucket = None if group.is_free else find_only_bucket(charge_plan, group, state)
        if bucket is None:
            continue
        old = sum(r.amount for r in held if r.rating_group == group.rating_group)
        simple = charge_simple(
            *expected[bucket.bucket_id],
            used=group.used_units,
            old_reservation=old,
            wanted=group.wanted_units,
        )
        expected[bucket.bucket_id] = (simple.remaining, simple.reserved)
        assert (answer.units if isinstance(answer, Granted) else 0) == simple.granted_units
    assert {key: (b.remaining, b.reserved) for key, b in after.items()} == expected
    assert not decision.events
    assert decision.is_exhausted == state.is_exhausted


@given(st.sampled_from("IUTE"), st.integers(0, 5), st.none() | st.integers(0, 5), st.booleans())
def test_every_request_has_a_place_in_its_session(
    kind: str, number: int, last: int | None, is_open: bool
) -> None:
    request = a_request(kind, number)
    session = None if last is None else SessionState("s1", last, is_open=is_open)

    place = decide_sequence(request.kind, number, session)

    assert place is not Sequence.DUPLICATE
    assert (place is Sequence.UNKNOWN_SESSION) == (session is None and kind in "UT")


@pytest.mark.parametrize("order", ["IUUT", "IUTU", "ITUU"])
def test_every_order_of_reports_books_the_same(order: str) -> None:
    account = Account.of(plan_of_blocks(), a_bucket(octets=1000), a_wallet("9.00"))
    numbers = {"I": iter([0]), "U": iter([1, 2]), "T": iter([3])}

    for kind in order:
        number = next(numbers[kind])
        account.charge(a_request(kind, number, ServiceGroup(None, None, a_group(used=800).used)))

    assert account.remaining(1) == 0
    assert account.money_free() == Decimal("8.70")
    assert account.reserved() == 0


def plan_of_blocks() -> CompiledPlan:
    return a_plan(tariff=(TariffEntry(UnitKind.OCTETS, block_price(Decimal("0.10"), 1000)),))
