"""How grants that are paid with money are cut into blocks."""

from decimal import Decimal

import pytest

from tests.unit.domain.charging.account import NOW
from wispgate.domain.charging.granting import (
    DenialReason,
    Denied,
    Granted,
    payable_units,
    remember_grant,
)
from wispgate.domain.charging.state import GroupState
from wispgate.domain.plan.compiled import GrantRounding
from wispgate.domain.plan.tariff import block_price

WHOLE, STARTED, ASKED = GrantRounding
TEN = block_price(Decimal("1.00"), 10)


@pytest.mark.parametrize(
    ("rounding", "budget", "position", "wanted", "units"),
    [
        (WHOLE, "10.00", 0, 4, 10),
        (WHOLE, "10.00", 0, 10, 10),
        (WHOLE, "10.00", 3, 20, 20),
        (WHOLE, "1.50", 0, 30, 10),
        (WHOLE, "0.50", 3, 20, 0),
        (STARTED, "10.00", 0, 4, 10),
        (STARTED, "10.00", 3, 20, 27),
        (STARTED, "0.50", 3, 20, 7),
        (STARTED, "0.50", 10, 20, 0),
        (ASKED, "10.00", 0, 4, 4),
        (ASKED, "0.50", 3, 20, 7),
    ],
)
def test_money_pays_for_blocks_as_the_plan_cuts_them(
    rounding: GrantRounding, budget: str, position: int, wanted: int, units: int
) -> None:
    found = payable_units(TEN, Decimal(budget), position=position, wanted=wanted, rounding=rounding)

    assert found == units


def test_group_remembers_its_grant_and_forgets_it_when_denied() -> None:
    granted = Granted(rating_group=10, units=5, validity_seconds=60, is_final=True)
    denied = Denied(10, DenialReason.OUT_OF_CREDIT)

    first = remember_grant(GroupState(10), granted, position=3, now=NOW)
    second = remember_grant(first, denied, position=8, now=NOW)

    assert first == GroupState(10, 3, 5, NOW, is_final=True)
    assert second == GroupState(10, 8, 0, NOW)
