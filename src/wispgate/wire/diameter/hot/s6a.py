"""Authentication-Information, Update-Location and Purge-UE of S6a (TS 29.272 section 7.2)."""

from typing import Final

from wispgate.wire.diameter.commands import (
    APPLICATION_S6A,
    AVP_AUTH_SESSION_STATE,
    AVP_IMEI,
    AVP_PUR_FLAGS,
    AVP_RAT_TYPE,
    AVP_REQUESTED_EUTRAN_AUTHENTICATION_INFO,
    AVP_REQUESTED_UTRAN_GERAN_AUTHENTICATION_INFO,
    AVP_SOFTWARE_VERSION,
    AVP_TERMINAL_INFORMATION,
    AVP_ULR_FLAGS,
    AVP_VISITED_PLMN_ID,
    COMMAND_AUTHENTICATION_INFORMATION,
    COMMAND_PURGE_UE,
    COMMAND_UPDATE_LOCATION,
    TGPP,
)
from wispgate.wire.diameter.hot.frame import (
    BASE_END,
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
from wispgate.wire.diameter.hot.leftovers import check_group_leftovers
from wispgate.wire.diameter.hot.policy import Features, read_features
from wispgate.wire.diameter.hot.request import READ_ONCE, HotRequest
from wispgate.wire.diameter.hot.unusual import Unusual

# Codes of 3GPP's, without the vendor.
_CODE: Final = 0xFFFFFFFF
_VISITED_PLMN_ID: Final = AVP_VISITED_PLMN_ID & _CODE
_EUTRAN: Final = AVP_REQUESTED_EUTRAN_AUTHENTICATION_INFO & _CODE
_UTRAN: Final = AVP_REQUESTED_UTRAN_GERAN_AUTHENTICATION_INFO & _CODE
_NUMBER_OF_VECTORS: Final = 1410
_RESYNCHRONIZATION: Final = 1411
_IMMEDIATE_RESPONSE: Final = 1412
_RAT_TYPE: Final = AVP_RAT_TYPE & _CODE
_ULR_FLAGS: Final = AVP_ULR_FLAGS & _CODE
_PUR_FLAGS: Final = AVP_PUR_FLAGS & _CODE
_TERMINAL_INFORMATION: Final = AVP_TERMINAL_INFORMATION & _CODE
_IMEI: Final = AVP_IMEI & _CODE
_SOFTWARE_VERSION: Final = AVP_SOFTWARE_VERSION & _CODE
_SUPPORTED_FEATURES: Final = 628

_COMMON_READ: Final = READ_ONCE | {AVP_AUTH_SESSION_STATE}
_AIR_READ: Final = _COMMON_READ | {
    AVP_VISITED_PLMN_ID,
    AVP_REQUESTED_EUTRAN_AUTHENTICATION_INFO,
    AVP_REQUESTED_UTRAN_GERAN_AUTHENTICATION_INFO,
}
_ULR_READ: Final = _COMMON_READ | {
    AVP_VISITED_PLMN_ID,
    AVP_RAT_TYPE,
    AVP_ULR_FLAGS,
    AVP_TERMINAL_INFORMATION,
}
_PUR_READ: Final = _COMMON_READ | {AVP_PUR_FLAGS}
_WANTED_READ: Final = frozenset(
    {TGPP | _NUMBER_OF_VECTORS, TGPP | _RESYNCHRONIZATION, TGPP | _IMMEDIATE_RESPONSE}
)
_TERMINAL_READ: Final = frozenset({AVP_IMEI, AVP_SOFTWARE_VERSION})


class S6aRequest(HotRequest):
    """What requests of a serving node have in common; `user_name` is the IMSI."""

    __slots__ = ("auth_session_state", "supported_features")

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame)
        self.auth_session_state: int = -1
        self.supported_features: list[Features] = []

    def take_short(self, code: int, value: int) -> bool:
        """Reads Auth-Session-State."""
        if code == AVP_AUTH_SESSION_STATE and self.auth_session_state < 0:
            self.auth_session_state = enumerated(value)
            return True
        return False

    def take_features(self, frame: Frame, position: int, length: int) -> bool:
        """Reads a Supported-Features."""
        if frame.words[position] == _SUPPORTED_FEATURES:
            self.supported_features.append(read_features(frame, position, length))
            return True
        return False

    def must_have_subscriber(self) -> None:
        """What the grammars of all three commands require."""
        self.must_have_routing()
        if self.user_name is None or self.auth_session_state < 0:
            raise Unusual


