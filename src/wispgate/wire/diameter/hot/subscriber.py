"""Who and what is served: Subscription-Id, User-Equipment-Info, and the access they use."""

from typing import Final

from wispgate.wire.diameter.commands import (
    AVP_CALLED_STATION_ID,
    AVP_PDN_CONNECTION_CHARGING_ID,
    AVP_PDP_ADDRESS,
    AVP_PS_INFORMATION,
    AVP_SERVICE_INFORMATION,
    AVP_SUBSCRIPTION_ID_DATA,
    AVP_SUBSCRIPTION_ID_TYPE,
    AVP_TGPP_CHARGING_CHARACTERISTICS,
    AVP_TGPP_CHARGING_ID,
    AVP_TGPP_MS_TIMEZONE,
    AVP_TGPP_RAT_TYPE,
    AVP_TGPP_SGSN_MCC_MNC,
    AVP_TGPP_USER_LOCATION_INFO,
    AVP_USER_EQUIPMENT_INFO,
    AVP_USER_EQUIPMENT_INFO_TYPE,
    AVP_USER_EQUIPMENT_INFO_VALUE,
)
from wispgate.wire.diameter.hot.frame import (
    BASE_END,
    FOUR,
    SHAPE,
    TGPP_VENDOR,
    VENDOR_BIT,
    Frame,
    after_avp,
    enumerated,
    group_end,
    plain_text,
    shared_text,
)
from wispgate.wire.diameter.hot.leftovers import check_group_leftovers, read_address
from wispgate.wire.diameter.hot.unusual import Unusual

# Codes of 3GPP's, without the vendor.
_CODE: Final = 0xFFFFFFFF
_CHARGING_ID: Final = AVP_TGPP_CHARGING_ID & _CODE
_CHARGING_CHARACTERISTICS: Final = AVP_TGPP_CHARGING_CHARACTERISTICS & _CODE
_SGSN_MCC_MNC: Final = AVP_TGPP_SGSN_MCC_MNC & _CODE
_RAT_TYPE: Final = AVP_TGPP_RAT_TYPE & _CODE
_USER_LOCATION_INFO: Final = AVP_TGPP_USER_LOCATION_INFO & _CODE
_MS_TIMEZONE: Final = AVP_TGPP_MS_TIMEZONE & _CODE
_PDN_CONNECTION_CHARGING_ID: Final = AVP_PDN_CONNECTION_CHARGING_ID & _CODE
_PDP_ADDRESS: Final = AVP_PDP_ADDRESS & _CODE
_PS_INFORMATION: Final = AVP_PS_INFORMATION & _CODE

_IMEISV: Final = 0
_SUBSCRIPTION_READ: Final = frozenset({AVP_SUBSCRIPTION_ID_TYPE, AVP_SUBSCRIPTION_ID_DATA})
_EQUIPMENT_READ: Final = frozenset({AVP_USER_EQUIPMENT_INFO_TYPE, AVP_USER_EQUIPMENT_INFO_VALUE})
ACCESS_READ: Final = frozenset(
    {
        AVP_TGPP_CHARGING_ID,
        AVP_TGPP_CHARGING_CHARACTERISTICS,
        AVP_TGPP_SGSN_MCC_MNC,
        AVP_TGPP_RAT_TYPE,
        AVP_TGPP_USER_LOCATION_INFO,
        AVP_TGPP_MS_TIMEZONE,
        AVP_PDN_CONNECTION_CHARGING_ID,
        AVP_CALLED_STATION_ID,
        AVP_USER_EQUIPMENT_INFO,
    }
)
_ACCESS_CODES: Final = frozenset({key & _CODE for key in ACCESS_READ} | {_PDP_ADDRESS})
_SERVICE_READ: Final = frozenset({AVP_PS_INFORMATION})


class UserEquipment:
    """A User-Equipment-Info."""

    __slots__ = ("type", "value")

    def __init__(self, kind: int, value: bytes) -> None:
        self.type = kind
        self.value = value

    @property
    def imei(self) -> str | None:
        """The digits, with the software version, as gateways write them: in ASCII."""
        if self.type != _IMEISV or not self.value.isdigit():
            return None
        return self.value.decode()


