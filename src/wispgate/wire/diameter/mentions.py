"""Whom a message is about: its session, and whether it names a subscriber. For traces."""

from collections.abc import Iterable
from struct import Struct
from typing import Final

from wispgate.wire.diameter.avp import Avp, split_avps
from wispgate.wire.diameter.errors import DiameterError
from wispgate.wire.diameter.header import HEADER_LENGTH
from wispgate.wire.diameter.secrecy import DEEPEST
from wispgate.wire.diameter.types import AvpType

_USER_NAME: Final = 1
_SESSION_ID: Final = 263
_SUBSCRIPTION_ID: Final = 443
_SUBSCRIPTION_ID_DATA: Final = 444
_SUBSCRIPTION_ID_TYPE: Final = 450
_END_USER_IMSI: Final = (1).to_bytes(4, "big")

_FIRST_AVP = Struct(">II")


def session_id_of(raw: bytes) -> bytes:
    """The Session-Id of a whole message; empty where it has none or cannot be read."""
    if len(raw) >= HEADER_LENGTH + 8:
        # RFC 6733 section 8.8: it should be the first AVP, and is.
        code, word = _FIRST_AVP.unpack_from(raw, HEADER_LENGTH)
        if code == _SESSION_ID and not word & 0x80000000:
            return raw[HEADER_LENGTH + 8 : HEADER_LENGTH + (word & 0xFFFFFF)]
    return next((avp.data for avp in _split(raw, HEADER_LENGTH) if avp.key == _SESSION_ID), b"")


def does_mention(raw: bytes, imsi: bytes) -> bool:
    """Whether a whole message names the subscriber of that IMSI (its digits in ASCII).

    Looks for the very value in User-Name and Subscription-Id, not for digits that happen to stand
    somewhere: who may see one subscriber's messages may not see another's.
    """
    return imsi in raw and _any_mentions(_split(raw, HEADER_LENGTH), imsi, 0)


def _any_mentions(avps: Iterable[Avp], imsi: bytes, depth: int) -> bool:
    return any(_mentions(avp, imsi, depth) for avp in avps)


def _mentions(avp: Avp, imsi: bytes, depth: int) -> bool:
    if avp.key == _USER_NAME:
        # A root NAI has a digit before the IMSI (TS 23.003 section 19.3.2).
        return avp.data.partition(b"@")[0] in (imsi, b"0" + imsi)
    if imsi not in avp.data or depth >= DEEPEST:
        return False
    if avp.key == _SUBSCRIPTION_ID:
        found = {member.key: member.data for member in _split(avp.data)}
        is_imsi = found.get(_SUBSCRIPTION_ID_TYPE) == _END_USER_IMSI
        return is_imsi and found.get(_SUBSCRIPTION_ID_DATA) == imsi
    definition = avp.definition
    is_group = definition is not None and definition.type is AvpType.GROUPED
    return is_group and _any_mentions(_split(avp.data), imsi, depth + 1)


def _split(data: bytes, start: int = 0) -> tuple[Avp, ...]:
    try:
        return split_avps(data, start)
    except DiameterError:
        return ()
