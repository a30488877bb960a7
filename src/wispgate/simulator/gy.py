"""Gy messages of the gateway: CreditControl to AVPs in either dialect, CCA to CreditAnswer.

The order and the flags of the Open5GS form are those of its captured messages.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from wispgate.simulator.bearers import (
    EUTRAN,
    PGW_ADDRESS,
    SGW_ADDRESS,
    UTC_ZONE,
    Bearer,
    apn_ambr,
    equipment,
    qos_class,
    subscription_ids,
)
from wispgate.simulator.charging import (
    CreditAnswer,
    CreditControl,
    FailureHandling,
    RequestType,
    ServiceGrant,
    ServiceReport,
)
from wispgate.simulator.dialects import Dialect
from wispgate.simulator.quota import FinalAction, FinalUnit, Grant, Reason, Usage
from wispgate.wire.diameter.avp import AvpSequence
from wispgate.wire.diameter.commands import APPLICATION_CREDIT_CONTROL
from wispgate.wire.diameter.message import AvpItem, Message
from wispgate.wire.diameter.results import ResultCode

_PACKET_SERVICE: Final = "32251@3gpp.org"
# What Open5GS asks for, whatever is configured.
_OPEN5GS_WANTS: Final = 1_000_000
_OPEN5GS_PDP_TYPE_IPV4: Final = 0
_DIRECT_DEBITING: Final = 0
_AOC_FULL: Final = 1
# TS 32.299 section 7.2.175: these belong to the units they are about, the others to the service.
_OF_UNITS: Final = (
    Reason.THRESHOLD, Reason.QUOTA_EXHAUSTED, Reason.OTHER_QUOTA_TYPE, Reason.POOL_EXHAUSTED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Route:
    """Who sends to whom. `destination_host` is known once somebody answered."""

    origin_host: str
    origin_realm: str
    destination_realm: str
    destination_host: str = ""


def credit_control_avps(
    session_id: str,
    request: CreditControl,
    *,
    bearer: Bearer,
    route: Route,
    dialect: Dialect,
    now: datetime,
) -> list[AvpItem]:
    """A whole CCR."""
    is_initial = request.type is RequestType.INITIAL
    avps: list[AvpItem] = [
        ("Session-Id", session_id),
        ("Origin-Host", route.origin_host),
        ("Origin-Realm", route.origin_realm),
        ("Destination-Realm", route.destination_realm),
        ("Auth-Application-Id", APPLICATION_CREDIT_CONTROL),
        ("Service-Context-Id", _PACKET_SERVICE),
        ("CC-Request-Type", request.type),
        ("CC-Request-Number", request.number),
    ]
    if route.destination_host and not is_initial:
        avps.append(("Destination-Host", route.destination_host))
    avps += [("Event-Timestamp", now), *subscription_ids(bearer)]
    if request.termination_cause is not None:
        avps.append(("Termination-Cause", request.termination_cause))
    if not dialect.rates_by_group:
        avps += [("Requested-Action", _DIRECT_DEBITING), ("AoC-Request-Type", _AOC_FULL)]
    if is_initial:
        avps.append(("Multiple-Services-Indicator", int(dialect.rates_by_group)))
    service = _service_by_group if dialect.rates_by_group else _service_of_default_bearer
    avps += [service(report, bearer) for report in request.reports]
    if dialect.rates_by_group:
        avps.append(equipment(bearer))
    avps.append(_service_information(bearer, has_pdp_type=is_initial or dialect.rates_by_group))
    return avps


def _service_of_default_bearer(report: ServiceReport, bearer: Bearer) -> AvpItem:
    avps: list[AvpItem] = []
    if report.wants_units:
        avps.append(("Requested-Service-Unit", [("CC-Total-Octets", _OPEN5GS_WANTS)]))
    if report.usage is not None:
        avps.append(_used(report, report.usage, has_total=False))
    if report.reason is not None and report.reason not in _OF_UNITS:
        avps.append(("Reporting-Reason", report.reason))
    avps.append(("QoS-Information", [*qos_class(bearer.qos), *apn_ambr(bearer.ambr)]))
    return ("Multiple-Services-Credit-Control", avps)


def _service_by_group(report: ServiceReport, _bearer: Bearer) -> AvpItem:
    avps: list[AvpItem] = []
    if report.wants_units:
        avps.append(("Requested-Service-Unit", []))
    if report.usage is not None:
        avps.append(_used(report, report.usage, has_total=True))
    if report.rating_group is not None:
        avps.append(("Rating-Group", report.rating_group))
    if report.reason is not None and report.reason not in _OF_UNITS:
        avps.append(("Reporting-Reason", report.reason))
    return ("Multiple-Services-Credit-Control", avps)


def _used(report: ServiceReport, usage: Usage, *, has_total: bool) -> AvpItem:
    avps: list[AvpItem] = []
    if report.reason in _OF_UNITS and report.reason is not None:
        avps.append(("Reporting-Reason", report.reason))
    avps.append(("CC-Time", usage.seconds))
    if has_total:
        avps.append(("CC-Total-Octets", usage.octets))
    avps += [("CC-Input-Octets", usage.up), ("CC-Output-Octets", usage.down)]
    return ("Used-Service-Unit", avps)


def _service_information(bearer: Bearer, *, has_pdp_type: bool) -> AvpItem:
    avps: list[AvpItem] = [("3GPP-Charging-Id", bearer.charging_octets)]
    if has_pdp_type:
        avps.append(("3GPP-PDP-Type", _OPEN5GS_PDP_TYPE_IPV4))
    avps += [
        ("PDP-Address", bearer.address),
        ("SGSN-Address", SGW_ADDRESS),
        ("GGSN-Address", PGW_ADDRESS),
        ("Called-Station-Id", bearer.apn),
        ("3GPP-Selection-Mode", "0"),
        ("3GPP-SGSN-MCC-MNC", bearer.plmn_digits),
        ("3GPP-NSAPI", b"\x05"),
        ("3GPP-MS-TimeZone", UTC_ZONE),
        ("3GPP-User-Location-Info", bearer.location),
        ("3GPP-RAT-Type", EUTRAN),
        equipment(bearer),
    ]
    return ("Service-Information", [("PS-Information", avps)])


# --- answers ------------------------------------------------------------------------------------


def result_of(answer: AvpSequence) -> int:
    """Result-Code, or the code of Experimental-Result. Raises MissingAvp where there is neither."""
    code = answer.find_int("Result-Code")
    if code is not None:
        return code
    return answer.get_avp("Experimental-Result").members.get_int("Experimental-Result-Code")


def parse_answer(answer: Message) -> CreditAnswer:
    """What a CCA decides. Raises MissingAvp or another DiameterError for what cannot be read."""
    services = answer.list_avps("Multiple-Services-Credit-Control")
    handling = answer.find_int("Credit-Control-Failure-Handling")
    return CreditAnswer(
        result_of(answer),
        tuple(_service_grant(avp.members) for avp in services),
        FailureHandling(handling) if handling in tuple(FailureHandling) else None,
    )


def _service_grant(group: AvpSequence) -> ServiceGrant:
    code = group.find_int("Result-Code")
    return ServiceGrant(
        group.find_int("Rating-Group"),
        ResultCode.SUCCESS if code is None else code,
        _grant(group),
    )


def _grant(group: AvpSequence) -> Grant:
    units = group.find_avp("Granted-Service-Unit")
    granted = units.members if units else AvpSequence(())
    return Grant(
        total_octets=granted.find_int("CC-Total-Octets"),
        input_octets=granted.find_int("CC-Input-Octets"),
        output_octets=granted.find_int("CC-Output-Octets"),
        seconds=granted.find_int("CC-Time"),
        volume_threshold=group.find_int("Volume-Quota-Threshold"),
        time_threshold=group.find_int("Time-Quota-Threshold"),
        validity_seconds=group.find_int("Validity-Time"),
        holding_seconds=group.find_int("Quota-Holding-Time"),
        final=_final_unit(group),
    )


def _final_unit(group: AvpSequence) -> FinalUnit | None:
    avp = group.find_avp("Final-Unit-Indication")
    if avp is None:
        return None
    server = avp.members.find_avp("Redirect-Server")
    action = avp.members.get_int("Final-Unit-Action")
    return FinalUnit(
        FinalAction(action) if action in tuple(FinalAction) else FinalAction.TERMINATE,
        server.members.get_text("Redirect-Server-Address") if server else "",
        tuple(str(value) for value in avp.members.list("Filter-Id")),
    )
