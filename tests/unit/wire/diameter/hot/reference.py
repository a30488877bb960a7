"""The same values twice: as the hot decoders have them, and as the generic codec gives them."""

from typing import Any

from tests.unit.wire.diameter.builders import rows_of
from wispgate.wire.diameter.avp import AvpSequence
from wispgate.wire.diameter.header import Header
from wispgate.wire.diameter.hot import credit_control, gx, s6a, watchdog
from wispgate.wire.diameter.hot.policy import Qos
from wispgate.wire.diameter.hot.request import HotRequest
from wispgate.wire.diameter.hot.subscriber import Access, UserEquipment
from wispgate.wire.diameter.hot.units import ServiceCredit, Units
from wispgate.wire.diameter.message import Message, decode_message
from wispgate.wire.diameter.types import encode_address

Plain = dict[str, Any]

# --- as the hot decoders have them ----------------------------------------------------------------


def decode(raw: bytes) -> HotRequest | None:
    """By the hot decoder of the message's command, if it has one."""
    header = decode_message(raw).header
    decoder = DECODERS.get((header.application_id, header.command_code))
    return None if decoder is None else decoder(raw)


DECODERS = {
    (4, 272): credit_control.decode_ccr,
    (16777238, 272): gx.decode_ccr,
    (16777251, 318): s6a.decode_air,
    (16777251, 316): s6a.decode_ulr,
    (16777251, 321): s6a.decode_pur,
    (0, 280): watchdog.decode_dwr,
}


def hot_values(request: HotRequest) -> Plain:
    """All that a hot request says, as plain values."""
    plain = {
        "header": request.header,
        "retransmitted": request.is_retransmitted,
        "session": request.session,
        "session_id": request.session_id,
        "origin_host": request.origin_host,
        "origin_realm": request.origin_realm,
        "destination_host": request.destination_host,
        "destination_realm": request.destination_realm,
        "user_name": request.user_name,
        "proxy_infos": request.proxy_infos,
    }
    match request:
        case credit_control.HotCcr():
            return plain | _hot_common(request) | _hot_ccr(request)
        case gx.HotGxCcr():
            return plain | _hot_common(request) | _hot_gx(request)
        case s6a.S6aRequest():
            return plain | _hot_s6a(request)
        case watchdog.HotDwr():
            return plain | {"origin_state_id": request.origin_state_id}
        case _:
            raise AssertionError(request)


def _hot_common(ccr: credit_control.CreditControl) -> Plain:
    return {
        "auth_application_id": ccr.auth_application_id,
        "request": (ccr.request_type, ccr.request_number),
        "origin_state_id": ccr.origin_state_id,
        "termination_cause": ccr.termination_cause,
        "subscription_ids": ccr.subscription_ids,
        "framed_ip_address": ccr.framed_ip_address,
    }


def _hot_ccr(ccr: credit_control.HotCcr) -> Plain:
    return {
        "service_context_id": ccr.service_context_id,
        "event_timestamp": ccr.event_timestamp,
        "requested_action": ccr.requested_action,
        "multiple_services_indicator": ccr.multiple_services_indicator,
        "service_identifier": ccr.service_identifier,
        "requested": _hot_units(ccr.requested),
        "used": [_hot_units(units) for units in ccr.used],
        "equipment": _hot_equipment(ccr.equipment),
        "services": [_hot_service(service) for service in ccr.services],
        "access": None if ccr.access is None else _hot_access(ccr.access),
    }


def _hot_units(units: Units | None) -> tuple[int | None, ...] | None:
    if units is None:
        return None
    return (
        units.total_octets,
        units.input_octets,
        units.output_octets,
        units.service_specific,
        units.seconds,
        units.tariff_change_usage,
        units.reporting_reason,
    )


def _hot_service(service: ServiceCredit) -> Plain:
    return {
        "rating_group": service.rating_group,
        "service_identifiers": service.service_identifiers,
        "requested": _hot_units(service.requested),
        "used": [_hot_units(units) for units in service.used],
        "reporting_reasons": service.reporting_reasons,
        "result_code": service.result_code,
    }


def _hot_equipment(equipment: UserEquipment | None) -> tuple[int, bytes] | None:
    return None if equipment is None else (equipment.type, equipment.value)


def _hot_access(access: Access) -> Plain:
    return {
        "called_station_id": access.called_station_id,
        "charging_characteristics": access.charging_characteristics,
        "charging_id": access.charging_id,
        "equipment": _hot_equipment(access.equipment),
        "ms_timezone": access.ms_timezone,
        "pdn_connection_charging_id": access.pdn_connection_charging_id,
        "pdp_addresses": access.pdp_addresses,
        "rat_type": access.rat_type,
        "sgsn_mcc_mnc": access.sgsn_mcc_mnc,
        "user_location_info": access.user_location_info,
    }


