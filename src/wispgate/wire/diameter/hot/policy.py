"""Groups that Gx carries: QoS, Supported-Features and Usage-Monitoring-Information."""

from typing import Final, TypeVar

from wispgate.wire.diameter.commands import (
    AVP_FEATURE_LIST,
    AVP_FEATURE_LIST_ID,
    AVP_SUPPORTED_FEATURES,
    AVP_USAGE_MONITORING_INFORMATION,
    AVP_USED_SERVICE_UNIT,
    AVP_VENDOR_ID,
    TGPP,
)
from wispgate.wire.diameter.hot.frame import (
    BASE_END,
    FOUR,
    SHAPE,
    TGPP_VENDOR,
    VENDOR_BIT,
    VENDOR_FOUR,
    Frame,
    after_avp,
    enumerated,
    group_end,
)
from wispgate.wire.diameter.hot.leftovers import check_group_leftovers
from wispgate.wire.diameter.hot.units import Units, read_units
from wispgate.wire.diameter.hot.unusual import Unusual

# Codes of 3GPP's, without the vendor.
_PRIORITY_LEVEL: Final = 1046
_PREEMPTION_CAPABILITY: Final = 1047
_PREEMPTION_VULNERABILITY: Final = 1048
_ARP: Final = 1034
_QOS_CLASS_IDENTIFIER: Final = 1028
_FEATURE_LIST_ID: Final = 629
_FEATURE_LIST: Final = 630
_MONITORING_KEY: Final = 1066
_USAGE_MONITORING_LEVEL: Final = 1068
_USAGE_MONITORING_REPORT: Final = 1069
_USAGE_MONITORING_SUPPORT: Final = 1070

# The grammar of Usage-Monitoring-Information has no more.
_MOST_USED: Final = 2

MAX_REQUESTED_BANDWIDTH_DL: Final = 515
MAX_REQUESTED_BANDWIDTH_UL: Final = 516
EXTENDED_MAX_REQUESTED_BW_DL: Final = 554
EXTENDED_MAX_REQUESTED_BW_UL: Final = 555
GUARANTEED_BITRATE_DL: Final = 1025
GUARANTEED_BITRATE_UL: Final = 1026
APN_AGGREGATE_MAX_BITRATE_DL: Final = 1040
APN_AGGREGATE_MAX_BITRATE_UL: Final = 1041
EXTENDED_APN_AMBR_DL: Final = 2848
EXTENDED_APN_AMBR_UL: Final = 2849
_RATES: Final = frozenset(
    {
        MAX_REQUESTED_BANDWIDTH_DL,
        MAX_REQUESTED_BANDWIDTH_UL,
        EXTENDED_MAX_REQUESTED_BW_DL,
        EXTENDED_MAX_REQUESTED_BW_UL,
        GUARANTEED_BITRATE_DL,
        GUARANTEED_BITRATE_UL,
        APN_AGGREGATE_MAX_BITRATE_DL,
        APN_AGGREGATE_MAX_BITRATE_UL,
        EXTENDED_APN_AMBR_DL,
        EXTENDED_APN_AMBR_UL,
    }
)
_QOS_READ: Final = frozenset(
    {TGPP | rate for rate in _RATES} | {TGPP | _ARP, TGPP | _QOS_CLASS_IDENTIFIER}
)
_ARP_READ: Final = frozenset(
    {TGPP | _PRIORITY_LEVEL, TGPP | _PREEMPTION_CAPABILITY, TGPP | _PREEMPTION_VULNERABILITY}
)
_FEATURES_READ: Final = frozenset({AVP_VENDOR_ID, AVP_FEATURE_LIST_ID, AVP_FEATURE_LIST})
_MONITORING_READ: Final = frozenset(
    {
        TGPP | _MONITORING_KEY,
        TGPP | _USAGE_MONITORING_LEVEL,
        TGPP | _USAGE_MONITORING_REPORT,
        TGPP | _USAGE_MONITORING_SUPPORT,
    }
)