class Access:
    """How a subscriber reaches the network: PS-Information of Gy, the command itself in Gx."""

    __slots__ = (
        "called_station_id",
        "charging_characteristics",
        "charging_id",
        "equipment",
        "ms_timezone",
        "pdn_connection_charging_id",
        "pdp_addresses",
        "rat_type",
        "sgsn_mcc_mnc",
        "user_location_info",
    )

    def __init__(self) -> None:
        self.called_station_id: str | None = None
        self.charging_characteristics: str | None = None
        self.charging_id: bytes | None = None
        self.equipment: UserEquipment | None = None
        self.ms_timezone: bytes | None = None
        self.pdn_connection_charging_id: int | None = None
        # Each with its family in the first two octets, as type Address has it.
        self.pdp_addresses: list[bytes] = []
        self.rat_type: bytes | None = None
        self.sgsn_mcc_mnc: str | None = None
        self.user_location_info: bytes | None = None

    def take(self, frame: Frame, position: int, length: int) -> bool:
        """Reads an AVP of the base vendor."""
        code = frame.words[position]
        if code == AVP_CALLED_STATION_ID and self.called_station_id is None:
            first = position << 2
            self.called_station_id = shared_text(frame.raw[first + 8 : first + length])
        elif code == AVP_USER_EQUIPMENT_INFO and self.equipment is None:
            self.equipment = read_equipment(frame, position, length)
        else:
            return False
        return True

    def take_of_3gpp(self, frame: Frame, position: int, length: int) -> bool:
        """Reads an AVP of 3GPP's."""
        code = frame.words[position]
        first = position << 2
        if code == _PDP_ADDRESS:
            self.pdp_addresses.append(read_address(frame, position + 3, length - 12))
        elif code == _USER_LOCATION_INFO and self.user_location_info is None:
            self.user_location_info = frame.raw[first + 12 : first + length]
        elif code == _RAT_TYPE and self.rat_type is None:
            self.rat_type = frame.raw[first + 12 : first + length]
        elif code == _SGSN_MCC_MNC and self.sgsn_mcc_mnc is None:
            self.sgsn_mcc_mnc = shared_text(frame.raw[first + 12 : first + length])
        elif code == _CHARGING_ID and self.charging_id is None:
            self.charging_id = frame.raw[first + 12 : first + length]
        elif code == _MS_TIMEZONE and self.ms_timezone is None:
            self.ms_timezone = frame.raw[first + 12 : first + length]
        elif code == _CHARGING_CHARACTERISTICS and self.charging_characteristics is None:
            self.charging_characteristics = shared_text(frame.raw[first + 12 : first + length])
        elif code == _PDN_CONNECTION_CHARGING_ID and length == 16:
            return self._take_pdn_connection(frame.words[position + 3])
        else:
            return False
        return True

    def _take_pdn_connection(self, charging_id: int) -> bool:
        is_first = self.pdn_connection_charging_id is None
        self.pdn_connection_charging_id = charging_id
        return is_first


def read_subscription(frame: Frame, position: int, length: int) -> tuple[int, str]:
    """Type and data of the Subscription-Id at this word."""
    kind, data = _read_pair(frame, position, length, AVP_SUBSCRIPTION_ID_TYPE, _SUBSCRIPTION_READ)
    return kind, plain_text(data)


def read_equipment(frame: Frame, position: int, length: int) -> UserEquipment:
    """The User-Equipment-Info at this word."""
    kind, data = _read_pair(frame, position, length, AVP_USER_EQUIPMENT_INFO_TYPE, _EQUIPMENT_READ)
    return UserEquipment(kind, data)


def _read_pair(
    frame: Frame, position: int, length: int, type_code: int, both: frozenset[int]
) -> tuple[int, bytes]:
    """A group that must have an enumerated type and, as the other of `both`, data."""
    words = frame.words
    group, end = words[position], group_end(position, length)
    kind = -1
    data: bytes | None = None
    leftover: list[int] = []
    position += 2
    while position < end:
        code, shape = words[position], words[position + 1] & SHAPE
        after = after_avp(position, shape, end)
        if code == type_code and shape == FOUR and kind < 0:
            kind = enumerated(words[position + 2])
        elif shape < BASE_END and code != type_code and data is None and code in both:
            first = position << 2
            data = frame.raw[first + 8 : first + shape]
        else:
            leftover.append(position)
        position = after
    if kind < 0 or data is None:
        raise Unusual
    if leftover:
        check_group_leftovers(frame, leftover, both, group)
    return kind, data


def read_service_information(frame: Frame, position: int, length: int) -> Access | None:
    """What the PS-Information in the Service-Information at this word says."""
    words = frame.words
    end = group_end(position, length)
    access: Access | None = None
    leftover: list[int] = []
    position += 3
    while position < end:
        shape = words[position + 1] & SHAPE
        after = after_avp(position, shape, end)
        if (
            words[position] == _PS_INFORMATION
            and shape > BASE_END
            and words[position + 2] == TGPP_VENDOR
            and access is None
        ):
            access = _read_ps_information(frame, position, shape - VENDOR_BIT)
        else:
            leftover.append(position)
        position = after
    if leftover:
        check_group_leftovers(frame, leftover, _SERVICE_READ, AVP_SERVICE_INFORMATION)
    return access


def _read_ps_information(frame: Frame, position: int, length: int) -> Access:
    access = Access()
    words = frame.words
    end = group_end(position, length)
    leftover: list[int] = []
    position += 3
    while position < end:
        code, shape = words[position], words[position + 1] & SHAPE
        length = shape if shape < BASE_END else shape - VENDOR_BIT
        after = position + (length + 3 >> 2)
        if after > end or (length < 12 and (length < 8 or shape > BASE_END)):
            raise Unusual
        if code not in _ACCESS_CODES:
            is_read = False
        elif shape < BASE_END:
            is_read = access.take(frame, position, length)
        else:
            is_read = words[position + 2] == TGPP_VENDOR and access.take_of_3gpp(
                frame, position, length
            )
        if not is_read:
            leftover.append(position)
        position = after
    if leftover:
        check_group_leftovers(frame, leftover, ACCESS_READ, AVP_PS_INFORMATION)
    return access
