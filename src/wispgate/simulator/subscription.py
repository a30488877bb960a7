"""What an MME reads of Subscription-Data (TS 29.272 section 7.3.2), and how an IDR changes it."""

from dataclasses import dataclass, replace
from typing import Final, Self

from wispgate.kernel.identifiers import decode_tbcd
from wispgate.wire.diameter.avp import Avp, AvpSequence

_BARRED: Final = 1
_ALL_INCLUDED: Final = 0
# Operator-Determined-Barring bit 0: all packet oriented services barred (table 7.3.30/1).
_NO_PACKET_SERVICE: Final = 0b1


@dataclass(frozen=True, slots=True)
class Ambr:
    """Aggregate maximum bit rate, bit/s."""

    up_bps: int
    down_bps: int

    @classmethod
    def parse(cls, group: AvpSequence) -> Self:
        """Above 32 bits the extended AVPs rule, which count kbit/s (section 7.3.41)."""
        up = group.find_int("Extended-Max-Requested-BW-UL")
        down = group.find_int("Extended-Max-Requested-BW-DL")
        return cls(
            up * 1000 if up else group.get_int("Max-Requested-Bandwidth-UL"),
            down * 1000 if down else group.get_int("Max-Requested-Bandwidth-DL"),
        )


@dataclass(frozen=True, slots=True)
class BearerQos:
    """QCI and ARP; the two flags say 0 for enabled, 1 for disabled (TS 29.212 5.3.46 and 47)."""

    qci: int
    priority: int
    capability: int = 1
    vulnerability: int = 1

    @classmethod
    def parse(cls, group: AvpSequence) -> Self:
        arp = group.get_avp("Allocation-Retention-Priority").members
        return cls(
            group.get_int("QoS-Class-Identifier"),
            arp.get_int("Priority-Level"),
            _or(arp.find_int("Pre-emption-Capability"), 1),
            _or(arp.find_int("Pre-emption-Vulnerability"), 0),
        )


@dataclass(frozen=True, slots=True)
class ApnConfiguration:
    context_id: int
    name: str
    pdn_type: int
    qos: BearerQos
    ambr: Ambr | None

    @classmethod
    def parse(cls, group: AvpSequence) -> Self:
        ambr = group.find_avp("AMBR")
        return cls(
            group.get_int("Context-Identifier"),
            group.get_text("Service-Selection"),
            group.get_int("PDN-Type"),
            BearerQos.parse(group.get_avp("EPS-Subscribed-QoS-Profile").members),
            Ambr.parse(ambr.members) if ambr else None,
        )


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscriber at the MME. `is_barred`: Subscriber-Status 1 with a barring of packets."""

    ambr: Ambr | None = None
    apns: tuple[ApnConfiguration, ...] = ()
    default_context_id: int | None = None
    msisdn: str = ""
    is_barred: bool = False

    @property
    def is_complete(self) -> bool:
        return self.ambr is not None and bool(self.apns)

    def find_apn(self, name: str = "") -> ApnConfiguration | None:
        """The APN of that name, or the default one; a wildcard serves for any name."""
        if name:
            found = [apn for apn in self.apns if apn.name in (name, "*")]
        else:
            found = [apn for apn in self.apns if apn.context_id == self.default_context_id]
        return found[0] if found else None

    def updated(self, data: AvpSequence) -> "Subscription":
        """With what a ULA or IDR carries; what it does not mention stays."""
        ambr, msisdn = data.find_avp("AMBR"), data.find_octets("MSISDN")
        changed = replace(
            self,
            ambr=Ambr.parse(ambr.members) if ambr else self.ambr,
            msisdn=decode_tbcd(msisdn) if msisdn else self.msisdn,
            is_barred=_is_barred(data, before=self.is_barred),
        )
        profile = data.find_avp("APN-Configuration-Profile")
        return changed if profile is None else changed._with_apns(profile)

    def without_apns(self, context_ids: set[int]) -> "Subscription":
        """After a DSR; the default APN cannot be deleted (section 5.2.2.2.2)."""
        kept = [
            apn for apn in self.apns
            if apn.context_id not in context_ids or apn.context_id == self.default_context_id
        ]  # fmt: skip
        return replace(self, apns=tuple(kept))

    def _with_apns(self, profile: Avp) -> "Subscription":
        group = profile.members
        given = [
            ApnConfiguration.parse(avp.members) for avp in group.list_avps("APN-Configuration")
        ]
        replaced = {apn.context_id for apn in given}
        is_whole = group.get_int("All-APN-Configurations-Included-Indicator") == _ALL_INCLUDED
        kept = [] if is_whole else [apn for apn in self.apns if apn.context_id not in replaced]
        return replace(
            self,
            apns=(*kept, *given),
            default_context_id=group.get_int("Context-Identifier"),
        )


def _is_barred(data: AvpSequence, *, before: bool) -> bool:
    status = data.find_int("Subscriber-Status")
    if status is None:
        return before
    barring = data.find_int("Operator-Determined-Barring") or 0
    return status == _BARRED and bool(barring & _NO_PACKET_SERVICE)


def _or(value: int | None, default: int) -> int:
    return default if value is None else value
