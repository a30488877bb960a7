"""From our words to S6a's: results of refusals, and what every answer of the application has."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from wispgate.domain.policy.access import OUR_FEATURES, NodeFeatures, OperatorBar
from wispgate.domain.policy.decisions import Refusal, Refused
from wispgate.network.hss.authentication_centre import Vectors
from wispgate.network.transport.applications import Request
from wispgate.wire.diameter.answers import Origin, Result, answer_to, experimental
from wispgate.wire.diameter.commands import APPLICATION_S6A, VENDOR_3GPP
from wispgate.wire.diameter.hot.vectors import S6aAnswers, authentication_info, eutran_vector
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
        # Error-Diagnostic says what is barred, so that the phone learns a fitting cause.
        Refusal.OPERATOR_BARRED: experimental(ExperimentalResultCode.ROAMING_NOT_ALLOWED),
        # Cause 15 for a wrong device, too: back in its own one the card is to work again.
        Refusal.DEVICE_NOT_ALLOWED: experimental(ExperimentalResultCode.UNKNOWN_EPS_SUBSCRIPTION),
        Refusal.OUT_OF_CREDIT: experimental(ExperimentalResultCode.UNKNOWN_EPS_SUBSCRIPTION),
    }
)

# Error-Diagnostic of a 5004 (section 7.3.128); a plain bar of roaming has none.
DIAGNOSTICS: Final[Mapping[OperatorBar, int]] = MappingProxyType(
    {
        OperatorBar.ALL_PACKET_SERVICES: 2,
        OperatorBar.ROAMER_ACCESS_HPLMN_AP: 3,
        OperatorBar.ROAMER_ACCESS_VPLMN_AP: 4,
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


def diagnostic(refused: Refused) -> list[AvpItem]:
    """What a refusal says beside its code."""
    return [] if refused.bar is None else [("Error-Diagnostic", DIAGNOSTICS[refused.bar])]


def common_features(features: NodeFeatures) -> list[AvpItem]:
    """Supported-Features of an answer: of the node's those that we rely on (TS 29.229 section 7.2)."""
    lists = {
        1: features.list_1 & OUR_FEATURES.list_1,
        2: features.list_2 & OUR_FEATURES.list_2,
    }
    return [
        (
            "Supported-Features",
            [("Vendor-Id", VENDOR_3GPP), ("Feature-List-ID", number), ("Feature-List", bits)],
        )
        for number, bits in lists.items()
        if bits
    ]


def s6a_answer(request: Request, result: Result, avps: Iterable[AvpItem] = ()) -> bytes:
    """An answer of the S6a application, the same octets whichever codec read the request."""
    hot = request.hot
    if hot is None:
        return answer_to(request.message, result, request.origin, [_COMMON, *avps])
    return _answers_of(request.origin).encode_result(hot, result, encode_avps(avps))


def authentication_answer(request: Request, vectors: Vectors) -> bytes:
    """A successful AIA."""
    hot = request.hot
    if hot is None or vectors.utran:
        return s6a_answer(request, SUCCESS, [_authentication_info(vectors)])
    is_numbered = len(vectors.eutran) > 1
    groups = b"".join(
        eutran_vector(v.rand, v.xres, v.autn, v.kasme, item_number=number if is_numbered else 0)
        for number, v in enumerate(vectors.eutran, start=1)
    )
    return _answers_of(request.origin).encode(hot, ResultCode.SUCCESS, authentication_info(groups))


@lru_cache(maxsize=16)
def _answers_of(origin: Origin) -> S6aAnswers:
    return S6aAnswers(origin)


def _authentication_info(vectors: Vectors) -> AvpItem:
    """Section 7.3.17: Item-Number tells the order where there are several."""
    is_numbered = len(vectors.eutran) > 1
    groups: list[AvpItem] = []
    for number, eutran in enumerate(vectors.eutran, start=1):
        members: list[AvpItem] = [("Item-Number", number)] if is_numbered else []
        members += [
            ("RAND", eutran.rand),
            ("XRES", eutran.xres),
            ("AUTN", eutran.autn),
            ("KASME", eutran.kasme),
        ]
        groups.append(("E-UTRAN-Vector", members))
    for number, utran in enumerate(vectors.utran, start=1):
        members = [("Item-Number", number)] if len(vectors.utran) > 1 else []
        members += [
            ("RAND", utran.rand),
            ("XRES", utran.xres),
            ("AUTN", utran.autn),
            ("Confidentiality-Key", utran.ck),
            ("Integrity-Key", utran.ik),
        ]
        groups.append(("UTRAN-Vector", members))
    return ("Authentication-Info", groups)
