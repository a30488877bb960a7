"""When a line has used up its data."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tests.unit.domain.charging.account import LINE, NOW, UTC_ZONE, a_bucket, a_plan, a_wallet
from wispgate.domain.charging.exhaustion import decide_exhaustion
from wispgate.domain.charging.state import Cap
from wispgate.domain.plan.compiled import Allowance
from wispgate.domain.plan.exhaustion import AutoTopUp
from wispgate.domain.plan.schedule import Window
from wispgate.domain.plan.tariff import TariffEntry, UnitKind, block_price

PLAN = a_plan(allowances=(Allowance("data", UnitKind.OCTETS, 100),))
PRICED = replace(PLAN, tariff=(TariffEntry(UnitKind.OCTETS, block_price(Decimal(1), 10)),))
FREE = a_plan(tariff=(TariffEntry(UnitKind.OCTETS, block_price(Decimal(0), 1)),))
AUTO = replace(PLAN, exhaustion=AutoTopUp(5, Decimal("2.00"), max_count=1))
EMPTY = a_bucket(octets=100, remaining=0)
SOCIAL = a_bucket(2, octets=100, rating_groups=(50,))
PAST = Window((NOW - timedelta(hours=2)).time(), (NOW - timedelta(hours=1)).time())


@pytest.mark.parametrize(
    ("plan", "buckets", "is_exhausted"),
    [
        (PLAN, [], True),
        (PLAN, [a_bucket()], False),
        (PLAN, [EMPTY], True),
        (PLAN, [a_bucket(octets=5, reserved=5)], False),
        (PLAN, [a_bucket(valid_until=NOW)], True),
        (PLAN, [a_bucket(owner_id=UUID(int=8))], True),
        (PLAN, [a_bucket(window=PAST)], True),
        (PLAN, [a_bucket(caps=(Cap(LINE, 5, used=5),))], True),
        (PLAN, [a_bucket(caps=(Cap(LINE, 5, used=4),))], False),
        (PLAN, [EMPTY, SOCIAL], True),
        (PLAN, [SOCIAL], True),
        (a_plan(), [SOCIAL], False),
        (a_plan(), [replace(SOCIAL, remaining=0)], True),
        (a_plan(), [EMPTY], True),
        (a_plan(), [], False),
        (a_plan(), [a_wallet("0.00")], False),
        (FREE, [EMPTY], False),
        (PRICED, [EMPTY, a_wallet("1.00")], False),
        (PRICED, [EMPTY, a_wallet("0.99")], True),
        (PRICED, [EMPTY, a_wallet("0.00", floor=Decimal(-1))], False),
        (PRICED, [EMPTY, a_wallet("9.00", currency="USD")], True),
        (AUTO, [EMPTY, a_wallet("2.00")], False),
        (AUTO, [EMPTY, a_wallet("1.99")], True),
    ],
)
def test_data_is_exhausted_when_nothing_is_left_to_use(
    plan: Any, buckets: Any, is_exhausted: bool
) -> None:
    decided = decide_exhaustion(plan, buckets, line_id=LINE, now=NOW, time_zone=UTC_ZONE)

    assert decided is is_exhausted
