"""Ledger entries: every movement is taken from one side and given to another."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from wispgate.domain.charging.state import Amount
from wispgate.domain.plan.tariff import UnitKind


class EntryKind(StrEnum):
    """Why something moves; the two sides follow from it."""

    RESERVE = "reserve"
    RELEASE = "release"
    DEBIT = "debit"
    CREDIT = "credit"
    PURCHASE = "purchase"
    ADJUSTMENT = "adjustment"
    FREE = "free"
    SUSPENSE = "suspense"


class Side(StrEnum):
    """The accounts of the double entry, per bucket where one is named."""

    AVAILABLE = "available"
    RESERVED = "reserved"
    USAGE = "usage"
    SALES = "sales"
    ISSUED = "issued"
    GIVEN_AWAY = "given_away"
    UNASSIGNED = "unassigned"


_SIDES = {
    EntryKind.RESERVE: (Side.AVAILABLE, Side.RESERVED),
    EntryKind.RELEASE: (Side.RESERVED, Side.AVAILABLE),
    EntryKind.DEBIT: (Side.AVAILABLE, Side.USAGE),
    EntryKind.CREDIT: (Side.ISSUED, Side.AVAILABLE),
    EntryKind.PURCHASE: (Side.AVAILABLE, Side.SALES),
    EntryKind.ADJUSTMENT: (Side.AVAILABLE, Side.ISSUED),
    EntryKind.FREE: (Side.GIVEN_AWAY, Side.USAGE),
    EntryKind.SUSPENSE: (Side.UNASSIGNED, Side.USAGE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One movement of `amount` (never negative) of `unit`.

    `used_units` is the usage that a debit pays for: the same as `amount` for a volume bucket, the
    octets or seconds for money. No bucket: the usage was free, or nobody is known to pay for it.
    """

    kind: EntryKind
    amount: Amount
    unit: UnitKind
    bucket_id: UUID | None = None
    rating_group: int | None = None
    used_units: int = 0

    @property
    def taken_from(self) -> Side:
        return _SIDES[self.kind][0]

    @property
    def given_to(self) -> Side:
        return _SIDES[self.kind][1]
