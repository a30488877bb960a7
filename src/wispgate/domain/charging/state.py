"""What an account holds while a request is decided: buckets, and the session's reservations.

Amounts of buckets are integers (octets, seconds, messages), or Decimals for money.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Self
from uuid import UUID

from wispgate.domain.plan.schedule import Window
from wispgate.domain.plan.tariff import UnitKind
from wispgate.kernel.errors import InvalidValue

Amount = int | Decimal


@dataclass(frozen=True, slots=True)
class Cap:
    """How much of a shared bucket one line may use; a line without a cap may use all of it."""

    line_id: UUID
    limit: Amount
    used: Amount = 0
    reserved: Amount = 0

    @property
    def free(self) -> Amount:
        return self.limit - self.used - self.reserved


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """An amount with validity, priority and owner: a row of the one ledger, wallet included.

    `owner_id` is the line that alone may use it (None: every line of the account). `floor` is
    how low `remaining` may be granted to: minus the allowed overdraft. `reserved` is the sum of
    open reservations. None as rating groups or zones: all.
    """

    bucket_id: UUID
    kind: UnitKind
    remaining: Amount
    initial: Amount
    created_at: datetime
    valid_from: datetime
    valid_until: datetime | None = None
    reserved: Amount = 0
    floor: Amount = 0
    priority: int = 100
    currency: str = ""
    owner_id: UUID | None = None
    rating_groups: tuple[int, ...] | None = None
    zones: tuple[str, ...] | None = None
    window: Window | None = None
    caps: tuple[Cap, ...] = ()
    top_up_count: int = 0

    def __post_init__(self) -> None:
        if (self.kind is UnitKind.MONEY) != bool(self.currency):
            raise InvalidValue("money, and only money, has a currency", field="currency")

    @property
    def free(self) -> Amount:
        """What may still be promised."""
        return self.remaining - self.reserved - self.floor

    def is_valid_at(self, instant: datetime) -> bool:
        """Validity is [from, until)."""
        return self.valid_from <= instant and (
            self.valid_until is None or instant < self.valid_until
        )

    def serves(self, unit: UnitKind, rating_group: int | None, zone: str | None) -> bool:
        """Whether units of this kind, group and zone are taken from it, whatever is left."""
        return (
            self.kind is unit
            and (self.rating_groups is None or rating_group in self.rating_groups)
            and (self.zones is None or zone in self.zones)
        )

    def belongs_to(self, line_id: UUID | None) -> bool:
        return self.owner_id is None or self.owner_id == line_id

    def find_cap(self, line_id: UUID | None) -> Cap | None:
        return next((cap for cap in self.caps if cap.line_id == line_id), None)

    def changed_by(self, line_id: UUID | None, *, used: Amount = 0, reserved: Amount = 0) -> Self:
        """The bucket after `used` was taken and `reserved` more (or less) promised to the line."""
        caps = tuple(
            replace(cap, used=cap.used + used, reserved=cap.reserved + reserved)
            if cap.line_id == line_id
            else cap
            for cap in self.caps
        )
        return replace(
            self,
            remaining=self.remaining - used,
            reserved=self.reserved + reserved,
            caps=caps,
        )


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one rating group of a session holds of one bucket, in the bucket's unit."""

    rating_group: int | None
    bucket_id: UUID
    amount: Amount


@dataclass(frozen=True, slots=True)
class GroupState:
    """One rating group of a session between two reports.

    `rated_units` is the position in the tariff's steps and blocks: how many of its units were paid
    with money, or by whomever where the tariff has a rule for bundles. `granted_units` is the outstanding grant, made at `granted_at`.
    """

    rating_group: int | None
    rated_units: int = 0
    granted_units: int = 0
    granted_at: datetime | None = None
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class SessionState:
    """A credit-control session. A closed one is kept, so that late usage finds its tariff."""

    session_id: str
    last_number: int
    is_open: bool = True
    groups: tuple[GroupState, ...] = ()
    reservations: tuple[Reservation, ...] = ()

    def find_group(self, rating_group: int | None) -> GroupState:
        """The group's state; a group not seen before is at its beginning."""
        known = (group for group in self.groups if group.rating_group == rating_group)
        return next(known, GroupState(rating_group))


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """The locked rows of one account that a request for one of its lines can touch."""

    operator_id: UUID
    account_id: UUID
    line_id: UUID
    buckets: tuple[Bucket, ...]
    session: SessionState | None = None
    is_exhausted: bool = False
