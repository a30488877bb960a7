"""What a phone does after a refusal: NAS causes and timers as a table (TS 24.301 version 15).

CAUSES says what each EMM cause of an Attach Reject or Service Reject makes of the phone, with the
clause that says so; BACK_OFF_CAUSES are the ESM causes that keep it from asking for an APN.
TRANSITIONS is the phone's state machine; what is not in it cannot happen.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from wispgate.kernel.errors import IllegalTransition


class State(StrEnum):
    """As a person with the phone in hand would say it; 24.301 section 5.1.3 has them in full."""

    POWER_OFF = "power off"
    DEREGISTERED = "deregistered"
    ATTACHING = "attaching"
    REGISTERED_IDLE = "registered, idle"
    REGISTERED_ACTIVE = "registered, active"
    LIMITED = "limited"


class Input(StrEnum):
    POWER_ON = "power on"
    POWER_OFF = "power off"
    ATTACH = "attach"
    ACCEPT = "accept"
    WAIT = "wait"
    LIMIT = "limit"
    DETACH = "detach"
    WAKE = "wake"
    SLEEP = "sleep"


class Reaction(StrEnum):
    """What a refusal makes the phone do."""

    STAY_SILENT = "silent until it is switched off and on, or gets another card"
    LOOK_ELSEWHERE = "leaves the tracking area alone until it moves or forgets the list"
    TRY_AGAIN = "T3411 up to five times, then T3402"
    ATTACH_AT_ONCE = "its context is gone: attaches anew"


@dataclass(frozen=True, slots=True)
class CauseRule:
    """One EMM cause (24.301 annex A) and what the clause makes of the phone."""

    cause: int
    name: str
    reaction: Reaction
    clause: str


@dataclass(frozen=True, slots=True)
class NasTimers:
    """Timers of a phone (24.301 table 10.2.1) and spans that the text gives.

    forbidden_areas   the list of forbidden tracking areas is forgotten after 12 to 24 h (5.3.2)
    back_off          SM_RetryWaitTime where the network gives no T3396 (6.5.1.4.3)
    inactivity        when the eNodeB releases a silent phone; the operator's choice
    """

    t3410: timedelta = timedelta(seconds=15)
    t3411: timedelta = timedelta(seconds=10)
    t3402: timedelta = timedelta(minutes=12)
    forbidden_areas: timedelta = timedelta(hours=12)
    back_off: timedelta = timedelta(minutes=12)
    inactivity: timedelta = timedelta(seconds=10)


# Section 5.5.1.2.6: the fifth failed attempt starts T3402.
MAX_ATTEMPTS: Final = 5

_SILENT, _ELSEWHERE = Reaction.STAY_SILENT, Reaction.LOOK_ELSEWHERE
_AGAIN, _ANEW = Reaction.TRY_AGAIN, Reaction.ATTACH_AT_ONCE

CAUSES: Final = MappingProxyType(
    {
        rule.cause: rule
        for rule in (
            CauseRule(3, "Illegal UE", _SILENT, "5.5.1.2.5"),
            CauseRule(6, "Illegal ME", _SILENT, "5.5.1.2.5"),
            CauseRule(7, "EPS services not allowed", _SILENT, "5.5.1.2.5"),
            CauseRule(8, "EPS services and non-EPS services not allowed", _SILENT, "5.5.1.2.5"),
            CauseRule(9, "UE identity cannot be derived by the network", _ANEW, "5.6.1.5"),
            CauseRule(10, "Implicitly detached", _ANEW, "5.6.1.5"),
            CauseRule(11, "PLMN not allowed", _SILENT, "5.5.1.2.5"),
            CauseRule(12, "Tracking area not allowed", _ELSEWHERE, "5.5.1.2.5"),
            CauseRule(13, "Roaming not allowed in this tracking area", _ELSEWHERE, "5.5.1.2.5"),
            CauseRule(14, "EPS services not allowed in this PLMN", _SILENT, "5.5.1.2.5"),
            CauseRule(15, "No suitable cells in tracking area", _ELSEWHERE, "5.5.1.2.5"),
            CauseRule(17, "Network failure", _AGAIN, "5.5.1.2.6 d"),
            CauseRule(19, "ESM failure", _AGAIN, "5.5.1.2.6 d"),
            CauseRule(22, "Congestion", _AGAIN, "5.5.1.2.6 d"),
            CauseRule(35, "Requested service option not authorized in this PLMN", _SILENT, "5.5.1.2.5"),
            CauseRule(42, "Severe network failure", _AGAIN, "5.5.1.2.5"),
        )
    }
)  # fmt: skip

# Section 6.5.1.4.3: for these the phone waits SM_RetryWaitTime before it asks for the APN again.
BACK_OFF_CAUSES: Final = MappingProxyType(
    {
        8: "Operator determined barring",
        27: "Missing or unknown APN",
        32: "Service option not supported",
        33: "Requested service option not subscribed",
    }
)


def find_reaction(cause: int) -> Reaction:
    """Causes that the table does not name are treated as failures of the moment (5.5.1.2.6 d)."""
    rule = CAUSES.get(cause)
    return Reaction.TRY_AGAIN if rule is None else rule.reaction


_ON = (State.DEREGISTERED, State.ATTACHING, State.REGISTERED_IDLE, State.REGISTERED_ACTIVE,
       State.LIMITED)  # fmt: skip

TRANSITIONS: Final = MappingProxyType(
    {
        (State.POWER_OFF, Input.POWER_ON): State.DEREGISTERED,
        **{(state, Input.POWER_OFF): State.POWER_OFF for state in _ON},
        (State.DEREGISTERED, Input.ATTACH): State.ATTACHING,
        (State.LIMITED, Input.ATTACH): State.ATTACHING,
        (State.ATTACHING, Input.ACCEPT): State.REGISTERED_ACTIVE,
        (State.ATTACHING, Input.WAIT): State.DEREGISTERED,
        (State.ATTACHING, Input.LIMIT): State.LIMITED,
        (State.REGISTERED_IDLE, Input.WAKE): State.REGISTERED_ACTIVE,
        (State.REGISTERED_ACTIVE, Input.SLEEP): State.REGISTERED_IDLE,
        (State.REGISTERED_IDLE, Input.DETACH): State.DEREGISTERED,
        (State.REGISTERED_ACTIVE, Input.DETACH): State.DEREGISTERED,
        (State.REGISTERED_IDLE, Input.LIMIT): State.LIMITED,
        (State.REGISTERED_ACTIVE, Input.LIMIT): State.LIMITED,
    }
)


def next_state(state: State, event: Input) -> State:
    """Raises IllegalTransition for what is not in the table."""
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise IllegalTransition("phone", state=state, action=event)
    return following
