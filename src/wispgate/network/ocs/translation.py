"""Credit-Control-Requests in the words of charging (RFC 8506, TS 32.299).

The one module that reads their AVPs; `usual` has read most requests before, from the hot codec.
What it raises names the AVP at fault.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from types import MappingProxyType
from typing import Final

from wispgate.domain.charging.requests import (
    ChargeRequest,
    EventAction,
    ReportingReason,
    RequestKind,
    ServiceGroup,
    TariffChange,
    UsedUnits,
    total_octets,
)
from wispgate.domain.plan.tariff import UnitKind
from wispgate.kernel.errors import InvalidValue
from wispgate.network.ocs import subscribers
from wispgate.wire.diameter import commands
from wispgate.wire.diameter.avp import Avp, example_avp
from wispgate.wire.diameter.commands import TGPP
from wispgate.wire.diameter.errors import DiameterError, InvalidAvpValue, MissingAvp
from wispgate.wire.diameter.message import Message
from wispgate.wire.diameter.results import ResultCode

_IMS_INFORMATION: Final = TGPP | 876
_CALLED_PARTY_ADDRESS: Final = TGPP | 832
_SMS_INFORMATION: Final = TGPP | 2000
_RECIPIENT_INFO: Final = TGPP | 2026
_RECIPIENT_ADDRESS: Final = TGPP | 1201
_ADDRESS_DATA: Final = TGPP | 897

KINDS: Final = {
    1: RequestKind.INITIAL,
    2: RequestKind.UPDATE,
    3: RequestKind.TERMINATION,
    4: RequestKind.EVENT,
}
_EVENT: Final = 4
_REFUND: Final = 1
_ACTIONS: Final = {
    0: EventAction.DIRECT_DEBITING,
    2: EventAction.CHECK_BALANCE,
    3: EventAction.PRICE_ENQUIRY,
}
_REASONS: Final = tuple(ReportingReason)
_TARIFF_CHANGES: Final = {0: TariffChange.BEFORE, 1: TariffChange.AFTER}
# What is counted follows from the specification of the service (TS 32.299 section 7.1.12); the
# number may have a prefix (release and network), and clients that are no 3GPP ones use words.
_CONTEXTS: Final[Mapping[str, UnitKind]] = MappingProxyType(
    {
        "32251": UnitKind.OCTETS,
        "32255": UnitKind.OCTETS,
        "data": UnitKind.OCTETS,
        "32260": UnitKind.SECONDS,
        "32276": UnitKind.SECONDS,
        "voice": UnitKind.SECONDS,
        "32274": UnitKind.MESSAGES,
        "32270": UnitKind.MESSAGES,
        "sms": UnitKind.MESSAGES,
    }
)


class UnknownService(DiameterError):
    """A Service-Context-Id that nobody here can rate."""

    code = "unknown_service"
    result_code = ResultCode.RATING_FAILED


class UnservedAction(DiameterError):
    """A Requested-Action that is not served: a refund."""

    code = "unserved_action"
    result_code = ResultCode.UNABLE_TO_COMPLY


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditControl:
    """A translated request. `type` is its CC-Request-Type.

    `is_command_level`: its units stand beside no MSCC, and so do those of the answer. `services`
    are the Service-Identifiers of the groups that named any.
    """

    type: int
    charge: ChargeRequest
    identities: tuple[subscribers.NamedIdentity, ...]
    apn: str = ""
    framed_address: str | None = None
    is_command_level: bool = False
    services: Mapping[int | None, tuple[int, ...]] = field(default_factory=dict)

    def service_ids_of(self, rating_group: int | None) -> Sequence[int]:
        return self.services.get(rating_group, ())


def read_request(message: Message) -> CreditControl:
    """What a CCR asks and reports. Raises DiameterError or InvalidValue.

    Presence and lengths of AVPs were checked when the message came in.
    """
    avps = _Members(message.avps)
    type_avp = avps.get(commands.AVP_CC_REQUEST_TYPE)
    request_type = _whole(type_avp)
    kind = KINDS.get(request_type)
    if kind is None:
        raise _invalid(type_avp, "no such type of request")
    unit = _unit_of(avps.get(commands.AVP_SERVICE_CONTEXT_ID))
    msccs = avps.list(commands.AVP_MULTIPLE_SERVICES_CREDIT_CONTROL)
    services: dict[int | None, tuple[int, ...]] = {}
    # An event is about one service; it needs no units to be one of it.
    is_command_level = not msccs and (kind is RequestKind.EVENT or _has_units(avps))
    groups = (
        (_read_group(avps, None, kind, unit),)
        if is_command_level
        else _read_msccs(msccs, kind, unit, services)
    )
    ps_information = _find_information(avps, commands.AVP_PS_INFORMATION)
    return CreditControl(
        type=request_type,
        charge=ChargeRequest(
            session_id=avps.get_text(commands.AVP_SESSION_ID),
            number=_whole(avps.get(commands.AVP_CC_REQUEST_NUMBER)),
            kind=kind,
            groups=groups,
            unit=unit,
            action=_action_of(avps) if kind is RequestKind.EVENT else None,
            visited_plmn=_visited_plmn_of(ps_information),
            destination="" if unit is UnitKind.OCTETS else _destination_of(avps),
        ),
        identities=subscribers.list_identities(
            avps.list(commands.AVP_SUBSCRIPTION_ID), avps.find_text(commands.AVP_USER_NAME)
        ),
        apn=ps_information.find_text(commands.AVP_CALLED_STATION_ID).lower(),
        framed_address=_framed_address_of(ps_information),
        is_command_level=is_command_level,
        services=services,
    )


class _Members:
    """AVPs of one level by their keys: one walk, where a search for each would take twenty."""

    __slots__ = ("_by_key",)

    def __init__(self, avps: tuple[Avp, ...]) -> None:
        by_key: dict[int, list[Avp]] = {}
        for avp in avps:
            key = avp.vendor_id << 32 | avp.code
            if key in by_key:
                by_key[key].append(avp)
            else:
                by_key[key] = [avp]
        self._by_key = by_key

    def list(self, key: int) -> Sequence[Avp]:
        return self._by_key.get(key, ())

    def find(self, key: int) -> Avp | None:
        found = self._by_key.get(key)
        return found[0] if found else None

    def get(self, key: int) -> Avp:
        """Raises MissingAvp."""
        found = self._by_key.get(key)
        if not found:
            raise MissingAvp(f"AVP {key} is missing", failed_avp=example_avp(key))
        return found[0]

    def find_whole(self, key: int) -> int | None:
        found = self._by_key.get(key)
        return int.from_bytes(found[0].data, "big") if found else None

    def get_text(self, key: int) -> str:
        return _text(self.get(key))

    def find_text(self, key: int) -> str:
        """ "" where there is none."""
        found = self._by_key.get(key)
        return _text(found[0]) if found else ""

    def group(self, key: int) -> "_Members":
        """The members of a group; none of a group that is not there."""
        found = self._by_key.get(key)
        return _Members(found[0].members.avps) if found else _NOTHING


_NOTHING: Final = _Members(())


def _whole(avp: Avp) -> int:
    return int.from_bytes(avp.data, "big")


def _text(avp: Avp) -> str:
    try:
        text = avp.data.decode()
    except UnicodeDecodeError:
        raise _invalid(avp, "not UTF-8") from None
    if "\0" in text:
        raise _invalid(avp, "has a NUL in it")
    return text


def find_unit(service_context_id: str) -> UnitKind | None:
    """What a service is counted in, if it is rated here."""
    name = service_context_id.split("@", maxsplit=1)[0]
    return _CONTEXTS.get(name.rsplit(".", 1)[-1].lower())


def _unit_of(avp: Avp) -> UnitKind:
    context = _text(avp)
    unit = find_unit(context)
    if unit is None:
        name = context.split("@")[0]
        raise UnknownService(f"no service {name!r} is rated here", failed_avp=avp.encode())
    return unit


def _action_of(avps: _Members) -> EventAction:
    avp = avps.get(commands.AVP_REQUESTED_ACTION)
    action = _ACTIONS.get(_whole(avp))
    if _whole(avp) == _REFUND:
        raise UnservedAction("refunds are not served", failed_avp=avp.encode())
    if action is None:
        raise _invalid(avp, "no such action")
    return action


def _has_units(avps: _Members) -> bool:
    return (
        avps.find(commands.AVP_REQUESTED_SERVICE_UNIT) is not None
        or avps.find(commands.AVP_USED_SERVICE_UNIT) is not None
    )


def _read_msccs(
    msccs: Sequence[Avp],
    kind: RequestKind,
    unit: UnitKind,
    services: dict[int | None, tuple[int, ...]],
) -> tuple[ServiceGroup, ...]:
    """One group for each rating group: services that share one share its quota too."""
    groups: dict[int | None, ServiceGroup] = {}
    for mscc in msccs:
        members = _Members(mscc.members.avps)
        rating_group = members.find_whole(commands.AVP_RATING_GROUP)
        group = _read_group(members, rating_group, kind, unit)
        known = groups.get(rating_group)
        groups[rating_group] = group if known is None else join(known, group)
        named = members.list(commands.AVP_SERVICE_IDENTIFIER)
        if named:
            ids = tuple(_whole(avp) for avp in named)
            services[rating_group] = (*services.get(rating_group, ()), *ids)
    return tuple(groups.values())


def join(one: ServiceGroup, other: ServiceGroup) -> ServiceGroup:
    """Two groups of one rating group as one."""
    wishes = [wish for wish in (one.wanted_units, other.wanted_units) if wish is not None]
    return ServiceGroup(
        one.rating_group,
        sum(wishes) if wishes else None,
        one.used + other.used,
        one.reporting_reason or other.reporting_reason,
    )


def _read_group(
    members: _Members, rating_group: int | None, kind: RequestKind, unit: UnitKind
) -> ServiceGroup:
    requested = members.find(commands.AVP_REQUESTED_SERVICE_UNIT)
    used, reason = _read_used(members, unit)
    wanted: int | None = None
    if kind is RequestKind.TERMINATION:
        pass
    elif requested is not None:
        wanted = _count(_Members(requested.members.avps), unit)
    elif kind is RequestKind.INITIAL or (kind is RequestKind.UPDATE and not used):
        wanted = 0  # nothing said: the server decides how much
    return ServiceGroup(rating_group, wanted, used, reason)


def _read_used(
    members: _Members, unit: UnitKind
) -> tuple[tuple[UsedUnits, ...], ReportingReason | None]:
    """Reporting-Reason stands in the group or, for some reasons, beside the units used."""
    reason = _reason_of(members)
    used = []
    for avp in members.list(commands.AVP_USED_SERVICE_UNIT):
        inner = _Members(avp.members.avps)
        change = inner.find_whole(commands.AVP_TARIFF_CHANGE_USAGE)
        try:
            used.append(used_units(_count(inner, unit), unit, change))
        except InvalidValue as error:
            raise _invalid(avp, error.message) from None
        reason = reason or _reason_of(inner)
    return tuple(used), reason


def used_units(count: int, unit: UnitKind, change: int | None) -> UsedUnits:
    """Only what the service is charged by: other counters were not granted, and may be rubbish."""
    tariff_change = TariffChange.NONE if change is None else _TARIFF_CHANGES.get(change)
    tariff_change = tariff_change or TariffChange.NONE
    match unit:
        case UnitKind.OCTETS:
            return UsedUnits(octets=count, tariff_change=tariff_change)
        case UnitKind.SECONDS:
            return UsedUnits(seconds=count, tariff_change=tariff_change)
        case _:
            return UsedUnits(messages=count, tariff_change=tariff_change)


def _count(units: _Members, unit: UnitKind) -> int:
    match unit:
        case UnitKind.OCTETS:
            return total_octets(
                units.find_whole(commands.AVP_CC_TOTAL_OCTETS),
                uplink=units.find_whole(commands.AVP_CC_INPUT_OCTETS),
                downlink=units.find_whole(commands.AVP_CC_OUTPUT_OCTETS),
            )
        case UnitKind.SECONDS:
            return units.find_whole(commands.AVP_CC_TIME) or 0
        case _:
            return units.find_whole(commands.AVP_CC_SERVICE_SPECIFIC_UNITS) or 0


def _reason_of(members: _Members) -> ReportingReason | None:
    return find_reason(members.find_whole(commands.AVP_REPORTING_REASON))


def find_reason(value: int | None) -> ReportingReason | None:
    """A Reporting-Reason; None for one that came after this was written."""
    return _REASONS[value] if value is not None and value < len(_REASONS) else None


def _find_information(avps: _Members, key: int) -> _Members:
    """A group of Service-Information."""
    return avps.group(commands.AVP_SERVICE_INFORMATION).group(key)


def _visited_plmn_of(ps_information: _Members) -> str:
    return plmn_of(ps_information.find_text(commands.AVP_TGPP_SGSN_MCC_MNC))


def _framed_address_of(ps_information: _Members) -> str | None:
    avp = ps_information.find(commands.AVP_PDP_ADDRESS)
    return None if avp is None else find_address(avp.data)


def plmn_of(text: str) -> str:
    """MCC and MNC; "" where it is anything else."""
    return text if text.isascii() and text.isdigit() else ""


def find_address(data: bytes) -> str | None:
    """The text of an Address: family, then the octets."""
    try:
        return str(ip_address(data[2:]))
    except ValueError:
        return None


def _destination_of(avps: _Members) -> str:
    """Digits of who is called or written to; "" where nothing tells."""
    called = _find_information(avps, _IMS_INFORMATION).find_text(_CALLED_PARTY_ADDRESS)
    if not called:
        recipient = _find_information(avps, _SMS_INFORMATION).group(_RECIPIENT_INFO)
        called = recipient.group(_RECIPIENT_ADDRESS).find_text(_ADDRESS_DATA)
    return subscribers.digits_of(called)


def _invalid(avp: Avp, message: str) -> InvalidAvpValue:
    return InvalidAvpValue(message, failed_avp=avp.encode())
