"""Which NAS cause a Diameter refusal becomes at the MME (TS 29.272 annex A, TS 29.274 annex C).

Seen with Open5GS: AIA 5001 gives 8, AIA 5004 11, ULA 5420 15, ULA 5421 13, ULA 5004 11, and any
refused session 17. A core of the full kind sends a refused session as cause 19 with an ESM cause.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from wispgate.wire.diameter.avp import AvpSequence
from wispgate.wire.diameter.results import ExperimentalResultCode, ResultCode, is_success

NETWORK_FAILURE: Final = 17
ESM_FAILURE: Final = 19
ILLEGAL_UE: Final = 3
SEVERE_NETWORK_FAILURE: Final = 42
IDENTITY_UNKNOWN: Final = 9
ESM_OPERATOR_DETERMINED_BARRING: Final = 8
ESM_UNKNOWN_APN: Final = 27

EXPERIMENTAL_CAUSES: Final[Mapping[int, int]] = MappingProxyType(
    {
        ExperimentalResultCode.USER_UNKNOWN: 8,
        ExperimentalResultCode.ROAMING_NOT_ALLOWED: 11,
        ExperimentalResultCode.UNKNOWN_EPS_SUBSCRIPTION: 15,
        ExperimentalResultCode.RAT_NOT_ALLOWED: 13,
        ExperimentalResultCode.AUTHENTICATION_DATA_UNAVAILABLE: 17,
    }
)
BASE_CAUSES: Final[Mapping[int, int]] = MappingProxyType(
    {
        ResultCode.AUTHORIZATION_REJECTED: 15,
        ResultCode.UNABLE_TO_DELIVER: 15,
        ResultCode.REALM_NOT_SERVED: 15,
        ResultCode.TOO_BUSY: 17,
        ResultCode.UNABLE_TO_COMPLY: 17,
        ResultCode.INVALID_AVP_VALUE: 17,
        ResultCode.AVP_UNSUPPORTED: 17,
        ResultCode.MISSING_AVP: 17,
        ResultCode.RESOURCES_EXCEEDED: 17,
        ResultCode.AVP_OCCURS_TOO_MANY_TIMES: 17,
        ResultCode.CONTRADICTING_AVPS: 17,
    }
)
# Of a refusal on Gy or Gx: ESM causes 26, 29 and 33 (insufficient resources, user authentication
# or authorization failed, requested service option not subscribed).
ESM_CAUSES: Final[Mapping[int, int]] = MappingProxyType(
    {
        ResultCode.CREDIT_LIMIT_REACHED: 33,
        ResultCode.END_USER_SERVICE_DENIED: 33,
        ResultCode.USER_UNKNOWN: 29,
        ResultCode.AUTHORIZATION_REJECTED: 29,
        ResultCode.RATING_FAILED: 33,
    }
)
_INSUFFICIENT_RESOURCES: Final = 26


def find_cause(answer: AvpSequence) -> int | None:
    """The EMM cause of an AIA or ULA that refuses; None for success. Raises MissingAvp."""
    code = answer.find_int("Result-Code")
    if code is not None:
        return None if is_success(code) else BASE_CAUSES.get(code, SEVERE_NETWORK_FAILURE)
    experimental = answer.get_avp("Experimental-Result").members
    code = experimental.get_int("Experimental-Result-Code")
    return EXPERIMENTAL_CAUSES.get(code, SEVERE_NETWORK_FAILURE)


def find_esm_cause(result_code: int) -> int:
    """Of a session that Gy or Gx refused."""
    return ESM_CAUSES.get(result_code, _INSUFFICIENT_RESOURCES)


def describe(name: str, answer: AvpSequence) -> str:
    """An answer that refuses, for people: "ULA 5420 UNKNOWN_EPS_SUBSCRIPTION"."""
    code = answer.find_int("Result-Code")
    if code is not None:
        return f"{name} {name_of(code)}"
    experimental = answer.get_avp("Experimental-Result").members
    code = experimental.get_int("Experimental-Result-Code")
    known = {int(each): each.name for each in ExperimentalResultCode}
    return f"{name} {code} {known.get(code, '(unknown)')}"


def name_of(result_code: int) -> str:
    known = {int(each): each.name for each in ResultCode}
    return f"{result_code} {known.get(result_code, '(unknown)')}"
