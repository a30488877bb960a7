"""Credits, adjustments and purchases outside of sessions."""

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.domain.charging.account import a_bucket, a_wallet
from wispgate.domain.charging.balances import (
    Moved,
    NotEnough,
    decide_adjustment,
    decide_credit,
    decide_purchase,
)
from wispgate.domain.charging.ledger import EntryKind, Side
from wispgate.kernel.errors import InvalidValue


def test_credit_raises_what_is_left_and_what_it_began_with() -> None:
    moved = decide_credit(a_bucket(octets=100, remaining=20), 50)

    assert (moved.bucket.remaining, moved.bucket.initial) == (70, 150)
    assert (moved.entry.taken_from, moved.entry.given_to) == (Side.ISSUED, Side.AVAILABLE)


def test_adjustment_takes_only_what_is_free() -> None:
    bucket = a_bucket(octets=10, reserved=8)

    moved = decide_adjustment(bucket, 2)

    assert isinstance(moved, Moved)
    assert (moved.bucket.remaining, moved.entry.kind) == (8, EntryKind.ADJUSTMENT)
    assert decide_adjustment(bucket, 3) == NotEnough(2)


def test_adjustment_takes_what_is_promised_where_that_is_allowed() -> None:
    bucket = a_bucket(octets=10, reserved=8)

    moved = decide_adjustment(bucket, 13, may_take_reserved=True)

    assert isinstance(moved, Moved)
    assert (moved.bucket.remaining, moved.bucket.reserved) == (-3, 8)
    with pytest.raises(InvalidValue):
        decide_adjustment(bucket, 0, may_take_reserved=True)


def test_purchase_goes_down_to_the_overdraft() -> None:
    wallet = a_wallet("5.00", floor=Decimal("-1.00"))

    moved = decide_purchase(wallet, Decimal("6.00"))

    assert isinstance(moved, Moved)
    assert (moved.bucket.remaining, moved.entry.kind) == (Decimal("-1.00"), EntryKind.PURCHASE)
    assert decide_purchase(wallet, Decimal("6.01")) == NotEnough(Decimal("6.00"))


@pytest.mark.parametrize(
    ("bucket", "amount"),
    [(a_bucket(), 0), (a_bucket(), -1), (a_bucket(), Decimal(1)), (a_wallet("1.00"), 1)],
)
def test_amount_that_does_not_fit_the_bucket_is_refused(bucket: Any, amount: Any) -> None:
    with pytest.raises(InvalidValue):
        decide_credit(bucket, amount)
