"""Gx messages of the gateway, and what the PCRF made of one IP-CAN session (TS 29.212)."""

from dataclasses import dataclass, field
from typing import Final

from wispgate.simulator.bearers import (
    PGW_ADDRESS,
    SGW_ADDRESS,
    UTC_ZONE,
    Bearer,
    apn_ambr,
    equipment,
    qos_class,
    subscription_ids,
)
from wispgate.simulator.charging import RequestType
from wispgate.simulator.dialects import Dialect
from wispgate.simulator.gy import Route
from wispgate.simulator.subscription import Ambr
from wispgate.wire.diameter.avp import AvpSequence
from wispgate.wire.diameter.commands import APPLICATION_GX, VENDOR_3GPP
from wispgate.wire.diameter.message import AvpItem

_NETWORK_REQUEST_SUPPORTED: Final = 1
_EPS: Final = 5
_EUTRAN: Final = 1004
_FEATURES: Final = 0b1011  # Rel8, Rel9, Rel10: as Open5GS says
_DISABLED: Final = (3, 4)  # Flow-Status DISABLED and REMOVED
_ANY_TRAFFIC: Final = ("permit out ip from any to any", "permit out ip from any to assigned")
# Event-Trigger values (1006).
QOS_CHANGE: Final = 1


@dataclass(frozen=True, slots=True)
class Rule:
    """A PCC rule as far as it decides what passes. `is_general`: for all traffic."""

    name: str
    rating_group: int | None = None
    ambr: Ambr | None = None
    precedence: int = 0
    is_open: bool = True
    is_general: bool = True


@dataclass(slots=True)
class PolicySession:
    """One Gx session: the rules and the APN-AMBR that the PCRF authorised."""

    session_id: str
    rules: dict[str, Rule] = field(default_factory=dict)
    ambr: Ambr | None = None
    next_number: int = 0
    is_open: bool = False

    def take_number(self) -> int:
        number, self.next_number = self.next_number, self.next_number + 1
        return number

    def apply(self, message: AvpSequence, *, with_qos: bool) -> None:
        """Rules of a CCA or RAR, and its QoS where the gateway minds it."""
        for removal in message.list_avps("Charging-Rule-Remove"):
            for name in removal.members.list_avps("Charging-Rule-Name"):
                self.rules.pop(name.data.decode(errors="replace"), None)
        for install in message.list_avps("Charging-Rule-Install"):
            for rule in _rules_of(install.members):
                self.rules[rule.name] = rule
        qos = message.find_avp("QoS-Information")
        if qos is not None and with_qos:
            self.ambr = _apn_ambr_of(qos.members, self.ambr)

    def rule_for(self, rating_group: int | None) -> Rule | None:
        """The rule that traffic of the group meets first: of that group, or of none in particular."""
        candidates = [r for r in self.rules.values() if rating_group == r.rating_group]
        candidates = candidates or [
            r for r in self.rules.values() if r.rating_group is None and r.is_general
        ]
        return min(candidates, key=lambda rule: rule.precedence, default=None)


def _rules_of(install: AvpSequence) -> list[Rule]:
    predefined = [
        Rule(avp.data.decode(errors="replace")) for avp in install.list_avps("Charging-Rule-Name")
    ]
    return predefined + [
        _rule_of(avp.members) for avp in install.list_avps("Charging-Rule-Definition")
    ]


def _rule_of(group: AvpSequence) -> Rule:
    flows = [avp.members for avp in group.list_avps("Flow-Information")]
    descriptions = [text for flow in flows if (text := flow.find_text("Flow-Description"))]
    return Rule(
        group.get_octets("Charging-Rule-Name").decode(errors="replace"),
        group.find_int("Rating-Group"),
        _rule_rate(group),
        group.find_int("Precedence") or 0,
        group.find_int("Flow-Status") not in _DISABLED,
        not descriptions or any(text in _ANY_TRAFFIC for text in descriptions),
    )


