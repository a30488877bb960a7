"""What an answer repeats of a request that nobody reads, or that cannot be read to its end.

RFC 6733 sections 6.2 and 7.2: the Session-Id and, in their order, all Proxy-Info. Works on octets
and takes what is whole: behind a length that cannot be, nothing is believed.
"""

from collections.abc import Iterator
from struct import Struct
from typing import Final

from wispgate.wire.diameter.commands import AVP_PROXY_INFO, AVP_SESSION_ID
from wispgate.wire.diameter.header import HEADER_LENGTH

_SHORTEST: Final = 8
_VENDOR: Final = 0x80000000
_LENGTH: Final = 0xFFFFFF
_PROXY_INFO: Final = AVP_PROXY_INFO.to_bytes(4, "big")
_words: Final = Struct(">II")


def session_of(raw: bytes) -> bytes:
    """The first Session-Id, a whole AVP with its padding; nothing if there is none."""
    return next(_whole_avps(raw, AVP_SESSION_ID), b"")


def proxy_infos_of(raw: bytes) -> bytes:
    """All Proxy-Info, one after the other as they came.

    Most requests passed no proxy: one search of the octets tells, for a twentieth of a walk.
    """
    if raw.find(_PROXY_INFO, HEADER_LENGTH) < 0:
        return b""
    return b"".join(_whole_avps(raw, AVP_PROXY_INFO))


def _whole_avps(raw: bytes, wanted: int) -> Iterator[bytes]:
    """AVPs of the base vendor with that code, as far as the lengths before them can be believed."""
    position, end = HEADER_LENGTH, len(raw)
    while position + _SHORTEST <= end:
        code, word = _words.unpack_from(raw, position)
        length = word & _LENGTH
        after = position + (length + 3 & ~3)
        if length < _SHORTEST or after > end:
            return
        if code == wanted and not word & _VENDOR:
            yield raw[position:after]
        position = after
