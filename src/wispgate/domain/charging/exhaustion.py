"""Whether a line has used up its data: the flag that policy and admission look at.

It is a function of the buckets and the plan alone, so that charging, top-up, payment and the
start of a cycle all come to the same answer.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from wispgate.domain.charging.state import Bucket
from wispgate.domain.charging.topups import find_purchase
from wispgate.domain.plan.compiled import CompiledPlan
from wispgate.domain.plan.tariff import HOME, Rate, UnitKind


def decide_exhaustion(
    plan: CompiledPlan,
    buckets: Iterable[Bucket],
    *,
    line_id: UUID,
    now: datetime,
    time_zone: ZoneInfo,
) -> bool:
    """True when no data is left that the line could use now, reserved units included.

    Buckets for all rating groups decide; those of single groups only where there are no others
    (else a bundle for one application would keep everything else at full speed).
    """
    account = tuple(buckets)
    entry = plan.find_price(UnitKind.OCTETS, None, zone=HOME)
    rate = entry.rate_at(now, time_zone) if entry else None
    if not _is_limited(plan, account, rate):
        return False
    local = now.astimezone(time_zone)
    usable = [
        b
        for b in account
        if b.is_valid_at(now)
        and b.belongs_to(line_id)
        and (b.window is None or b.window.contains(local))
    ]
    only_general = _has_general(plan, account)
    if any(_has_left(b, line_id) for b in usable if not only_general or b.rating_groups is None):
        return False
    if rate and any(_can_pay(b, rate, plan.currency) for b in usable):
        return False
    return find_purchase(plan, usable, line_id=line_id, unit=UnitKind.OCTETS, now=now) is None


def _is_limited(plan: CompiledPlan, account: tuple[Bucket, ...], rate: Rate | None) -> bool:
    """Whether there is anything to use up: data for nothing, or no data at all, never ends."""
    if any(a.unit is UnitKind.OCTETS for a in plan.allowances):
        return True
    return not rate.is_free if rate else any(b.kind is UnitKind.OCTETS for b in account)


def _has_general(plan: CompiledPlan, account: tuple[Bucket, ...]) -> bool:
    held = (b.rating_groups is None for b in account if b.kind is UnitKind.OCTETS)
    given = (a.rating_groups is None for a in plan.allowances if a.unit is UnitKind.OCTETS)
    return any(held) or any(given)


def _has_left(bucket: Bucket, line_id: UUID) -> bool:
    if bucket.kind is not UnitKind.OCTETS:
        return False
    cap = bucket.find_cap(line_id)
    return bucket.remaining > 0 and (cap is None or cap.used < cap.limit)


def _can_pay(bucket: Bucket, rate: Rate, currency: str) -> bool:
    if bucket.kind is not UnitKind.MONEY or bucket.currency != currency:
        return False
    block_cost = rate.cost_between(0, rate.increment_at(0))
    return Decimal(bucket.remaining) - bucket.floor >= block_cost
