"""Credit-Control-Answers from what was decided, in the shape in which the request asked."""

from collections.abc import Sequence
from functools import lru_cache
from struct import Struct
from typing import Final

from wispgate.domain.plan.exhaustion import Block, FinalAction
from wispgate.domain.plan.tariff import UnitKind
from wispgate.kernel.money import Money
from wispgate.network.ocs.currencies import NUMERIC_CODES
from wispgate.network.ocs.stored import StoredAnswer, StoredGroup
from wispgate.network.ocs.translation import CreditControl
from wispgate.wire.diameter import commands
from wispgate.wire.diameter.answers import Origin, Result, answer_to, result_avps
from wispgate.wire.diameter.header import HEADER_LENGTH
from wispgate.wire.diameter.hot.credit_control import HotCcr
from wispgate.wire.diameter.hot.grants import CreditControlAnswers
from wispgate.wire.diameter.message import AvpItem, Message, encode_avps, encode_named
from wispgate.wire.diameter.results import is_protocol_error

# Any of our processes goes on with a session, since its state is in the database.
_FAILOVER: Final = encode_named("CC-Session-Failover", 1)
_ENOUGH_CREDIT: Final = 0
_NO_CREDIT: Final = 1
_INITIAL: Final = 1
_ACTIONS: Final = {
    FinalAction.TERMINATE: 0,
    FinalAction.REDIRECT: 1,
    FinalAction.RESTRICT_ACCESS: 2,
}
_REDIRECT_TO_URL: Final = 2

# The AVPs of nearly every answer are laid out here: code, flags (M) and length, value. A test
# holds them against the dictionary's encoder.
_M: Final = 0x40000000
_VM: Final = 0xC0000000
_HEAD = Struct(">9I")
_NUMBER = Struct(">3I")
_UNITS64 = Struct(">4IQ")
_UNITS32 = Struct(">5I")
_OF_3GPP = Struct(">4I")
_GROUP = Struct(">2I")
_USUAL_MSCC = Struct(">6IQ13I")
_UNIT_CODES: Final = {
    UnitKind.OCTETS: commands.AVP_CC_TOTAL_OCTETS,
    UnitKind.MESSAGES: commands.AVP_CC_SERVICE_SPECIFIC_UNITS,
}
_THRESHOLD_CODES: Final = {
    UnitKind.OCTETS: commands.AVP_VOLUME_QUOTA_THRESHOLD & 0xFFFFFFFF,
    UnitKind.SECONDS: commands.AVP_TIME_QUOTA_THRESHOLD & 0xFFFFFFFF,
    UnitKind.MESSAGES: commands.AVP_UNIT_QUOTA_THRESHOLD & 0xFFFFFFFF,
}


def build_answer(
    message: Message, origin: Origin, asked: CreditControl, answer: StoredAnswer
) -> bytes:
    """The answer to a request that was translated."""
    head = _head(asked.type, asked.charge.number)
    return _frame(message, answer.result_code, origin, [head, *_parts(asked, answer)])


def build_hot_answer(
    ccr: HotCcr, origin: Origin, asked: CreditControl, answer: StoredAnswer
) -> bytes:
    """As `build_answer`, octet for octet, to a request that the hot codec read."""
    return frame_hot_answer(ccr, origin, answer.result_code, answer_avps(asked, answer))


def frame_hot_answer(ccr: HotCcr, origin: Origin, result_code: int, avps: bytes) -> bytes:
    """The answer whose `answer_avps` are at hand."""
    return _answers_of(origin).encode_cca(ccr, result_code, avps)


def answer_avps(asked: CreditControl, answer: StoredAnswer) -> bytes:
    """What stands between CC-Request-Number and Proxy-Info, whoever asks and whenever."""
    return b"".join(_parts(asked, answer))


@lru_cache(maxsize=16)
def _answers_of(origin: Origin) -> CreditControlAnswers:
    return CreditControlAnswers(origin)


def _parts(asked: CreditControl, answer: StoredAnswer) -> list[bytes]:
    parts = [_FAILOVER] if asked.type == _INITIAL else []
    if asked.is_command_level:
        if answer.groups:
            parts += _units_and_limits(answer.groups[0])
    else:
        parts += [_mscc(group, asked) for group in answer.groups]
    if answer.cost is not None:
        parts.append(encode_avps([_cost_information(answer.cost)]))
    if answer.is_enough is not None:
        credit = _ENOUGH_CREDIT if answer.is_enough else _NO_CREDIT
        parts.append(encode_named("Check-Balance-Result", credit))
    return parts


def _frame(message: Message, code: int, origin: Origin, parts: list[bytes]) -> bytes:
    """As `answer_to` does, with what is the same in all answers kept ready."""
    session = message.get_avp(commands.AVP_SESSION_ID).encode()
    proxies = [avp.encode() for avp in message.list_avps(commands.AVP_PROXY_INFO)]
    body = b"".join([session, _common(code, origin), *parts, *proxies])
    header = message.header.answer_header(is_error=is_protocol_error(code))
    return header.encode(HEADER_LENGTH + len(body)) + body


@lru_cache(maxsize=256)
def _common(code: int, origin: Origin) -> bytes:
    return encode_avps(
        [
            *result_avps(Result(code)),
            ("Origin-Host", origin.host),
            ("Origin-Realm", origin.realm),
        ]
    )


