"""Answers of credit control: CCA, and the Multiple-Services-Credit-Control in them.

Pieces are octets that stand one behind the other:

    service = encode_service(grant_octets(10**7), rating_group=10, validity_seconds=3600,
                             result_code=2001, more=volume_threshold(10**6))
    answers.encode(ccr, 2001, service)
"""

from struct import Struct
from typing import Final

from wispgate.wire.diameter.answers import Origin
from wispgate.wire.diameter.commands import (
    APPLICATION_CREDIT_CONTROL,
    AVP_CC_REQUEST_NUMBER,
    AVP_CC_REQUEST_TYPE,
    AVP_CC_SERVICE_SPECIFIC_UNITS,
    AVP_CC_TIME,
    AVP_CC_TOTAL_OCTETS,
    AVP_GRANTED_SERVICE_UNIT,
    AVP_MULTIPLE_SERVICES_CREDIT_CONTROL,
    AVP_RATING_GROUP,
    AVP_RESULT_CODE,
    AVP_SERVICE_IDENTIFIER,
    AVP_TARIFF_TIME_CHANGE,
    AVP_VALIDITY_TIME,
    VENDOR_3GPP,
)
from wispgate.wire.diameter.hot.answers import HotAnswers
from wispgate.wire.diameter.hot.credit_control import CreditControl
from wispgate.wire.diameter.message import AvpItem, encode_avps

_MANDATORY: Final = 0x40000000
_FOUR: Final = _MANDATORY | 12
_EIGHT: Final = _MANDATORY | 16
_OF_3GPP: Final = 0xC0000010
_TIME_QUOTA_THRESHOLD: Final = 868
_VOLUME_QUOTA_THRESHOLD: Final = 869
_UNIT_QUOTA_THRESHOLD: Final = 1226
_QUOTA_HOLDING_TIME: Final = 871
_two: Final = Struct(">2I")
_avp4: Final = Struct(">3I")
_avp4_of_3gpp: Final = Struct(">4I")
_type_and_number: Final = Struct(">6I")
_unit4: Final = Struct(">5I")
_unit8: Final = Struct(">4IQ")
_unit4_with_change: Final = Struct(">8I")
_unit8_with_change: Final = Struct(">7IQ")
# Multiple-Services-Credit-Control with octets, rating group, validity and result in one stroke.
_usual: Final = Struct(">6IQ9I")


class CreditControlAnswers(HotAnswers):
    """The CCAs of one local identity, for Gy or, with its own application, Gx."""

    __slots__ = ()

    def __init__(self, origin: Origin, application_id: int = APPLICATION_CREDIT_CONTROL) -> None:
        super().__init__(origin, encode_avps([("Auth-Application-Id", application_id)]))

    def encode_cca(self, ccr: CreditControl, result_code: int, avps: bytes = b"") -> bytes:
        """With type and number of the request, then `avps`."""
        return self.encode(ccr, result_code, type_and_number(ccr) + avps)


def type_and_number(ccr: CreditControl) -> bytes:
    """CC-Request-Type and CC-Request-Number, which every CCA repeats."""
    return _type_and_number.pack(
        AVP_CC_REQUEST_TYPE, _FOUR, ccr.request_type,
        AVP_CC_REQUEST_NUMBER, _FOUR, ccr.request_number,
    )  # fmt: skip


def encode_service(
    granted: bytes,
    *,
    rating_group: int | None,
    result_code: int,
    validity_seconds: int | None = None,
    service_identifiers: list[int] | None = None,
    more: bytes = b"",
) -> bytes:
    """A Multiple-Services-Credit-Control: granted units or nothing, then its marks, then `more`."""
    body = granted
    for identifier in service_identifiers or ():
        body += _avp4.pack(AVP_SERVICE_IDENTIFIER, _FOUR, identifier)
    if rating_group is not None:
        body += _avp4.pack(AVP_RATING_GROUP, _FOUR, rating_group)
    if validity_seconds is not None:
        body += _avp4.pack(AVP_VALIDITY_TIME, _FOUR, validity_seconds)
    body += _avp4.pack(AVP_RESULT_CODE, _FOUR, result_code) + more
    return _two.pack(AVP_MULTIPLE_SERVICES_CREDIT_CONTROL, _MANDATORY | 8 + len(body)) + body


