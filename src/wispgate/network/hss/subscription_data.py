"""Subscription-Data from the compiled network profile (TS 29.272 section 7.3.2)."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from wispgate.domain.plan.compiled import PdnType
from wispgate.domain.plan.speed import Speed
from wispgate.domain.policy.profile import ApnProfile, NetworkProfile
from wispgate.kernel.identifiers import Msisdn
from wispgate.wire.diameter.message import AvpItem, encode_avps

_SERVICE_GRANTED: Final = 0
_ONLY_PACKET: Final = 2
_ALL_INCLUDED: Final = 0
_VPLMN_ADDRESS_NOT_ALLOWED: Final = 0
_PDN_TYPES: Final = {
    PdnType.IPV4: 0,
    PdnType.IPV6: 1,
    PdnType.IPV4V6: 2,
    PdnType.IPV4_OR_IPV6: 3,
}
# Access-Restriction-Data bits by RAT-Type (table 7.3.31/1): UTRAN, GERAN, WB-E-UTRAN, NB-IoT.
_RESTRICTION_BITS: Final = {1000: 0x01, 1001: 0x02, 1004: 0x10, 1005: 0x40}
_MAX_UNSIGNED32: Final = 0xFFFF_FFFF
# Plans in use at once, under each of their speeds; a static address makes one of its own.
_SERVICES_KEPT: Final = 4096


def subscription_data(profile: NetworkProfile, *, msisdn: str | None) -> AvpItem:
    """What a serving node enforces for a line that may register."""
    avps: list[AvpItem] = []
    if msisdn:
        avps.append(("MSISDN", Msisdn(msisdn).encode()))
    avps.append(
        _service(
            barred_rats=profile.barred_rats,
            charging_characteristics=profile.charging_characteristics,
            speed=profile.speed_now,
            apns=tuple((apn, profile.apn_speed(apn)) for apn in profile.apns),
        )
    )
    return ("Subscription-Data", avps)


@lru_cache(maxsize=_SERVICES_KEPT)
def _service(
    *,
    barred_rats: Sequence[int],
    charging_characteristics: str | None,
    speed: Speed | None,
    apns: tuple[tuple[ApnProfile, Speed], ...],
) -> bytes:
    """What all lines of a plan have in common, encoded once: half of an answer's work."""
    avps: list[AvpItem] = []
    restrictions = sum(_RESTRICTION_BITS.get(rat, 0) for rat in set(barred_rats))
    if restrictions:
        avps.append(("Access-Restriction-Data", restrictions))
    avps += [("Subscriber-Status", _SERVICE_GRANTED), ("Network-Access-Mode", _ONLY_PACKET)]
    if charging_characteristics is not None:
        avps.append(_charging_characteristics(charging_characteristics))
    if speed is not None:
        avps.append(ambr(speed))
    avps.append(_apn_configuration_profile(apns))
    return encode_avps(avps)


def ambr(speed: Speed) -> AvpItem:
    """AMBR in bit/s; beyond 32 bits the maximum stands there, and kbit/s in the extended AVPs."""
    avps: list[AvpItem] = [
        ("Max-Requested-Bandwidth-UL", min(speed.up_bps, _MAX_UNSIGNED32)),
        ("Max-Requested-Bandwidth-DL", min(speed.down_bps, _MAX_UNSIGNED32)),
    ]
    if speed.up_bps > _MAX_UNSIGNED32:
        avps.append(("Extended-Max-Requested-BW-UL", speed.up_bps // 1000))
    if speed.down_bps > _MAX_UNSIGNED32:
        avps.append(("Extended-Max-Requested-BW-DL", speed.down_bps // 1000))
    return ("AMBR", avps)


def _apn_configuration_profile(apns: tuple[tuple[ApnProfile, Speed], ...]) -> AvpItem:
    configurations = [_apn_configuration(apn, speed) for apn, speed in apns]
    return (
        "APN-Configuration-Profile",
        [
            ("Context-Identifier", apns[0][0].context_id),
            ("All-APN-Configurations-Included-Indicator", _ALL_INCLUDED),
            *configurations,
        ],
    )


def _apn_configuration(apn: ApnProfile, speed: Speed) -> AvpItem:
    avps: list[AvpItem] = [
        ("Context-Identifier", apn.context_id),
        ("PDN-Type", _PDN_TYPES[apn.pdn_type]),
        ("Service-Selection", apn.name),
        _qos(apn),
        ("VPLMN-Dynamic-Address-Allowed", _VPLMN_ADDRESS_NOT_ALLOWED),
        ambr(speed),
    ]
    if apn.static_address is not None:
        avps.append(("Served-Party-IP-Address", ip_address(apn.static_address)))
    if apn.charging_characteristics is not None:
        avps.append(_charging_characteristics(apn.charging_characteristics))
    return ("APN-Configuration", avps)


def _qos(apn: ApnProfile) -> AvpItem:
    # The AVPs of ARP say 0 for "enabled" and 1 for "disabled" (TS 29.212 sections 5.3.46 and 47).
    return (
        "EPS-Subscribed-QoS-Profile",
        [
            ("QoS-Class-Identifier", apn.qci),
            (
                "Allocation-Retention-Priority",
                [
                    ("Priority-Level", apn.arp.priority_level),
                    ("Pre-emption-Capability", 0 if apn.arp.can_preempt else 1),
                    ("Pre-emption-Vulnerability", 0 if apn.arp.is_preemptable else 1),
                ],
            ),
        ],
    )


def _charging_characteristics(value: str) -> AvpItem:
    return ("3GPP-Charging-Characteristics", value)
