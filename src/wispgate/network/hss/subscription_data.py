"""Subscription-Data from the compiled network profile (TS 29.272 section 7.3.2)."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from wispgate.domain.plan.compiled import PdnType
from wispgate.domain.plan.speed import Speed
from wispgate.domain.policy.access import NO_FEATURES, NodeFeatures, bar_bits
from wispgate.domain.policy.profile import ApnProfile, NetworkProfile
from wispgate.kernel.identifiers import Msisdn
from wispgate.wire.diameter.message import AvpItem, encode_avps

# Subscriber-Status (section 7.3.29).
_SERVICE_GRANTED: Final = 0
_OPERATOR_DETERMINED_BARRING: Final = 1
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


# PDP-Type (TS 29.060 section 7.7.34); a phone that may have both asks for the one or the other.
_PDP_TYPES: Final = {
    PdnType.IPV4: b"\xf1\x21",
    PdnType.IPV6: b"\xf1\x57",
    PdnType.IPV4V6: b"\xf1\x21",
    PdnType.IPV4_OR_IPV6: b"\xf1\x21",
}
# QoS-Subscribed (octets 3 to 5 of TS 24.008 section 10.5.6.5): best effort in delay and mean
# throughput, normal precedence, the highest peak class; what limits a line is its AMBR.
_QOS_SUBSCRIBED: Final = b"\x23\x92\x1f"
_ALL_CONTEXTS: Final = 0


def subscription_data(
    profile: NetworkProfile, *, msisdn: str | None, features: NodeFeatures = NO_FEATURES,
    has_gprs_data: bool = False,
) -> AvpItem:  # fmt: skip
    """What a serving node enforces for a line that may register, as far as it understands it."""
    avps: list[AvpItem] = []
    if msisdn:
        avps.append(("MSISDN", Msisdn(msisdn).encode()))
    avps.append(
        _service(
            barred_rats=profile.barred_rats,
            bar_bits=bar_bits(profile.node_bars),
            charging_characteristics=profile.charging_characteristics,
            speed=profile.speed_now,
            apns=tuple((apn, profile.apn_speed(apn)) for apn in profile.apns),
            is_extended=features.has_extended_speeds,
            has_gprs_data=has_gprs_data,
        )
    )
    return ("Subscription-Data", avps)


@lru_cache(maxsize=_SERVICES_KEPT)
def _service(  # noqa: PLR0913 (the parts of a subscription)
    *,
    barred_rats: Sequence[int],
    bar_bits: int,
    charging_characteristics: str | None,
    speed: Speed | None,
    apns: tuple[tuple[ApnProfile, Speed], ...],
    is_extended: bool,
    has_gprs_data: bool,
) -> bytes:
    """What all lines of a plan have in common, encoded once: half of an answer's work."""
    avps: list[AvpItem] = []
    restrictions = sum(_RESTRICTION_BITS.get(rat, 0) for rat in set(barred_rats))
    if restrictions:
        avps.append(("Access-Restriction-Data", restrictions))
    avps += [*status(bar_bits), ("Network-Access-Mode", _ONLY_PACKET)]
    if charging_characteristics is not None:
        avps.append(_charging_characteristics(charging_characteristics))
    if speed is not None:
        avps.append(ambr(speed, is_extended=is_extended))
    avps.append(_apn_configuration_profile(apns, is_extended=is_extended))
    if has_gprs_data:
        avps.append(_gprs_subscription_data(apns))
    return encode_avps(avps)


def status(bits: int) -> list[AvpItem]:
    """Subscriber-Status, and what is barred, if anything (sections 7.3.29 and 7.3.30)."""
    if not bits:
        return [("Subscriber-Status", _SERVICE_GRANTED)]
    return [
        ("Subscriber-Status", _OPERATOR_DETERMINED_BARRING),
        ("Operator-Determined-Barring", bits),
    ]


def ambr(speed: Speed, *, is_extended: bool) -> AvpItem:
    """AMBR in bit/s; beyond 32 bits the maximum stands there, and kbit/s in the extended AVPs, for
    a node that knows them (section 7.3.41).
    """
    avps: list[AvpItem] = [
        ("Max-Requested-Bandwidth-UL", min(speed.up_bps, _MAX_UNSIGNED32)),
        ("Max-Requested-Bandwidth-DL", min(speed.down_bps, _MAX_UNSIGNED32)),
    ]
    if is_extended and speed.up_bps > _MAX_UNSIGNED32:
        avps.append(("Extended-Max-Requested-BW-UL", speed.up_bps // 1000))
    if is_extended and speed.down_bps > _MAX_UNSIGNED32:
        avps.append(("Extended-Max-Requested-BW-DL", speed.down_bps // 1000))
    return ("AMBR", avps)


def _apn_configuration_profile(
    apns: tuple[tuple[ApnProfile, Speed], ...], *, is_extended: bool
) -> AvpItem:
    configurations = [_apn_configuration(apn, ambr(speed, is_extended=is_extended))
                      for apn, speed in apns]  # fmt: skip
    return (
        "APN-Configuration-Profile",
        [
            ("Context-Identifier", apns[0][0].context_id),
            ("All-APN-Configurations-Included-Indicator", _ALL_INCLUDED),
            *configurations,
        ],
    )


def _apn_configuration(apn: ApnProfile, limit: AvpItem) -> AvpItem:
    avps: list[AvpItem] = [
        ("Context-Identifier", apn.context_id),
        ("PDN-Type", _PDN_TYPES[apn.pdn_type]),
        ("Service-Selection", apn.name),
        _qos(apn),
        ("VPLMN-Dynamic-Address-Allowed", _VPLMN_ADDRESS_NOT_ALLOWED),
        limit,
    ]
    if apn.static_address is not None:
        avps.append(("Served-Party-IP-Address", ip_address(apn.static_address)))
    if apn.charging_characteristics is not None:
        avps.append(_charging_characteristics(apn.charging_characteristics))
    return ("APN-Configuration", avps)


def _gprs_subscription_data(apns: tuple[tuple[ApnProfile, Speed], ...]) -> AvpItem:
    """The same packet networks as an SGSN knows them (section 7.3.72); a wildcard it does not."""
    contexts: list[AvpItem] = [
        ("PDP-Context", _pdp_context(apn)) for apn, _ in apns if apn.name != "*"
    ]
    return (
        "GPRS-Subscription-Data",
        [("Complete-Data-List-Included-Indicator", _ALL_CONTEXTS), *contexts],
    )


def _pdp_context(apn: ApnProfile) -> list[AvpItem]:
    avps: list[AvpItem] = [
        ("Context-Identifier", apn.context_id),
        ("PDP-Type", _PDP_TYPES[apn.pdn_type]),
        ("QoS-Subscribed", _QOS_SUBSCRIBED),
        ("VPLMN-Dynamic-Address-Allowed", _VPLMN_ADDRESS_NOT_ALLOWED),
        ("Service-Selection", apn.name),
    ]
    if apn.static_address is not None:
        avps.append(("PDP-Address", ip_address(apn.static_address)))
    if apn.charging_characteristics is not None:
        avps.append(_charging_characteristics(apn.charging_characteristics))
    return avps


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
