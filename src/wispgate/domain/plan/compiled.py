"""`CompiledPlan`: the one description of what a customer bought.

The catalogue compiles it, the database keeps it as JSON, and HSS profile, PCC rules, charging,
invoices and the portal read it. It is a value: a change is another version.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Self
from uuid import UUID
from zoneinfo import ZoneInfo

from wispgate.domain.plan import jsonform
from wispgate.domain.plan.exhaustion import Block, Exhaustion
from wispgate.domain.plan.schedule import Window, find_next_change
from wispgate.domain.plan.speed import Arp, Speed
from wispgate.domain.plan.tariff import HOME, TariffEntry, UnitKind, find_entry
from wispgate.kernel.errors import InvalidValue

# Counters at clients are smaller than 64 bits: no grant passes 4 GiB less one octet.
MAX_GRANT_OCTETS = 2**32 - 1

_RESERVED_QCIS = {0, 255}


class PdnType(StrEnum):
    IPV4 = "ipv4"
    IPV6 = "ipv6"
    IPV4V6 = "ipv4v6"
    IPV4_OR_IPV6 = "ipv4_or_ipv6"


@dataclass(frozen=True, slots=True)
class Apn:
    """One packet network that the plan opens; "*" is any, and never the default."""

    name: str
    speed: Speed
    qci: int = 9
    arp: Arp = Arp()  # noqa: RUF009 - a frozen value
    pdn_type: PdnType = PdnType.IPV4
    charging_characteristics: str | None = None
    can_have_static_address: bool = False

    def __post_init__(self) -> None:
        if not self.name or len(self.name) > 100 or self.name != self.name.lower():
            raise InvalidValue(f"not an APN in lower case: {self.name!r}", field="name")
        if not 0 <= self.qci <= 255 or self.qci in _RESERVED_QCIS:
            raise InvalidValue(f"not a QCI: {self.qci}", field="qci")
        _check_characteristics(self.charging_characteristics)


@dataclass(frozen=True, slots=True)
class SpeedBand:
    """Inside the window the line has this speed instead of the plan's."""

    window: Window
    speed: Speed


@dataclass(frozen=True, slots=True)
class Zone:
    """Visited networks with one name; the longest fitting prefix of MCC and MNC decides."""

    name: str
    plmn_prefixes: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.name or not self.plmn_prefixes:
            raise InvalidValue("a zone has a name and networks", field="name")


@dataclass(frozen=True, slots=True)
class Allowance:
    """An amount that the plan gives each cycle and that becomes a bucket.

    `rating_groups` and `zones`: None means all. Low `priority` numbers are used first. None as
    validity means the cycle's end.
    """

    key: str
    unit: UnitKind
    amount: int | Decimal
    priority: int = 100
    validity_seconds: int | None = None
    rating_groups: tuple[int, ...] | None = None
    zones: tuple[str, ...] | None = None
    window: Window | None = None
    is_shared: bool = False
    source: str = "plan"

    def __post_init__(self) -> None:
        if not self.key or self.amount <= 0:
            raise InvalidValue("an allowance has a key and an amount", field="key")
        if isinstance(self.amount, Decimal) != (self.unit is UnitKind.MONEY):
            raise InvalidValue("money is a decimal, units are whole", field="amount")
        if self.validity_seconds is not None and self.validity_seconds < 1:
            raise InvalidValue("a validity is positive", field="validity_seconds")

    def serves(self, unit: UnitKind, rating_group: int | None) -> bool:
        return self.unit is unit and (
            self.rating_groups is None or rating_group in self.rating_groups
        )


class GrantRounding(StrEnum):
    """How grants paid with money are cut."""

    WHOLE_BLOCKS = "whole_blocks"
    STARTED_BLOCK = "started_block"
    REQUESTED = "requested"


