"""Top-ups, purchases and adjustments. Each locks the account's buckets as charging does.

A `key` makes a repetition harmless: the second posting under it does nothing.
"""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from wispgate.business.balances import events
from wispgate.business.balances.errors import NotEnoughFree, NotEnoughMoney
from wispgate.business.balances.ledger import (
    Account,
    ChargedLine,
    LockedAccount,
    claim,
    lock,
)
from wispgate.business.operators import hot, ids
from wispgate.business.operators import scope as scopes
from wispgate.domain.charging.balances import (
    NotEnough,
    decide_adjustment,
    decide_credit,
    decide_purchase,
)
from wispgate.domain.charging.ledger import EntryKind
from wispgate.domain.charging.state import Bucket
from wispgate.domain.plan.compiled import CompiledPlan
from wispgate.domain.plan.tariff import UnitKind
from wispgate.kernel.errors import InvalidValue, NotFound
from wispgate.kernel.money import Money

# Wallets pay last: what was bought for data is used first.
_WALLET_PRIORITY = 1000
# A top-up is used after the plan's own allowance, unless it ends earlier at the same priority.
_TOP_UP_PRIORITY = 200


def top_up_wallet(account: Account, amount: Money, *, key: str, reason: str = "") -> bool:
    """Adds money to the account's wallet. False if `key` was posted before."""
    _require_key(key)
    if amount.amount <= 0:
        raise InvalidValue("a top-up is more than nothing", field="amount")
    if amount != amount.rounded():
        raise InvalidValue(f"{amount.currency} has {amount.exponent} decimals", field="amount")
    with transaction.atomic():
        held = lock(account)
        entry_id = ids.new_id(held.now)
        if not claim(account, key, entry_id):
            return False
        wallet = held.find_wallet(amount.currency) or _open_wallet(held, amount.currency)
        held.move(decide_credit(wallet, amount.amount).bucket)
        held.post(EntryKind.CREDIT, wallet, amount.amount, entry_id=entry_id, reason=reason)
        held.publish(
            events.WalletToppedUp(
                operator_id=account.operator_id,
                account_id=account.account_id,
                occurred_at=held.now,
                amount=amount,
            )
        )
    return True


def top_up_data(
    account: Account, line: ChargedLine, octets: int, *, validity_days: int, price: Money, key: str
) -> bool:
    """Sells data to a line out of the wallet (or gives it, for a price of nothing).

    Raises NotEnoughMoney. False if `key` was posted before.
    """
    _require_key(key)
    if octets < 1 or validity_days < 1:
        raise InvalidValue("a data top-up has octets and days", field="octets")
    with transaction.atomic():
        held = lock(account)
        entry_id = ids.new_id(held.now)
        if not claim(account, key, entry_id):
            return False
        _pay(held, price, line_id=line.line_id, reason="data top-up")
        bucket = _new_bucket(
            held, octets, owner_id=line.line_id, priority=_TOP_UP_PRIORITY, days=validity_days
        )
        held.add(bucket, name="Data top-up", source="top_up", percents=line.plan.notify_percents)
        held.post(EntryKind.CREDIT, bucket, octets, entry_id=entry_id, line_id=line.line_id)
        held.settle_exhaustion(line)
        held.publish(
            events.DataToppedUp(
                operator_id=account.operator_id,
                account_id=account.account_id,
                line_id=line.line_id,
                occurred_at=held.now,
                bucket_id=bucket.bucket_id,
                octets=octets,
            )
        )
    return True


def adjust(
    account: Account, bucket_id: UUID, amount: int | Decimal, *, key: str,
    line: ChargedLine | None = None, may_take_reserved: bool = False,
) -> bool:  # fmt: skip
    """Adds to a bucket by hand, or takes from it (a negative `amount`). False if posted before.

    Why stands in the scope's reason. Only what is free is taken, unless what sessions have reserved may be taken, too. `line`, where
    the bucket is one's own, is told whether it has data now. Raises NotFound, NotEnoughFree.
    """
    _require_key(key)
    reason = scopes.current().reason
    if not reason.strip():
        raise InvalidValue("an adjustment says why", field="reason")
    with transaction.atomic():
        held = lock(account)
        bucket = held.buckets.get(bucket_id)
        if bucket is None:
            raise NotFound("bucket", bucket_id)
        entry_id = ids.new_id(held.now)
        if not claim(account, key, entry_id):
            return False
        held.move(_adjusted(bucket, amount, may_take_reserved=may_take_reserved))
        held.post(
            EntryKind.ADJUSTMENT, bucket, amount, entry_id=entry_id, reason=reason,
            line_id=line.line_id if line else None,
        )  # fmt: skip
        if line is not None:
            held.settle_exhaustion(line)
        held.publish(
            events.BalanceAdjusted(
                operator_id=account.operator_id,
                account_id=account.account_id,
                line_id=line.line_id if line else None,
                occurred_at=held.now,
                bucket_id=bucket_id,
                unit=bucket.kind.value,
                amount=Decimal(amount),
                reason=reason,
            )
        )
    return True


