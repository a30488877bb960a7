"""The list of pushes: what the network was told, and which of it needs somebody."""

from collections.abc import Mapping

from django.http import HttpResponse

from wispgate.web.console import hotreads, listing, pushwords, reads
from wispgate.web.console.pages import page, show_live
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import Sentence, counted


@page("push.read")
def pushes(visit: Visit) -> HttpResponse:
    asked = listing.asked(visit.request, hotreads.PUSH_STATES)
    lines = hotreads.find_lines(asked.text) if asked.text else None
    by_state = hotreads.count_pushes(lines)
    going = sum(by_state.get(state, 0) for state in hotreads.ONGOING)
    counts = {hotreads.UNDER_WAY: going} | {
        state: by_state.get(state, 0) for state in hotreads.PUSH_STATES[1:]
    }
    rows = hotreads.list_pushes(asked, lines)
    holders = reads.lines_by_id({row.line_id for row in rows})
    tabs = listing.tabs(asked, counts, hotreads.PUSH_STATES)
    context = {
        "title": "Pushes",
        "answer": _answer(counts, by_state.get("waiting_for_peer", 0)),
        "asked": asked,
        "tabs": tabs,
        "rows": [(each, holders.get(each.row.line_id)) for each in pushwords.shown(rows)],
        "pager": listing.pager(asked, shown=len(rows), total=listing.total(tabs)),
    }
    return show_live(visit, "pushes.html", "part/pushes.html", context)


def _answer(counts: Mapping[str, int], waiting: int) -> Sentence:
    if not any(counts.values()):
        return ["The network has not been told anything yet."]
    going = counts[hotreads.UNDER_WAY]
    said = f"{counted(going, 'push', 'pushes')} under way" if going else "Nothing is under way"
    if waiting:
        said += f", {waiting} waiting for a peer"
    return [f"{said}; {counts['failed']} failed, {counts['in_effect']} in effect."]
