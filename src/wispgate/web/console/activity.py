"""The audit: searched and listed, newest first; taken away as a file; how long it is kept."""

from datetime import datetime, time
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.utils.dateparse import parse_date

from wispgate.business.audit import exporting, queries, retention
from wispgate.business.audit import services as audit
from wispgate.business.audit.queries import Search
from wispgate.business.operators import scope as scopes
from wispgate.kernel.errors import InvalidValue, NotFound, WispgateError
from wispgate.web.console import objects, timeline
from wispgate.web.console.pages import go_to, page, show
from wispgate.web.console.visits import Visit, plain_text
from wispgate.web.site import spreadsheets

LENGTH = 200
_FIELDS = ("who", "action", "object_type", "object_id", "text", "request_id")
_LONGEST = 120
# As the log has them, and as people say them.
_ACTIONS = {
    "insert": "created",
    "update": "changed",
    "delete": "removed",
    "refused": "refused",
    "login": "logged in or out",
    "read": "secret read, or exported",
}


@page("audit.read", of_operator=False)
def activity(visit: Visit) -> HttpResponse:
    given = _given(visit)
    before = given["before"]
    entries = queries.find_entries(
        _search(visit, given), before=int(before) if before.isdigit() else None, limit=LENGTH + 1
    )
    shown = entries[:LENGTH]
    return show(
        visit,
        "activity.html",
        title="Activity",
        events=[timeline.told(entry) for entry in shown],
        length=LENGTH,
        given=given,
        actions=[(name, _ACTIONS[name]) for name in queries.ACTIONS],
        kinds=_kinds(given["object_type"]),
        query=visit.request.GET.urlencode(),
        older=shown[-1].id if len(entries) > LENGTH else None,
        keep_days=retention.find_keep_days() if visit.operator else None,
        minimum_days=retention.minimum_days(),
    )


@page("audit.export", of_operator=False)
def export(visit: Visit, form: str) -> HttpResponse:
    """What was searched for, as JSON lines with their proof or as CSV. Nothing is masked in it."""
    if form not in ("jsonl", "csv"):
        raise NotFound("form of export", form)
    search = _search(visit, _given(visit))
    audit.record_read(
        object_type="audit_auditentry", object_id="", what=f"exported the audit as {form}"
    )
    lines = (
        exporting.json_lines(search)
        if form == "jsonl"
        else spreadsheets.lines(exporting.COLUMNS, exporting.rows(search))
    )
    kind = "application/x-ndjson" if form == "jsonl" else "text/csv"
    response = HttpResponse("".join(lines), content_type=f"{kind}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="audit-{visit.now:%Y%m%d}.{form}"'
    return response


@page("audit.retention")
def keep(visit: Visit) -> HttpResponse:
    """Says how long the operator's audit is kept; nothing given: for ever."""
    if visit.request.method != "POST":
        return go_to("activity")
    try:
        with transaction.atomic(), scopes.because(visit.given("note")[:200]):
            retention.set_keep_days(_days(visit.given("keep_days")))
    except WispgateError as error:
        audit.record_refusal(error, object_type="audit_auditretention", object_id="")
        messages.error(visit.request, f"Not changed: {error.message}.")
    else:
        messages.success(visit.request, "Retention of the audit changed.")
    return go_to("activity")


def _days(text: str) -> int | None:
    if text and not (text.isascii() and text.isdigit()):
        raise InvalidValue("a number of days, or nothing for ever", field="keep_days")
    return int(text) if text else None


def _kinds(chosen: str) -> list[tuple[str, str]]:
    """All kinds by their words; one that was typed into the address stays chosen."""
    known = objects.choices()
    return known if not chosen or chosen in objects.KINDS else [(chosen, chosen), *known]


def _given(visit: Visit) -> dict[str, str]:
    names = (*_FIELDS, "since", "until", "before")
    return {name: plain_text(visit.request.GET.get(name, ""))[:_LONGEST] for name in names}


def _search(visit: Visit, given: dict[str, str]) -> Search:
    wanted: dict[str, Any] = {name: given[name] for name in _FIELDS}
    return Search(
        **wanted, since=_start(visit, given["since"]), until=_start(visit, given["until"])
    )


def _start(visit: Visit, text: str) -> datetime | None:
    """The beginning of a day in the operator's time zone; what is no date counts as not asked."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return datetime.combine(day, time(), tzinfo=visit.zone) if day else None
