"""Granting: how much a rating group may use next, and who keeps it in reserve."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from wispgate.domain.charging.events import AutoTopUpBought
from wispgate.domain.charging.planning import GroupPlan, cap_validity
from wispgate.domain.charging.state import Amount, Bucket, GroupState
from wispgate.domain.charging.till import Till
from wispgate.domain.charging.topups import find_purchase
from wispgate.domain.plan.compiled import GrantRounding
from wispgate.domain.plan.exhaustion import Block
from wispgate.domain.plan.schedule import find_next_change
from wispgate.domain.plan.tariff import Rate, UnitKind
from wispgate.kernel.money import Money


class DenialReason(StrEnum):
    """Why a group gets nothing; the Diameter code is the network's business."""

    OUT_OF_CREDIT = "out_of_credit"
    RATING_FAILED = "rating_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """`units` may be used within `validity_seconds`; ask again when `threshold_units` are left.

    `is_final`: there is no more after these; `final_action` says what follows. `is_free`: no
    bucket pays (zero-rated, or beyond the quota of a plan that goes on).
    """

    rating_group: int | None
    units: int
    validity_seconds: int
    threshold_units: int = 0
    is_final: bool = False
    final_action: Block | None = None
    is_free: bool = False
    tariff_change_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Denied:
    """No units. `final_action` repeats what the client does with the group's traffic."""

    rating_group: int | None
    reason: DenialReason
    final_action: Block | None = None


@dataclass(frozen=True, slots=True)
class Booked:
    """The report is booked; nothing was asked for."""

    rating_group: int | None


GroupDecision = Granted | Denied | Booked


@dataclass(frozen=True, slots=True)
class Part:
    """What one bucket contributes to a grant."""

    bucket_id: UUID
    units: int
    amount: Amount


def decide_group(till: Till, group: GroupPlan, state: GroupState) -> GroupDecision:
    """Reserves what is granted. `state` has the position after booking."""
    if not group.is_asked:
        return Booked(group.rating_group)
    if group.is_free:
        return _grant_free(group)
    if not group.is_known and not till.has_bucket_for(group):
        return Denied(group.rating_group, DenialReason.RATING_FAILED)
    parts = find_parts(till, group, state.rated_units)
    if not parts and buy_top_up(till, group):
        parts = find_parts(till, group, state.rated_units)
    if parts:
        return _grant_parts(till, group, parts)
    if till.never_denies:
        return _grant_free(group)
    return Denied(group.rating_group, DenialReason.OUT_OF_CREDIT, _final_action(till))


def find_parts(till: Till, group: GroupPlan, position: int) -> list[Part]:
    """Which buckets give how much of the wanted units, in the order of payment.

    Nothing is moved yet. `position` is where the session goes on in the tariff's blocks.
    """
    parts: list[Part] = []
    left = group.wanted_units
    for bucket in till.list_candidates(group, till.charge_plan.now):
        if left <= 0:
            break
        promised = sum(part.amount for part in parts if part.bucket_id == bucket.bucket_id)
        room = till.room(bucket.bucket_id) - promised
        part = _part_of(till, bucket, group, room, position=position, left=left)
        if part.units:
            fee = _fee_of(till, bucket, group, position=position)
            if fee is None:
                continue
            parts += [fee, part] if fee.amount else [part]
            left -= part.units
            if bucket.kind is UnitKind.MONEY or group.bundle:
                position += part.units
    return parts


def _fee_of(till: Till, bucket: Bucket, group: GroupPlan, *, position: int) -> Part | None:
    """The fee that the first units of a bundle cost; None where no money can pay it."""
    is_bundle = group.bundle is not None and bucket.kind is not UnitKind.MONEY
    fee = group.bundle.fee_between(position, 1) if group.bundle and is_bundle else Decimal(0)
    if not fee:
        return Part(bucket.bucket_id, 0, fee)
    for payer in till.list_candidates(group, till.charge_plan.now):
        if payer.kind is UnitKind.MONEY and till.room(payer.bucket_id) >= fee:
            return Part(payer.bucket_id, 0, fee)
    return None


def _part_of(
    till: Till, bucket: Bucket, group: GroupPlan, room: Amount, *, position: int, left: int
) -> Part:
    rate = till.charge_plan.rate_at(group, till.charge_plan.now)
    if bucket.kind is not UnitKind.MONEY and group.bundle is not None:
        units = group.bundle.affordable_units(position, int(room), left)
        return Part(bucket.bucket_id, units, group.bundle.units_between(position, units))
    if bucket.kind is not UnitKind.MONEY or rate is None:
        units = min(left, int(room))
        return Part(bucket.bucket_id, units, units)
    rounding = till.charge_plan.plan.grant.rounding
    units = payable_units(rate, Decimal(room), position=position, wanted=left, rounding=rounding)
    return Part(bucket.bucket_id, units, rate.cost_between(position, units))


