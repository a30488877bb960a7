"""Changes of buckets outside of a session: credit, adjustment, a purchase from the wallet.

`business/balances` applies them; what they refuse is a value.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from wispgate.domain.charging.ledger import EntryKind, LedgerEntry
from wispgate.domain.charging.state import Amount, Bucket
from wispgate.kernel.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class Moved:
    """The bucket afterwards and the entry that explains it."""

    bucket: Bucket
    entry: LedgerEntry


@dataclass(frozen=True, slots=True)
class NotEnough:
    """Less is free than should be taken; what sessions have reserved is promised to them."""

    free: Amount


def decide_credit(bucket: Bucket, amount: Amount) -> Moved:
    """Adds to a bucket: a top-up, a gift, a returned payment."""
    _require_positive(bucket, amount)
    after = replace(bucket, remaining=bucket.remaining + amount, initial=bucket.initial + amount)
    return Moved(after, _entry(EntryKind.CREDIT, bucket, amount))


def decide_adjustment(
    bucket: Bucket, amount: Amount, *, may_take_reserved: bool = False
) -> Moved | NotEnough:
    """Takes from a bucket by hand; only what is free, so that open reservations survive.

    With `may_take_reserved` also what is promised, and more than there is: into the negative.
    """
    if may_take_reserved:
        _require_positive(bucket, amount)
        return _taken(bucket, amount, EntryKind.ADJUSTMENT)
    return _take(bucket, amount, EntryKind.ADJUSTMENT)


def decide_purchase(wallet: Bucket, price: Amount) -> Moved | NotEnough:
    """Pays from a wallet: a fee, an invoice, a bundle; down to its overdraft."""
    return _take(wallet, price, EntryKind.PURCHASE)


def _take(bucket: Bucket, amount: Amount, kind: EntryKind) -> Moved | NotEnough:
    _require_positive(bucket, amount)
    if bucket.free < amount:
        return NotEnough(bucket.free)
    return _taken(bucket, amount, kind)


def _taken(bucket: Bucket, amount: Amount, kind: EntryKind) -> Moved:
    after = replace(bucket, remaining=bucket.remaining - amount)
    return Moved(after, _entry(kind, bucket, amount))


def _require_positive(bucket: Bucket, amount: Amount) -> None:
    if amount <= 0 or isinstance(amount, Decimal) != bool(bucket.currency):
        raise InvalidValue(f"not an amount for this bucket: {amount}", field="amount")


def _entry(kind: EntryKind, bucket: Bucket, amount: Amount) -> LedgerEntry:
    return LedgerEntry(kind=kind, amount=amount, unit=bucket.kind, bucket_id=bucket.bucket_id)