def _adjusted(bucket: Bucket, amount: int | Decimal, *, may_take_reserved: bool) -> Bucket:
    if amount > 0:
        return decide_credit(bucket, amount).bucket
    outcome = decide_adjustment(bucket, -amount, may_take_reserved=may_take_reserved)
    if isinstance(outcome, NotEnough):
        raise NotEnoughFree(
            f"only {outcome.free} {bucket.kind.value} are free, sessions hold the rest",
            free=outcome.free,
        )
    return outcome.bucket


def buy_plan(account: Account, line: ChargedLine, price: Money, *, key: str) -> bool:
    """Pays a plan and opens its allowances; those of the plan before end now.

    Raises NotEnoughMoney. False if `key` was posted before.
    """
    _require_key(key)
    with transaction.atomic():
        held = lock(account)
        if not claim(account, key, ids.new_id(held.now)):
            return False
        _pay(held, price, line_id=line.line_id, reason=f"plan {line.plan.name}")
        _end_allowances(held, line.line_id)
        _open_allowances(held, line.line_id, line.plan)
        held.settle_exhaustion(line)
        held.publish(
            events.PlanBought(
                operator_id=account.operator_id,
                account_id=account.account_id,
                line_id=line.line_id,
                occurred_at=held.now,
                plan_id=line.plan.plan_id,
                version=line.plan.version,
                price=price,
            )
        )
    return True


def _open_wallet(held: LockedAccount, currency: str) -> Bucket:
    wallet = Bucket(
        bucket_id=ids.new_id(held.now),
        kind=UnitKind.MONEY,
        remaining=Decimal(0),
        initial=Decimal(0),
        created_at=held.now,
        valid_from=held.now,
        floor=Decimal(0),
        reserved=Decimal(0),
        priority=_WALLET_PRIORITY,
        currency=currency,
    )
    held.add(wallet, name="Wallet", source="wallet", percents=())
    return wallet


def _pay(held: LockedAccount, price: Money, *, line_id: UUID, reason: str) -> None:
    if price.amount == 0:
        return
    wallet = held.find_wallet(price.currency)
    outcome = decide_purchase(wallet, price.amount) if wallet else NotEnough(Decimal(0))
    if isinstance(outcome, NotEnough):
        free = Money(Decimal(outcome.free), price.currency)
        raise NotEnoughMoney(
            f"the wallet has {free}, and this costs {price}", free=free, price=price
        )
    held.move(outcome.bucket)
    held.post(EntryKind.PURCHASE, outcome.bucket, -price.amount, line_id=line_id, reason=reason)


def _new_bucket(
    held: LockedAccount, octets: int, *, owner_id: UUID, priority: int, days: int
) -> Bucket:
    return Bucket(
        bucket_id=ids.new_id(held.now),
        kind=UnitKind.OCTETS,
        remaining=octets,
        initial=octets,
        created_at=held.now,
        valid_from=held.now,
        valid_until=held.now + timedelta(days=days),
        priority=priority,
        owner_id=owner_id,
    )


def _end_allowances(held: LockedAccount, line_id: UUID) -> None:
    ended = hot.run(
        "end_buckets",
        partition=held.account.partition,
        account_id=held.account.account_id,
        owner_id=line_id,
        source="plan",
        now=held.now,
    )
    for row in ended:
        held.buckets.pop(row["bucket_id"], None)


def _open_allowances(held: LockedAccount, line_id: UUID, plan: CompiledPlan) -> None:
    for allowance in plan.allowances:
        seconds = allowance.validity_seconds
        bucket = Bucket(
            bucket_id=ids.new_id(held.now),
            kind=allowance.unit,
            remaining=allowance.amount,
            initial=allowance.amount,
            created_at=held.now,
            valid_from=held.now,
            valid_until=None if seconds is None else held.now + timedelta(seconds=seconds),
            priority=allowance.priority,
            currency=plan.currency if allowance.unit is UnitKind.MONEY else "",
            owner_id=None if allowance.is_shared else line_id,
            rating_groups=allowance.rating_groups,
            zones=allowance.zones,
            window=allowance.window,
        )
        held.add(bucket, name=plan.name, source="plan", percents=plan.notify_percents)
        held.post(EntryKind.CREDIT, bucket, allowance.amount, line_id=line_id)


def _require_key(key: str) -> None:
    if not 1 <= len(key) <= 255:
        raise InvalidValue("a posting has a key of 1 to 255 characters", field="key")
