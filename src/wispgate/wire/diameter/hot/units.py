"""Multiple-Services-Credit-Control of a request, and its units (RFC 8506 sections 8.16 to 8.19)."""

from typing import Final

from wispgate.wire.diameter.commands import (
    AVP_CC_INPUT_OCTETS,
    AVP_CC_OUTPUT_OCTETS,
    AVP_CC_SERVICE_SPECIFIC_UNITS,
    AVP_CC_TIME,
    AVP_CC_TOTAL_OCTETS,
    AVP_MULTIPLE_SERVICES_CREDIT_CONTROL,
    AVP_RATING_GROUP,
    AVP_REPORTING_REASON,
    AVP_REQUESTED_SERVICE_UNIT,
    AVP_RESULT_CODE,
    AVP_SERVICE_IDENTIFIER,
    AVP_TARIFF_CHANGE_USAGE,
    AVP_USED_SERVICE_UNIT,
)
from wispgate.wire.diameter.hot.frame import (
    BASE_END,
    EIGHT,
    FOUR,
    SHAPE,
    TGPP_VENDOR,
    VENDOR_FOUR,
    Frame,
    after_avp,
    enumerated,
    group_end,
)
from wispgate.wire.diameter.hot.leftovers import check_group_leftovers
from wispgate.wire.diameter.hot.unusual import Unusual

_REPORTING_REASON: Final = 872
_UNITS_READ: Final = frozenset(
    {
        AVP_CC_TOTAL_OCTETS,
        AVP_CC_INPUT_OCTETS,
        AVP_CC_OUTPUT_OCTETS,
        AVP_CC_SERVICE_SPECIFIC_UNITS,
        AVP_CC_TIME,
        AVP_TARIFF_CHANGE_USAGE,
        AVP_REPORTING_REASON,
    }
)
_SERVICE_READ: Final = frozenset({AVP_RATING_GROUP, AVP_REQUESTED_SERVICE_UNIT, AVP_RESULT_CODE})


class Units:
    """A Requested-, Used- or Granted-Service-Unit; None where an AVP is absent."""

    __slots__ = (
        "input_octets",
        "output_octets",
        "reporting_reason",
        "seconds",
        "service_specific",
        "tariff_change_usage",
        "total_octets",
    )

    def __init__(self) -> None:
        self.total_octets: int | None = None
        self.input_octets: int | None = None
        self.output_octets: int | None = None
        self.service_specific: int | None = None
        self.seconds: int | None = None
        self.tariff_change_usage: int | None = None
        self.reporting_reason: int | None = None

    def take_long(self, code: int, value: int) -> bool:
        """Reads an AVP of eight octets."""
        if code == AVP_CC_TOTAL_OCTETS and self.total_octets is None:
            self.total_octets = value
        elif code == AVP_CC_INPUT_OCTETS and self.input_octets is None:
            self.input_octets = value
        elif code == AVP_CC_OUTPUT_OCTETS and self.output_octets is None:
            self.output_octets = value
        elif code == AVP_CC_SERVICE_SPECIFIC_UNITS and self.service_specific is None:
            self.service_specific = value
        else:
            return False
        return True

    def take_short(self, code: int, value: int) -> bool:
        """Reads an AVP of four octets."""
        if code == AVP_CC_TIME and self.seconds is None:
            self.seconds = value
        elif code == AVP_TARIFF_CHANGE_USAGE and self.tariff_change_usage is None:
            self.tariff_change_usage = enumerated(value)
        else:
            return False
        return True

    def take_of_3gpp(self, code: int, value: int) -> bool:
        """Reads an AVP of 3GPP's of four octets."""
        if code == _REPORTING_REASON and self.reporting_reason is None:
            self.reporting_reason = enumerated(value)
            return True
        return False


class ServiceCredit:
    """A Multiple-Services-Credit-Control.

    `requested` None: no Requested-Service-Unit; an empty one asks for what the server decides.
    """

    __slots__ = (
        "rating_group",
        "reporting_reasons",
        "requested",
        "result_code",
        "service_identifiers",
        "used",
    )

    def __init__(self) -> None:
        self.rating_group: int | None = None
        self.service_identifiers: list[int] = []
        self.requested: Units | None = None
        self.used: list[Units] = []
        self.reporting_reasons: list[int] = []
        self.result_code: int | None = None

    def take_short(self, code: int, value: int) -> bool:
        """Reads an AVP of four octets."""
        if code == AVP_RATING_GROUP and self.rating_group is None:
            self.rating_group = value
        elif code == AVP_SERVICE_IDENTIFIER:
            self.service_identifiers.append(value)
        elif code == AVP_RESULT_CODE and self.result_code is None:
            self.result_code = value
        else:
            return False
        return True

    def take_group(self, frame: Frame, position: int, length: int) -> bool:
        """Reads a group of the base vendor."""
        code = frame.words[position]
        if code == AVP_USED_SERVICE_UNIT:
            self.used.append(read_units(frame, position, length, code))
        elif code == AVP_REQUESTED_SERVICE_UNIT and self.requested is None:
            self.requested = read_units(frame, position, length, code)
        else:
            return False
        return True

    def take_of_3gpp(self, code: int, value: int) -> bool:
        """Reads an AVP of 3GPP's of four octets."""
        if code == _REPORTING_REASON:
            self.reporting_reasons.append(enumerated(value))
            return True
        return False


def read_units(frame: Frame, position: int, length: int, group: int) -> Units:
    """The units in the group at this word, whose header has two."""
    units = Units()
    if length == 8:
        return units
    words = frame.words
    end = group_end(position, length)
    leftover: list[int] = []
    position += 2
    while position < end:
        code, shape = words[position], words[position + 1] & SHAPE
        if shape == EIGHT:
            after = position + 4
            is_read = units.take_long(code, words[position + 2] << 32 | words[position + 3])
        elif shape == FOUR:
            after = position + 3
            is_read = units.take_short(code, words[position + 2])
        elif shape == VENDOR_FOUR and words[position + 2] == TGPP_VENDOR:
            after = position + 4
            is_read = units.take_of_3gpp(code, words[position + 3])
        else:
            after, is_read = after_avp(position, shape, end), False
        if not is_read:
            leftover.append(position)
        position = after
    if position != end:
        raise Unusual
    if leftover:
        check_group_leftovers(frame, leftover, _UNITS_READ, group)
    return units


def read_service_credit(frame: Frame, position: int, length: int) -> ServiceCredit:
    """The Multiple-Services-Credit-Control at this word."""
    credit = ServiceCredit()
    words = frame.words
    end = group_end(position, length)
    leftover: list[int] = []
    position += 2
    while position < end:
        code, shape = words[position], words[position + 1] & SHAPE
        if shape == FOUR:
            after = position + 3
            is_read = credit.take_short(code, words[position + 2])
        elif shape < BASE_END:
            after = position + (shape + 3 >> 2)
            if after > end or shape < 8:
                raise Unusual
            is_read = credit.take_group(frame, position, shape)
        elif shape == VENDOR_FOUR and words[position + 2] == TGPP_VENDOR:
            after = position + 4
            is_read = credit.take_of_3gpp(code, words[position + 3])
        else:
            after, is_read = after_avp(position, shape, end), False
        if not is_read:
            leftover.append(position)
        position = after
    if position != end:
        raise Unusual
    if leftover:
        check_group_leftovers(frame, leftover, _SERVICE_READ, AVP_MULTIPLE_SERVICES_CREDIT_CONTROL)
    return credit