def encode_octets_service(
    octets: int, *, rating_group: int, validity_seconds: int, result_code: int, more: bytes = b""
) -> bytes:
    """The usual Multiple-Services-Credit-Control in one stroke."""
    return (
        _usual.pack(
            AVP_MULTIPLE_SERVICES_CREDIT_CONTROL, _MANDATORY | 68 + len(more),
            AVP_GRANTED_SERVICE_UNIT, _MANDATORY | 24,
            AVP_CC_TOTAL_OCTETS, _EIGHT, octets,
            AVP_RATING_GROUP, _FOUR, rating_group,
            AVP_VALIDITY_TIME, _FOUR, validity_seconds,
            AVP_RESULT_CODE, _FOUR, result_code,
        )
        + more
    )  # fmt: skip


def grant_octets(octets: int, *, tariff_change_at: int | None = None) -> bytes:
    """A Granted-Service-Unit of CC-Total-Octets; the change is in seconds of NTP, as on the wire."""
    return _grant_long(AVP_CC_TOTAL_OCTETS, octets, tariff_change_at)


def grant_units(units: int, *, tariff_change_at: int | None = None) -> bytes:
    """A Granted-Service-Unit of CC-Service-Specific-Units, such as messages."""
    return _grant_long(AVP_CC_SERVICE_SPECIFIC_UNITS, units, tariff_change_at)


def grant_seconds(seconds: int, *, tariff_change_at: int | None = None) -> bytes:
    """A Granted-Service-Unit of CC-Time."""
    if tariff_change_at is None:
        return _unit4.pack(AVP_GRANTED_SERVICE_UNIT, _MANDATORY | 20, AVP_CC_TIME, _FOUR, seconds)
    return _unit4_with_change.pack(
        AVP_GRANTED_SERVICE_UNIT, _MANDATORY | 32,
        AVP_TARIFF_TIME_CHANGE, _FOUR, tariff_change_at,
        AVP_CC_TIME, _FOUR, seconds,
    )  # fmt: skip


def _grant_long(code: int, amount: int, tariff_change_at: int | None) -> bytes:
    if tariff_change_at is None:
        return _unit8.pack(AVP_GRANTED_SERVICE_UNIT, _MANDATORY | 24, code, _EIGHT, amount)
    return _unit8_with_change.pack(
        AVP_GRANTED_SERVICE_UNIT, _MANDATORY | 36,
        AVP_TARIFF_TIME_CHANGE, _FOUR, tariff_change_at,
        code, _EIGHT, amount,
    )  # fmt: skip


def volume_threshold(octets: int) -> bytes:
    """Volume-Quota-Threshold: what is left when the client shall ask again (TS 32.299 7.2.237)."""
    return _mark(_VOLUME_QUOTA_THRESHOLD, octets)


def time_threshold(seconds: int) -> bytes:
    """Time-Quota-Threshold."""
    return _mark(_TIME_QUOTA_THRESHOLD, seconds)


def unit_threshold(units: int) -> bytes:
    """Unit-Quota-Threshold."""
    return _mark(_UNIT_QUOTA_THRESHOLD, units)


def quota_holding_time(seconds: int) -> bytes:
    """Quota-Holding-Time: after that long without use the client gives the quota back."""
    return _mark(_QUOTA_HOLDING_TIME, seconds)


def _mark(code: int, value: int) -> bytes:
    return _avp4_of_3gpp.pack(code, _OF_3GPP, VENDOR_3GPP, value)


def final_unit(
    action: int,
    *,
    redirect: tuple[int, str] | None = None,
    filter_ids: list[str] | None = None,
    restriction_rules: list[str] | None = None,
) -> bytes:
    """Final-Unit-Indication (RFC 8506 section 8.34); `redirect` is address type and address.

    Made by name: an operator has few, which callers keep.
    """
    avps: list[AvpItem] = [("Final-Unit-Action", action)]
    avps += [("Restriction-Filter-Rule", rule) for rule in restriction_rules or ()]
    avps += [("Filter-Id", name) for name in filter_ids or ()]
    if redirect is not None:
        kind, address = redirect
        server: list[AvpItem] = [
            ("Redirect-Address-Type", kind),
            ("Redirect-Server-Address", address),
        ]
        avps.append(("Redirect-Server", server))
    return encode_avps([("Final-Unit-Indication", avps)])
