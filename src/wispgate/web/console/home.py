"""The first page: whether all is well, how many of what, usage over time, what happened lately."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse

from wispgate.kernel.errors import NotFound
from wispgate.web.console import hotreads, peers, reads, timeline, usage
from wispgate.web.console.pages import page, show, show_live, show_part
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import Sentence, counted
from wispgate.web.site import spreadsheets

RECENT = 12


@dataclass(frozen=True, slots=True)
class Tile:
    """One number that links to the list of what it counts. `tone` as of badges."""

    title: str
    count: int
    address: str
    note: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """What is counted anew at each refresh."""

    lines: Mapping[str, int]
    registered: int
    exhausted: int
    sessions: Mapping[str, int]
    pushes: Mapping[str, int]
    peers: list[peers.ShownPeer]

    @property
    def open_peers(self) -> int:
        return sum(peer.state == "open" for peer in self.peers)

    @property
    def waiting(self) -> int:
        return sum(self.pushes.get(state, 0) for state in hotreads.ONGOING)

    @property
    def failed(self) -> int:
        return self.pushes.get("failed", 0)


@page()
def home(visit: Visit) -> HttpResponse:
    if not visit.may("line.read"):
        return show(visit, "home_bare.html", title="Home")
    if "charts" in visit.request.GET:
        return show_part(visit, "part/chart_data.html", charts=_charts(visit), is_update=True)
    counts = _count(visit)
    context: dict[str, Any] = {
        "title": visit.operator.name if visit.operator else "Home",
        "answer": _answer(counts),
        "network": _network(counts),
        "events": timeline.latest_changes(RECENT) if visit.may("audit.read") else [],
    }
    if "HX-Request" not in visit.request.headers:
        context |= _slow(visit)
    return show_live(visit, "home.html", "part/home.html", context)


@page("line.read")
def chart(visit: Visit, name: str) -> HttpResponse:
    """The numbers of a chart as a file."""
    if name not in usage.CHARTS:
        raise NotFound("chart", name)
    shown = usage.CHARTS[name](visit.now, visit.zone)
    rows = ([point.label, point.value] for point in shown.points)
    response = HttpResponse(
        spreadsheets.lines([shown.axis, shown.unit], rows), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _slow(visit: Visit) -> dict[str, Any]:
    """What does not change from second to second."""
    sims = reads.count_sims()
    states = ("activated", "suspended", "assigned", "stock", "retired")
    return {
        "sims": [Tile(state, sims.get(state, 0), _list("sims", state)) for state in states],
        "has_sims": bool(sims),
        "charts": _charts(visit),
    }


def _charts(visit: Visit) -> list[usage.Chart]:
    return [make(visit.now, visit.zone) for make in usage.CHARTS.values()]


def _count(visit: Visit) -> Counts:
    return Counts(
        lines=reads.count_lines(),
        registered=reads.count_registered_lines(),
        exhausted=reads.count_exhausted_lines(),
        sessions=hotreads.count_sessions(None, "", now=visit.now),
        pushes=hotreads.count_pushes_in_trouble(now=visit.now),
        peers=peers.list_shown(visit),
    )


def _answer(counts: Counts) -> Sentence:
    """Whether all is well, in one sentence."""
    active, online = counts.lines.get("active", 0), counts.sessions[hotreads.OPEN]
    said = (
        f"{counted(active, 'line')} active, {counted(counts.registered, 'phone')} registered, "
        f"{online} online"
    )
    if not counts.peers:
        return [f"{said}. No peer may connect yet: the network cannot ask us anything."]
    if not counts.open_peers:
        return [f"{said}. No peer is connected: phones cannot attach now."]
    return [
        f"{said}, {counts.open_peers} of {counted(len(counts.peers), 'peer')} open; "
        f"{_pushed(counts)}."
    ]


def _pushed(counts: Counts) -> str:
    failed = f"{counted(counts.failed, 'push', 'pushes')} failed in a day"
    waiting = f"{counted(counts.waiting, 'push', 'pushes')} under way"
    if counts.failed:
        return f"{failed}, {waiting}" if counts.waiting else failed
    return waiting if counts.waiting else "nothing failed in a day"


def _list(page_name: str, state: str) -> str:
    return f"{reverse(f'console:{page_name}')}?{urlencode({'state': state})}"


def _network(counts: Counts) -> list[Tile]:
    lines, of_peers = counts.lines, len(counts.peers)
    has_no_peer = bool(of_peers) and not counts.open_peers
    return [
        Tile("lines active", lines.get("active", 0), _list("lines", "active")),
        Tile("lines suspended", lines.get("suspended", 0), _list("lines", "suspended")),
        Tile("phones registered", counts.registered, _list("lines", reads.REGISTERED)),
        Tile("data used up", counts.exhausted, _list("lines", reads.EXHAUSTED)),
        Tile("sessions open", counts.sessions[hotreads.OPEN], reverse("console:sessions")),
        Tile(
            "peers open",
            counts.open_peers,
            reverse("console:peers"),
            note=f"of {of_peers}",
            tone="harm" if has_no_peer else "",
        ),
        Tile("pushes under way", counts.waiting, _list("pushes", hotreads.UNDER_WAY)),
        Tile(
            "pushes failed",
            counts.failed,
            _list("pushes", "failed"),
            note="in a day",
            tone="harm" if counts.failed else "",
        ),
    ]
