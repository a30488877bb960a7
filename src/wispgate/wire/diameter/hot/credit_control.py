"""Credit-Control-Request of Gy (RFC 8506, TS 32.299 section 6.4)."""

from datetime import datetime
from typing import Final

from wispgate.wire.diameter.commands import (
    APPLICATION_CREDIT_CONTROL,
    AVP_AUTH_APPLICATION_ID,
    AVP_CC_REQUEST_NUMBER,
    AVP_CC_REQUEST_TYPE,
    AVP_EVENT_TIMESTAMP,
    AVP_FRAMED_IP_ADDRESS,
    AVP_MULTIPLE_SERVICES_CREDIT_CONTROL,
    AVP_MULTIPLE_SERVICES_INDICATOR,
    AVP_ORIGIN_STATE_ID,
    AVP_REQUESTED_ACTION,
    AVP_REQUESTED_SERVICE_UNIT,
    AVP_SERVICE_CONTEXT_ID,
    AVP_SERVICE_IDENTIFIER,
    AVP_SERVICE_INFORMATION,
    AVP_SUBSCRIPTION_ID,
    AVP_TERMINATION_CAUSE,
    AVP_USED_SERVICE_UNIT,
    AVP_USER_EQUIPMENT_INFO,
    COMMAND_CREDIT_CONTROL,
)
from wispgate.wire.diameter.hot.frame import (
    Frame,
    enumerated,
    shared_text,
)
from wispgate.wire.diameter.hot.request import READ_ONCE, HotRequest
from wispgate.wire.diameter.hot.subscriber import (
    Access,
    UserEquipment,
    read_equipment,
    read_service_information,
    read_subscription,
)
from wispgate.wire.diameter.hot.units import ServiceCredit, Units, read_service_credit, read_units
from wispgate.wire.diameter.hot.unusual import Unusual
from wispgate.wire.diameter.types import decode_time

_SERVICE_INFORMATION: Final = AVP_SERVICE_INFORMATION & 0xFFFFFFFF
COMMON_READ: Final = READ_ONCE | {
    AVP_AUTH_APPLICATION_ID,
    AVP_CC_REQUEST_NUMBER,
    AVP_CC_REQUEST_TYPE,
    AVP_FRAMED_IP_ADDRESS,
    AVP_ORIGIN_STATE_ID,
    AVP_TERMINATION_CAUSE,
}
_READ_ONCE: Final = COMMON_READ | {
    AVP_EVENT_TIMESTAMP,
    AVP_MULTIPLE_SERVICES_INDICATOR,
    AVP_REQUESTED_ACTION,
    AVP_REQUESTED_SERVICE_UNIT,
    AVP_SERVICE_CONTEXT_ID,
    AVP_SERVICE_IDENTIFIER,
    AVP_SERVICE_INFORMATION,
    AVP_USER_EQUIPMENT_INFO,
}


class CreditControl(HotRequest):
    """What CCRs of Gy and Gx have in common."""

    __slots__ = (
        "auth_application_id",
        "framed_ip_address",
        "origin_state_id",
        "request_number",
        "request_type",
        "subscription_ids",
        "termination_cause",
    )

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame)
        self.auth_application_id: int | None = None
        self.request_type: int = -1
        self.request_number: int = -1
        self.origin_state_id: int | None = None
        self.termination_cause: int | None = None
        self.framed_ip_address: bytes | None = None
        # Type and data, in the order in which they came.
        self.subscription_ids: list[tuple[int, str]] = []

    def find_subscription(self, kind: int) -> str | None:
        """The first Subscription-Id of a type: 0 E.164, 1 IMSI, 2 SIP URI, 3 NAI."""
        for found, data in self.subscription_ids:
            if found == kind:
                return data
        return None

    def take_common_short(self, code: int, value: int) -> bool:
        """Reads an AVP of four octets."""
        if code == AVP_CC_REQUEST_TYPE and self.request_type < 0:
            self.request_type = enumerated(value)
        elif code == AVP_CC_REQUEST_NUMBER and self.request_number < 0:
            self.request_number = value
        elif code == AVP_AUTH_APPLICATION_ID and self.auth_application_id is None:
            self.auth_application_id = value
        elif code == AVP_ORIGIN_STATE_ID and self.origin_state_id is None:
            self.origin_state_id = value
        elif code == AVP_TERMINATION_CAUSE and self.termination_cause is None:
            self.termination_cause = enumerated(value)
        else:
            return False
        return True

    def must_have_common(self) -> None:
        """What the grammars of both applications require."""
        self.must_have_routing()
        if self.request_type < 0 or self.request_number < 0 or self.auth_application_id is None:
            raise Unusual


