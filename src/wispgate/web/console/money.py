"""Buckets and the ledger as pages show them: what is used, held, left, and until when."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

from wispgate.web.console.wording import amount, duration

SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "plan": "plan",
        "top_up": "top-up",
        "auto_top_up": "automatic top-up",
        "gift": "gift",
        "rollover": "rolled over",
        "wallet": "wallet",
    }
)
_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "debit": "used",
        "free": "used, free of charge",
        "suspense": "used, nobody paid",
        "credit": "credited",
        "purchase": "bought",
        "adjustment": "corrected",
    }
)


@dataclass(frozen=True, slots=True)
class ShownBucket:
    """A bucket with what its bar is made of; the percentages never add up to more than 100."""

    row: Any
    source: str
    used: Decimal
    left: Decimal
    used_percent: int
    reserved_percent: int
    ends: str

    @property
    def label(self) -> str:
        """The bar for who cannot see it."""
        used, initial, left = (
            amount(each, self.row.unit, self.row.currency)
            for each in (self.used, self.row.initial, self.left)
        )
        return f"{used} of {initial} used, {left} left"


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """A ledger entry: what it did to which bucket."""

    row: Any
    what: str
    bucket: str

    @property
    def is_money(self) -> bool:
        return bool(self.row.unit == "money")

    @property
    def shown(self) -> str:
        """With its sign; usage that no bucket paid for has none."""
        if not self.row.amount:
            return amount(self.row.used_units, self.row.unit if not self.is_money else "octets")
        sign = "+" if self.row.amount > 0 else "\N{MINUS SIGN}"
        return sign + amount(abs(self.row.amount), self.row.unit, self.row.currency)


@dataclass(frozen=True, slots=True)
class Usage:
    """Data of a line's buckets taken together, for the answer line."""

    used: Decimal
    total: Decimal
    ends_at: datetime | None

    @property
    def words(self) -> str:
        return f"{amount(self.used, 'octets')} of {amount(self.total, 'octets')} used"


def for_line(rows: Iterable[Any], line_id: UUID, now: datetime) -> list[ShownBucket]:
    """The line's own buckets and those of its whole account, without the wallet."""
    return [
        _shown(row, now) for row in rows if row.unit != "money" and row.owner_id in (None, line_id)
    ]


def wallet(rows: Iterable[Any], currency: str) -> Decimal | None:
    """What is free in the wallet; None where there is none yet."""
    wallets = (r for r in rows if r.unit == "money" and r.currency == currency)
    found = next((row for row in wallets if row.owner_id is None), None)
    return None if found is None else found.remaining - found.reserved


def usage(buckets: Sequence[ShownBucket]) -> Usage | None:
    """None where the line holds no data bucket."""
    data = [bucket for bucket in buckets if bucket.row.unit == "octets"]
    if not data:
        return None
    ends = [bucket.row.valid_until for bucket in data if bucket.row.valid_until]
    return Usage(
        used=sum((bucket.used for bucket in data), Decimal(0)),
        total=sum((bucket.row.initial for bucket in data), Decimal(0)),
        ends_at=max(ends, default=None),
    )


def entries(rows: Iterable[Any], buckets: Mapping[UUID, Any]) -> list[ShownEntry]:
    return [
        ShownEntry(row, _KINDS.get(row.kind, row.kind), _bucket_name(row, buckets)) for row in rows
    ]


def _bucket_name(row: Any, buckets: Mapping[UUID, Any]) -> str:
    bucket = buckets.get(row.bucket_id) if row.bucket_id else None
    return bucket.name if bucket else ("an ended bucket" if row.bucket_id else "no bucket")


def _shown(row: Any, now: datetime) -> ShownBucket:
    used = max(row.initial - row.remaining, Decimal(0))
    left = max(row.remaining - row.reserved, Decimal(0))
    used_percent = _percent(used, row.initial)
    return ShownBucket(
        row=row,
        source=SOURCES.get(row.source, row.source),
        used=used,
        left=left,
        used_percent=used_percent,
        reserved_percent=min(_percent(row.reserved, row.initial), 100 - used_percent),
        ends=ends_in(row.valid_until, now),
    )


def ends_in(until: datetime | None, now: datetime) -> str:
    if until is None:
        return "never ends"
    if until <= now:
        return "ended"
    return f"ends in {duration(int((until - now).total_seconds()))}"


def _percent(part: Decimal, whole: Decimal) -> int:
    return min(round(100 * part / whole), 100) if whole > 0 else 0