class WantedVectors:
    """A Requested-EUTRAN- or Requested-UTRAN-GERAN-Authentication-Info."""

    __slots__ = ("immediate_response", "number", "resynchronization")

    def __init__(self) -> None:
        self.number: int | None = None
        self.immediate_response: int | None = None
        # RAND and AUTS, 30 octets, as they came.
        self.resynchronization: bytes | None = None

    def take(self, frame: Frame, position: int, length: int) -> bool:
        """Reads an AVP of 3GPP's."""
        code = frame.words[position]
        if code == _NUMBER_OF_VECTORS and length == 16 and self.number is None:
            self.number = frame.words[position + 3]
        elif code == _IMMEDIATE_RESPONSE and length == 16 and self.immediate_response is None:
            self.immediate_response = frame.words[position + 3]
        elif code == _RESYNCHRONIZATION and self.resynchronization is None:
            first = position << 2
            self.resynchronization = frame.raw[first + 12 : first + length]
        else:
            return False
        return True


class Terminal:
    """A Terminal-Information."""

    __slots__ = ("imei", "software_version")

    def __init__(self) -> None:
        self.imei: str | None = None
        self.software_version: str | None = None

    def take(self, frame: Frame, position: int, length: int) -> bool:
        """Reads an AVP of 3GPP's."""
        code = frame.words[position]
        first = position << 2
        if code == _IMEI and self.imei is None:
            self.imei = plain_text(frame.raw[first + 12 : first + length])
        elif code == _SOFTWARE_VERSION and self.software_version is None:
            self.software_version = shared_text(frame.raw[first + 12 : first + length])
        else:
            return False
        return True


class HotAir(S6aRequest):
    """An Authentication-Information-Request. `visited_plmn_id` is octets, TBCD."""

    __slots__ = ("eutran", "utran", "visited_plmn_id")

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame)
        self.visited_plmn_id: bytes | None = None
        self.eutran: WantedVectors | None = None
        self.utran: WantedVectors | None = None

    def take_of_3gpp(self, frame: Frame, position: int, length: int) -> bool:
        """Reads an AVP of 3GPP's."""
        code = frame.words[position]
        if code == _EUTRAN and self.eutran is None:
            self.eutran = _read_wanted(frame, position, length)
        elif code == _VISITED_PLMN_ID and self.visited_plmn_id is None:
            first = position << 2
            self.visited_plmn_id = frame.raw[first + 12 : first + length]
        elif code == _UTRAN and self.utran is None:
            self.utran = _read_wanted(frame, position, length)
        else:
            return self.take_features(frame, position, length)
        return True


class HotUlr(S6aRequest):
    """An Update-Location-Request. `visited_plmn_id` is octets, TBCD."""

    __slots__ = ("rat_type", "terminal", "ulr_flags", "visited_plmn_id")

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame)
        self.visited_plmn_id: bytes | None = None
        self.rat_type: int = -1
        self.ulr_flags: int = -1
        self.terminal: Terminal | None = None

    def take_of_3gpp(self, frame: Frame, position: int, length: int) -> bool:
        """Reads an AVP of 3GPP's."""
        code = frame.words[position]
        if code == _RAT_TYPE and length == 16 and self.rat_type < 0:
            self.rat_type = enumerated(frame.words[position + 3])
        elif code == _ULR_FLAGS and length == 16 and self.ulr_flags < 0:
            self.ulr_flags = frame.words[position + 3]
        elif code == _VISITED_PLMN_ID and self.visited_plmn_id is None:
            first = position << 2
            self.visited_plmn_id = frame.raw[first + 12 : first + length]
        elif code == _TERMINAL_INFORMATION and self.terminal is None:
            self.terminal = _read_terminal(frame, position, length)
        else:
            return self.take_features(frame, position, length)
        return True


