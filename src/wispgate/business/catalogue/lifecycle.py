"""The life cycle of a plan's version as a table."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from wispgate.kernel import transitions


class PlanState(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    RETIRED = "retired"

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        return [(state.value, state.value) for state in cls]


class PlanAction(StrEnum):
    LAUNCH = "launch"
    RETIRE = "retire"


_S, _A = PlanState, PlanAction

# Customers keep the version that they bought: retiring ends selling, not serving.
TRANSITIONS: Mapping[tuple[PlanState, PlanAction], PlanState] = MappingProxyType(
    {
        (_S.DRAFT, _A.LAUNCH): _S.ACTIVE,
        (_S.DRAFT, _A.RETIRE): _S.RETIRED,
        (_S.ACTIVE, _A.RETIRE): _S.RETIRED,
    }
)


def next_state(state: PlanState, action: PlanAction) -> PlanState:
    """Where `action` leads. Raises IllegalTransition where the table has no arrow."""
    return transitions.follow(TRANSITIONS, "plan", state, action)
