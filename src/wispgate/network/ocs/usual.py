"""The usual Credit-Control-Request, from the hot codec: packet data, with or without MSCCs.

Says what `translation.read_request` says of the same octets; a test holds them against each other.
Whatever is not usual (voice, messages, events, units beside no MSCC, anything at fault) is left to
it: there is one place that knows what to refuse, and why.
"""

from wispgate.domain.charging.requests import (
    ChargeRequest,
    ReportingReason,
    RequestKind,
    ServiceGroup,
    UsedUnits,
    total_octets,
)
from wispgate.domain.plan.tariff import UnitKind
from wispgate.kernel.errors import InvalidValue
from wispgate.network.ocs.subscribers import order_identities
from wispgate.network.ocs.translation import (
    KINDS,
    CreditControl,
    find_address,
    find_reason,
    find_unit,
    join,
    plmn_of,
    read_request,
    used_units,
)
from wispgate.wire.diameter.hot.credit_control import HotCcr
from wispgate.wire.diameter.hot.units import ServiceCredit, Units
from wispgate.wire.diameter.message import decode_message


def read_hot(ccr: HotCcr) -> CreditControl:
    """What a CCR asks and reports. Raises what `read_request` raises."""
    kind = KINDS.get(ccr.request_type, RequestKind.EVENT)
    if kind is not RequestKind.EVENT and _is_usual(ccr):
        try:
            return _read(ccr, kind)
        except InvalidValue:
            pass  # which AVP is at fault, the generic way finds out
    return read_request(decode_message(ccr.raw))


def _is_usual(ccr: HotCcr) -> bool:
    is_command_level = not ccr.services and (ccr.requested is not None or bool(ccr.used))
    return not is_command_level and find_unit(ccr.service_context_id or "") is UnitKind.OCTETS


def _read(ccr: HotCcr, kind: RequestKind) -> CreditControl:
    services: dict[int | None, tuple[int, ...]] = {}
    access = ccr.access
    apn, plmn, addresses = "", "", []
    if access is not None:
        apn, plmn = access.called_station_id or "", access.sgsn_mcc_mnc or ""
        addresses = access.pdp_addresses
    return CreditControl(
        type=ccr.request_type,
        charge=ChargeRequest(
            session_id=ccr.session_id,
            number=ccr.request_number,
            kind=kind,
            groups=_read_groups(ccr.services, kind, services),
            unit=UnitKind.OCTETS,
            visited_plmn=plmn_of(plmn),
        ),
        identities=order_identities(ccr.subscription_ids, ccr.user_name or ""),
        apn=apn.lower(),
        framed_address=find_address(addresses[0]) if addresses else None,
        services=services,
    )


def _read_groups(
    credits: list[ServiceCredit],
    kind: RequestKind,
    services: dict[int | None, tuple[int, ...]],
) -> tuple[ServiceGroup, ...]:
    groups: dict[int | None, ServiceGroup] = {}
    for credit in credits:
        rating_group = credit.rating_group
        group = _read_group(credit, kind)
        known = groups.get(rating_group)
        groups[rating_group] = group if known is None else join(known, group)
        if credit.service_identifiers:
            ids = services.get(rating_group, ())
            services[rating_group] = (*ids, *credit.service_identifiers)
    return tuple(groups.values())


def _read_group(credit: ServiceCredit, kind: RequestKind) -> ServiceGroup:
    used, reason = _read_used(credit)
    wanted: int | None = None
    if kind is RequestKind.TERMINATION:
        pass
    elif credit.requested is not None:
        wanted = _count(credit.requested)
    elif kind is RequestKind.INITIAL or not used:
        wanted = 0  # nothing said: the server decides how much
    return ServiceGroup(credit.rating_group, wanted, used, reason)


def _read_used(credit: ServiceCredit) -> tuple[tuple[UsedUnits, ...], ReportingReason | None]:
    reasons = credit.reporting_reasons
    reason = find_reason(reasons[0]) if reasons else None
    used = []
    for units in credit.used:
        used.append(used_units(_count(units), UnitKind.OCTETS, units.tariff_change_usage))
        reason = reason or find_reason(units.reporting_reason)
    return tuple(used), reason


def _count(units: Units) -> int:
    return total_octets(units.total_octets, uplink=units.input_octets, downlink=units.output_octets)
