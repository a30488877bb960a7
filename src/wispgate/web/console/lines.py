"""The line list, the page of one line, and what can be done to it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse

from wispgate.business.subscriptions.lifecycle import SubscriptionState
from wispgate.kernel.errors import NotFound
from wispgate.web.console import (
    acting,
    actions,
    lineorders,
    linepage,
    linestream,
    listing,
    ordering,
    planwords,
    reads,
    timeline,
)
from wispgate.web.console.pages import page, show, show_live
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import Link

STATES = [state.value for state in SubscriptionState]
_TABLE = "subscriptions_subscription"
_WALLET = "top_up_wallet"
_TRACE = "trace"
_CALLED_FOR = ("activate", "resume", "assign_sim")
_IN_ORDER = (
    *_CALLED_FOR,
    *("top_up_data", "change_plan", _WALLET, "set_number", "swap", "unassign"),
    "lock_devices",
    _TRACE,
    *("suspend", "terminate"),
)
_STREAMS = ("all", "network", "money", "messages", "people")


@page("line.read")
def lines(visit: Visit) -> HttpResponse:
    asked = listing.asked(visit.request, [*STATES, reads.REGISTERED, reads.EXHAUSTED])
    counts = reads.count_lines(asked.text)
    rows = reads.list_lines(asked)
    tabs = listing.tabs(asked, counts, STATES)
    registered = reads.count_registered_lines(asked.text)
    tabs.append(listing.tab(asked, reads.REGISTERED, registered))
    tabs.append(listing.tab(asked, reads.EXHAUSTED, reads.count_exhausted_lines(asked.text)))
    return show(
        visit,
        "lines.html",
        title="Lines",
        asked=asked,
        tabs=tabs,
        rows=rows,
        pager=listing.pager(asked, shown=len(rows), total=listing.total(tabs)),
        may_choose=visit.may("subscription.mass"),
        matching=_matching(asked, counts, listing.total(tabs)),
    )


def _matching(asked: listing.Asked, counts: Mapping[str, int], total: int) -> int:
    """How many are chosen with all of a list: those that are over only where it is theirs."""
    return total if asked.state else total - counts.get("terminated", 0)


@page("line.read")
def line(visit: Visit, key: str) -> HttpResponse:
    shown = _load(visit, key)
    events = timeline.of_objects([(_TABLE, str(shown.line.id))])
    context = {
        "title": shown.line.msisdn or "Line without a number",
        "shown": shown,
        "line": shown.line,
        "answer": linepage.answer(shown),
        "buttons": _buttons(visit, shown),
        "events": linestream.of_line(shown, events),
        "stream_kinds": _STREAMS,
        "at_exhaustion": _at_exhaustion(shown),
        "home": reverse("console:line", args=[shown.line.id]),
    }
    return show_live(visit, "line.html", "part/line.html", context)


@page("line.read")
def line_action(visit: Visit, key: str, name: str) -> HttpResponse:
    """Asks before, and on POST does: what its card allows, or what can be ordered."""
    if name in lineorders.ORDERS:
        return ordering.order(visit, lineorders.ORDERS[name], lambda: _scene(visit, key))
    if name in actions.ON_LINES:
        return acting.act(visit, actions.ACTIONS[name], lambda: _scene(visit, key))
    raise NotFound("action", name)


@dataclass(frozen=True, slots=True)
class Button:
    """One thing that can be done, as the page of a line offers it. `tone`: as of buttons."""

    text: str
    icon: str
    address: str
    tone: str = ""


def _buttons(visit: Visit, shown: linepage.LinePage) -> list[Button]:
    """What the state calls for comes first, what is asked for daily next, what harms last."""
    offered: dict[str, Button] = {}
    for action in actions.offered(visit, shown, actions.ON_LINES):
        noun = " SIM" if action.name in ("swap", "unassign") else ""
        tone = "harmful" if action.is_harmful else ""
        offered[action.name] = _button(shown, action.name, action.verb + noun, action.icon, tone)
    for order in ordering.offered(visit, lineorders.ORDERS, shown):
        tone = "harmful" if order.is_harmful else ""
        offered[order.name] = _button(shown, order.name, order.verb, order.icon, tone)
    if visit.may("wallet.top_up"):
        address = reverse("console:subscriber_order", args=[shown.line.subscriber_id, _WALLET])
        offered[_WALLET] = Button("Top up wallet", "account_balance_wallet", address)
    if shown.sim is not None and visit.may("trace.start"):
        asked = urlencode({"kind": "imsi", "subject": shown.sim.imsi, "minutes": 10})
        address = f"{reverse('console:trace_start')}?{asked}"
        offered[_TRACE] = Button("Trace", "radio_button_checked", address)
    for name in _CALLED_FOR:
        if name in offered:
            offered[name] = replace(offered[name], tone="primary")
    return [offered[name] for name in _IN_ORDER if name in offered]


def _button(shown: linepage.LinePage, name: str, text: str, icon: str, tone: str) -> Button:
    return Button(text, icon, reverse("console:line_action", args=[shown.line.id, name]), tone)


def _at_exhaustion(shown: linepage.LinePage) -> str:
    """Under a heading that says when."""
    if shown.definition is None:
        return ""
    said = planwords.at_exhaustion(shown.definition).removeprefix(planwords.USED_UP)
    return said[0].upper() + said[1:]


def _load(visit: Visit, key: str) -> linepage.LinePage:
    currency = visit.operator.currency if visit.operator else ""
    return linepage.load(key, currency=currency, now=visit.now)


def _scene(visit: Visit, key: str) -> acting.Scene:
    shown = _load(visit, key)
    row = shown.line
    # By its id: the number may be what is about to change.
    home = reverse("console:line", args=[row.id])
    place = acting.Place(
        noun="line",
        name=row.msisdn or "without a number",
        state=row.state,
        home=home,
        trail=[
            Link("Lines", reverse("console:lines")),
            Link(row.msisdn or "without a number", home),
        ],
        table=_TABLE,
        row_id=str(row.id),
    )
    return acting.Scene(shown, place, linepage.answer(shown))