class Arp:
    """An Allocation-Retention-Priority: 0 is "enabled" in the last two, 1 "disabled"."""

    __slots__ = ("preemption_capability", "preemption_vulnerability", "priority_level")

    def __init__(self) -> None:
        self.priority_level: int = -1
        self.preemption_capability: int | None = None
        self.preemption_vulnerability: int | None = None

    def take(self, code: int, value: int) -> bool:
        """Reads an AVP of 3GPP's of four octets."""
        if code == _PRIORITY_LEVEL and self.priority_level < 0:
            self.priority_level = value
        elif code == _PREEMPTION_CAPABILITY and self.preemption_capability is None:
            self.preemption_capability = enumerated(value)
        elif code == _PREEMPTION_VULNERABILITY and self.preemption_vulnerability is None:
            self.preemption_vulnerability = enumerated(value)
        else:
            return False
        return True


class Qos:
    """A QoS-Information or Default-EPS-Bearer-QoS. `rates` is by 3GPP's AVP code, as on the wire."""

    __slots__ = ("arp", "qos_class_identifier", "rates")

    def __init__(self) -> None:
        self.qos_class_identifier: int | None = None
        self.arp: Arp | None = None
        self.rates: dict[int, int] = {}

    def take(self, code: int, value: int) -> bool:
        """Reads an AVP of 3GPP's of four octets."""
        if code in _RATES and code not in self.rates:
            self.rates[code] = value
        elif code == _QOS_CLASS_IDENTIFIER and self.qos_class_identifier is None:
            self.qos_class_identifier = enumerated(value)
        else:
            return False
        return True


class Features:
    """A Supported-Features. Some clients leave the vendor out."""

    __slots__ = ("feature_list", "feature_list_id", "vendor_id")

    def __init__(self) -> None:
        self.vendor_id: int | None = None
        self.feature_list_id: int = -1
        self.feature_list: int = -1

    def take(self, code: int, value: int) -> bool:
        """Reads an AVP of 3GPP's of four octets."""
        if code == _FEATURE_LIST_ID and self.feature_list_id < 0:
            self.feature_list_id = value
        elif code == _FEATURE_LIST and self.feature_list < 0:
            self.feature_list = value
        else:
            return False
        return True


class UsageMonitoring:
    """A Usage-Monitoring-Information as the gateway reports it."""

    __slots__ = ("level", "monitoring_key", "report", "support", "used")

    def __init__(self) -> None:
        self.monitoring_key: bytes | None = None
        self.used: list[Units] = []
        self.level: int | None = None
        self.report: int | None = None
        self.support: int | None = None

    def take(self, code: int, value: int) -> bool:
        """Reads an AVP of 3GPP's of four octets."""
        if code == _USAGE_MONITORING_LEVEL and self.level is None:
            self.level = enumerated(value)
        elif code == _USAGE_MONITORING_REPORT and self.report is None:
            self.report = enumerated(value)
        elif code == _USAGE_MONITORING_SUPPORT and self.support is None:
            self.support = enumerated(value)
        else:
            return False
        return True


# Groups read before, by their octets; should somebody send many, we start again.
_MOST_REMEMBERED: Final = 4096
_LONGEST_REMEMBERED: Final = 256
_qualities: Final[dict[bytes, Qos]] = {}
_features: Final[dict[bytes, Features]] = {}

Known = TypeVar("Known")


def read_qos(frame: Frame, position: int, length: int, group: int) -> Qos:
    """The QoS in the group of 3GPP's at this word; not to be changed, since others get it too."""
    first = position << 2
    octets = frame.raw[first : first + length]
    qos = _qualities.get(octets)
    if qos is None:
        found = len(frame.extra)
        qos = _read_qos(frame, position, length, group)
        # What stands in it that nobody reads has to be told each time.
        if len(frame.extra) == found:
            _remember(_qualities, octets, qos)
    return qos


def _remember(known: "dict[bytes, Known]", octets: bytes, value: Known) -> None:
    """Plans are few, and so are the groups that name their speeds."""
    if len(octets) <= _LONGEST_REMEMBERED:
        if len(known) >= _MOST_REMEMBERED:
            known.clear()
        known[octets] = value


