"""The life cycle of a mass act as a table.

A draft is lines that were chosen, of which nothing is done before somebody says what. `queued` waits
for the worker, whose first batch makes it `running`. What is stopped keeps what was done and can go
on behind it.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from wispgate.kernel import transitions


class MassState(StrEnum):
    DRAFT = "draft"
    QUEUED = "queued"
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"
    DISCARDED = "discarded"

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        return [(state.value, state.value) for state in cls]


class MassAction(StrEnum):
    BEGIN = "begin"
    DISCARD = "discard"
    RUN = "run"
    FINISH = "finish"
    STOP = "stop"
    RESUME = "resume"


_S, _A = MassState, MassAction

TRANSITIONS: Mapping[tuple[MassState, MassAction], MassState] = MappingProxyType(
    {
        (_S.DRAFT, _A.BEGIN): _S.QUEUED,
        (_S.DRAFT, _A.DISCARD): _S.DISCARDED,
        (_S.QUEUED, _A.RUN): _S.RUNNING,
        (_S.QUEUED, _A.STOP): _S.STOPPED,
        (_S.RUNNING, _A.FINISH): _S.DONE,
        (_S.RUNNING, _A.STOP): _S.STOPPED,
        (_S.STOPPED, _A.RESUME): _S.QUEUED,
    }
)

# What the worker has to do something about.
UNDER_WAY = (MassState.QUEUED, MassState.RUNNING)


def next_state(state: MassState, action: MassAction) -> MassState:
    """Where `action` leads. Raises IllegalTransition where the table has no arrow."""
    return transitions.follow(TRANSITIONS, "mass act", state, action)


def actions_from(state: MassState) -> list[MassAction]:
    """The actions that are possible in `state`, in the table's order."""
    return transitions.actions_from(TRANSITIONS, state)
