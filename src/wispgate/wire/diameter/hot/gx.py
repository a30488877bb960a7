"""Credit-Control-Request of Gx (TS 29.212 section 5.6.2)."""

from typing import Final

from wispgate.wire.diameter.commands import (
    APPLICATION_GX,
    AVP_DEFAULT_EPS_BEARER_QOS,
    AVP_EVENT_TRIGGER,
    AVP_FRAMED_IP_ADDRESS,
    AVP_FRAMED_IPV6_PREFIX,
    AVP_IP_CAN_TYPE,
    AVP_NETWORK_REQUEST_SUPPORT,
    AVP_QOS_INFORMATION,
    AVP_RAT_TYPE,
    AVP_SUBSCRIPTION_ID,
    AVP_SUPPORTED_FEATURES,
    AVP_USAGE_MONITORING_INFORMATION,
    COMMAND_CREDIT_CONTROL,
)
from wispgate.wire.diameter.hot.credit_control import COMMON_READ, CreditControl
from wispgate.wire.diameter.hot.frame import Frame, enumerated
from wispgate.wire.diameter.hot.policy import (
    Features,
    Qos,
    UsageMonitoring,
    read_features,
    read_qos,
    read_usage_monitoring,
)
from wispgate.wire.diameter.hot.subscriber import ACCESS_READ, Access, read_subscription
from wispgate.wire.diameter.hot.unusual import Unusual

# Codes of 3GPP's, without the vendor.
_CODE: Final = 0xFFFFFFFF
_SUPPORTED_FEATURES: Final = AVP_SUPPORTED_FEATURES & _CODE
_DEFAULT_EPS_BEARER_QOS: Final = AVP_DEFAULT_EPS_BEARER_QOS & _CODE
_QOS_INFORMATION: Final = AVP_QOS_INFORMATION & _CODE
_USAGE_MONITORING_INFORMATION: Final = AVP_USAGE_MONITORING_INFORMATION & _CODE
_IP_CAN_TYPE: Final = AVP_IP_CAN_TYPE & _CODE
_RAT_TYPE: Final = AVP_RAT_TYPE & _CODE
_NETWORK_REQUEST_SUPPORT: Final = AVP_NETWORK_REQUEST_SUPPORT & _CODE
_EVENT_TRIGGER: Final = AVP_EVENT_TRIGGER & _CODE

_READ_ONCE: Final = (
    COMMON_READ
    | ACCESS_READ
    | {
        AVP_FRAMED_IPV6_PREFIX,
        AVP_DEFAULT_EPS_BEARER_QOS,
        AVP_QOS_INFORMATION,
        AVP_IP_CAN_TYPE,
        AVP_RAT_TYPE,
        AVP_NETWORK_REQUEST_SUPPORT,
    }
)


class HotGxCcr(CreditControl):
    """A CCR of Gx. `access` has what Gy puts into PS-Information; RAT-Type is here."""

    __slots__ = (
        "access",
        "default_bearer_qos",
        "event_triggers",
        "framed_ipv6_prefix",
        "ip_can_type",
        "network_request_support",
        "qos_information",
        "rat_type",
        "supported_features",
        "usage_monitoring",
    )

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame)
        self.access = Access()
        self.default_bearer_qos: Qos | None = None
        self.qos_information: Qos | None = None
        self.supported_features: list[Features] = []
        self.usage_monitoring: list[UsageMonitoring] = []
        self.event_triggers: list[int] = []
        self.framed_ipv6_prefix: bytes | None = None
        self.ip_can_type: int | None = None
        self.rat_type: int | None = None
        self.network_request_support: int | None = None

    def take_short(self, code: int, value: int) -> bool:
        """Reads an AVP of four octets; Framed-IP-Address is no number and comes elsewhere."""
        return self.take_common_short(code, value)

    def take_long(self, frame: Frame, position: int, length: int) -> bool:
        """Reads any other AVP of the base vendor."""
        code = frame.words[position]
        if code == AVP_SUBSCRIPTION_ID:
            self.subscription_ids.append(read_subscription(frame, position, length))
        elif code == AVP_FRAMED_IP_ADDRESS and self.framed_ip_address is None:
            first = position << 2
            self.framed_ip_address = frame.raw[first + 8 : first + length]
        elif code == AVP_FRAMED_IPV6_PREFIX and self.framed_ipv6_prefix is None:
            first = position << 2
            self.framed_ipv6_prefix = frame.raw[first + 8 : first + length]
        else:
            return self.access.take(frame, position, length)
        return True

    def take_of_3gpp(self, frame: Frame, position: int, length: int) -> bool:
        """Reads an AVP of 3GPP's."""
        code = frame.words[position]
        if length == 16 and self._take_number(code, frame.words[position + 3]):
            return True
        if code == _SUPPORTED_FEATURES:
            self.supported_features.append(read_features(frame, position, length))
        elif code == _QOS_INFORMATION and self.qos_information is None:
            self.qos_information = read_qos(frame, position, length, AVP_QOS_INFORMATION)
        elif code == _DEFAULT_EPS_BEARER_QOS and self.default_bearer_qos is None:
            self.default_bearer_qos = read_qos(frame, position, length, AVP_DEFAULT_EPS_BEARER_QOS)
        elif code == _USAGE_MONITORING_INFORMATION:
            self.usage_monitoring.append(read_usage_monitoring(frame, position, length))
        else:
            return self.access.take_of_3gpp(frame, position, length)
        return True

    def _take_number(self, code: int, value: int) -> bool:
        if code == _EVENT_TRIGGER:
            self.event_triggers.append(enumerated(value))
        elif code == _IP_CAN_TYPE and self.ip_can_type is None:
            self.ip_can_type = enumerated(value)
        elif code == _RAT_TYPE and self.rat_type is None:
            self.rat_type = enumerated(value)
        elif code == _NETWORK_REQUEST_SUPPORT and self.network_request_support is None:
            self.network_request_support = enumerated(value)
        else:
            return False
        return True


def decode_ccr(raw: bytes) -> HotGxCcr | None:
    """A CCR of Gx that keeps all rules, or None for the generic codec to look at."""
    try:
        frame = Frame(raw, APPLICATION_GX, COMMAND_CREDIT_CONTROL)
        ccr = HotGxCcr(frame)
        ccr.read(frame, _READ_ONCE)
        ccr.must_have_common()
    except (Unusual, IndexError, UnicodeDecodeError):
        return None
    return ccr
