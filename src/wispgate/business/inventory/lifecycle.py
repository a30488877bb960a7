"""The life cycle of a SIM as a table. Everything that is not in it is refused.

A card's state follows its sub-service: the reasons for a suspension live there.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from wispgate.kernel import transitions


class SimState(StrEnum):
    STOCK = "stock"
    ASSIGNED = "assigned"
    ACTIVATED = "activated"
    SUSPENDED = "suspended"
    RETIRED = "retired"

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        return [(state.value, state.value) for state in cls]


class SimAction(StrEnum):
    ASSIGN = "assign"
    UNASSIGN = "unassign"
    ACTIVATE = "activate"
    SUSPEND = "suspend"
    RESUME = "resume"
    SWAP_OUT = "swap_out"
    RETIRE = "retire"


_S, _A = SimState, SimAction

TRANSITIONS: Mapping[tuple[SimState, SimAction], SimState] = MappingProxyType(
    {
        (_S.STOCK, _A.ASSIGN): _S.ASSIGNED,
        (_S.STOCK, _A.RETIRE): _S.RETIRED,
        (_S.ASSIGNED, _A.UNASSIGN): _S.STOCK,
        (_S.ASSIGNED, _A.ACTIVATE): _S.ACTIVATED,
        (_S.ASSIGNED, _A.SWAP_OUT): _S.RETIRED,
        (_S.ASSIGNED, _A.RETIRE): _S.RETIRED,
        (_S.ACTIVATED, _A.SUSPEND): _S.SUSPENDED,
        (_S.ACTIVATED, _A.SWAP_OUT): _S.RETIRED,
        (_S.ACTIVATED, _A.RETIRE): _S.RETIRED,
        (_S.SUSPENDED, _A.RESUME): _S.ACTIVATED,
        (_S.SUSPENDED, _A.SWAP_OUT): _S.RETIRED,
        (_S.SUSPENDED, _A.RETIRE): _S.RETIRED,
    }
)


def next_state(state: SimState, action: SimAction) -> SimState:
    """Where `action` leads. Raises IllegalTransition where the table has no arrow."""
    return transitions.follow(TRANSITIONS, "SIM", state, action)


def actions_from(state: SimState) -> list[SimAction]:
    """The actions that are possible in `state`, in the table's order."""
    return transitions.actions_from(TRANSITIONS, state)
