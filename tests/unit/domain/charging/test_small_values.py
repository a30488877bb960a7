"""Buckets, sessions, ledger entries, counters, sequence and events: the small values."""

from dataclasses import replace
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
from wispgate.domain.charging.counters import join_gigawords, usage_since
from wispgate.domain.charging.events import AutoTopUpBought, QuotaThresholdReached
from wispgate.domain.charging.ledger import EntryKind, LedgerEntry, Side
from wispgate.domain.charging.requests import RequestKind
from wispgate.domain.charging.sequence import Sequence, decide_sequence
from wispgate.domain.charging.simple import SimpleCharge, charge_simple, is_simple
from wispgate.domain.charging.state import Cap, GroupState, SessionState
from wispgate.domain.plan.tariff import UnitKind
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.money import Money

OPEN = SessionState("s1", 3, groups=(GroupState(10, 5),))
CLOSED = replace(OPEN, is_open=False)
INITIAL, UPDATE, TERMINATION, EVENT = RequestKind


@pytest.mark.parametrize(
    ("kind", "number", "session", "sequence"),
    [
        (INITIAL, 0, None, Sequence.FRESH),
        (INITIAL, 9, OPEN, Sequence.RESTARTED),
        (INITIAL, 9, CLOSED, Sequence.RESTARTED),
        (UPDATE, 4, OPEN, Sequence.FRESH),
        (UPDATE, 9, OPEN, Sequence.FRESH),
        (UPDATE, 2, OPEN, Sequence.LATE),
        (UPDATE, 4, CLOSED, Sequence.AFTER_CLOSE),
        (UPDATE, 4, None, Sequence.UNKNOWN_SESSION),
        (TERMINATION, 2, OPEN, Sequence.FRESH),
        (TERMINATION, 4, CLOSED, Sequence.AFTER_CLOSE),
        (TERMINATION, 4, None, Sequence.UNKNOWN_SESSION),
        (EVENT, 0, None, Sequence.FRESH),
    ],
)
def test_number_and_session_place_a_request(
    kind: RequestKind, number: int, session: SessionState | None, sequence: Sequence
) -> None:
    assert decide_sequence(kind, number, session) is sequence
    assert decide_sequence(kind, number, session, is_booked=True) is Sequence.DUPLICATE


def test_every_kind_of_entry_has_two_sides() -> None:
    for kind in EntryKind:
        entry = LedgerEntry(kind=kind, amount=1, unit=UnitKind.OCTETS)
        assert entry.taken_from is not entry.given_to
    assert LedgerEntry(kind=EntryKind.DEBIT, amount=1, unit=UnitKind.OCTETS).given_to is Side.USAGE


@pytest.mark.parametrize(
    "make", [lambda: a_bucket(currency="EUR"), lambda: a_wallet("1", currency="")]
)
def test_money_and_only_money_has_a_currency(make: Any) -> None:
    with pytest.raises(InvalidValue):
        make()


def test_bucket_moves_amounts_and_the_cap_of_the_line() -> None:
    bucket = a_bucket(octets=10, caps=(Cap(LINE, 5), Cap(UUID(int=8), 5)))

    moved = bucket.changed_by(LINE, used=2, reserved=3)

    assert (moved.remaining, moved.reserved, moved.free) == (8, 3, 5)
    assert moved.caps == (Cap(LINE, 5, 2, 3), Cap(UUID(int=8), 5))
    assert moved.caps[0].free == 0


def test_group_not_seen_before_is_at_its_beginning() -> None:
    assert OPEN.find_group(10).rated_units == 5
    assert OPEN.find_group(20) == GroupState(20)


def test_gigawords_extend_the_counter() -> None:
    assert join_gigawords(2000, 1) == 2**32 + 2000
    with pytest.raises(InvalidValue):
        join_gigawords(2**32, 0)


def test_counter_that_came_late_shows_no_usage() -> None:
    assert usage_since(100, 250) == 150
    assert usage_since(250, 100) == 0


@pytest.mark.parametrize(
    ("remaining", "reserved", "used", "old", "wanted", "expected"),
    [
        (100, 0, 0, 0, 10, SimpleCharge(100, 10, 10, is_final=False)),
        (100, 10, 5, 10, 10, SimpleCharge(95, 10, 10, is_final=False)),
        (100, 60, 5, 10, 90, SimpleCharge(95, 95, 45, is_final=True)),
        (10, 10, 10, 10, 10, SimpleCharge(0, 0, 0, is_final=False)),
        (10, 10, 15, 10, 10, SimpleCharge(-5, 0, 0, is_final=False)),
        (100, 10, 4, 10, 0, SimpleCharge(96, 0, 0, is_final=False)),
    ],
)
def test_simple_charge_releases_debits_and_reserves(
    remaining: int, reserved: int, used: int, old: int, wanted: int, expected: SimpleCharge
) -> None:
    charged = charge_simple(remaining, reserved, used=used, old_reservation=old, wanted=wanted)

    assert charged == expected


@pytest.mark.parametrize(
    ("buckets", "request_kind"),
    [
        ([a_bucket(1), a_bucket(2)], "I"),
        ([a_bucket(rating_groups=(10,))], "I"),
        ([a_bucket(caps=(Cap(LINE, 9),))], "I"),
        ([a_bucket(floor=-5)], "I"),
        ([a_bucket(octets=5)], "I"),
        ([a_bucket()], "U"),
        ([a_bucket()], "E"),
    ],
)
def test_what_is_not_plain_takes_the_slow_path(buckets: Any, request_kind: str) -> None:
    account = Account.of(a_plan(), *buckets)
    charge_plan = account.plan_for(a_request(request_kind))

    assert not is_simple(charge_plan, account.state_for("s1"))


def test_ordinary_requests_take_the_fast_path() -> None:
    account = Account.of(a_plan(), a_bucket(octets=10**9))
    requests = [
        a_request(),
        a_request("U", 1, a_group(want=0, used=10**6)),
        a_request("T", 2, a_group(used=10**6)),
    ]

    for request in requests:
        assert is_simple(account.plan_for(request), account.state_for("s1"))
        account.charge(request)


def test_termination_that_forgets_a_group_is_not_simple() -> None:
    account = Account.of(a_plan(), a_bucket(octets=10**9))
    account.charge(a_request("I", 0, a_group(10, want=0), a_group(20, want=0)))

    charge_plan = account.plan_for(a_request("T", 1, a_group(10, used=5)))

    assert not is_simple(charge_plan, account.state_for("s1"))


def test_voice_is_simple_whatever_the_data_flag_says() -> None:
    account = Account.of(a_plan(), a_bucket(kind=UnitKind.SECONDS, remaining=999, initial=999))
    account.is_exhausted = True

    charge_plan = account.plan_for(a_request(unit=UnitKind.SECONDS))

    assert is_simple(charge_plan, account.state_for("s1"))


def test_events_have_json_payloads() -> None:
    reached = QuotaThresholdReached(
        operator_id=UUID(int=1),
        occurred_at=NOW,
        bucket_id=UUID(int=2),
        percent=80,
        remaining=Decimal("1.5"),
        unit="money",
    )
    bought = AutoTopUpBought(
        operator_id=UUID(int=1),
        occurred_at=NOW,
        bucket_id=UUID(int=2),
        amount=5,
        price=Money.parse("1.00", "EUR"),
    )

    assert reached.payload() == {
        "bucket_id": str(UUID(int=2)),
        "percent": 80,
        "remaining": "1.5",
        "unit": "money",
    }
    assert bought.payload()["price"] == {"amount": "1.00", "currency": "EUR"}