def _read_qos(frame: Frame, position: int, length: int, group: int) -> Qos:
    qos = Qos()
    words = frame.words
    end = group_end(position, length)
    leftover: list[int] = []
    position += 3
    while position < end:
        code, shape = words[position], words[position + 1] & SHAPE
        after = after_avp(position, shape, end)
        is_3gpp = shape > BASE_END and words[position + 2] == TGPP_VENDOR
        if is_3gpp and code == _ARP and qos.arp is None:
            qos.arp = _read_arp(frame, position, shape - VENDOR_BIT)
        elif not (is_3gpp and shape == VENDOR_FOUR and qos.take(code, words[position + 3])):
            leftover.append(position)
        position = after
    if leftover:
        check_group_leftovers(frame, leftover, _QOS_READ, group)
    return qos


def _read_arp(frame: Frame, position: int, length: int) -> Arp:
    arp = Arp()
    words = frame.words
    end = group_end(position, length)
    leftover: list[int] = []
    position += 3
    while position < end:
        shape = words[position + 1] & SHAPE
        after = after_avp(position, shape, end)
        is_number = shape == VENDOR_FOUR and words[position + 2] == TGPP_VENDOR
        if not (is_number and arp.take(words[position], words[position + 3])):
            leftover.append(position)
        position = after
    if arp.priority_level < 0:
        raise Unusual
    if leftover:
        check_group_leftovers(frame, leftover, _ARP_READ, TGPP | _ARP)
    return arp


def read_features(frame: Frame, position: int, length: int) -> Features:
    """The Supported-Features at this word; not to be changed."""
    first = position << 2
    octets = frame.raw[first : first + length]
    features = _features.get(octets)
    if features is None:
        found = len(frame.extra)
        features = _read_features(frame, position, length)
        if len(frame.extra) == found:
            _remember(_features, octets, features)
    return features


def _read_features(frame: Frame, position: int, length: int) -> Features:
    features = Features()
    words = frame.words
    end = group_end(position, length)
    leftover: list[int] = []
    position += 3
    while position < end:
        code, shape = words[position], words[position + 1] & SHAPE
        after = after_avp(position, shape, end)
        is_number = shape == VENDOR_FOUR and words[position + 2] == TGPP_VENDOR
        if shape == FOUR and code == AVP_VENDOR_ID and features.vendor_id is None:
            features.vendor_id = words[position + 2]
        elif not (is_number and features.take(code, words[position + 3])):
            leftover.append(position)
        position = after
    if features.feature_list_id < 0 or features.feature_list < 0:
        raise Unusual
    if leftover:
        check_group_leftovers(frame, leftover, _FEATURES_READ, AVP_SUPPORTED_FEATURES)
    return features


def read_usage_monitoring(frame: Frame, position: int, length: int) -> UsageMonitoring:
    """The Usage-Monitoring-Information at this word."""
    monitoring = UsageMonitoring()
    words = frame.words
    end = group_end(position, length)
    leftover: list[int] = []
    position += 3
    while position < end:
        code, shape = words[position], words[position + 1] & SHAPE
        after = after_avp(position, shape, end)
        is_3gpp = shape > BASE_END and words[position + 2] == TGPP_VENDOR
        if code == AVP_USED_SERVICE_UNIT and shape < BASE_END:
            monitoring.used.append(read_units(frame, position, shape, code))
        elif is_3gpp and code == _MONITORING_KEY and monitoring.monitoring_key is None:
            first = position << 2
            monitoring.monitoring_key = frame.raw[first + 12 : first + shape - VENDOR_BIT]
        elif not (is_3gpp and shape == VENDOR_FOUR and monitoring.take(code, words[position + 3])):
            leftover.append(position)
        position = after
    if len(monitoring.used) > _MOST_USED:
        raise Unusual
    if leftover:
        check_group_leftovers(frame, leftover, _MONITORING_READ, AVP_USAGE_MONITORING_INFORMATION)
    return monitoring
