"""Registrations and the authentication log: who is where, and who was refused what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse

from wispgate.business.hotplane.models import AccessLog, EveryPolicySession, EveryRegistration
from wispgate.domain.diagnosis.evidence import Procedure
from wispgate.domain.diagnosis.presence import Signs, Whereabouts, decide_whereabouts
from wispgate.web.console import hotreads, listing, reads
from wispgate.web.console.pages import page, show_live
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import Sentence, counted

REGISTERED, PURGED = "registered", "purged"
STATES = (REGISTERED, PURGED)
PROCEDURES = tuple(each.value for each in Procedure)


@dataclass(frozen=True, slots=True)
class ShownRegistration:
    """A registration, its line where it has one, and what the signs of the phone say."""

    row: EveryRegistration
    line: Any
    state: Whereabouts


@page("line.read")
def registrations(visit: Visit) -> HttpResponse:
    """Who is where, refreshed in place; a search finds digits of an IMSI, an MME or a PLMN."""
    asked = listing.asked(visit.request, STATES)
    lines = hotreads.find_lines(asked.text) if asked.text else ()
    counts = _count_registrations(asked.text, lines)
    rows = _list_registrations(asked, lines)
    tabs = listing.tabs(asked, counts, STATES)
    context = {
        "title": "Registrations",
        "answer": [] if asked.text else _answer(counts),
        "asked": asked,
        "tabs": tabs,
        "rows": _shown(rows, visit.now),
        "mmes": _count_mmes(),
        "pager": listing.pager(asked, shown=len(rows), total=listing.total(tabs)),
    }
    return show_live(visit, "registrations.html", "part/registrations.html", context)


@page("line.read")
def authentications(visit: Visit) -> HttpResponse:
    """Refusals and resynchronisations, the newest first, each kind of a phone once."""
    asked = listing.asked(visit.request, PROCEDURES)
    rows = _log(asked.text)
    counts = dict(rows.values_list("procedure").annotate(Count("imsi")).order_by())
    wanted = rows.filter(procedure=asked.state) if asked.state else rows
    shown = list(wanted.order_by("-last_at", "imsi")[asked.offset : asked.offset + listing.ROWS])
    tabs = listing.tabs(asked, counts, PROCEDURES)
    lines = reads.lines_by_id({row.line_id for row in shown if row.line_id})
    context = {
        "title": "Authentication log",
        "answer": [] if asked.text else _answer_of_log(shown),
        "asked": asked,
        "tabs": tabs,
        "rows": [(row, lines.get(row.line_id) if row.line_id else None) for row in shown],
        "pager": listing.pager(asked, shown=len(shown), total=listing.total(tabs)),
    }
    return show_live(visit, "authentications.html", "part/authentications.html", context)


def _registrations(text: str, lines: Sequence[UUID]) -> QuerySet[EveryRegistration]:
    rows = EveryRegistration.objects.all()
    if not text:
        return rows
    wanted = Q(mme_host__icontains=text) | Q(imsi__contains=text) | Q(visited_plmn=text)
    return rows.filter(wanted | Q(line_id__in=lines))


def _count_registrations(text: str, lines: Sequence[UUID]) -> Mapping[str, int]:
    is_purged = Q(purged_at__isnull=False)
    counted: Mapping[str, int] = _registrations(text, lines).aggregate(
        registered=Count("imsi", filter=~is_purged), purged=Count("imsi", filter=is_purged)
    )
    return counted


def _list_registrations(asked: listing.Asked, lines: Sequence[UUID]) -> Sequence[EveryRegistration]:
    rows = _registrations(asked.text, lines)
    if asked.state:
        rows = rows.filter(purged_at__isnull=asked.state == REGISTERED)
    ordered = rows.order_by("-registered_at", "imsi")
    return list(ordered[asked.offset : asked.offset + listing.ROWS])


def _count_mmes() -> Sequence[tuple[str, int]]:
    """The nodes that have phones, the fullest first."""
    rows = EveryRegistration.objects.filter(purged_at__isnull=True)
    grouped = rows.values_list("mme_host").annotate(phones=Count("imsi")).order_by("-phones")
    return list(grouped[:12])


def _shown(rows: Sequence[EveryRegistration], now: datetime) -> list[ShownRegistration]:
    ids = {row.line_id for row in rows}
    lines = reads.lines_by_id(ids)
    sessions = {each.line_id: each for each in hotreads.list_policy_sessions(ids)}
    return [
        ShownRegistration(
            row,
            lines.get(row.line_id),
            decide_whereabouts(signs_of(row, None, sessions.get(row.line_id)), now=now),
        )
        for row in rows
    ]


def signs_of(
    registration: EveryRegistration | None,
    authenticated_at: datetime | None,
    session: EveryPolicySession | None,
) -> Signs:
    """What is judged of a phone; `session` is its newest, open or ended."""
    return Signs(
        registered_at=registration.seen_at if registration else None,
        is_purged=registration is not None and registration.purged_at is not None,
        authenticated_at=authenticated_at,
        session_at=session.seen_at if session else None,
        has_session=session is not None and session.is_open,
    )


def _log(text: str) -> QuerySet[AccessLog]:
    rows = AccessLog.objects.all()
    if not text:
        return rows
    wanted = Q(imsi__contains=text) | Q(peer__icontains=text) | Q(result__icontains=text)
    return rows.filter(wanted | Q(visited_plmn=text) | Q(apn__icontains=text))


def _answer(counts: Mapping[str, int]) -> Sentence:
    if not counts[REGISTERED]:
        return ["No phone is registered."]
    return [f"{counted(counts[REGISTERED], 'phone')} registered, as far as their MMEs told."]


def _answer_of_log(rows: Sequence[AccessLog]) -> Sentence:
    if not rows:
        return ["No phone was refused in thirty days."]
    return ["The last refusal or resynchronisation was at ", rows[0].last_at, "."]
