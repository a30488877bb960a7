"""The charge plan: all of a request that follows from the plan alone, before any row is read.

It is made outside the lock; SQL or `decide_charge` applies it to the account's rows.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from wispgate.domain.charging.requests import ChargeRequest, RequestKind, ServiceGroup, UsedUnits
from wispgate.domain.charging.state import Bucket
from wispgate.domain.plan.compiled import CompiledPlan
from wispgate.domain.plan.tariff import BundleRule, Rate, TariffEntry, UnitKind


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPlan:
    """One rating group of a request.

    `wanted_units` is already sized and capped; 0 grants nothing. `price` is what money pays per
    unit, None when money cannot. `is_free`: no bucket is touched. `is_known`: the plan has heard
    of the group; others are refused unless a bucket serves them. `validity_seconds` ends before
    the next tariff change unless the client is told of it (`tariff_change_at`).
    """

    rating_group: int | None
    unit: UnitKind
    zone: str | None
    is_free: bool
    is_known: bool
    price: TariffEntry | None
    is_asked: bool
    wanted_units: int
    used: tuple[UsedUnits, ...]
    validity_seconds: int
    tariff_change_at: datetime | None

    @property
    def bundle(self) -> BundleRule | None:
        """What bundles are asked for beside plain units."""
        return self.price.bundle if self.price else None

    @property
    def used_units(self) -> int:
        return sum(used.of(self.unit) for used in self.used)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargePlan:
    """A request with what the plan says about each of its groups."""

    request: ChargeRequest
    plan: CompiledPlan
    groups: tuple[GroupPlan, ...]
    now: datetime
    time_zone: ZoneInfo

    def rate_at(self, group: GroupPlan, instant: datetime) -> Rate | None:
        return group.price.rate_at(instant, self.time_zone) if group.price else None


def plan_charge(
    plan: CompiledPlan, request: ChargeRequest, now: datetime, *, time_zone: ZoneInfo
) -> ChargePlan:
    """Price, amount and validity for each group; `time_zone` is the subscriber's."""
    zone = plan.find_zone(request.visited_plmn)
    groups = tuple(
        _plan_group(plan, request, group, zone=zone, now=now, time_zone=time_zone)
        for group in request.groups
    )
    return ChargePlan(request=request, plan=plan, groups=groups, now=now, time_zone=time_zone)


def _plan_group(
    plan: CompiledPlan,
    request: ChargeRequest,
    group: ServiceGroup,
    *,
    zone: str | None,
    now: datetime,
    time_zone: ZoneInfo,
) -> GroupPlan:
    unit, rating_group = request.unit, group.rating_group
    price = plan.find_price(unit, rating_group, destination=request.destination, zone=zone)
    has_allowance = plan.has_allowance(unit, rating_group)
    is_free = rating_group in plan.zero_rated_groups or (
        price is not None
        and price.bundle is None
        and not has_allowance
        and not price.bands
        and price.rate.is_free
    )
    change = price.find_next_change(now, time_zone) if price and not is_free else None
    is_announced = plan.grant.announces_tariff_change
    is_asked = group.wanted_units is not None and request.kind is not RequestKind.TERMINATION
    return GroupPlan(
        rating_group=rating_group,
        unit=unit,
        zone=zone,
        is_free=is_free,
        is_known=is_free or has_allowance or price is not None,
        price=price,
        is_asked=is_asked,
        wanted_units=plan.grant.size(unit, group.wanted_units or 0) if is_asked else 0,
        used=group.used,
        validity_seconds=cap_validity(
            plan.grant.validity_seconds, now, None if is_announced else change
        ),
        tariff_change_at=change if is_announced else None,
    )


def cap_validity(seconds: int, now: datetime, end: datetime | None) -> int:
    """`seconds`, or the whole seconds until `end` when that is sooner; at least one."""
    if end is None:
        return seconds
    return max(1, min(seconds, int((end - now).total_seconds())))


def list_candidates(
    buckets: tuple[Bucket, ...],
    group: GroupPlan,
    *,
    charge_plan: ChargePlan,
    line_id: UUID,
    at: datetime,
) -> list[Bucket]:
    """Buckets that can pay for the group at `at`, in the order in which they do.

    Low priority number first, then the earliest end (never is last), then the oldest.
    """
    usable = [
        bucket
        for bucket in buckets
        if bucket.is_valid_at(at)
        and bucket.belongs_to(line_id)
        and can_pay(bucket, group, currency=charge_plan.plan.currency)
        and (bucket.window is None or bucket.window.contains(at.astimezone(charge_plan.time_zone)))
    ]
    return sorted(usable, key=_order)


def can_pay(bucket: Bucket, group: GroupPlan, *, currency: str) -> bool:
    """Whether the bucket serves the group: in its units, or in money when there is a price."""
    if bucket.kind is UnitKind.MONEY:
        return (
            group.price is not None
            and bucket.currency == currency
            and bucket.serves(UnitKind.MONEY, group.rating_group, group.zone)
        )
    return bucket.serves(group.unit, group.rating_group, group.zone)


def _order(bucket: Bucket) -> tuple[int, bool, float, datetime, UUID]:
    end = bucket.valid_until
    never = end is None
    return (
        bucket.priority,
        never,
        0.0 if end is None else end.timestamp(),
        bucket.created_at,
        bucket.bucket_id,
    )
