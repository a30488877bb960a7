"""From our words to S6a's: results of refusals, and what every answer of the application has."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from wispgate.domain.policy.decisions import Refusal
from wispgate.network.transport.applications import Request
from wispgate.wire.diameter.answers import Result, answer_to, experimental
from wispgate.wire.diameter.commands import APPLICATION_S6A, VENDOR_3GPP
from wispgate.wire.diameter.message import AvpItem, encode_avps
from wispgate.wire.diameter.results import ExperimentalResultCode, ResultCode

SUCCESS: Final = Result(ResultCode.SUCCESS)
# The authentication centre cannot answer now; the phone tries again (TS 29.272 section 7.4.4.1).
AUTHENTICATION_DATA_UNAVAILABLE: Final = experimental(
    ExperimentalResultCode.AUTHENTICATION_DATA_UNAVAILABLE
)

# A suspended phone is told 5420 (NAS cause 15): it looks elsewhere and comes back. 5001 and 5004
# would silence it until power cycle, so they stand only for what is meant to last.
RESULTS: Final[Mapping[Refusal, Result]] = MappingProxyType(
    {
        Refusal.UNKNOWN_SUBSCRIBER: experimental(ExperimentalResultCode.USER_UNKNOWN),
        Refusal.WITHDRAWN: experimental(ExperimentalResultCode.USER_UNKNOWN),
        Refusal.SUSPENDED: experimental(ExperimentalResultCode.UNKNOWN_EPS_SUBSCRIPTION),
        Refusal.NO_PLAN: experimental(ExperimentalResultCode.UNKNOWN_EPS_SUBSCRIPTION),
        Refusal.RAT_NOT_ALLOWED: experimental(ExperimentalResultCode.RAT_NOT_ALLOWED),
        Refusal.ROAMING_NOT_ALLOWED: experimental(ExperimentalResultCode.ROAMING_NOT_ALLOWED),
        Refusal.APN_NOT_ALLOWED: experimental(ExperimentalResultCode.UNKNOWN_EPS_SUBSCRIPTION),
        Refusal.OUT_OF_CREDIT: experimental(ExperimentalResultCode.UNKNOWN_EPS_SUBSCRIPTION),
    }
)

# Auth-Session-State NO_STATE_MAINTAINED and the application (TS 29.272 section 7.1.5 and 7.1.8).
_COMMON: Final = encode_avps(
    [
        ("Auth-Session-State", 1),
        (
            "Vendor-Specific-Application-Id",
            [("Vendor-Id", VENDOR_3GPP), ("Auth-Application-Id", APPLICATION_S6A)],
        ),
    ]
)


def unknown_as(setting: str) -> Refusal:
    """What a core answers for an IMSI that nobody has: its own setting."""
    is_quiet = setting == "roaming_not_allowed"
    return Refusal.ROAMING_NOT_ALLOWED if is_quiet else Refusal.UNKNOWN_SUBSCRIBER


def s6a_answer(request: Request, result: Result, avps: Iterable[AvpItem] = ()) -> bytes:
    """An answer of the S6a application."""
    return answer_to(request.message, result, request.origin, [_COMMON, *avps])
