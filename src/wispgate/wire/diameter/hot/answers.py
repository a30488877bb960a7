"""Answers from prebuilt octets: what `answers.answer_to` builds from names, octet for octet."""

from struct import Struct
from typing import Final

from wispgate.wire.diameter.answers import Origin, Result, result_avps
from wispgate.wire.diameter.commands import AVP_RESULT_CODE, AVP_SESSION_ID
from wispgate.wire.diameter.copies import proxy_infos_of
from wispgate.wire.diameter.header import (
    FLAG_ERROR,
    FLAG_PROXIABLE,
    HEADER_LENGTH,
    VERSION,
    Header,
)
from wispgate.wire.diameter.hot.request import HotRequest
from wispgate.wire.diameter.message import encode_avps
from wispgate.wire.diameter.results import is_protocol_error

_MANDATORY: Final = 0x40000000
_FIRST_WORD: Final = VERSION << 24
_PROXIABLE: Final = FLAG_PROXIABLE << 24
_ERROR: Final = FLAG_ERROR << 24
_SESSION_ID: Final = AVP_SESSION_ID.to_bytes(4, "big")
_VENDOR_FLAG: Final = b"\x80"
_header: Final = Struct(">5I")
_result: Final = Struct(">3I")


class HotAnswers:
    """The answers of one local identity in one application.

    `common` is what every answer has behind Origin-Realm.
    """

    __slots__ = ("_origin", "_tail")

    def __init__(self, origin: Origin, common: bytes) -> None:
        self._origin = origin
        self._tail = (
            encode_avps([("Origin-Host", origin.host), ("Origin-Realm", origin.realm)]) + common
        )

    def encode(self, request: HotRequest, result_code: int, avps: bytes = b"") -> bytes:
        """Session-Id, Result-Code, the origin, what is common, `avps`, Proxy-Info."""
        result = _result.pack(AVP_RESULT_CODE, _MANDATORY | 12, result_code)
        return self._encode(request, is_protocol_error(result_code), result, avps)

    def encode_result(self, request: HotRequest, result: Result, avps: bytes = b"") -> bytes:
        """As `encode`, for a result of any kind."""
        return self._encode(
            request, result.is_protocol_error, encode_avps(result_avps(result)), avps
        )

    def _encode(self, request: HotRequest, is_error: bool, result: bytes, avps: bytes) -> bytes:  # noqa: FBT001 (from `encode` alone)
        body = b"".join([request.session, result, self._tail, avps, *request.proxy_infos])
        second = request.flags << 24 & _PROXIABLE | request.command_code
        if is_error:
            second |= _ERROR
        return (
            _header.pack(
                _FIRST_WORD | HEADER_LENGTH + len(body),
                second,
                request.application_id,
                request.hop_by_hop,
                request.end_to_end,
            )
            + body
        )


class UnreadAnswers:
    """One refusal for requests that nobody reads: what must come back is looked for, no more.

    For a node that has too much to do: it costs a fraction of what reading would.
    """

    __slots__ = ("_second", "_tail")

    def __init__(self, origin: Origin, result_code: int) -> None:
        self._second = _ERROR if is_protocol_error(result_code) else 0
        self._tail = encode_avps(
            [
                ("Result-Code", result_code),
                ("Origin-Host", origin.host),
                ("Origin-Realm", origin.realm),
            ]
        )

    def encode(self, raw: bytes, header: Header) -> bytes:
        """The answer: the Session-Id that leads the request, as it must, and all Proxy-Info."""
        body = leading_session(raw) + self._tail + proxy_infos_of(raw)
        return (
            _header.pack(
                _FIRST_WORD | HEADER_LENGTH + len(body),
                self._second | header.flags << 24 & _PROXIABLE | header.command_code,
                header.application_id,
                header.hop_by_hop,
                header.end_to_end,
            )
            + body
        )


def leading_session(raw: bytes) -> bytes:
    """The whole Session-Id of a request that begins with one, else nothing."""
    if raw[20:24] != _SESSION_ID or raw[24:25] >= _VENDOR_FLAG:
        return b""
    length = int.from_bytes(raw[25:28], "big")
    end = HEADER_LENGTH + (length + 3 & ~3)
    return raw[HEADER_LENGTH:end] if length >= 8 and end <= len(raw) else b""
