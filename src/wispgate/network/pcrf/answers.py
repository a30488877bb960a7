"""From our words to Gx's: results of refusals, and what every answer of the application has."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from wispgate.domain.policy.decisions import Refusal
from wispgate.network.pcrf.requests import PolicyRequest
from wispgate.network.transport.applications import Request
from wispgate.wire.diameter.answers import Origin, Result, answer_to, experimental
from wispgate.wire.diameter.commands import APPLICATION_GX, AVP_PROXY_INFO
from wispgate.wire.diameter.copies import proxy_infos_of
from wispgate.wire.diameter.header import HEADER_LENGTH, Header
from wispgate.wire.diameter.hot.grants import CreditControlAnswers, type_and_number
from wispgate.wire.diameter.hot.gx import HotGxCcr
from wispgate.wire.diameter.message import AvpItem, encode_avps
from wispgate.wire.diameter.results import ExperimentalResultCode, ResultCode

SUCCESS: Final = Result(ResultCode.SUCCESS)
UNKNOWN_SESSION: Final = Result(ResultCode.UNKNOWN_SESSION_ID)
# Something is missing that the PCRF cannot decide without (TS 29.212 section 5.5.3).
INITIAL_PARAMETERS_MISSING: Final = experimental(ExperimentalResultCode.INITIAL_PARAMETERS)

_REJECTED: Final = Result(ResultCode.AUTHORIZATION_REJECTED)
_UNKNOWN: Final = Result(ResultCode.USER_UNKNOWN)

# A refused session is tried again by the phone's timers (NAS cause 17 and the like).
RESULTS: Final[Mapping[Refusal, Result]] = MappingProxyType(
    {
        Refusal.UNKNOWN_SUBSCRIBER: _UNKNOWN,
        Refusal.WITHDRAWN: _UNKNOWN,
        Refusal.SUSPENDED: _REJECTED,
        Refusal.NO_PLAN: _REJECTED,
        Refusal.RAT_NOT_ALLOWED: _REJECTED,
        Refusal.ROAMING_NOT_ALLOWED: _REJECTED,
        Refusal.OPERATOR_BARRED: _REJECTED,
        Refusal.APN_NOT_ALLOWED: _REJECTED,
        Refusal.DEVICE_NOT_ALLOWED: _REJECTED,
        Refusal.OUT_OF_CREDIT: _REJECTED,
    }
)

_UNSPECIFIED: Final = 0
_SUBSCRIPTION: Final = 1
_OF_SUBSCRIPTION: Final = {Refusal.UNKNOWN_SUBSCRIBER, Refusal.WITHDRAWN, Refusal.SUSPENDED}


def release_cause(refusal: Refusal) -> AvpItem:
    """Session-Release-Cause (section 5.3.44) for a session that may not go on."""
    return ("Session-Release-Cause", _SUBSCRIPTION if refusal in _OF_SUBSCRIPTION else _UNSPECIFIED)


def gx_answer(
    request: Request, asked: PolicyRequest, result: Result, avps: Iterable[AvpItem] = ()
) -> bytes:
    """An answer of the Gx application, the same octets whichever codec read the request."""
    hot = request.hot
    if isinstance(hot, HotGxCcr):
        body = type_and_number(hot) + encode_avps(avps)
        return _answers_of(request.origin).encode_result(hot, result, body)
    common: list[AvpItem] = [
        ("Auth-Application-Id", APPLICATION_GX),
        ("CC-Request-Type", int(asked.type)),
        ("CC-Request-Number", asked.number),
    ]
    return answer_to(request.message, result, request.origin, [*common, *avps])


def replay(answer: bytes, request: Request) -> bytes:
    """The stored answer under the identifiers of a request that came again, with its Proxy-Info."""
    header, proxies = _identified(request)
    identifiers = header.hop_by_hop.to_bytes(4, "big") + header.end_to_end.to_bytes(4, "big")
    body = answer[HEADER_LENGTH : len(answer) - len(proxy_infos_of(answer))] + proxies
    length = (HEADER_LENGTH + len(body)).to_bytes(3, "big")
    return answer[:1] + length + answer[4 : HEADER_LENGTH - 8] + identifiers + body


def _identified(request: Request) -> tuple[Header, bytes]:
    hot = request.hot
    if hot is not None:
        return hot.header, b"".join(hot.proxy_infos)
    message = request.message
    return message.header, encode_avps(message.list_avps(AVP_PROXY_INFO))


@lru_cache(maxsize=16)
def _answers_of(origin: Origin) -> CreditControlAnswers:
    return CreditControlAnswers(origin, APPLICATION_GX)
