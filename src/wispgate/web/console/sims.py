"""The SIM list, the SIM page, and the pages that ask before something is done to a SIM."""

from django.http import HttpResponse
from django.urls import reverse

from wispgate.business.inventory.lifecycle import SimState
from wispgate.kernel.errors import NotFound
from wispgate.web.console import acting, actions, answers, listing, reads, timeline
from wispgate.web.console.pages import page, show
from wispgate.web.console.simpage import SimPage, load
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import Link, Sentence

STATES = [state.value for state in SimState]


@page("sim.read")
def sims(visit: Visit) -> HttpResponse:
    asked = listing.asked(visit.request, STATES)
    counts = reads.count_sims(asked.text)
    rows = reads.list_sims(asked)
    tabs = listing.tabs(asked, counts, STATES)
    return show(
        visit,
        "sims.html",
        title="SIMs",
        asked=asked,
        tabs=tabs,
        rows=rows,
        pager=listing.pager(asked, shown=len(rows), total=listing.total(tabs)),
    )


@page("sim.read")
def sim(visit: Visit, iccid: str) -> HttpResponse:
    shown = load(iccid)
    return show(
        visit,
        "sim.html",
        title=shown.sim.iccid,
        shown=shown,
        answer=_answer(shown),
        actions=actions.offered(visit, shown),
        events=timeline.of_objects(_objects(shown)),
    )


@page("sim.read")
def sim_action(visit: Visit, iccid: str, name: str) -> HttpResponse:
    """Asks what an action would do, and on POST does it."""
    if name not in actions.ACTIONS:
        raise NotFound("action", name)
    return acting.act(visit, actions.ACTIONS[name], lambda: _scene(iccid))


def _scene(iccid: str) -> acting.Scene:
    shown = load(iccid)
    home = reverse("console:sim", args=[iccid])
    place = acting.Place(
        noun="SIM",
        name=iccid,
        state=shown.sim.state,
        home=home,
        trail=[Link("SIMs", reverse("console:sims")), Link(iccid, home)],
        table="inventory_sim",
        row_id=str(shown.sim.id),
    )
    return acting.Scene(shown, place, _answer(shown))


def _answer(shown: SimPage) -> Sentence:
    return answers.of_sim(shown.sim, suspensions=shown.suspensions, presence=shown.presence)


def _objects(shown: SimPage) -> list[tuple[str, str]]:
    objects = [("inventory_sim", str(shown.sim.id))]
    if shown.line:
        objects.append(("subscriptions_subscription", str(shown.line.id)))
    return objects