def payable_units(
    rate: Rate, budget: Decimal, *, position: int, wanted: int, rounding: GrantRounding
) -> int:
    """Units that `budget` pays for after `position`, cut into blocks as the plan says.

    Whole blocks are new ones, whatever is left of a started one; a started block may be used up
    under `started_block`; `requested` reserves a block but grants what was asked for.
    """
    block = rate.increment_at(position)
    match rounding:
        case GrantRounding.WHOLE_BLOCKS:
            units = rate.affordable_units(position, budget, _round_up(wanted, block))
            return units - units % block
        case GrantRounding.STARTED_BLOCK:
            limit = _round_up(position + wanted, block) - position
            return rate.affordable_units(position, budget, limit)
        case GrantRounding.REQUESTED:
            return rate.affordable_units(position, budget, wanted)


def buy_top_up(till: Till, group: GroupPlan) -> bool:
    """Buys the plan's automatic top-up if there is one and the wallet can pay."""
    state, plan, now = till.state, till.charge_plan.plan, till.charge_plan.now
    served = [b for b in till.buckets if b.kind is UnitKind.MONEY or _serves(b, group)]
    found = find_purchase(plan, served, line_id=state.line_id, unit=group.unit, now=now)
    if found is None:
        return False
    till.purchase(found.wallet_id, found.offer.price)
    till.add(found.bucket)
    event = AutoTopUpBought(
        operator_id=state.operator_id,
        account_id=state.account_id,
        line_id=state.line_id,
        occurred_at=now,
        bucket_id=found.bucket.bucket_id,
        amount=found.offer.amount,
        price=Money(found.offer.price, plan.currency),
    )
    till.events.append(event)
    return True


def _serves(bucket: Bucket, group: GroupPlan) -> bool:
    return bucket.serves(group.unit, group.rating_group, group.zone)


def _grant_parts(till: Till, group: GroupPlan, parts: list[Part]) -> Granted:
    for bucket_id in dict.fromkeys(part.bucket_id for part in parts):
        amounts = [part.amount for part in parts if part.bucket_id == bucket_id]
        till.reserve(group.rating_group, bucket_id, sum(amounts[1:], amounts[0]))
    units = sum(part.units for part in parts)
    is_final = units < group.wanted_units and not till.never_denies and not _has_more(till, group)
    ends = [_usable_until(till, till.get_bucket(part.bucket_id)) for part in parts]
    end = min((instant for instant in ends if instant), default=None)
    percent = 0 if is_final else till.charge_plan.plan.grant.threshold_percent
    return Granted(
        rating_group=group.rating_group,
        units=units,
        validity_seconds=cap_validity(group.validity_seconds, till.charge_plan.now, end),
        threshold_units=units * percent // 100,
        is_final=is_final,
        final_action=_final_action(till) if is_final else None,
        tariff_change_at=group.tariff_change_at,
    )


def _grant_free(group: GroupPlan) -> Granted:
    return Granted(
        rating_group=group.rating_group,
        units=group.wanted_units,
        validity_seconds=group.validity_seconds,
        is_free=True,
        tariff_change_at=group.tariff_change_at,
    )


def _has_more(till: Till, group: GroupPlan) -> bool:
    served = [b for b in till.buckets if b.kind is UnitKind.MONEY or _serves(b, group)]
    plan, now = till.charge_plan.plan, till.charge_plan.now
    found = find_purchase(plan, served, line_id=till.state.line_id, unit=group.unit, now=now)
    return found is not None


def _usable_until(till: Till, bucket: Bucket) -> datetime | None:
    if bucket.window is None:
        return bucket.valid_until
    now, zone = till.charge_plan.now, till.charge_plan.time_zone
    closes = find_next_change([bucket.window], now, zone, select=bucket.window.contains)
    return min((end for end in (bucket.valid_until, closes) if end), default=None)


def _final_action(till: Till) -> Block:
    exhaustion = till.charge_plan.plan.exhaustion
    return exhaustion if isinstance(exhaustion, Block) else Block()


def _round_up(units: int, block: int) -> int:
    return -(-units // block) * block


def remember_grant(
    state: GroupState, decision: GroupDecision, *, position: int, now: datetime
) -> GroupState:
    """The group's state after the decision."""
    match decision:
        case Granted(units=units, is_final=is_final):
            return replace(
                state,
                rated_units=position,
                granted_units=units,
                granted_at=now,
                is_final=is_final,
            )
        case Denied() | Booked():
            return replace(state, rated_units=position, granted_units=0, is_final=False)