class HotCcr(CreditControl):
    """A CCR of Gy. `used` and `requested` are those of the command itself, without any MSCC."""

    __slots__ = (
        "_event_time",
        "_has_service_information",
        "access",
        "equipment",
        "multiple_services_indicator",
        "requested",
        "requested_action",
        "service_context_id",
        "service_identifier",
        "services",
        "used",
    )

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame)
        self.service_context_id: str | None = None
        self.services: list[ServiceCredit] = []
        self.access: Access | None = None
        self.requested_action: int | None = None
        self.multiple_services_indicator: int | None = None
        self.service_identifier: int | None = None
        self.requested: Units | None = None
        self.used: list[Units] = []
        self.equipment: UserEquipment | None = None
        self._event_time: int | None = None
        self._has_service_information = False

    @property
    def event_timestamp(self) -> datetime | None:
        """Event-Timestamp, made when asked for."""
        seconds = self._event_time
        return None if seconds is None else decode_time(seconds.to_bytes(4, "big"))

    @property
    def imei(self) -> str | None:
        """Of the User-Equipment-Info, wherever it stands."""
        equipment = self.equipment
        if equipment is None and self.access is not None:
            equipment = self.access.equipment
        return None if equipment is None else equipment.imei

    def take_short(self, code: int, value: int) -> bool:
        """Reads an AVP of four octets."""
        if code == AVP_EVENT_TIMESTAMP and self._event_time is None:
            self._event_time = value
        elif code == AVP_MULTIPLE_SERVICES_INDICATOR and self.multiple_services_indicator is None:
            self.multiple_services_indicator = enumerated(value)
        elif code == AVP_REQUESTED_ACTION and self.requested_action is None:
            self.requested_action = enumerated(value)
        elif code == AVP_SERVICE_IDENTIFIER and self.service_identifier is None:
            self.service_identifier = value
        else:
            return self.take_common_short(code, value)
        return True

    def take_long(self, frame: Frame, position: int, length: int) -> bool:
        """Reads an AVP of the base vendor that is text or a group."""
        code = frame.words[position]
        if code == AVP_SUBSCRIPTION_ID:
            self.subscription_ids.append(read_subscription(frame, position, length))
        elif code == AVP_MULTIPLE_SERVICES_CREDIT_CONTROL:
            self.services.append(read_service_credit(frame, position, length))
        elif code == AVP_SERVICE_CONTEXT_ID and self.service_context_id is None:
            first = position << 2
            self.service_context_id = shared_text(frame.raw[first + 8 : first + length])
        elif code == AVP_USER_EQUIPMENT_INFO and self.equipment is None:
            self.equipment = read_equipment(frame, position, length)
        elif code == AVP_USED_SERVICE_UNIT:
            self.used.append(read_units(frame, position, length, code))
        elif code == AVP_REQUESTED_SERVICE_UNIT and self.requested is None:
            self.requested = read_units(frame, position, length, code)
        elif code == AVP_FRAMED_IP_ADDRESS and self.framed_ip_address is None:
            first = position << 2
            self.framed_ip_address = frame.raw[first + 8 : first + length]
        else:
            return False
        return True

    def take_of_3gpp(self, frame: Frame, position: int, length: int) -> bool:
        """Reads Service-Information."""
        if frame.words[position] == _SERVICE_INFORMATION and not self._has_service_information:
            self._has_service_information = True
            self.access = read_service_information(frame, position, length)
            return True
        return False


def decode_ccr(raw: bytes) -> HotCcr | None:
    """A CCR of Gy that keeps all rules, or None for the generic codec to look at."""
    try:
        frame = Frame(raw, APPLICATION_CREDIT_CONTROL, COMMAND_CREDIT_CONTROL)
        ccr = HotCcr(frame)
        ccr.read(frame, _READ_ONCE)
        ccr.must_have_common()
    except (Unusual, IndexError, UnicodeDecodeError):
        return None
    return None if ccr.service_context_id is None else ccr
