"""What can be done to a SIM and its line, by whom, and what it will do.

A row of `ACTIONS` is a button on the page of the SIM or of its line, a page that asks first
(`acting`), and the call of a service. Whether it is possible is said by the life cycles' tables;
nothing here writes a state.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from wispgate.business.inventory.lifecycle import SimAction, SimState
from wispgate.business.inventory.lifecycle import actions_from as sim_actions_from
from wispgate.business.subscriptions import services as subscriptions
from wispgate.business.subscriptions.lifecycle import SubscriptionAction, SubscriptionState
from wispgate.business.subscriptions.lifecycle import actions_from as line_actions_from
from wispgate.kernel.errors import Conflict
from wispgate.kernel.identifiers import Iccid
from wispgate.web.console.presence import Presence
from wispgate.web.console.visits import Visit

Given = Mapping[str, str]


class Shown(Protocol):
    """What actions must know: the page of a SIM, or of a line, has it."""

    @property
    def sim(self) -> Any: ...

    @property
    def line(self) -> Any: ...

    @property
    def suspensions(self) -> Sequence[Any]: ...

    @property
    def presence(self) -> Presence: ...

    def all_reasons(self) -> Sequence[tuple[str, str]]: ...


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be done. `noun` is what the button counts: "Suspend 1 line"."""

    name: str
    permission: str
    verb: str
    done: str
    noun: str
    icon: str
    asks: str
    is_possible: Callable[[Shown], bool]
    effects: Callable[[Shown], Sequence[str]]
    perform: Callable[[Shown, Given], None]
    is_harmful: bool = False
    # The kind of its event, of which people may be told.
    tells: str = ""

    @property
    def button(self) -> str:
        return f"{self.verb} 1 {self.noun}"


class NotPossible(Conflict):
    """Somebody else was quicker: the state does not allow it any more."""

    code = "action_not_possible"

    def __init__(self, action: Action, *, noun: str, state: str) -> None:
        super().__init__(
            f"a {noun} that is {state} cannot be {action.done.lower()}",
            action=action.name,
            state=state,
        )


def offered(visit: Visit, shown: Shown, names: Collection[str] = ()) -> list[Action]:
    """What the visitor may do now: all of it, or of what is named."""
    return [
        action
        for action in ACTIONS.values()
        if (not names or action.name in names)
        and visit.may(action.permission)
        and action.is_possible(shown)
    ]


def reasons_to_give(shown: Shown) -> list[tuple[str, str]]:
    """Reasons for which the line is not suspended yet: each may stand once."""
    there = {suspension.reason for suspension in shown.suspensions}
    return [choice for choice in shown.all_reasons() if choice[0] not in there]


def _sim_can(action: SimAction) -> Callable[[Shown], bool]:
    return lambda shown: (
        shown.sim is not None and action in sim_actions_from(SimState(shown.sim.state))
    )


def _line_can(action: SubscriptionAction) -> Callable[[Shown], bool]:
    return lambda shown: (
        shown.line is not None and action in line_actions_from(SubscriptionState(shown.line.state))
    )


def _suspend_is_possible(shown: Shown) -> bool:
    return _line_can(SubscriptionAction.SUSPEND)(shown) and bool(reasons_to_give(shown))


def _on_activate(shown: Shown) -> Sequence[str]:
    told = [
        f"The HSS answers for IMSI {shown.sim.imsi} from now on: the phone can attach.",
        "A phone that was refused before may need to be switched off and on.",
    ]
    if shown.line is not None and shown.line.plan_id is not None:
        told.append("Its plan is paid out of the wallet and its data begins.")
    return told


def _on_suspend(shown: Shown) -> Sequence[str]:
    told = [
        "Hard: the HSS refuses the phone at its next attach. Soft: it attaches and gets no session."
    ]
    if shown.presence.is_registered and shown.presence.registration is not None:
        host = shown.presence.registration.mme_host
        told.append(f"It is registered at {host} now, and is off once that node lets it go.")
    if shown.suspensions:
        told.append("The line is suspended already; this adds a reason that is lifted by itself.")
    return told


def _on_resume(shown: Shown) -> Sequence[str]:
    if len(shown.suspensions) > 1:
        return ["The line stays suspended for its other reasons; with the last one it comes back."]
    return [
        "The HSS answers for the phone again.",
        "It is back when the phone attaches: some stay silent until they are switched off and on.",
    ]


def _on_unassign(shown: Shown) -> Sequence[str]:
    return [
        "The card goes back into stock and can be given to another line.",
        f"The line of {shown.line.subscriber.name} becomes a draft without a SIM.",
    ]


def _on_swap(shown: Shown) -> Sequence[str]:
    return [
        "The new card takes over the line: its number, state and all that belongs to it.",
        f"This card and its IMSI {shown.sim.imsi} are retired for good.",
    ]


def _on_retire(shown: Shown) -> Sequence[str]:
    told = ["The card never comes back into service: this cannot be undone."]
    if shown.line is not None:
        number = f", and its number {shown.line.msisdn} is released" if shown.line.msisdn else ""
        told.append(f"The line of {shown.line.subscriber.name} stays without a SIM{number}.")
        told.append(f"The HSS forgets IMSI {shown.sim.imsi}: the phone is refused as unknown.")
    return told


def _activate(shown: Shown, _given: Given) -> None:
    subscriptions.activate(shown.line.id)


def _suspend(shown: Shown, given: Given) -> None:
    subscriptions.suspend(
        shown.line.id,
        reason=given.get("reason", ""),
        kind=given.get("kind", ""),
        note=given.get("note", ""),
    )


def _resume(shown: Shown, given: Given) -> None:
    subscriptions.resume(shown.line.id, reason=given.get("reason", ""))


def _unassign(shown: Shown, _given: Given) -> None:
    subscriptions.unassign_sim(shown.line.id)


def _swap(shown: Shown, given: Given) -> None:
    subscriptions.swap_sim(shown.line.id, iccid=str(Iccid.parse(given.get("iccid", ""))))


def _retire(shown: Shown, _given: Given) -> None:
    subscriptions.retire_sim(shown.sim.iccid)


_ROWS = (
    Action(
        "activate", "subscription.activate", "Activate", "Activated", "SIM", "play_circle", "note",
        _sim_can(SimAction.ACTIVATE), _on_activate, _activate,
    ),
    Action(
        "resume", "subscription.resume", "Resume", "Resumed", "line", "play_circle", "lift",
        _line_can(SubscriptionAction.RESUME), _on_resume, _resume, tells="subscription.resumed",
    ),
    Action(
        "suspend", "subscription.suspend", "Suspend", "Suspended", "line", "pause_circle", "reason",
        _suspend_is_possible, _on_suspend, _suspend, is_harmful=True,
        tells="subscription.suspended",
    ),
    Action(
        "swap", "sim.swap", "Swap", "Swapped", "SIM", "swap_horiz", "iccid",
        _sim_can(SimAction.SWAP_OUT), _on_swap, _swap,
    ),
    Action(
        "unassign", "sim.unassign", "Unassign", "Unassigned", "SIM", "link_off", "note",
        _line_can(SubscriptionAction.UNASSIGN_SIM), _on_unassign, _unassign,
    ),
    Action(
        "retire", "sim.retire", "Retire", "Retired", "SIM", "block", "note",
        _sim_can(SimAction.RETIRE), _on_retire, _retire, is_harmful=True,
    ),
)  # fmt: skip

# What the page of a line offers of it; a card is retired on its own page.
ON_LINES = ("activate", "resume", "suspend", "swap", "unassign")

ACTIONS: Mapping[str, Action] = {action.name: action for action in _ROWS}
