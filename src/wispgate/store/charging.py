"""The books of one batch: what is locked of accounts and sessions, and what becomes of it.

Locks are taken sessions first, then buckets, each in the order of their keys. The domain decides
on the values here one request after the other; `save` writes what came out in few statements.
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg

from wispgate.domain.charging.ledger import EntryKind, LedgerEntry
from wispgate.domain.charging.state import Bucket
from wispgate.kernel.events import Event
from wispgate.kernel.ids import uuid7_series
from wispgate.store.charging_lines import ChargingLine, ChargingLines
from wispgate.store.charging_rows import (
    ChargingSession,
    bucket_row,
    next_notice,
    read_bucket,
    read_session,
    to_group,
    write_caps,
)
from wispgate.store.hot import Transaction

# Usage of a grant may be reported this long after its bucket has ended; older buckets stay unread.
_LATE_USAGE: Final = timedelta(days=40)
# Another process was first with a session, a request or a top-up, or the locks crossed: nothing was
# done; what is read again shows it.
RACED: Final = (asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError)
# Reservations are state, not movements of `remaining`.
_SIGNS: Final = {
    EntryKind.DEBIT: -1,
    EntryKind.PURCHASE: -1,
    EntryKind.ADJUSTMENT: -1,
    EntryKind.CREDIT: 1,
    EntryKind.FREE: 0,
    EntryKind.SUSPENSE: 0,
}


class RequestKey(NamedTuple):
    """Each is booked once, in whatever order they come."""

    session_id: str
    number: int


class Posting(NamedTuple):
    """Ledger entries of one request, and for whom they are."""

    key: RequestKey
    operator_id: UUID
    account_id: UUID
    line_id: UUID
    entries: tuple[LedgerEntry, ...]


@dataclass(slots=True)
class Books:
    """Locked rows as values, replaced as requests are decided."""

    sessions: dict[str, ChargingSession]
    lines: dict[UUID, ChargingLine]
    buckets: dict[UUID, dict[UUID, Bucket]]
    answers: dict[RequestKey, bytes]
    exhausted: dict[UUID, bool] = field(default_factory=dict)
    _stored: frozenset[str] = frozenset()
    _put_sessions: dict[str, ChargingSession] = field(default_factory=dict)
    _put_buckets: dict[UUID, tuple[Bucket, tuple[int, ...]]] = field(default_factory=dict)
    _new_buckets: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    _postings: list[Posting] = field(default_factory=list)
    _answered: list[tuple[RequestKey, UUID, bytes]] = field(default_factory=list)
    _events: list[Event] = field(default_factory=list)

    def list_buckets(self, account_id: UUID) -> tuple[Bucket, ...]:
        return tuple(self.buckets.get(account_id, {}).values())

    def put_session(self, session: ChargingSession) -> None:
        """A new or changed session."""
        key = session.state.session_id
        self.sessions[key] = self._put_sessions[key] = session

    def put_bucket(
        self, bucket: Bucket, *, operator_id: UUID, account_id: UUID, percents: tuple[int, ...]
    ) -> None:
        """A changed bucket, or a new one; `percents` of use at which somebody is told."""
        known, key = self.buckets.setdefault(account_id, {}), bucket.bucket_id
        if key not in known or key in self._new_buckets:
            self._new_buckets[key] = bucket_row(
                bucket,
                operator_id=operator_id,
                account_id=account_id,
                name="auto_top_up",
                source="top_up",
                notify_percents=percents,
            )
        else:
            self._put_buckets[key] = bucket, percents
        known[key] = bucket

    def set_exhausted(self, line_id: UUID, *, is_exhausted: bool) -> None:
        if is_exhausted != self.is_exhausted(line_id):
            self.exhausted[line_id] = is_exhausted

    def is_exhausted(self, line_id: UUID) -> bool:
        return self.exhausted.get(line_id, self.lines[line_id].is_exhausted)

    def post(self, posting: Posting) -> None:
        self._postings.append(posting)

    def tell(self, events: Iterable[Event]) -> None:
        self._events += events

    def answer(self, key: RequestKey, operator_id: UUID, answer: bytes) -> None:
        """Keeps what is answered, for whoever asks the same again."""
        self.answers[key] = answer
        self._answered.append((key, operator_id, answer))

    async def save(self, transaction: Transaction, *, now: datetime) -> None:
        """Writes all that has changed."""
        await self._save_sessions(transaction, now)
        await self._save_buckets(transaction)
        await self._save_postings(transaction, now)
        await self._save_answers(transaction, now)
        if self.exhausted:
            await transaction.fetch(
                "set_exhausted",
                {
                    "line_ids": list(self.exhausted),
                    "are_exhausted": list(self.exhausted.values()),
                },
            )
        await self._save_events(transaction, now)

    async def _save_sessions(self, transaction: Transaction, now: datetime) -> None:
        sessions = list(self._put_sessions.values())
        new = [s for s in sessions if s.state.session_id not in self._stored]
        old = [s for s in sessions if s.state.session_id in self._stored]
        if new:
            values = _session_columns(new) | {
                "operator_ids": [s.operator_id for s in new],
                "account_ids": [s.account_id for s in new],
                "line_ids": [s.line_id for s in new],
                "core_ids": [s.core_id for s in new],
            }
            await transaction.fetch(
                "insert_charging_sessions", values | _group_columns(new) | {"now": now}
            )
        if old:
            values = _session_columns(old) | _group_columns(old)
            await transaction.fetch("update_charging_sessions", values | {"now": now})

    async def _save_buckets(self, transaction: Transaction) -> None:
        for row in self._new_buckets.values():
            await transaction.fetch("insert_bucket", row)
        if self._put_buckets:
            await transaction.fetch("update_buckets", _bucket_columns(self._put_buckets.values()))

    async def _save_postings(self, transaction: Transaction, now: datetime) -> None:
        entries = [
            (posting, entry)
            for posting in self._postings
            for entry in posting.entries
            if entry.kind in _SIGNS
        ]
        if entries:
            currencies = {
                key: bucket.currency for of in self.buckets.values() for key, bucket in of.items()
            }
            columns = _ledger_columns(entries, currencies, now)
            await transaction.fetch("insert_ledger_entries", columns | {"now": now})

    async def _save_answers(self, transaction: Transaction, now: datetime) -> None:
        if self._answered:
            await transaction.fetch(
                "insert_charging_requests",
                {
                    "session_ids": [key.session_id for key, _, _ in self._answered],
                    "numbers": [key.number for key, _, _ in self._answered],
                    "operator_ids": [operator_id for _, operator_id, _ in self._answered],
                    "answers": [answer for _, _, answer in self._answered],
                    "now": now,
                },
            )

    async def _save_events(self, transaction: Transaction, now: datetime) -> None:
        if self._events:
            await transaction.fetch(
                "append_events",
                {
                    "event_ids": _ids(now, len(self._events)),
                    "operator_ids": [event.operator_id for event in self._events],
                    "account_ids": [event.account_id for event in self._events],
                    "line_ids": [event.line_id for event in self._events],
                    "kinds": [event.kind for event in self._events],
                    "payloads": [json.dumps(event.payload()) for event in self._events],
                    "now": now,
                },
            )


async def open_books(
    transaction: Transaction,
    lines: ChargingLines,
    asked: Sequence[tuple[RequestKey, UUID]],
    *,
    now: datetime,
) -> Books:
    """Locks and reads all that the requests (key and line) can touch."""
    session_ids = list({key.session_id for key, _ in asked})
    session_rows = await transaction.fetch("lock_charging_sessions", {"session_ids": session_ids})
    line_ids = {line_id for _, line_id in asked} | {row["line_id"] for row in session_rows}
    known = await lines.read(transaction, line_ids)
    accounts = {line.account_id for line in known.values()}
    accounts |= {row["account_id"] for row in session_rows}
    which = {"account_ids": list(accounts), "ended_after": now - _LATE_USAGE}
    await transaction.fetch("lock_buckets", which)
    bucket_rows = await transaction.fetch("read_buckets", which)
    # Groups and answers are read after all locks are held: only then are they the last ones.
    group_rows = await transaction.fetch("read_session_groups", {"session_ids": session_ids})
    answer_rows = await transaction.fetch(
        "read_charging_requests",
        {
            "session_ids": [key.session_id for key, _ in asked],
            "numbers": [key.number for key, _ in asked],
        },
    )
    buckets: dict[UUID, dict[UUID, Bucket]] = {}
    for row in bucket_rows:
        buckets.setdefault(row["account_id"], {})[row["bucket_id"]] = read_bucket(row)
    return Books(
        sessions=_read_sessions(session_rows, group_rows, buckets),
        lines=known,
        buckets=buckets,
        answers={RequestKey(r["session_id"], r["number"]): r["answer"] for r in answer_rows},
        _stored=frozenset(row["session_id"] for row in session_rows),
    )


def _read_sessions(
    session_rows: Sequence[Any],
    group_rows: Sequence[Any],
    buckets: dict[UUID, dict[UUID, Bucket]],
) -> dict[str, ChargingSession]:
    units = {key: bucket.kind for of in buckets.values() for key, bucket in of.items()}
    ordered = sorted(group_rows, key=lambda row: (row["session_id"], row["rating_group"]))
    groups = {
        session_id: list(rows)
        for session_id, rows in groupby(ordered, key=lambda row: row["session_id"])
    }
    return {
        row["session_id"]: read_session(row, groups.get(row["session_id"], ()), units)
        for row in session_rows
    }


def _session_columns(sessions: Sequence[ChargingSession]) -> dict[str, Any]:
    return {
        "session_ids": [s.state.session_id for s in sessions],
        "peers": [s.peer for s in sessions],
        "apns": [s.apn for s in sessions],
        "plmns": [s.visited_plmn for s in sessions],
        "addresses": [s.framed_address for s in sessions],
        "plan_ids": [s.plan_id for s in sessions],
        "plan_versions": [s.plan_version for s in sessions],
        "last_numbers": [s.state.last_number for s in sessions],
        "are_open": [s.state.is_open for s in sessions],
        "opened_ats": [s.opened_at for s in sessions],
        "closed_ats": [s.closed_at for s in sessions],
    }


def _group_columns(sessions: Sequence[ChargingSession]) -> dict[str, Any]:
    """Groups with the place of their session, and what they hold with that of the group."""
    groups = [
        (place, session, group)
        for place, session in enumerate(sessions, 1)
        for group in session.state.groups
    ]
    places = {
        (session.state.session_id, group.rating_group): place
        for place, (_, session, group) in enumerate(groups, 1)
    }
    held = [
        (places[session.state.session_id, held.rating_group], held.bucket_id, Decimal(held.amount))
        for session in sessions
        for held in session.state.reservations
    ]
    return {
        "group_of": [place for place, _, _ in groups],
        "rating_groups": [to_group(group.rating_group) for _, _, group in groups],
        "rated_units": [group.rated_units for _, _, group in groups],
        "granted_units": [group.granted_units for _, _, group in groups],
        "granted_ats": [group.granted_at for _, _, group in groups],
        "are_final": [group.is_final for _, _, group in groups],
        "held_by": [place for place, _, _ in held],
        "held_buckets": [bucket_id for _, bucket_id, _ in held],
        "held_amounts": [amount for _, _, amount in held],
    }


def _ids(now: datetime, count: int) -> list[UUID]:
    """Identifiers in the order of what they stand for: readers sort events of one moment by them."""
    return [UUID(bytes=octets) for octets in uuid7_series(now, os.urandom(10), count)]


def _bucket_columns(changed: Iterable[tuple[Bucket, tuple[int, ...]]]) -> dict[str, Any]:
    pairs = list(changed)
    buckets = [bucket for bucket, _ in pairs]
    return {
        "bucket_ids": [bucket.bucket_id for bucket in buckets],
        "remaining": [Decimal(bucket.remaining) for bucket in buckets],
        "reserved": [Decimal(bucket.reserved) for bucket in buckets],
        "caps": [write_caps(bucket) for bucket in buckets],
        "top_up_counts": [bucket.top_up_count for bucket in buckets],
        "notify_below": [next_notice(bucket, percents) for bucket, percents in pairs],
    }


def _ledger_columns(
    entries: Sequence[tuple[Posting, LedgerEntry]], currencies: dict[UUID, str], now: datetime
) -> dict[str, Any]:
    return {
        "entry_ids": _ids(now, len(entries)),
        "operator_ids": [posting.operator_id for posting, _ in entries],
        "account_ids": [posting.account_id for posting, _ in entries],
        "bucket_ids": [entry.bucket_id for _, entry in entries],
        "line_ids": [posting.line_id for posting, _ in entries],
        "kinds": [entry.kind.value for _, entry in entries],
        "units": [entry.unit.value for _, entry in entries],
        "currencies": [
            currencies.get(entry.bucket_id, "") if entry.bucket_id else "" for _, entry in entries
        ],
        "amounts": [Decimal(entry.amount * _SIGNS[entry.kind]) for _, entry in entries],
        "used_units": [entry.used_units for _, entry in entries],
        "session_ids": [posting.key.session_id for posting, _ in entries],
        "numbers": [posting.key.number for posting, _ in entries],
        "rating_groups": [
            None if entry.kind is EntryKind.CREDIT else to_group(entry.rating_group)
            for _, entry in entries
        ],
    }
