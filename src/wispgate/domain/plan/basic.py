"""The plan of an operator who has defined none yet: unlimited data at one speed, for nothing."""

from decimal import Decimal
from uuid import UUID

from wispgate.domain.plan.compiled import Apn, CompiledPlan
from wispgate.domain.plan.speed import Speed
from wispgate.domain.plan.tariff import TariffEntry, UnitKind, block_price

BASIC_PLAN_ID = UUID("00000000-0000-7000-8000-000000000001")


def basic_plan(
    *,
    currency: str = "EUR",
    apn: str = "internet",
    up_bps: int = 50_000_000,
    down_bps: int = 50_000_000,
) -> CompiledPlan:
    """A plan with one APN, whose data, voice and messages are counted and cost nothing."""
    speed = Speed(up_bps, down_bps)
    nothing = block_price(Decimal(0), 1)
    units = (UnitKind.OCTETS, UnitKind.SECONDS, UnitKind.MESSAGES)
    return CompiledPlan(
        plan_id=BASIC_PLAN_ID,
        version=1,
        name="Basic",
        currency=currency,
        apns=(Apn(apn, speed),),
        speed=speed,
        tariff=tuple(TariffEntry(unit, nothing) for unit in units),
    )
