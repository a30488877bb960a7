"""What a product manager says of a mobile plan, checked, and compiled to a `CompiledPlan`."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Self
from uuid import UUID

from wispgate.domain.plan import jsonform
from wispgate.domain.plan.compiled import Allowance, Apn, CompiledPlan, GrantRules, PdnType
from wispgate.domain.plan.exhaustion import Block, Exhaustion, NotifyOnly, Throttle
from wispgate.domain.plan.speed import Arp, Speed
from wispgate.domain.plan.tariff import TariffEntry, UnitKind, block_price
from wispgate.kernel.errors import InvalidValue

_DAY = 86_400
DATA = "data"


class AtExhaustion(StrEnum):
    """What happens when the data is used up."""

    BLOCK = "block"
    THROTTLE = "throttle"
    NOTIFY = "notify"


class RadioTechnology(StrEnum):
    """What a plan may leave shut; NB_IOT is the narrow one of machines."""

    UTRAN = "utran"
    GERAN = "geran"
    EUTRAN = "eutran"
    NB_IOT = "nb_iot"


# RAT-Type (TS 29.212 section 5.3.31).
_RAT_TYPES = {
    RadioTechnology.UTRAN: 1000,
    RadioTechnology.GERAN: 1001,
    RadioTechnology.EUTRAN: 1004,
    RadioTechnology.NB_IOT: 1005,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDefinition:
    """One version of a mobile plan.

    `data_octets` None is unlimited. Speeds are bit/s. The throttled speeds belong to `throttle`.
    `slice_octets` is what is granted at once. `validity_days` is how long a purchase lasts.
    `roaming_zones` are names of the operator's zones; none means anywhere, if roaming is allowed at
    all. `has_static_addresses`: a line may always get the same address in an APN.
    """

    speed_up_bps: int
    speed_down_bps: int
    data_octets: int | None = None
    validity_days: int = 30
    apns: tuple[str, ...] = ("internet",)
    qci: int = 9
    arp_level: int = 9
    at_exhaustion: AtExhaustion = AtExhaustion.BLOCK
    throttled_up_bps: int | None = None
    throttled_down_bps: int | None = None
    zero_rated_groups: tuple[int, ...] = ()
    slice_octets: int = 50_000_000
    validity_time_seconds: int = 3600
    is_roaming_allowed: bool = True
    roaming_zones: tuple[str, ...] = ()
    barred_rats: tuple[RadioTechnology, ...] = ()
    pdn_type: PdnType = PdnType.IPV4
    has_static_addresses: bool = False

    def __post_init__(self) -> None:
        has_throttle = self.throttled_up_bps is not None and self.throttled_down_bps is not None
        if has_throttle != (self.at_exhaustion is AtExhaustion.THROTTLE):
            raise InvalidValue(
                "throttled speeds are given with at_exhaustion throttle, and only then",
                field="throttled_down_bps",
            )
        if self.data_octets is not None and self.data_octets < 1:
            raise InvalidValue("an amount of data is at least one octet", field="data_octets")
        if self.validity_days < 1:
            raise InvalidValue("a plan lasts one day at least", field="validity_days")
        if self.roaming_zones and not self.is_roaming_allowed:
            raise InvalidValue("zones are named by plans that allow roaming", field="roaming_zones")
        if not self.apns:
            raise InvalidValue("a plan opens one APN at least", field="apns")

    def encode(self) -> str:
        return jsonform.encode(self)

    @classmethod
    def decode(cls, text: str) -> Self:
        """Raises InvalidValue with the path to what is wrong."""
        return jsonform.decode(cls, text)

    def compile(self, plan_id: UUID, version: int, *, name: str, currency: str) -> CompiledPlan:
        """The value that HSS, PCRF, OCS, invoices and portal read. Raises InvalidValue."""
        speed = Speed(self.speed_up_bps, self.speed_down_bps)
        free = TariffEntry(UnitKind.OCTETS, block_price(Decimal(0), 1))
        return CompiledPlan(
            plan_id=plan_id,
            version=version,
            name=name,
            currency=currency,
            apns=tuple(self._apn(apn, speed) for apn in self.apns),
            speed=speed,
            allowances=() if self.data_octets is None else (self._data(self.data_octets),),
            tariff=(free,) if self.data_octets is None else (),
            zero_rated_groups=self.zero_rated_groups,
            exhaustion=self._exhaustion(),
            grant=GrantRules(
                slice_octets=self.slice_octets, validity_seconds=self.validity_time_seconds
            ),
            is_roaming_allowed=self.is_roaming_allowed,
            roaming_zones=self.roaming_zones,
            barred_rats=tuple(sorted(_RAT_TYPES[rat] for rat in self.barred_rats)),
        )

    def _apn(self, name: str, speed: Speed) -> Apn:
        return Apn(
            name,
            speed,
            self.qci,
            Arp(self.arp_level),
            self.pdn_type,
            can_have_static_address=self.has_static_addresses,
        )

    def _data(self, octets: int) -> Allowance:
        return Allowance(DATA, UnitKind.OCTETS, octets, validity_seconds=self.validity_days * _DAY)

    def _exhaustion(self) -> Exhaustion:
        match self.at_exhaustion:
            case AtExhaustion.BLOCK:
                return Block()
            case AtExhaustion.NOTIFY:
                return NotifyOnly()
            case AtExhaustion.THROTTLE:
                return Throttle(Speed(self.throttled_up_bps or 0, self.throttled_down_bps or 0))
