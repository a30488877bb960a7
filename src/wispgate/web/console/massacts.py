"""Acts over many lines: choosing the lines, the list, the page of one, its report."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse

from wispgate.business.audit import services as audit
from wispgate.business.staff import looking
from wispgate.business.subscriptions import choosing, mass
from wispgate.business.subscriptions.errors import IdentifiersRefused
from wispgate.kernel.errors import InvalidValue, NotFound, WispgateError
from wispgate.web.console import acting, listing, massorders, ordering, reads, timeline
from wispgate.web.console.pages import go_to, page, show, show_live
from wispgate.web.console.restrictionorders import PROFILES
from wispgate.web.console.visits import Visit, plain_text
from wispgate.web.console.wording import Link, Sentence, counted, grouped
from wispgate.web.site import requests, spreadsheets, uploads

_TABLE = "subscriptions_massact"
# A quarter of a million identifiers.
_MAX_OCTETS = 12 * 1024 * 1024
# More rows a page does not show; the report has all of them.
_SHOWN = 50
_OUTCOMES = ("refused", "done", "waiting")


@page(mass.MASS)
def mass_acts(visit: Visit) -> HttpResponse:
    rows = [
        (act, _title(act))
        for act in mass.list_acts(limit=_SHOWN)
        if act.state != mass.MassState.DISCARDED
    ]
    under_way = sum(act.state in ("queued", "running") for act, _ in rows)
    return show(
        visit, "mass_acts.html", title="Mass acts", answer=_answer(len(rows), under_way), rows=rows
    )


@page(mass.MASS)
def mass_choose(visit: Visit) -> HttpResponse:
    """Lines that were ticked in their list, or all that it would show, become a draft."""
    if visit.request.method != "POST":
        return go_to("lines")
    try:
        with looking.doing(), transaction.atomic():
            ids, source = _ticked(visit)
            act = mass.choose(mass.Chosen(line_ids=ids), source=source)
    except WispgateError as error:
        audit.record_refusal(error, object_type=_TABLE, object_id="")
        return _not_chosen(visit, error)
    return go_to("mass_act", key=str(act.id))


@page(mass.MASS)
def mass_file(visit: Visit) -> HttpResponse:
    """A file of identifiers becomes a draft, or says row by row what is wrong with it."""
    if visit.request.method != "POST":
        return show(visit, "mass_file.html", title="Choose lines by a file")
    try:
        with looking.doing(), transaction.atomic():
            content, name = _file(visit)
            act = mass.choose(mass.choose_from_file(content), source=f"file {name}")
    except WispgateError as error:
        audit.record_refusal(error, object_type=_TABLE, object_id="")
        return show(
            visit,
            "mass_file.html",
            status=409,
            title="Choose lines by a file",
            refusal=error,
            problems=error if isinstance(error, IdentifiersRefused) else None,
            reference=requests.request_id_of(visit.request),
        )
    return go_to("mass_act", key=str(act.id))


@page(mass.MASS)
def mass_act(visit: Visit, key: str) -> HttpResponse:
    """Refreshed in place as long as it is under way."""
    act = _get(key)
    outcome = _outcome(visit, act)
    counts = {"refused": act.refused, "done": act.done, "waiting": act.left}
    rows = mass.list_rows(act.id, outcome=outcome, limit=_SHOWN)
    lines = reads.lines_by_id([row.line_id for row in rows])
    context = {
        "title": _title(act),
        "answer": _answer_of_one(act),
        "act": act,
        "heading": _title(act),
        "details": _details(act.arguments),
        "home": reverse("console:mass_act", args=[act.id]),
        "outcome": outcome,
        "outcomes": _tabs(counts, outcome),
        "rows": [(row, lines.get(row.line_id)) for row in rows],
        "shown": _SHOWN,
        "has_more": counts[outcome] > len(rows),
        "beginnings": ordering.offered(visit, massorders.BEGINNINGS, act),
        "life": ordering.offered(visit, massorders.LIFE, act),
        "done_percent": _percent(act.done, act.total),
        "refused_percent": _percent(act.refused, act.total),
        "events": timeline.of_objects([(_TABLE, str(act.id))]),
    }
    return show_live(visit, "mass_act.html", "part/mass_act.html", context)


@page(mass.MASS)
def mass_report(visit: Visit, key: str) -> HttpResponse:
    act = _get(key)
    lines = spreadsheets.lines(mass.REPORT_COLUMNS, mass.report(act.id))
    response = HttpResponse("".join(lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="mass-act-{act.id}.csv"'
    return response


@page(mass.MASS)
def mass_order(visit: Visit, key: str, name: str) -> HttpResponse:
    if name not in massorders.ORDERS:
        raise NotFound("action", name)
    return ordering.order(visit, massorders.ORDERS[name], lambda: _scene(key))


def _ticked(visit: Visit) -> tuple[Sequence[UUID], str]:
    """The lines, and in words where they are from."""
    if not visit.given("all"):
        texts = visit.request.POST.getlist("line")
        if not texts:
            raise InvalidValue("no line is ticked: tick some, or choose all that match")
        wrong = next((text for text in texts if not reads.is_uuid(text)), None)
        if wrong is not None:
            raise InvalidValue(f"no line has the id {plain_text(wrong)[:60]!r}", field="line")
        return [UUID(text) for text in texts], "ticked in the list"
    state = visit.given("state")
    states = [*reads.LINE_STATES, reads.REGISTERED, reads.EXHAUSTED]
    asked = listing.Asked(state if state in states else "", visit.given("q")[:80], 1)
    ids = reads.ids_of_lines(asked, most=choosing.MOST_CHOSEN + 1)
    if not ids:
        raise NotFound("line", "among those that match")
    matching = f" that match “{asked.text}”" if asked.text else ""
    return ids, f"all {asked.state} lines{matching}".replace("  ", " ")


def _not_chosen(visit: Visit, error: WispgateError) -> HttpResponse:
    return show(
        visit,
        "mass_refused.html",
        status=409,
        title="No lines were chosen",
        refusal=error,
        reference=requests.request_id_of(visit.request),
    )


def _file(visit: Visit) -> tuple[bytes, str]:
    file = visit.request.FILES.get("file")
    if file is None:
        raise InvalidValue("choose a file", field="file")
    if file.size is None or file.size > _MAX_OCTETS:
        raise InvalidValue("a file has at most 12 MiB", field="file")
    content = bytes(file.read())
    uploads.require_text_file(file.name or "", content)
    return content, plain_text(file.name or "")[:120]


def _get(key: str) -> Any:
    if not reads.is_uuid(key):
        raise NotFound("mass act", key)
    return mass.get_act(UUID(key))


def _scene(key: str) -> acting.Scene:
    act = _get(key)
    home, name = reverse("console:mass_act", args=[act.id]), counted(act.total, "line")
    place = acting.Place(
        noun="mass act" if act.verb else "choice of",
        name="" if act.verb else name,
        state=act.state,
        home=home,
        trail=[Link("Mass acts", reverse("console:mass_acts")), Link(_title(act), home)],
        table=_TABLE,
        row_id=str(act.id),
    )
    return acting.Scene(act, place, _answer_of_one(act))


def _title(act: Any) -> str:
    lines = counted(act.total, "line")
    return f"{massorders.DONE[act.verb]}: {lines}" if act.verb else f"{lines} chosen"


def _details(given: Mapping[str, str]) -> list[tuple[str, str]]:
    """The arguments of a verb as people read them."""
    names = {"speed_down": "speed down", "speed_up": "speed up", "page": "page"}
    reasons = dict(reads.suspension_reasons())
    told = []
    for name, value in sorted(given.items()):
        shown = reasons.get(value, value) if name == "reason" else value
        shown = PROFILES[value][0] if name == "profile" else shown
        told.append((names.get(name, name).capitalize(), shown))
    return told


def _outcome(visit: Visit, act: Any) -> str:
    """Which rows are shown: those asked for, else what needs a look first."""
    asked = visit.request.GET.get("outcome", "")
    if asked in _OUTCOMES:
        return asked
    if act.refused:
        return "refused"
    return "done" if act.done else "waiting"


def _tabs(counts: Mapping[str, int], outcome: str) -> list[listing.Tab]:
    return [
        listing.Tab(
            "left" if name == "waiting" else name,
            counts[name],
            f"?outcome={name}",
            is_current=name == outcome,
        )
        for name in _OUTCOMES
    ]


def _percent(part: int, total: int) -> str:
    """Of a drawing whose width is 100."""
    return f"{100 * part / total:.2f}" if total else "0"


def _answer(count: int, under_way: int) -> Sentence:
    if not count:
        return ["Nothing was done to many lines at once so far."]
    if not under_way:
        return ["Nothing is under way."]
    return [f"{counted(under_way, 'mass act')} under way."]


def _answer_of_one(act: Any) -> Sentence:
    counts = f"{grouped(act.done)} done, {grouped(act.refused)} refused"
    match act.state:
        case "draft":
            return [f"{counted(act.total, 'line')} chosen ", act.created_at,
                    f" ({act.source}). Nothing is done before you say what, and see what it does."]  # fmt: skip
        case "queued":
            return [f"Waits for its turn: {counts}, {grouped(act.left)} left."]
        case "running":
            return ["Under way since ", act.started_at, f": {counts}, {grouped(act.left)} left."]
        case "stopped":
            return ["Stopped ", act.ended_at, f": {counts}, {grouped(act.left)} left as they are."]
        case "done":
            return ["Done ", act.ended_at, f": {counts}."]
        case _:
            return ["Forgotten ", act.ended_at, ". Nothing was done to any line."]