def _hot_gx(ccr: gx.HotGxCcr) -> Plain:
    return {
        "access": _hot_access(ccr.access),
        "default_bearer_qos": _hot_qos(ccr.default_bearer_qos),
        "qos_information": _hot_qos(ccr.qos_information),
        "supported_features": _hot_features(ccr.supported_features),
        "usage_monitoring": [
            (m.monitoring_key, [_hot_units(u) for u in m.used], m.level, m.report, m.support)
            for m in ccr.usage_monitoring
        ],
        "event_triggers": ccr.event_triggers,
        "framed_ipv6_prefix": ccr.framed_ipv6_prefix,
        "ip_can_type": ccr.ip_can_type,
        "rat_type": ccr.rat_type,
        "network_request_support": ccr.network_request_support,
    }


def _hot_qos(qos: Qos | None) -> Plain | None:
    if qos is None:
        return None
    arp = qos.arp
    return {
        "qci": qos.qos_class_identifier,
        "rates": qos.rates,
        "arp": arp
        and (arp.priority_level, arp.preemption_capability, arp.preemption_vulnerability),
    }


def _hot_features(features: list[Any]) -> list[tuple[int | None, int, int]]:
    return [(f.vendor_id, f.feature_list_id, f.feature_list) for f in features]


def _hot_s6a(request: s6a.S6aRequest) -> Plain:
    plain: Plain = {
        "auth_session_state": request.auth_session_state,
        "supported_features": _hot_features(request.supported_features),
    }
    match request:
        case s6a.HotAir():
            plain["visited_plmn_id"] = request.visited_plmn_id
            plain["eutran"] = _hot_wanted(request.eutran)
            plain["utran"] = _hot_wanted(request.utran)
        case s6a.HotUlr():
            terminal = request.terminal
            plain["visited_plmn_id"] = request.visited_plmn_id
            plain["rat_type"] = request.rat_type
            plain["ulr_flags"] = request.ulr_flags
            plain["terminal"] = terminal and (terminal.imei, terminal.software_version)
        case s6a.HotPur():
            plain["pur_flags"] = request.pur_flags
    return plain


def _hot_wanted(wanted: s6a.WantedVectors | None) -> tuple[Any, ...] | None:
    if wanted is None:
        return None
    return (wanted.number, wanted.immediate_response, wanted.resynchronization)


# --- as the generic codec gives them --------------------------------------------------------------


def generic_values(message: Message) -> Plain:
    """The same of a message decoded by name."""
    header = message.header
    session = message.find_avp("Session-Id")
    plain = {
        "header": header,
        "retransmitted": header.is_retransmitted,
        "session": session.encode() if session else b"",
        "session_id": session.value if session else "",
        "origin_host": message.find("Origin-Host"),
        "origin_realm": message.find("Origin-Realm"),
        "destination_host": message.find("Destination-Host"),
        "destination_realm": message.find("Destination-Realm"),
        "user_name": message.find("User-Name"),
        "proxy_infos": [avp.encode() for avp in message.list_avps("Proxy-Info")],
    }
    if header.application_id == 0:
        return plain | {"origin_state_id": message.find("Origin-State-Id")}
    if header.application_id == 4:
        return plain | _common(message) | _ccr(message)
    if header.application_id == 16777238:
        return plain | _common(message) | _gx(message)
    return plain | _s6a(message)


def _common(message: Message) -> Plain:
    return {
        "auth_application_id": message.find("Auth-Application-Id"),
        "request": (message.find("CC-Request-Type"), message.find("CC-Request-Number")),
        "origin_state_id": message.find("Origin-State-Id"),
        "termination_cause": message.find("Termination-Cause"),
        "subscription_ids": [
            (s.get("Subscription-Id-Type"), s.get("Subscription-Id-Data"))
            for s in message.list_avps("Subscription-Id")
        ],
        "framed_ip_address": message.find("Framed-IP-Address"),
    }


def _ccr(message: Message) -> Plain:
    information = message.find_avp("Service-Information")
    ps = information.members.find_avp("PS-Information") if information else None
    return {
        "service_context_id": message.find("Service-Context-Id"),
        "event_timestamp": message.find("Event-Timestamp"),
        "requested_action": message.find("Requested-Action"),
        "multiple_services_indicator": message.find("Multiple-Services-Indicator"),
        "service_identifier": message.find("Service-Identifier"),
        "requested": _requested(message),
        "used": _used(message),
        "equipment": _equipment(message),
        "services": [
            _service(avp.members) for avp in message.list_avps("Multiple-Services-Credit-Control")
        ],
        "access": _access(ps.members) if ps else None,
    }


def _requested(sequence: AvpSequence) -> Any:
    avp = sequence.find_avp("Requested-Service-Unit")
    return _units(avp.members) if avp else None


def _used(sequence: AvpSequence) -> list[Any]:
    return [_units(avp.members) for avp in sequence.list_avps("Used-Service-Unit")]


def _units(units: AvpSequence) -> tuple[Any, ...]:
    return (
        units.find("CC-Total-Octets"),
        units.find("CC-Input-Octets"),
        units.find("CC-Output-Octets"),
        units.find("CC-Service-Specific-Units"),
        units.find("CC-Time"),
        units.find("Tariff-Change-Usage"),
        units.find("Reporting-Reason"),
    )


