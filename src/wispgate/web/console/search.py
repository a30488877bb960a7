"""One box finds anything: ICCID, IMSI, MSISDN, a subscriber's name or customer number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from wispgate.web.console import reads
from wispgate.web.console.pages import page, show
from wispgate.web.console.templatetags.console import line_key
from wispgate.web.console.visits import Visit, plain_text

PER_KIND = 12
# Shorter texts match too much to be of use.
MIN_LENGTH = 3


@dataclass(frozen=True, slots=True)
class Found:
    """One hit. Named as Unfold's palette (Ctrl K) wants it too."""

    title: str
    description: str
    link: str
    icon: str


@page()
def search(visit: Visit) -> HttpResponse:
    """The page of results; a single hit is gone to at once."""
    asked = visit.request.GET
    text = plain_text(asked.get("q") or asked.get("s") or "")[:80]
    found = find(visit, text)
    if "extended" in asked:
        return _palette(visit, found)
    if len(found) == 1:
        return HttpResponseRedirect(found[0].link)
    return show(visit, "search.html", title="Search", text=text, found=found, min_length=MIN_LENGTH)


def find(visit: Visit, text: str) -> Sequence[Found]:
    """A statement for each kind that the visitor may read."""
    if len(text) < MIN_LENGTH:
        return []
    found: list[Found] = []
    if visit.may("subscriber.read"):
        found += [_subscriber(each) for each in reads.search_subscribers(text, PER_KIND)]
    if visit.may("line.read"):
        found += [_line(each) for each in reads.search_lines(text, PER_KIND)]
    if visit.may("sim.read"):
        found += [_sim(each) for each in reads.search_sims(text, PER_KIND)]
    return found


def _subscriber(each: Any) -> Found:
    about = f"subscriber {each.external_id}".strip()
    return Found(each.name, about, reverse("console:subscriber", args=[each.id]), "group")


def _line(each: Any) -> Found:
    about = f"line, {each.state}, {each.subscriber.name}"
    link = reverse("console:line", args=[line_key(each)])
    return Found(each.msisdn, about, link, "smartphone")


def _sim(each: Any) -> Found:
    line = getattr(each, "subscription", None)
    holder = f", {line.subscriber.name}" if line else ""
    about = f"SIM, {each.state}, IMSI {each.imsi}{holder}"
    return Found(each.iccid, about, reverse("console:sim", args=[each.iccid]), "sim_card")


def _palette(visit: Visit, found: Sequence[Found]) -> HttpResponse:
    pages = Paginator(found, len(found) or 1)
    context = {"results": pages.page(1), "page_obj": pages, "page_counter": 0}
    return render(visit.request, "unfold/helpers/command_results.html", context)
