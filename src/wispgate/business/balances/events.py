"""Events of balances. That a line has data again is charging's own event."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from wispgate.kernel.events import Event
from wispgate.kernel.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletToppedUp(Event):
    """Money was added to a wallet."""

    kind: ClassVar[str] = "wallet.topped_up"

    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class DataToppedUp(Event):
    """Data was added to a line."""

    kind: ClassVar[str] = "data.topped_up"

    bucket_id: UUID
    octets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceAdjusted(Event):
    """Staff added to a bucket or took from it by hand."""

    kind: ClassVar[str] = "balance.adjusted"

    bucket_id: UUID
    unit: str
    amount: Decimal
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanBought(Event):
    """A plan was paid and its allowances opened."""

    kind: ClassVar[str] = "plan.bought"

    plan_id: UUID
    version: int
    price: Money
