"""What charging tells the rest through the outbox."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from wispgate.kernel.events import Event
from wispgate.kernel.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaThresholdReached(Event):
    """A bucket's use reached `percent` of what it began with."""

    kind: ClassVar[str] = "charging.quota_threshold_reached"

    bucket_id: UUID
    percent: int
    remaining: int | Decimal
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaExhausted(Event):
    """Nothing is left of the line's data; the plan's action at exhaustion begins."""

    kind: ClassVar[str] = "charging.quota_exhausted"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaRestored(Event):
    """There is data again: a top-up, a new cycle, a payment."""

    kind: ClassVar[str] = "charging.quota_restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoTopUpBought(Event):
    """The plan's automatic top-up was paid from the wallet."""

    kind: ClassVar[str] = "charging.auto_top_up_bought"

    bucket_id: UUID
    amount: int
    price: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageInSuspense(Event):
    """Usage came for a session that nobody knows; it waits to be assigned."""

    kind: ClassVar[str] = "charging.usage_in_suspense"

    session_id: str
    number: int
    units: int
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted(Event):
    """A credit-control session was opened for the line."""

    kind: ClassVar[str] = "charging.session_started"

    session_id: str
    apn: str
    visited_plmn: str
    framed_address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Event):
    """The session is over; what it used is in the ledger."""

    kind: ClassVar[str] = "charging.session_ended"

    session_id: str
