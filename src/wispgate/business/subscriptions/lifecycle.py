"""The life cycle of a sub-service as a table. Suspension reasons stack beside it."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from wispgate.kernel import transitions


class SubscriptionState(StrEnum):
    DRAFT = "draft"
    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    TERMINATED = "terminated"

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        return [(state.value, state.value) for state in cls]


class SubscriptionAction(StrEnum):
    ASSIGN_SIM = "assign_sim"
    UNASSIGN_SIM = "unassign_sim"
    ACTIVATE = "activate"
    SUSPEND = "suspend"
    RESUME = "resume"
    TERMINATE = "terminate"


_S, _A = SubscriptionState, SubscriptionAction

# `suspend` in suspended adds a reason, `resume` in suspended takes one away: the state changes
# with the first and with the last of them, which `services` decides by the set.
TRANSITIONS: Mapping[tuple[SubscriptionState, SubscriptionAction], SubscriptionState] = (
    MappingProxyType(
        {
            (_S.DRAFT, _A.ASSIGN_SIM): _S.PENDING,
            (_S.DRAFT, _A.TERMINATE): _S.TERMINATED,
            (_S.PENDING, _A.UNASSIGN_SIM): _S.DRAFT,
            (_S.PENDING, _A.ACTIVATE): _S.ACTIVE,
            (_S.PENDING, _A.TERMINATE): _S.TERMINATED,
            (_S.ACTIVE, _A.ASSIGN_SIM): _S.ACTIVE,
            (_S.ACTIVE, _A.SUSPEND): _S.SUSPENDED,
            (_S.ACTIVE, _A.TERMINATE): _S.TERMINATED,
            (_S.SUSPENDED, _A.ASSIGN_SIM): _S.SUSPENDED,
            (_S.SUSPENDED, _A.SUSPEND): _S.SUSPENDED,
            (_S.SUSPENDED, _A.RESUME): _S.ACTIVE,
            (_S.SUSPENDED, _A.TERMINATE): _S.TERMINATED,
        }
    )
)


def next_state(state: SubscriptionState, action: SubscriptionAction) -> SubscriptionState:
    """Where `action` leads. Raises IllegalTransition where the table has no arrow."""
    return transitions.follow(TRANSITIONS, "sub-service", state, action)


def actions_from(state: SubscriptionState) -> list[SubscriptionAction]:
    """The actions that are possible in `state`, in the table's order."""
    return transitions.actions_from(TRANSITIONS, state)
