"""One PDN connection as the gateway describes it on Gx and Gy."""

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final

from wispgate.kernel.identifiers import Imei, Imsi
from wispgate.kernel.plmn import Plmn
from wispgate.simulator.subscription import Ambr, BearerQos
from wispgate.wire.diameter.avp import FLAG_MANDATORY, encode_avp
from wispgate.wire.diameter.commands import (
    AVP_USER_EQUIPMENT_INFO,
    AVP_USER_EQUIPMENT_INFO_TYPE,
    AVP_USER_EQUIPMENT_INFO_VALUE,
)
from wispgate.wire.diameter.message import AvpItem

SGW_ADDRESS: Final = IPv4Address("127.0.0.3")
PGW_ADDRESS: Final = IPv4Address("127.0.0.4")
EUTRAN: Final = b"\x06"
UTC_ZONE: Final = b"\0\0"
_IMSI, _E164 = 1, 0
_IMEISV: Final = 0
# 3GPP-User-Location-Info of kind TAI and ECGI (TS 29.061 section 16.4.7.2).
_TAI_AND_ECGI: Final = b"\x82"
_TRACKING_AREA: Final = b"\0\x01"
_CELL: Final = bytes.fromhex("01079baf")


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who is connected, to what, from where. `ambr` is the APN's as subscribed."""

    imsi: Imsi
    imei: Imei
    msisdn: str
    apn: str
    qos: BearerQos
    ambr: Ambr
    address: IPv4Address
    charging_id: int
    plmn: Plmn

    @property
    def location(self) -> bytes:
        plmn = self.plmn.encode()
        return _TAI_AND_ECGI + plmn + _TRACKING_AREA + plmn + _CELL

    @property
    def plmn_digits(self) -> str:
        return self.plmn.mcc + self.plmn.mnc

    @property
    def charging_octets(self) -> bytes:
        return self.charging_id.to_bytes(4, "big")


def subscription_ids(bearer: Bearer) -> list[AvpItem]:
    """The IMSI, and the MSISDN where there is one."""
    ids: list[AvpItem] = [_subscription_id(_IMSI, bearer.imsi.digits)]
    if bearer.msisdn:
        ids.append(_subscription_id(_E164, bearer.msisdn))
    return ids


def equipment(bearer: Bearer) -> bytes:
    """User-Equipment-Info with M bits throughout, as Open5GS sends it and RFC 4006 allows."""
    kind = _with_m(AVP_USER_EQUIPMENT_INFO_TYPE, _IMEISV.to_bytes(4, "big"))
    value = _with_m(AVP_USER_EQUIPMENT_INFO_VALUE, str(bearer.imei).encode())
    return _with_m(AVP_USER_EQUIPMENT_INFO, kind + value)


def _with_m(code: int, data: bytes) -> bytes:
    return encode_avp(code, 0, FLAG_MANDATORY, data)


def qos_class(qos: BearerQos) -> list[AvpItem]:
    """QCI and ARP, as they stand in QoS-Information and Default-EPS-Bearer-QoS."""
    return [
        ("QoS-Class-Identifier", qos.qci),
        (
            "Allocation-Retention-Priority",
            [
                ("Priority-Level", qos.priority),
                ("Pre-emption-Capability", qos.capability),
                ("Pre-emption-Vulnerability", qos.vulnerability),
            ],
        ),
    ]


def apn_ambr(ambr: Ambr) -> list[AvpItem]:
    return [
        ("APN-Aggregate-Max-Bitrate-UL", min(ambr.up_bps, 0xFFFF_FFFF)),
        ("APN-Aggregate-Max-Bitrate-DL", min(ambr.down_bps, 0xFFFF_FFFF)),
    ]


def _subscription_id(kind: int, digits: str) -> AvpItem:
    return (
        "Subscription-Id",
        [("Subscription-Id-Type", kind), ("Subscription-Id-Data", digits)],
    )
