"""The life cycle of a request for approval as a table.

`expired` is not entered by anybody: an asked request is expired once its time is over.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from wispgate.kernel import transitions


class ApprovalState(StrEnum):
    ASKED = "asked"
    APPROVED = "approved"
    DONE = "done"
    REFUSED = "refused"
    EXPIRED = "expired"
    FAILED = "failed"

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        return [(state.value, state.value) for state in cls]


class ApprovalAction(StrEnum):
    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    FINISH = "finish"
    FAIL = "fail"


_S, _A = ApprovalState, ApprovalAction

# `approved` lasts as long as the transaction in which the act is done, or fails.
TRANSITIONS: Mapping[tuple[ApprovalState, ApprovalAction], ApprovalState] = MappingProxyType(
    {
        (_S.ASKED, _A.APPROVE): _S.APPROVED,
        (_S.ASKED, _A.REFUSE): _S.REFUSED,
        (_S.ASKED, _A.WITHDRAW): _S.REFUSED,
        (_S.APPROVED, _A.FINISH): _S.DONE,
        (_S.APPROVED, _A.FAIL): _S.FAILED,
    }
)


def next_state(state: ApprovalState, action: ApprovalAction) -> ApprovalState:
    """Where `action` leads. Raises IllegalTransition where the table has no arrow."""
    return transitions.follow(TRANSITIONS, "request", state, action)


def state_at(state: ApprovalState, expires_at: datetime, *, now: datetime) -> ApprovalState:
    """What has become of a state by now."""
    is_over = state is ApprovalState.ASKED and expires_at <= now
    return ApprovalState.EXPIRED if is_over else state