def _service(service: AvpSequence) -> Plain:
    return {
        "rating_group": service.find("Rating-Group"),
        "service_identifiers": service.list("Service-Identifier"),
        "requested": _requested(service),
        "used": _used(service),
        "reporting_reasons": service.list("Reporting-Reason"),
        "result_code": service.find("Result-Code"),
    }


def _equipment(sequence: AvpSequence) -> Any:
    avp = sequence.find_avp("User-Equipment-Info")
    return avp and (avp.get("User-Equipment-Info-Type"), avp.get("User-Equipment-Info-Value"))


def _access(access: AvpSequence) -> Plain:
    return {
        "called_station_id": access.find("Called-Station-Id"),
        "charging_characteristics": access.find("3GPP-Charging-Characteristics"),
        "charging_id": access.find("3GPP-Charging-Id"),
        "equipment": _equipment(access),
        "ms_timezone": access.find("3GPP-MS-TimeZone"),
        "pdn_connection_charging_id": access.find("PDN-Connection-Charging-ID"),
        "pdp_addresses": [encode_address(value) for value in access.list("PDP-Address")],
        "rat_type": access.find("3GPP-RAT-Type"),
        "sgsn_mcc_mnc": access.find("3GPP-SGSN-MCC-MNC"),
        "user_location_info": access.find("3GPP-User-Location-Info"),
    }


def _gx(message: Message) -> Plain:
    return {
        "access": _access(message),
        "default_bearer_qos": _qos(message, "Default-EPS-Bearer-QoS"),
        "qos_information": _qos(message, "QoS-Information"),
        "supported_features": _features(message),
        "usage_monitoring": [
            (
                avp.find("Monitoring-Key"),
                _used(avp.members),
                avp.find("Usage-Monitoring-Level"),
                avp.find("Usage-Monitoring-Report"),
                avp.find("Usage-Monitoring-Support"),
            )
            for avp in message.list_avps("Usage-Monitoring-Information")
        ],
        "event_triggers": message.list("Event-Trigger"),
        "framed_ipv6_prefix": message.find("Framed-IPv6-Prefix"),
        "ip_can_type": message.find("IP-CAN-Type"),
        "rat_type": message.find("RAT-Type"),
        "network_request_support": message.find("Network-Request-Support"),
    }


_RATES = {
    "Max-Requested-Bandwidth-DL",
    "Max-Requested-Bandwidth-UL",
    "Extended-Max-Requested-BW-DL",
    "Extended-Max-Requested-BW-UL",
    "Guaranteed-Bitrate-DL",
    "Guaranteed-Bitrate-UL",
    "APN-Aggregate-Max-Bitrate-DL",
    "APN-Aggregate-Max-Bitrate-UL",
    "Extended-APN-AMBR-DL",
    "Extended-APN-AMBR-UL",
}


def _qos(message: Message, name: str) -> Plain | None:
    avp = message.find_avp(name)
    if avp is None:
        return None
    arp = avp.members.find_avp("Allocation-Retention-Priority")
    return {
        "qci": avp.find("QoS-Class-Identifier"),
        "rates": {a.code: a.value for a in avp.members.avps if a.name in _RATES},
        "arp": arp
        and (
            arp.get("Priority-Level"),
            arp.find("Pre-emption-Capability"),
            arp.find("Pre-emption-Vulnerability"),
        ),
    }


def _features(message: Message) -> list[tuple[Any, ...]]:
    return [
        (avp.find("Vendor-Id"), avp.get("Feature-List-ID"), avp.get("Feature-List"))
        for avp in message.list_avps("Supported-Features")
    ]


def _s6a(message: Message) -> Plain:
    plain: Plain = {
        "auth_session_state": message.get("Auth-Session-State"),
        "supported_features": _features(message),
    }
    match message.header.command_code:
        case 318:
            plain["visited_plmn_id"] = message.get("Visited-PLMN-Id")
            plain["eutran"] = _wanted(message, "Requested-EUTRAN-Authentication-Info")
            plain["utran"] = _wanted(message, "Requested-UTRAN-GERAN-Authentication-Info")
        case 316:
            terminal = message.find_avp("Terminal-Information")
            plain["visited_plmn_id"] = message.get("Visited-PLMN-Id")
            plain["rat_type"] = message.get("RAT-Type")
            plain["ulr_flags"] = message.get("ULR-Flags")
            plain["terminal"] = terminal and (
                terminal.find("IMEI"),
                terminal.find("Software-Version"),
            )
        case _:
            plain["pur_flags"] = message.find("PUR-Flags")
    return plain


def _wanted(message: Message, name: str) -> Any:
    avp = message.find_avp(name)
    return avp and (
        avp.find("Number-Of-Requested-Vectors"),
        avp.find("Immediate-Response-Preferred"),
        avp.find("Re-Synchronization-Info"),
    )


# --- messages -------------------------------------------------------------------------------------


def hot_messages() -> list[bytes]:
    """All captured and synthetic requests that a hot decoder is for."""
    found = []
    for name in ("open5gs.jsonl", "synthetic.jsonl"):
        for row in rows_of(name):
            raw = bytes.fromhex(row["hex"])
            header: Header = decode_message(raw).header
            if header.is_request and (header.application_id, header.command_code) in DECODERS:
                found.append(raw)
    return found
