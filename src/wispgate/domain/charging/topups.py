"""The automatic top-up: bought from the wallet in the charging step when nothing is left.

Bucket and count make its id, so that the same top-up cannot be bought twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from wispgate.domain.charging.state import Bucket
from wispgate.domain.plan.compiled import CompiledPlan
from wispgate.domain.plan.exhaustion import AutoTopUp
from wispgate.domain.plan.tariff import UnitKind


@dataclass(frozen=True, slots=True)
class TopUpPurchase:
    """`bucket` is new and full; `wallet_id` pays the offer's price."""

    offer: AutoTopUp
    wallet_id: UUID
    bucket: Bucket


def find_purchase(
    plan: CompiledPlan, buckets: Iterable[Bucket], *, line_id: UUID, unit: UnitKind, now: datetime
) -> TopUpPurchase | None:
    """What the plan's automatic top-up would buy now; None when it has none or cannot.

    `buckets` are the account's. The bucket that ran out is the one with the most top-ups.
    """
    offer = plan.exhaustion
    if not isinstance(offer, AutoTopUp):
        return None
    usable = [b for b in buckets if b.is_valid_at(now) and b.belongs_to(line_id)]
    emptied = [b for b in usable if b.kind is unit]
    wallets = [b for b in usable if _can_buy(b, plan, offer)]
    if not emptied or not wallets or max(b.top_up_count for b in emptied) >= offer.max_count:
        return None
    source = max(emptied, key=lambda b: (b.top_up_count, b.created_at, b.bucket_id))
    wallet = min(wallets, key=lambda b: (b.priority, b.created_at, b.bucket_id))
    return TopUpPurchase(offer, wallet.bucket_id, _make_bucket(source, offer, now))


def _can_buy(bucket: Bucket, plan: CompiledPlan, offer: AutoTopUp) -> bool:
    return (
        bucket.kind is UnitKind.MONEY
        and bucket.currency == plan.currency
        and bucket.free >= offer.price
    )


def _make_bucket(source: Bucket, offer: AutoTopUp, now: datetime) -> Bucket:
    seconds = offer.validity_seconds
    until = source.valid_until if seconds is None else now + timedelta(seconds=seconds)
    count = source.top_up_count + 1
    return replace(
        source,
        bucket_id=uuid5(source.bucket_id, f"auto-top-up:{count}"),
        remaining=offer.amount,
        initial=offer.amount,
        reserved=0,
        created_at=now,
        valid_from=now,
        valid_until=until,
        window=None,
        caps=(),
        top_up_count=count,
    )
