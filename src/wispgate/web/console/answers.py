"""The first line of a page: the answer to what brought the person here, in words."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from wispgate.web.console.presence import Presence
from wispgate.web.console.wording import Link, Sentence, join


def of_sim(sim: Any, *, suspensions: Sequence[Any], presence: Presence) -> Sentence:
    """Where the card stands, and what the network last saw of it."""
    match sim.state:
        case "stock":
            return ["In stock since ", sim.state_changed_at, ". It belongs to no line."]
        case "assigned":
            since = ["Assigned since ", sim.state_changed_at]
            return [*since, ". Not activated: the network refuses it."]
        case "activated":
            clauses = join([["Activated since ", sim.state_changed_at], presence.clause()])
            return [*clauses, "."]
        case "suspended":
            return of_suspended(suspensions, presence)
        case _:
            return _of_retired(sim)


def of_line(line: Any, *, suspensions: Sequence[Any], presence: Presence) -> Sentence:
    """Where a line stands that is not active; what an active one does is said by `linepage`."""
    match line.state:
        case "draft":
            return ["Created ", line.created_at, ". It has no SIM yet: assign one."]
        case "pending":
            return ["Has its SIM since ", line.state_changed_at, ". Activate it to start service."]
        case "suspended":
            return of_suspended(suspensions, presence)
        case _:
            return ["Terminated ", line.state_changed_at, "."]


def of_suspended(suspensions: Sequence[Any], presence: Presence) -> Sentence:
    """ "Suspended (overdue invoice) since …; refused at attach. Still registered …" """
    if not suspensions:
        return ["Suspended."]
    reasons = ", ".join(suspension.get_reason_display() for suspension in suspensions)
    is_hard = any(suspension.kind == "hard" for suspension in suspensions)
    effect = "refused at attach" if is_hard else "attaches, gets no session"
    said = [f"Suspended ({reasons}) since ", suspensions[0].since, f"; {effect}."]
    if is_hard and presence.is_registered:
        return [*said, " The HSS still knows it as ", *presence.clause(), "."]
    return said


def _of_retired(sim: Any) -> Sentence:
    said = ["Retired ", sim.state_changed_at]
    successor = getattr(sim, "replaced_by", None)
    if successor is None:
        return [*said, ". It never comes back into service."]
    link = Link(successor.iccid, reverse("console:sim", kwargs={"iccid": successor.iccid}))
    return [*said, "; replaced by ", link, "."]
