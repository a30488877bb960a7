"""Everything that happened to a line in one stream: people, network, money and messages."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.urls import reverse

from wispgate.web.console.linepage import LinePage
from wispgate.web.console.livesessions import ShownSession
from wispgate.web.console.money import ShownEntry
from wispgate.web.console.pushwords import ShownPush
from wispgate.web.console.timeline import LENGTH, Event
from wispgate.web.console.wording import amount, short_host

# Usage is reported every few minutes: it belongs into the ledger, not into a story.
_TOLD = ("credit", "purchase", "adjustment")


def of_line(page: LinePage, people: Sequence[Event]) -> list[Event]:
    """The newest first, made of what the page shows anyway."""
    events = [
        *people,
        *_pushed(page.shown_pushes),
        *_paid(page.entries),
        *_online(page.sessions),
        *_told(page.messages),
    ]
    return sorted(events, key=lambda event: event.at, reverse=True)[:LENGTH]


def _told(messages: Sequence[Any]) -> Iterator[Event]:
    for message in messages:
        yield Event(
            at=message.created_at,
            action="update",
            thing="Message",
            address="",
            what=message.text,
            who=f"by {message.channel}",
            why="",
            where="",
            kind="messages",
        )


def _pushed(pushes: Sequence[ShownPush]) -> Iterator[Event]:
    for push in pushes:
        word, at = push.steps[-1]
        yield Event(
            at=at,
            action="failed" if word == "failed" else "update",
            thing="Push",
            address="",
            what=f"{push.title.lower()} by {push.means}: {word}",
            who=push.row.target_host or "network",
            why=push.outcome,
            where="",
            kind="network",
        )


def _online(sessions: Sequence[ShownSession]) -> Iterator[Event]:
    for each in sessions:
        row = each.session
        ended = row.closed_at is not None
        yield Event(
            at=row.closed_at or row.opened_at,
            action="login",
            thing="Session",
            address=reverse("console:session", args=[row.session_id]),
            what=f"{row.apn} {'ended' if ended else 'began'}, {amount(each.used, 'octets')} used",
            who=short_host(row.peer),
            why="",
            where=row.framed_address or "",
            kind="network",
        )


def _paid(entries: Sequence[ShownEntry]) -> Iterator[Event]:
    for entry in entries:
        if entry.row.kind in _TOLD:
            yield Event(
                at=entry.row.posted_at,
                action="update",
                thing=entry.bucket,
                address="",
                what=f"{entry.what} {entry.shown}",
                who=entry.row.actor or "system",
                why=entry.row.reason,
                where="",
                kind="money",
            )