def _rule_rate(group: AvpSequence) -> Ambr | None:
    qos = group.find_avp("QoS-Information")
    if qos is None:
        return None
    up = qos.members.find_int("Max-Requested-Bandwidth-UL")
    down = qos.members.find_int("Max-Requested-Bandwidth-DL")
    return None if up is None or down is None else Ambr(up, down)


def _apn_ambr_of(qos: AvpSequence, before: Ambr | None) -> Ambr | None:
    up = qos.find_int("APN-Aggregate-Max-Bitrate-UL")
    down = qos.find_int("APN-Aggregate-Max-Bitrate-DL")
    return before if up is None or down is None else Ambr(up, down)


def initial_avps(
    session: PolicySession, *, bearer: Bearer, route: Route, dialect: Dialect
) -> list[AvpItem]:
    """The CCR-I of a new PDN connection."""
    features: AvpItem = (
        "Supported-Features",
        [("Vendor-Id", VENDOR_3GPP), ("Feature-List-ID", 1), ("Feature-List", _FEATURES)],
    )
    avps = [
        *_head(session, RequestType.INITIAL, route),
        *subscription_ids(bearer),
        features,
        ("Network-Request-Support", _NETWORK_REQUEST_SUPPORTED),
        ("Framed-IP-Address", bearer.address),
        ("IP-CAN-Type", _EPS),
        ("RAT-Type", _EUTRAN),
        ("QoS-Information", apn_ambr(bearer.ambr)),
        ("Default-EPS-Bearer-QoS", qos_class(bearer.qos)),
        ("3GPP-User-Location-Info", bearer.location),
        ("3GPP-MS-TimeZone", UTC_ZONE),
        ("3GPP-SGSN-MCC-MNC", bearer.plmn_digits),
        ("AN-GW-Address", SGW_ADDRESS),
        ("Called-Station-Id", bearer.apn),
        # Open5GS says offline whether Gy is in use or not.
        ("Online", int(dialect.updates_gx)),
        ("Offline", int(not dialect.updates_gx)),
        ("Access-Network-Charging-Address", PGW_ADDRESS),
        (
            "Access-Network-Charging-Identifier-Gx",
            [("Access-Network-Charging-Identifier-Value", bearer.charging_octets)],
        ),
    ]
    return [*avps, equipment(bearer)] if dialect.updates_gx else avps


def qos_changed_avps(session: PolicySession, *, bearer: Bearer, route: Route) -> list[AvpItem]:
    """The CCR-U after the subscribed APN-AMBR changed at the MME."""
    return [
        *_head(session, RequestType.UPDATE, route),
        *subscription_ids(bearer),
        ("Framed-IP-Address", bearer.address),
        ("IP-CAN-Type", _EPS),
        ("RAT-Type", _EUTRAN),
        ("QoS-Information", apn_ambr(bearer.ambr)),
        ("Default-EPS-Bearer-QoS", qos_class(bearer.qos)),
        ("Called-Station-Id", bearer.apn),
        ("Event-Trigger", QOS_CHANGE),
    ]


def termination_avps(
    session: PolicySession, *, bearer: Bearer, route: Route, cause: int | None = None
) -> list[AvpItem]:
    """The CCR-T. Open5GS gives no Termination-Cause."""
    avps = [*_head(session, RequestType.TERMINATION, route), *subscription_ids(bearer)]
    if cause is not None:
        avps.append(("Termination-Cause", cause))
    return [*avps, ("Called-Station-Id", bearer.apn)]


def _head(session: PolicySession, kind: RequestType, route: Route) -> list[AvpItem]:
    avps: list[AvpItem] = [
        ("Session-Id", session.session_id),
        ("Origin-Host", route.origin_host),
        ("Origin-Realm", route.origin_realm),
        ("Destination-Realm", route.destination_realm),
        ("Auth-Application-Id", APPLICATION_GX),
        ("CC-Request-Type", kind),
        ("CC-Request-Number", session.take_number()),
    ]
    if route.destination_host and kind is not RequestType.INITIAL:
        avps.append(("Destination-Host", route.destination_host))
    return avps
