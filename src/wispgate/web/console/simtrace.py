"""The page that tells how a SIM came into service: who ordered it, and what the network answered."""

import re
from dataclasses import replace
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse

from wispgate.business.subscriptions import trace
from wispgate.business.subscriptions.trace import Milestone, Step, Trace
from wispgate.web.console.pages import page, show
from wispgate.web.console.pushwords import MEANS
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import Sentence, amount

WORDS = {
    Milestone.STOCKED: "Card in stock",
    Milestone.ORDERED: "Line ordered",
    Milestone.APPROVED: "Approved",
    Milestone.ASSIGNED: "Card assigned",
    Milestone.NUMBERED: "Number",
    Milestone.PLAN: "Plan",
    Milestone.ACTIVATED: "Activated",
    Milestone.PUSHED: "Push in effect",
    Milestone.AUTHENTICATED: "First AIR",
    Milestone.REGISTERED: "First ULR",
    Milestone.POLICY: "First CCR-I of Gx",
    Milestone.CHARGED: "First CCR-I of Gy",
    Milestone.USED: "First usage",
}
_USED = re.compile(r"first usage: (\d+) (\w+)")
# Not every activation needs these.
_OPTIONAL = (Milestone.APPROVED, Milestone.PUSHED, Milestone.PLAN)


@page("audit.read")
def sim_trace(visit: Visit, iccid: str) -> HttpResponse:
    found = trace.of_sim(iccid)
    return show(
        visit,
        "sim_trace.html",
        title=f"Trace of {found.iccid}",
        trace=found,
        steps=[
            (replace(step, what=_in_words(step.what), why=_plain(step.why)), _record_of(step))
            for step in found.steps
        ],
        answer=_answer(found),
        milestones=[
            (WORDS[name], step, "" if step else _absent(name, found))
            for name, step in found.reached().items()
        ],
        home=reverse("console:sim", args=[iccid]),
    )


def _absent(name: Milestone, found: Trace) -> str:
    """What did not happen: still to come, or never needed where what follows it happened."""
    order = list(Milestone)
    later = order[order.index(name) + 1 :]
    reached = found.reached()
    is_over = name in _OPTIONAL and any(reached[one] for one in later)
    return "was not needed" if is_over else "not yet"


def _record_of(step: Step) -> str:
    """Where the record of a step is to be seen; empty where it has no page."""
    kind, _, key = step.proof.partition(" ")
    if kind == "session" and step.milestone is Milestone.CHARGED:
        return reverse("console:session", args=[key])
    if kind == "push":
        return reverse("console:pushes")
    if step.request_id:
        return f"{reverse('console:activity')}?{urlencode({'request_id': step.request_id})}"
    return ""


def _in_words(what: str) -> str:
    """By what a push works, as the page of pushes says it; amounts with their unit."""
    used = _USED.fullmatch(what)
    if used:
        return f"first usage: {amount(int(used[1]), used[2])}"
    head, by, rest = what.partition(" by ")
    means, colon, state = rest.partition(": ")
    if not (head.startswith("push ") and colon and means in MEANS):
        return what
    return f"{head}{by}{MEANS[means]}: {state}"


def _plain(why: str) -> str:
    """A cause such as `policy.network_profile_changed` as words."""
    is_code = why.isascii() and " " not in why and ("_" in why or "." in why)
    return why.rpartition(".")[2].replace("_", " ") if is_code else why


def _answer(found: Trace) -> Sentence:
    """Where the activation stands: how far it came, and what is missing next."""
    reached = found.reached()
    used = reached[Milestone.USED]
    if used is not None:
        return ["In service: first usage ", used.at, "."]
    missing = next(
        (WORDS[m] for m, step in reached.items() if step is None and m not in _OPTIONAL), ""
    )
    return [f"Not in service yet. Missing: {missing}."]
