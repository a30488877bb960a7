"""Numbers in use, those that are kept back, and the ranges that they come from."""

from collections.abc import Mapping

from django.http import HttpResponse
from django.urls import reverse

from wispgate.kernel.errors import NotFound
from wispgate.web.console import acting, listing, numberorders, numberreads, ordering
from wispgate.web.console.pages import page, show
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import Link, Sentence, counted, grouped


@page("number.read")
def numbers(visit: Visit) -> HttpResponse:
    asked = listing.asked(visit.request, numberreads.KEPT_BACK)
    ranges = numberreads.list_ranges(visit.now)
    kept = numberreads.count_kept_back(visit.now)
    in_use = numberreads.count_numbers(asked.text)
    if asked.state:
        rows, total = numberreads.list_kept_back(asked, visit.now), kept[asked.state]
    else:
        rows, total = numberreads.list_numbers(asked), in_use
    return show(
        visit,
        "numbers.html",
        title="Numbers",
        answer=[] if asked.text else _answer(in_use, kept, ranges),
        asked=asked,
        tabs=_tabs(asked, in_use, kept),
        rows=rows,
        ranges=ranges,
        orders=ordering.offered(visit, numberorders.ORDERS, None),
        pager=listing.pager(asked, shown=len(rows), total=total),
    )


@page("number.read")
def number_order(visit: Visit, name: str) -> HttpResponse:
    if name not in numberorders.ORDERS:
        raise NotFound("action", name)
    return ordering.order(visit, numberorders.ORDERS[name], _scene)


def _scene() -> acting.Scene:
    home = reverse("console:numbers")
    trail = [Link("Numbers", home)]
    place = acting.Place("numbers", "", "", home, trail, "inventory_numberrange", "")
    return acting.Scene(None, place, [])


def _tabs(asked: listing.Asked, in_use: int, kept: Mapping[str, int]) -> list[listing.Tab]:
    first = listing.Tab("in use", in_use, asked.query(state=""), is_current=not asked.state)
    return [first, *(listing.tab(asked, state, kept[state]) for state in numberreads.KEPT_BACK)]


def _answer(in_use: int, kept: Mapping[str, int], ranges: list[numberreads.ShownRange]) -> Sentence:
    said = f"{counted(in_use, 'number')} in use"
    if not ranges:
        return [f"{said}. Without a range of your own, any number may be given."]
    free = sum(each.free for each in ranges)
    resting = f", {kept['quarantine']} resting" if kept["quarantine"] else ""
    return [f"{said}, {grouped(free)} free{resting}."]
