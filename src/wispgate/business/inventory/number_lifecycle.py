"""The life cycle of a number (MSISDN) as a table. Everything that is not in it is refused.

Two states end by themselves, at their `until`: a reservation, and the quarantine in which a number
rests after somebody had it. No job ends them: the state is a function of the time.
`ported_out` is every number that another network serves: one of ours that left, and one that came
from elsewhere and went back.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from wispgate.kernel import transitions


class NumberState(StrEnum):
    AVAILABLE = "available"
    RESERVED = "reserved"
    ASSIGNED = "assigned"
    ACTIVE = "active"
    QUARANTINE = "quarantine"
    PORTED_OUT = "ported_out"

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        return [(state.value, state.value) for state in cls]


class NumberAction(StrEnum):
    RESERVE = "reserve"
    ASSIGN = "assign"
    ACTIVATE = "activate"
    RELEASE = "release"
    PORT_IN = "port_in"
    PORT_OUT = "port_out"


class NumberOrigin(StrEnum):
    """Whose range a number is of: ours, or another network's that it was ported in from."""

    OWN = "own"
    PORTED_IN = "ported_in"

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        return [(origin.value, origin.value) for origin in cls]


class NumberClass(StrEnum):
    """How well a number is remembered, and what it costs therefore."""

    ORDINARY = "ordinary"
    SILVER = "silver"
    GOLD = "gold"

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        return [(one.value, one.value) for one in cls]


_S, _A = NumberState, NumberAction

# A reservation that is given up was nobody's number: it needs no quarantine. A number of ours that
# was ported out comes back when its user leaves the other network: that is a release too.
TRANSITIONS: Mapping[tuple[NumberState, NumberAction], NumberState] = MappingProxyType(
    {
        (_S.AVAILABLE, _A.RESERVE): _S.RESERVED,
        (_S.AVAILABLE, _A.ASSIGN): _S.ASSIGNED,
        (_S.RESERVED, _A.ASSIGN): _S.ASSIGNED,
        (_S.RESERVED, _A.RELEASE): _S.AVAILABLE,
        (_S.ASSIGNED, _A.ACTIVATE): _S.ACTIVE,
        (_S.ASSIGNED, _A.RELEASE): _S.QUARANTINE,
        (_S.ASSIGNED, _A.PORT_OUT): _S.PORTED_OUT,
        (_S.ACTIVE, _A.RELEASE): _S.QUARANTINE,
        (_S.ACTIVE, _A.PORT_OUT): _S.PORTED_OUT,
        (_S.PORTED_OUT, _A.PORT_IN): _S.ASSIGNED,
        (_S.PORTED_OUT, _A.RELEASE): _S.QUARANTINE,
    }
)

ENDS_BY_ITSELF = frozenset({NumberState.RESERVED, NumberState.QUARANTINE})


def next_state(state: NumberState, action: NumberAction) -> NumberState:
    """Where `action` leads. Raises IllegalTransition where the table has no arrow."""
    return transitions.follow(TRANSITIONS, "number", state, action)


def state_at(
    state: NumberState, until: datetime | None, origin: NumberOrigin, *, now: datetime
) -> NumberState:
    """The state now of a number that was brought to `state`: [since, until), then what follows."""
    if state not in ENDS_BY_ITSELF or until is None or now < until:
        return state
    # A foreign number that has rested belongs to its own network again.
    is_foreign = state is NumberState.QUARANTINE and origin is NumberOrigin.PORTED_IN
    return NumberState.PORTED_OUT if is_foreign else NumberState.AVAILABLE


def actions_from(state: NumberState) -> list[NumberAction]:
    """The actions that are possible in `state`, in the table's order."""
    return transitions.actions_from(TRANSITIONS, state)
