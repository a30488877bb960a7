"""The equipment register: which devices may be used, by list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from wispgate.kernel.errors import NotFound
from wispgate.web.console import acting, deviceorders, devicereads, listing, ordering
from wispgate.web.console.pages import page, show
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import Link, Sentence, counted


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """One entry; `can_take_off`: it is the operator's own, and the visitor may."""

    row: Any
    devices: str
    can_take_off: bool


@page("equipment.read")
def devices(visit: Visit) -> HttpResponse:
    asked = listing.asked(visit.request, devicereads.COLOURS)
    counts = devicereads.count_entries(asked.text)
    rows = devicereads.list_entries(asked)
    tabs = listing.tabs(asked, counts, devicereads.COLOURS)
    return show(
        visit,
        "devices.html",
        title="Devices",
        answer=[] if asked.text else _answer(counts),
        asked=asked,
        tabs=tabs,
        entries=_shown(visit, rows),
        orders=ordering.offered(visit, deviceorders.ORDERS, None),
        pager=listing.pager(asked, shown=len(rows), total=listing.total(tabs)),
    )


@page("equipment.read")
def device_order(visit: Visit, name: str) -> HttpResponse:
    if name not in deviceorders.ORDERS:
        raise NotFound("action", name)
    return ordering.order(visit, deviceorders.ORDERS[name], lambda: _scene(None))


@page("equipment.list")
def device_off(visit: Visit, entry_id: str) -> HttpResponse:
    """Takes one entry off. One of the platform's is only the platform's to take off."""
    entry = devicereads.find_entry(entry_id)
    if entry is None or (entry.operator_id is None and visit.operator is not None):
        raise NotFound("list entry of yours", entry_id)
    return ordering.order(visit, deviceorders.TAKE_OFF, lambda: _scene(entry))


def _shown(visit: Visit, rows: Sequence[Any]) -> list[ShownEntry]:
    may = visit.may(deviceorders.TAKE_OFF.permission)
    return [
        ShownEntry(row, deviceorders.shown_range(row), may and row.operator_id is not None)
        for row in rows
    ]


def _scene(entry: Any) -> acting.Scene:
    home = reverse("console:devices")
    trail = [Link("Devices", home)]
    name = deviceorders.shown_range(entry) if entry else ""
    row_id = str(entry.id) if entry else ""
    place = acting.Place("devices", name, "", home, trail, "inventory_equipmentrange", row_id)
    return acting.Scene(entry, place, [])


def _answer(counts: Mapping[str, int]) -> Sentence:
    if not any(counts.values()):
        return ["No list has an entry: every device may be used that its network lets in."]
    barred = counted(counts["black"], "entry", "entries")
    watched = counted(counts["grey"], "entry", "entries")
    return [f"{barred} barred, {watched} watched, {counts['white']} let in by name."]