@dataclass(frozen=True, slots=True)
class GrantRules:
    """How much is granted at once, how long it is good, and when the client asks again."""

    slice_octets: int = 50_000_000
    slice_seconds: int = 300
    slice_messages: int = 1
    max_octets: int = 2 * 2**30
    validity_seconds: int = 3600
    threshold_percent: int = 20
    rounding: GrantRounding = GrantRounding.WHOLE_BLOCKS
    announces_tariff_change: bool = False

    def __post_init__(self) -> None:
        if min(self.slice_octets, self.slice_seconds, self.slice_messages) < 1:
            raise InvalidValue("a slice holds at least one unit", field="slice_octets")
        if not 1 <= self.max_octets <= MAX_GRANT_OCTETS:
            raise InvalidValue("a grant stays below 4 GiB", field="max_octets")
        if self.validity_seconds < 1 or not 0 <= self.threshold_percent <= 99:
            raise InvalidValue("validity is positive, a threshold 0 to 99 percent")

    def size(self, unit: UnitKind, wanted_units: int) -> int:
        """Units to grant for a wish; 0 leaves the size to us (absent Requested-Service-Unit)."""
        if unit is UnitKind.OCTETS:
            return min(wanted_units or self.slice_octets, self.max_octets)
        return wanted_units or (
            self.slice_seconds if unit is UnitKind.SECONDS else self.slice_messages
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledPlan:
    """A plan's version with all that network, charging and portal need of it."""

    plan_id: UUID
    version: int
    name: str
    currency: str
    apns: tuple[Apn, ...]
    speed: Speed
    speed_bands: tuple[SpeedBand, ...] = ()
    allowances: tuple[Allowance, ...] = ()
    tariff: tuple[TariffEntry, ...] = ()
    zero_rated_groups: tuple[int, ...] = ()
    zones: tuple[Zone, ...] = ()
    exhaustion: Exhaustion = Block()  # noqa: RUF009 - a frozen value
    grant: GrantRules = GrantRules()
    notify_percents: tuple[int, ...] = (50, 80, 100)
    charging_characteristics: str | None = None
    is_roaming_allowed: bool = True
    # Names of the operator's roaming zones; none means that roaming is allowed anywhere.
    roaming_zones: tuple[str, ...] = ()
    # RAT-Type (TS 29.212 section 5.3.31) of each radio technology that the plan does not open.
    barred_rats: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.version < 1 or len(self.currency) != 3:
            raise InvalidValue("a plan has a version from 1 and a currency", field="version")
        if not all(1 <= percent <= 100 for percent in self.notify_percents):
            raise InvalidValue("notifications are at 1 to 100 percent", field="notify_percents")
        _check_characteristics(self.charging_characteristics)
        self._check_apns()
        keys = [allowance.key for allowance in self.allowances]
        if len(set(keys)) < len(keys):
            raise InvalidValue(f"allowance keys repeat: {keys}", field="allowances")

    def _check_apns(self) -> None:
        names = [apn.name for apn in self.apns]
        if len(set(names)) < len(names):
            raise InvalidValue(f"APNs repeat: {names}", field="apns")
        # TS 29.272 section 7.3.35: the default configuration has no wildcard.
        if names and names[0] == "*":
            raise InvalidValue("the first APN is the default and cannot be '*'", field="apns")

    def encode(self) -> str:
        """Compact JSON text; `decode` gives an equal value."""
        return jsonform.encode(self)

    @classmethod
    def decode(cls, text: str | bytes) -> Self:
        """The plan in `text`; InvalidValue names the path to what is wrong."""
        return jsonform.decode(cls, text)

    def find_zone(self, visited_plmn: str) -> str | None:
        """The zone of a visited network ("00101"; "" is not known), None when no zone has it.

        A plan without zones has but one, home: it does not tell networks apart.
        """
        if not self.zones or not visited_plmn:
            return HOME
        fitting = [
            (len(prefix), zone.name)
            for zone in self.zones
            for prefix in zone.plmn_prefixes
            if visited_plmn.startswith(prefix)
        ]
        return max(fitting)[1] if fitting else None

    def find_price(
        self, unit: UnitKind, rating_group: int | None, *, destination: str = "", zone: str | None
    ) -> TariffEntry | None:
        """The tariff entry that fits most closely, or None."""
        return find_entry(
            self.tariff, unit, rating_group=rating_group, destination=destination, zone=zone
        )

    def has_allowance(self, unit: UnitKind, rating_group: int | None) -> bool:
        return any(allowance.serves(unit, rating_group) for allowance in self.allowances)

    def speed_at(self, now: datetime, zone: ZoneInfo) -> Speed:
        """The plan's own speed at `now` on the customer's clock."""
        return self._select_speed(now.astimezone(zone))

    def find_next_speed_change(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """When another speed begins to hold, or None."""
        windows = [band.window for band in self.speed_bands]
        return find_next_change(windows, now, zone, select=self._select_speed)

    def _select_speed(self, local: datetime) -> Speed:
        holding = (band.speed for band in self.speed_bands if band.window.contains(local))
        return next(holding, self.speed)


def _check_characteristics(text: str | None) -> None:
    if text is not None and not (len(text) == 4 and set(text) <= set("0123456789abcdef")):
        raise InvalidValue(
            f"charging characteristics are four hex digits: {text!r}",
            field="charging_characteristics",
        )
