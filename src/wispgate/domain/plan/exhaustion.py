"""What happens when the quota is used up: the plan says one of these."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from wispgate.domain.plan.speed import Speed
from wispgate.kernel.errors import InvalidValue


class FinalAction(StrEnum):
    """What the gateway does after the final units (RFC 8506 section 8.35)."""

    TERMINATE = "terminate"
    REDIRECT = "redirect"
    RESTRICT_ACCESS = "restrict_access"


@dataclass(frozen=True, slots=True)
class Block:
    """No more units. `redirect_url` goes with REDIRECT, `filter_ids` with RESTRICT_ACCESS."""

    IS_TAGGED: ClassVar[bool] = True

    final_action: FinalAction = FinalAction.TERMINATE
    redirect_url: str = ""
    filter_ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if bool(self.redirect_url) != (self.final_action is FinalAction.REDIRECT):
            raise InvalidValue("an address belongs to redirect", field="redirect_url")
        if bool(self.filter_ids) != (self.final_action is FinalAction.RESTRICT_ACCESS):
            raise InvalidValue("filters belong to restrict_access", field="filter_ids")


@dataclass(frozen=True, slots=True)
class Throttle:
    """Traffic goes on for nothing at a lower speed."""

    IS_TAGGED: ClassVar[bool] = True

    speed: Speed


@dataclass(frozen=True, slots=True)
class NotifyOnly:
    """Traffic goes on for nothing; the subscriber is told."""

    IS_TAGGED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class AutoTopUp:
    """`amount` more is bought from the wallet for `price`, at most `max_count` times a bucket.

    When the wallet cannot pay or the count is reached, the service is blocked. None as validity:
    as long as the bucket that ran out.
    """

    IS_TAGGED: ClassVar[bool] = True

    amount: int
    price: Decimal
    max_count: int
    validity_seconds: int | None = None

    def __post_init__(self) -> None:
        if self.amount < 1 or self.price < 0 or self.max_count < 1:
            raise InvalidValue("a top-up has an amount, a price and a count", field="amount")
        if self.validity_seconds is not None and self.validity_seconds < 1:
            raise InvalidValue("a validity is positive", field="validity_seconds")


Exhaustion = Block | Throttle | NotifyOnly | AutoTopUp
