"""What is laid upon a line beside its suspensions, as its row has it: restrictions, addresses."""

from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Self

from wispgate.business.subscriptions.models import Subscription
from wispgate.domain.plan.speed import Speed
from wispgate.domain.policy.facts import Restriction, StaticAddress
from wispgate.domain.policy.restrictions import RestrictionName, make_restriction
from wispgate.kernel.errors import InvalidValue

MOST_ADDRESSES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """A restriction as it was laid upon a line. Speeds are bit/s, of the profile slow only."""

    profile: RestrictionName
    reason: str
    note: str = ""
    since: datetime
    speed_up_bps: int | None = None
    speed_down_bps: int | None = None
    walled_garden_url: str = ""

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> Self:
        since, profile = datetime.fromisoformat(row["since"]), RestrictionName(row["profile"])
        return cls(**(row | {"since": since, "profile": profile}))

    def as_row(self) -> dict[str, Any]:
        row = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return row | {"since": self.since.isoformat(), "profile": self.profile.value}

    def fact(self) -> Restriction:
        """Raises InvalidValue for what does not belong together."""
        up, down = self.speed_up_bps, self.speed_down_bps
        if (up is None) != (down is None):
            raise InvalidValue("a speed has two ways", field="speed_up_bps")
        return make_restriction(
            self.profile,
            reason=self.reason,
            speed=None if up is None or down is None else Speed(up, down),
            walled_garden_url=self.walled_garden_url,
        )


def restrictions_of(subscription: Subscription) -> list[Laid]:
    """Those that are on, the oldest first."""
    return [Laid.of_row(row) for row in subscription.restrictions]


def addresses_of(subscription: Subscription) -> tuple[StaticAddress, ...]:
    return tuple(StaticAddress(*pair) for pair in sorted(subscription.static_addresses.items()))


def parse_addresses(addresses: dict[str, str]) -> dict[str, IPv4Address | IPv6Address]:
    """Raises InvalidValue with the APN whose address is none."""
    if len(addresses) > MOST_ADDRESSES:
        raise InvalidValue(f"{MOST_ADDRESSES} addresses at most", field="addresses")
    found = {}
    for apn, text in addresses.items():
        try:
            found[apn.strip().lower()] = ip_address(text.strip())
        except ValueError:
            raise InvalidValue(
                f"not an IP address: {text!r}", field=f"addresses[{apn!r}]"
            ) from None
    return found
