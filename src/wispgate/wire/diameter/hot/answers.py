"""Answers from prebuilt octets: what `answers.answer_to` builds from names, octet for octet."""

from struct import Struct
from typing import Final

from wispgate.wire.diameter.answers import Origin, Result, result_avps
from wispgate.wire.diameter.commands import AVP_RESULT_CODE
from wispgate.wire.diameter.header import FLAG_ERROR, FLAG_PROXIABLE, HEADER_LENGTH, VERSION
from wispgate.wire.diameter.hot.request import HotRequest
from wispgate.wire.diameter.message import encode_avps
from wispgate.wire.diameter.results import is_protocol_error

_MANDATORY: Final = 0x40000000
_FIRST_WORD: Final = VERSION << 24
_PROXIABLE: Final = FLAG_PROXIABLE << 24
_ERROR: Final = FLAG_ERROR << 24
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
