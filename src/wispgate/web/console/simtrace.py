"""The page that tells how a SIM came into service: who ordered it, and what the network answered."""

from django.http import HttpResponse
from django.urls import reverse

from wispgate.business.subscriptions import trace
from wispgate.business.subscriptions.trace import Milestone, Trace
from wispgate.web.console.pages import page, show
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import Sentence

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
    Milestone.REGISTERED: "ULR",
    Milestone.POLICY: "First CCR-I of Gx",
    Milestone.CHARGED: "First CCR-I of Gy",
    Milestone.USED: "First usage",
}
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
        answer=_answer(found),
        milestones=[(WORDS[name], step) for name, step in found.reached().items()],
        home=reverse("console:sim", args=[iccid]),
    )


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