def build_refusal(message: Message, origin: Origin, result: Result) -> bytes:
    """An answer that is not stored: nobody was charged."""
    request_type = message.find_int(commands.AVP_CC_REQUEST_TYPE) or 0
    number = message.find_int(commands.AVP_CC_REQUEST_NUMBER) or 0
    return answer_to(message, result, origin, [_head(request_type, number)])


def _head(request_type: int, number: int) -> bytes:
    return _HEAD.pack(
        *(commands.AVP_AUTH_APPLICATION_ID, _M | 12, commands.APPLICATION_CREDIT_CONTROL),
        *(commands.AVP_CC_REQUEST_TYPE, _M | 12, request_type),
        *(commands.AVP_CC_REQUEST_NUMBER, _M | 12, number),
    )


def _number(code: int, value: int) -> bytes:
    return _NUMBER.pack(code, _M | 12, value)


def _mscc(group: StoredGroup, asked: CreditControl) -> bytes:
    ids = asked.service_ids_of(group.rating_group)
    return _any_mscc(group, ids) if ids or not _is_usual(group) else _usual_mscc(group)


def _is_usual(group: StoredGroup) -> bool:
    """Octets of a rating group, for a time, with a threshold, and nothing else."""
    return (
        group.unit is UnitKind.OCTETS
        and group.units is not None
        and group.rating_group is not None
        and group.tariff_change_at is None
        and group.final is None
        and group.validity_seconds > 0
        and group.threshold_units > 0
    )


def _usual_mscc(group: StoredGroup) -> bytes:
    """As `_any_mscc`, octet for octet, in one stroke."""
    return _USUAL_MSCC.pack(
        *(commands.AVP_MULTIPLE_SERVICES_CREDIT_CONTROL, _M | 84),
        *(commands.AVP_GRANTED_SERVICE_UNIT, _M | 24),
        *(commands.AVP_CC_TOTAL_OCTETS, _M | 16, group.units),
        *(commands.AVP_RATING_GROUP, _M | 12, group.rating_group),
        *(commands.AVP_VALIDITY_TIME, _M | 12, group.validity_seconds),
        *(_THRESHOLD_CODES[UnitKind.OCTETS], _VM | 16, commands.VENDOR_3GPP),
        group.threshold_units,
        *(commands.AVP_RESULT_CODE, _M | 12, group.result_code),
    )


def _any_mscc(group: StoredGroup, service_ids: Sequence[int]) -> bytes:
    parts = [] if group.units is None else [_granted(group)]
    parts += [_number(commands.AVP_SERVICE_IDENTIFIER, service_id) for service_id in service_ids]
    if group.rating_group is not None:
        parts.append(_number(commands.AVP_RATING_GROUP, group.rating_group))
    parts += _limits(group)
    if group.threshold_units:
        parts.append(
            _OF_3GPP.pack(
                _THRESHOLD_CODES[group.unit], _VM | 16, commands.VENDOR_3GPP, group.threshold_units
            )
        )
    parts.append(_number(commands.AVP_RESULT_CODE, group.result_code))
    data = b"".join(parts)
    code = commands.AVP_MULTIPLE_SERVICES_CREDIT_CONTROL
    return _GROUP.pack(code, _M | 8 + len(data)) + data


def _units_and_limits(group: StoredGroup) -> list[bytes]:
    """At command level thresholds have no place; the rest has."""
    units = [] if group.units is None else [_granted(group)]
    return units + _limits(group)


def _granted(group: StoredGroup) -> bytes:
    units = group.units or 0
    if group.unit is UnitKind.SECONDS:
        octets = _UNITS32.pack(
            commands.AVP_GRANTED_SERVICE_UNIT, _M | 20, commands.AVP_CC_TIME, _M | 12, units
        )
    else:
        octets = _UNITS64.pack(
            commands.AVP_GRANTED_SERVICE_UNIT, _M | 24, _UNIT_CODES[group.unit], _M | 16, units
        )
    if group.tariff_change_at is None:
        return octets
    change = encode_named("Tariff-Time-Change", group.tariff_change_at)
    return encode_named("Granted-Service-Unit", [change, octets[8:]])


def _limits(group: StoredGroup) -> list[bytes]:
    limits = []
    if group.validity_seconds:
        limits.append(_number(commands.AVP_VALIDITY_TIME, group.validity_seconds))
    if group.final is not None:
        limits.append(encode_avps([_final_unit_indication(group.final)]))
    return limits


def _final_unit_indication(final: Block) -> AvpItem:
    avps: list[AvpItem] = [("Final-Unit-Action", _ACTIONS[final.final_action])]
    avps += [("Filter-Id", name) for name in final.filter_ids]
    if final.redirect_url:
        avps.append(
            (
                "Redirect-Server",
                [
                    ("Redirect-Address-Type", _REDIRECT_TO_URL),
                    ("Redirect-Server-Address", final.redirect_url),
                ],
            )
        )
    return ("Final-Unit-Indication", avps)


def _cost_information(cost: Money) -> AvpItem:
    """RFC 8506 section 8.7: digits and exponent, the currency as ISO 4217 number."""
    _, digits, exponent = cost.amount.normalize().as_tuple()
    value = int("".join(map(str, digits)))
    unit_value: list[AvpItem] = [("Value-Digits", value)]
    if exponent:
        unit_value.append(("Exponent", int(exponent)))
    return (
        "Cost-Information",
        [("Unit-Value", unit_value), ("Currency-Code", NUMERIC_CODES.get(cost.currency, 0))],
    )
