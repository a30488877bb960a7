"""What the PCEF is to enforce for a session, as AVPs (TS 29.212 sections 4.5 and 5.3)."""

from collections.abc import Iterable
from typing import Final

from wispgate.domain.plan.speed import Arp, Speed
from wispgate.domain.policy.capabilities import CoreProfile
from wispgate.domain.policy.decisions import Admitted
from wispgate.domain.policy.profile import ApnProfile, NetworkProfile
from wispgate.wire.diameter.message import AvpItem

# The rule that binds all traffic of a session to one rating group, below every other rule.
DEFAULT_RULE: Final = b"wispgate-default"
DEFAULT_RATING_GROUP: Final = 1
_LOWEST_PRECEDENCE: Final = 65000

_MAX_UNSIGNED32: Final = 0xFFFF_FFFF
_DOWNLINK, _UPLINK = 1, 2
# Filters are written "out", towards the phone, for both directions (section 5.3.53).
_ANY_TRAFFIC: Final = "permit out ip from any to assigned"
_FLOW_ENABLED: Final = 2
_VOLUME: Final = 1
_RATING_GROUP_LEVEL: Final = 1
_URL: Final = 2
_NOTIFY: Final = 0

_RAT_CHANGE: Final = 2
_PLMN_CHANGE: Final = 4
_REVALIDATION_TIMEOUT: Final = 17
_SUCCESSFUL_RESOURCE_ALLOCATION: Final = 22


def qos_information(speed: Speed, *, is_extended: bool = False) -> AvpItem:
    """The APN-AMBR in bit/s; beyond 32 bits the maximum, and kbit/s to who negotiated it."""
    avps: list[AvpItem] = [
        ("APN-Aggregate-Max-Bitrate-UL", min(speed.up_bps, _MAX_UNSIGNED32)),
        ("APN-Aggregate-Max-Bitrate-DL", min(speed.down_bps, _MAX_UNSIGNED32)),
    ]
    if is_extended and speed.up_bps > _MAX_UNSIGNED32:
        avps.append(("Extended-APN-AMBR-UL", speed.up_bps // 1000))
    if is_extended and speed.down_bps > _MAX_UNSIGNED32:
        avps.append(("Extended-APN-AMBR-DL", speed.down_bps // 1000))
    return ("QoS-Information", avps)


def default_bearer_qos(apn: ApnProfile) -> AvpItem:
    return (
        "Default-EPS-Bearer-QoS",
        [("QoS-Class-Identifier", apn.qci), _allocation_retention_priority(apn.arp)],
    )


def wants_rules(core: CoreProfile) -> bool:
    """Some cores would make another bearer of a rule for the default one."""
    return core.wants_default_rule


def default_rule(profile: NetworkProfile, apn: ApnProfile, *, is_pushed: bool = False) -> AvpItem:
    """Installs the default rule; in a walled garden it leads to one page.

    Pushed into a running session it also says that there is no garden any more (what a changed
    rule does not mention stays as it was), and asks to be told when it is in force.
    """
    definition: list[AvpItem] = [
        ("Charging-Rule-Name", DEFAULT_RULE),
        ("Rating-Group", DEFAULT_RATING_GROUP),
        _flow(_DOWNLINK),
        _flow(_UPLINK),
        ("Flow-Status", _FLOW_ENABLED),
        (
            "QoS-Information",
            [("QoS-Class-Identifier", apn.qci), _allocation_retention_priority(apn.arp)],
        ),
        ("Reporting-Level", _RATING_GROUP_LEVEL),
        ("Online", 1),
        ("Offline", 0),
        ("Metering-Method", _VOLUME),
        ("Precedence", _LOWEST_PRECEDENCE),
        *_redirection(profile.walled_garden_url, is_pushed=is_pushed),
    ]
    notification: list[AvpItem] = [("Resource-Allocation-Notification", _NOTIFY)]
    return (
        "Charging-Rule-Install",
        [("Charging-Rule-Definition", definition), *(notification if is_pushed else [])],
    )


def event_triggers(profile: NetworkProfile, *, is_pushed: bool = False) -> list[AvpItem]:
    """What the PCEF is to report. A new list replaces the old one (section 5.3.7)."""
    triggers = [_RAT_CHANGE, _PLMN_CHANGE]
    if profile.changes_at is not None:
        triggers.append(_REVALIDATION_TIMEOUT)
    if is_pushed:
        triggers.append(_SUCCESSFUL_RESOURCE_ALLOCATION)
    avps: list[AvpItem] = [("Event-Trigger", trigger) for trigger in triggers]
    if profile.changes_at is not None:
        avps.append(("Revalidation-Time", profile.changes_at))
    return avps


def supported_features(features: Iterable[tuple[int, int]]) -> list[AvpItem]:
    """What both sides have in common."""
    return [
        (
            "Supported-Features",
            [("Vendor-Id", 10415), ("Feature-List-ID", list_id), ("Feature-List", common)],
        )
        for list_id, common in features
    ]


def pushed_policy(admitted: Admitted, core: CoreProfile, *, has_rules: bool) -> list[AvpItem]:
    """What a Re-Auth-Request carries: the whole policy of the session, so that it may repeat."""
    avps: list[AvpItem] = [
        qos_information(admitted.speed),
        default_bearer_qos(admitted.apn),
        *event_triggers(admitted.profile, is_pushed=has_rules),
    ]
    if has_rules and wants_rules(core):
        avps.insert(0, default_rule(admitted.profile, admitted.apn, is_pushed=True))
    return avps


def _flow(direction: int) -> AvpItem:
    return (
        "Flow-Information",
        [("Flow-Description", _ANY_TRAFFIC), ("Flow-Direction", direction)],
    )


def _redirection(url: str, *, is_pushed: bool) -> list[AvpItem]:
    if url:
        redirect: list[AvpItem] = [
            ("Redirect-Support", 1),
            ("Redirect-Address-Type", _URL),
            ("Redirect-Server-Address", url),
        ]
        return [("Redirect-Information", redirect)]
    return [("Redirect-Information", [("Redirect-Support", 0)])] if is_pushed else []


def _allocation_retention_priority(arp: Arp) -> AvpItem:
    # The flags say 0 for "enabled" and 1 for "disabled" (sections 5.3.46 and 5.3.47).
    return (
        "Allocation-Retention-Priority",
        [
            ("Priority-Level", arp.priority_level),
            ("Pre-emption-Capability", 0 if arp.can_preempt else 1),
            ("Pre-emption-Vulnerability", 0 if arp.is_preemptable else 1),
        ],
    )
