"""Live sessions: the list, the page of one, and how a line's sessions are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse

from wispgate.business.hotplane.models import (
    EveryChargingSession,
    EveryLine,
    EveryPolicySession,
    EverySessionGroup,
)
from wispgate.web.console import hotreads, listing, money, reads
from wispgate.web.console.pages import page, show_live
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import Sentence, amount, counted, duration

STATES = (hotreads.OPEN, hotreads.SILENT, hotreads.ENDED)
_ENTRIES = 50


@dataclass(frozen=True, slots=True)
class ShownSession:
    """A session, whose it is, what it used and was granted, and its speed where one was given."""

    session: EveryChargingSession
    network_line: EveryLine | None
    line: Any
    used: int
    granted: int
    policy: EveryPolicySession | None

    @property
    def msisdn(self) -> str:
        return (self.network_line.msisdn if self.network_line else "") or ""

    @property
    def imsi(self) -> str:
        if self.policy is not None:
            return self.policy.imsi
        return (self.network_line.imsi if self.network_line else "") or ""


@page("session.read")
def sessions(visit: Visit) -> HttpResponse:
    """Open sessions, refreshed in place; every row leads to its session and its line."""
    asked = listing.asked(visit.request, STATES)
    lines = hotreads.find_lines(asked.text) if asked.text else None
    counts = hotreads.count_sessions(lines, asked.text, now=visit.now)
    shown = complete(hotreads.list_sessions(asked, lines, now=visit.now))
    state = asked.state or hotreads.OPEN
    context = {
        "title": "Live sessions",
        "answer": _answer(counts, shown),
        "asked": asked,
        "tabs": [_tab(asked, each, counts[each]) for each in STATES],
        "state": state,
        "rows": shown,
        "pager": listing.pager(asked, shown=len(shown), total=counts[state]),
    }
    return show_live(visit, "sessions.html", "part/sessions.html", context)


@page("session.read")
def session(visit: Visit, key: str) -> HttpResponse:
    row = hotreads.get_session(key)
    [shown] = complete([row])
    groups = hotreads.list_groups([key])
    buckets = hotreads.list_buckets_by_id(row.account_id)
    entries = hotreads.list_entries_of_session(row, _ENTRIES)
    context = {
        "title": f"Session of {shown.msisdn or shown.imsi or 'a line'}",
        "answer": _answer_of_one(shown, visit),
        "shown": shown,
        "groups": [(group, _held(group, buckets)) for group in groups],
        "entries": money.entries(entries, buckets),
        "length": _ENTRIES,
    }
    return show_live(visit, "session.html", "part/session.html", context)


def of_line(line: Any) -> list[ShownSession]:
    """The open sessions of a line and those that ended last, for its page."""
    return complete(hotreads.list_sessions_of(line.id), known=line)


def complete(rows: Sequence[EveryChargingSession], *, known: Any = None) -> list[ShownSession]:
    """What belongs to the sessions, in a fixed number of statements. `known`: the only line."""
    if not rows:
        return []
    ids, line_ids = [row.session_id for row in rows], {row.line_id for row in rows}
    used = hotreads.used_by_session({row.account_id for row in rows}, ids)
    granted = _granted(hotreads.list_groups(ids))
    policies = {(each.line_id, each.apn): each for each in hotreads.list_policy_sessions(line_ids)}
    in_network = {each.line_id: each for each in hotreads.list_network_lines(line_ids)}
    lines = {known.id: known} if known is not None else reads.lines_by_id(line_ids)
    return [
        ShownSession(
            session=row,
            network_line=in_network.get(row.line_id),
            line=lines.get(row.line_id),
            used=int(used.get(row.session_id) or 0),
            granted=granted.get(row.session_id, 0) if row.is_open else 0,
            policy=policies.get((row.line_id, row.apn)) if row.is_open else None,
        )
        for row in rows
    ]


def _granted(groups: Sequence[EverySessionGroup]) -> Mapping[str, int]:
    granted: dict[str, int] = {}
    for group in groups:
        granted[group.session_id] = granted.get(group.session_id, 0) + group.granted_units
    return granted


def _held(group: EverySessionGroup, buckets: Mapping[UUID, Any]) -> list[tuple[Any, Any]]:
    """What the group holds of each bucket; buckets that are gone keep their amount."""
    held = zip(group.held_buckets, group.held_amounts, strict=True)
    return [(buckets.get(bucket_id), units) for bucket_id, units in held if units]


def _tab(asked: listing.Asked, state: str, count: int) -> listing.Tab:
    """There is no tab for all: sessions that ended pile up."""
    is_current = (asked.state or hotreads.OPEN) == state
    return listing.Tab(state, count, asked.query(state=state), is_current=is_current)


def _answer(counts: Mapping[str, int], shown: Sequence[ShownSession]) -> Sentence:
    is_open, silent = counts[hotreads.OPEN], counts[hotreads.SILENT]
    if not is_open:
        return ["Nobody is online."]
    said = f"{counted(is_open, 'session')} open"
    if silent:
        return [
            f"{said}; {silent} without a report for two hours: their gateway may have lost them."
        ]
    newest = max((each.session.opened_at for each in shown if each.session.is_open), default=None)
    return [f"{said}; the newest began ", newest, "."] if newest else [f"{said}."]


def _answer_of_one(shown: ShownSession, visit: Visit) -> Sentence:
    row = shown.session
    used = amount(shown.used, "octets")
    if not row.is_open and row.closed_at is not None:
        lasted = duration(int((row.closed_at - row.opened_at).total_seconds()))
        return ["Ended ", row.closed_at, f" after {lasted}; {used} used."]
    said: Sentence = ["Open since ", row.opened_at, f"; {used} used, last report ", row.seen_at]
    if visit.now - row.seen_at > hotreads.SILENT_AFTER:
        return [*said, ". Its gateway may have lost it."]
    return [*said, "."]