class HotPur(S6aRequest):
    """A Purge-UE-Request."""

    __slots__ = ("pur_flags",)

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame)
        self.pur_flags: int | None = None

    def take_of_3gpp(self, frame: Frame, position: int, length: int) -> bool:
        """Reads an AVP of 3GPP's."""
        if frame.words[position] == _PUR_FLAGS and length == 16 and self.pur_flags is None:
            self.pur_flags = frame.words[position + 3]
            return True
        return self.take_features(frame, position, length)


def decode_air(raw: bytes) -> HotAir | None:
    """An AIR that keeps all rules, or None for the generic codec to look at."""
    try:
        frame = Frame(raw, APPLICATION_S6A, COMMAND_AUTHENTICATION_INFORMATION)
        air = HotAir(frame)
        air.read(frame, _AIR_READ)
        air.must_have_subscriber()
    except (Unusual, IndexError, UnicodeDecodeError):
        return None
    return None if air.visited_plmn_id is None else air


def decode_ulr(raw: bytes) -> HotUlr | None:
    """A ULR that keeps all rules, or None for the generic codec to look at."""
    try:
        frame = Frame(raw, APPLICATION_S6A, COMMAND_UPDATE_LOCATION)
        ulr = HotUlr(frame)
        ulr.read(frame, _ULR_READ)
        ulr.must_have_subscriber()
    except (Unusual, IndexError, UnicodeDecodeError):
        return None
    is_whole = ulr.visited_plmn_id is not None and ulr.rat_type >= 0 and ulr.ulr_flags >= 0
    return ulr if is_whole else None


def decode_pur(raw: bytes) -> HotPur | None:
    """A PUR that keeps all rules, or None for the generic codec to look at."""
    try:
        frame = Frame(raw, APPLICATION_S6A, COMMAND_PURGE_UE)
        pur = HotPur(frame)
        pur.read(frame, _PUR_READ)
        pur.must_have_subscriber()
    except (Unusual, IndexError, UnicodeDecodeError):
        return None
    return pur


def _read_wanted(frame: Frame, position: int, length: int) -> WantedVectors:
    wanted = WantedVectors()
    words = frame.words
    group, end = words[position], group_end(position, length)
    leftover: list[int] = []
    position += 3
    while position < end:
        shape = words[position + 1] & SHAPE
        after = after_avp(position, shape, end)
        is_3gpp = shape > BASE_END and words[position + 2] == TGPP_VENDOR
        if not (is_3gpp and wanted.take(frame, position, shape - VENDOR_BIT)):
            leftover.append(position)
        position = after
    if leftover:
        check_group_leftovers(frame, leftover, _WANTED_READ, TGPP | group)
    return wanted


def _read_terminal(frame: Frame, position: int, length: int) -> Terminal:
    terminal = Terminal()
    words = frame.words
    end = group_end(position, length)
    leftover: list[int] = []
    position += 3
    while position < end:
        shape = words[position + 1] & SHAPE
        after = after_avp(position, shape, end)
        is_3gpp = shape > BASE_END and words[position + 2] == TGPP_VENDOR
        if not (is_3gpp and terminal.take(frame, position, shape - VENDOR_BIT)):
            leftover.append(position)
        position = after
    if leftover:
        check_group_leftovers(frame, leftover, _TERMINAL_READ, AVP_TERMINAL_INFORMATION)
    return terminal
