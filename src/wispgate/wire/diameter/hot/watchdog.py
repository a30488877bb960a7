"""Device-Watchdog (RFC 6733 section 5.5): small, and what idle peers and load testers send most."""

from typing import Final

from wispgate.wire.diameter.answers import Origin
from wispgate.wire.diameter.commands import (
    APPLICATION_BASE,
    AVP_ORIGIN_STATE_ID,
    COMMAND_DEVICE_WATCHDOG,
)
from wispgate.wire.diameter.header import FLAG_PROXIABLE
from wispgate.wire.diameter.hot.answers import HotAnswers
from wispgate.wire.diameter.hot.frame import Frame
from wispgate.wire.diameter.hot.request import READ_ONCE, HotRequest
from wispgate.wire.diameter.hot.unusual import Unusual
from wispgate.wire.diameter.message import AvpItem, encode_avps

_READ_ONCE: Final = READ_ONCE | {AVP_ORIGIN_STATE_ID}


class HotDwr(HotRequest):
    """A Device-Watchdog-Request."""

    __slots__ = ("origin_state_id",)

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame)
        self.origin_state_id: int | None = None

    def take_short(self, code: int, value: int) -> bool:
        """Reads Origin-State-Id."""
        if code == AVP_ORIGIN_STATE_ID and self.origin_state_id is None:
            self.origin_state_id = value
            return True
        return False


class WatchdogAnswers(HotAnswers):
    """The DWAs of one local identity: `encode` with 2001."""

    __slots__ = ()

    def __init__(self, origin: Origin, origin_state_id: int | None) -> None:
        state: list[AvpItem] = []
        if origin_state_id is not None:
            state.append(("Origin-State-Id", origin_state_id))
        super().__init__(origin, encode_avps(state))


def decode_dwr(raw: bytes) -> HotDwr | None:
    """A DWR that keeps all rules, or None for the generic codec to look at."""
    try:
        frame = Frame(raw, APPLICATION_BASE, COMMAND_DEVICE_WATCHDOG)
        dwr = HotDwr(frame)
        dwr.read(frame, _READ_ONCE)
    except (Unusual, IndexError, UnicodeDecodeError):
        return None
    is_whole = dwr.origin_host is not None and dwr.origin_realm is not None
    return dwr if is_whole and not dwr.flags & FLAG_PROXIABLE else None
