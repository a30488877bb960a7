"""Gx sessions: read with the line that they belong to, written as they were decided.

Requests of a partition are batched. A session is written only while its line is still of the
version and flag that were decided upon; whoever is told False decides again.
"""

import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from wispgate.domain.plan.speed import Speed
from wispgate.kernel.clock import Clock
from wispgate.kernel.ids import uuid7
from wispgate.store.batching import Batcher, Receiver
from wispgate.store.hot import HotStore
from wispgate.store.lines import KnownLine, LineCache


@dataclass(frozen=True, slots=True)
class SessionQuery:
    """A session, and the line to be read if there is no such session yet."""

    session_id: str
    line_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSession:
    """A session as its row has it."""

    core_id: UUID
    imsi: str
    apn: str
    framed_address: str | None
    visited_plmn: str
    rat_type: int | None
    qci: int
    speed: Speed
    last_number: int
    is_open: bool
    last_answer: bytes | None


@dataclass(frozen=True, slots=True)
class Subject:
    """What a Gx request is about, as far as the partition knows it."""

    line: KnownLine | None
    session: KnownSession | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEntry:
    """A session to be opened, or its next number, with the answer that was made for it."""

    session_id: str
    line: KnownLine
    core_id: UUID
    peer: str
    origin_host: str
    origin_realm: str
    imsi: str
    apn: str
    framed_address: str | None
    visited_plmn: str
    rat_type: int | None
    qci: int
    speed: Speed
    number: int
    answer: bytes
    # 3GPP-User-Location-Info as it came; None: not told, what is known stays.
    user_location: bytes | None = None


@dataclass(frozen=True, slots=True)
class SessionEnd:
    session_id: str
    core_id: UUID
    number: int
    answer: bytes


class PolicySessions:
    """The sessions of all partitions."""

    def __init__(self, store: HotStore, lines: LineCache, *, clock: Clock) -> None:
        self._store = store
        self._lines = lines
        self._clock = clock
        numbers = [partition.number for partition in store.partitions]
        self._readers = [Batcher(self._reader(n), lambda query: query.session_id) for n in numbers]
        self._openers = [
            Batcher(self._writer("open_policy_sessions", n), lambda entry: entry.session_id)
            for n in numbers
        ]
        self._writers = [
            Batcher(self._writer("put_policy_sessions", n), lambda entry: entry.session_id)
            for n in numbers
        ]
        self._closers = [Batcher(self._closer(n), lambda end: end.session_id) for n in numbers]
        self._refusers = [Batcher(self._refuser(n), lambda line_id: line_id) for n in numbers]

    @property
    def partitions(self) -> range:
        return range(len(self._store.partitions))

    def find_line(self, line_id: UUID) -> KnownLine | None:
        """The line as it was seen last; `open` tells if it is no longer so."""
        return self._lines.find_known(line_id)

    async def read(self, query: SessionQuery, partition: int) -> Subject:
        """Raises DatabaseLost, Overloaded."""
        return await self._readers[partition].submit(query)

    async def open(self, entry: SessionEntry, partition: int) -> bool:
        """Whether it is there now; False: there was one, or the line has changed, decide again."""
        is_open = await self._openers[partition].submit(entry)
        if not is_open:
            self._lines.forget(entry.line.line_id)
        return is_open

    def hand_in_opening(
        self, entry: SessionEntry, partition: int, receiver: Receiver[bool]
    ) -> None:
        """As `open`; who is told False has the line forgotten (`forget_line`)."""
        self._openers[partition].hand_in(entry, receiver)

    def hand_in_ending(self, end: SessionEnd, partition: int, receiver: Receiver[bool]) -> None:
        """As `close`."""
        self._closers[partition].hand_in(end, receiver)

    def forget_line(self, line_id: UUID) -> None:
        """What was decided upon the line as it was kept could not be written."""
        self._lines.forget(line_id)

    async def put(self, entry: SessionEntry, partition: int) -> bool:
        """Whether it is written; False: the line or the session has changed, decide again."""
        return await self._writers[partition].submit(entry)

    async def close(self, end: SessionEnd, partition: int) -> bool:
        """Whether it is ended by this; False if it was ended already, or is not there."""
        return await self._closers[partition].submit(end)

    async def note_refusal(self, line_id: UUID, partition: int) -> None:
        """The line got no session: evidence for pushes that were to stop it."""
        await self._refusers[partition].submit(line_id)

    def _reader(
        self, partition: int
    ) -> Callable[[Sequence[SessionQuery]], Awaitable[Sequence[Subject]]]:
        async def read(batch: Sequence[SessionQuery]) -> Sequence[Subject]:
            rows = await self._store.partitions[partition].fetch(
                "read_policy_subjects",
                {
                    "session_ids": [query.session_id for query in batch],
                    "line_ids": [query.line_id for query in batch],
                },
            )
            found = {row["ordinality"]: self._subject(row) for row in rows}
            return [found[position] for position in range(1, len(batch) + 1)]

        return read

    def _subject(self, row: Any) -> Subject:
        return Subject(
            self._lines.keep(row) if row["profile"] else None,
            _session(row) if row["session_id"] else None,
        )

    def _writer(
        self, statement: str, partition: int
    ) -> Callable[[Sequence[SessionEntry]], Awaitable[Sequence[bool]]]:
        async def write(batch: Sequence[SessionEntry]) -> Sequence[bool]:
            rows = await self._store.partitions[partition].fetch(
                statement, _columns(batch, self._clock.now())
            )
            return _flags(rows, batch)

        return write

    def _closer(
        self, partition: int
    ) -> Callable[[Sequence[SessionEnd]], Awaitable[Sequence[bool]]]:
        async def close(batch: Sequence[SessionEnd]) -> Sequence[bool]:
            now = self._clock.now()
            rows = await self._store.partitions[partition].fetch(
                "close_policy_sessions",
                {
                    "session_ids": [end.session_id for end in batch],
                    "core_ids": [end.core_id for end in batch],
                    "numbers": [end.number for end in batch],
                    "answers": [end.answer for end in batch],
                    "event_ids": _new_ids(len(batch), now),
                    "now": now,
                },
            )
            return _flags(rows, batch)

        return close

    def _refuser(self, partition: int) -> Callable[[Sequence[UUID]], Awaitable[Sequence[None]]]:
        async def note(batch: Sequence[UUID]) -> Sequence[None]:
            await self._store.partitions[partition].fetch(
                "note_refused_sessions", {"line_ids": list(batch), "now": self._clock.now()}
            )
            return [None] * len(batch)

        return note


def _session(row: Any) -> KnownSession:
    return KnownSession(
        core_id=row["core_id"],
        imsi=row["imsi"],
        apn=row["apn"],
        framed_address=row["framed_address"],
        visited_plmn=row["visited_plmn"],
        rat_type=row["rat_type"],
        qci=row["qci"],
        speed=Speed(row["up_bps"], row["down_bps"]),
        last_number=row["last_number"],
        is_open=row["is_open"],
        last_answer=row["last_answer"],
    )


def _columns(batch: Sequence[SessionEntry], now: datetime) -> dict[str, object]:
    return {
        "session_ids": [entry.session_id for entry in batch],
        "line_ids": [entry.line.line_id for entry in batch],
        "versions": [entry.line.profile_version for entry in batch],
        "exhausted": [entry.line.is_exhausted for entry in batch],
        "core_ids": [entry.core_id for entry in batch],
        "peers": [entry.peer for entry in batch],
        "hosts": [entry.origin_host for entry in batch],
        "realms": [entry.origin_realm for entry in batch],
        "imsis": [entry.imsi for entry in batch],
        "apns": [entry.apn for entry in batch],
        "addresses": [entry.framed_address for entry in batch],
        "plmns": [entry.visited_plmn for entry in batch],
        "rat_types": [entry.rat_type for entry in batch],
        "qcis": [entry.qci for entry in batch],
        "ups": [entry.speed.up_bps for entry in batch],
        "downs": [entry.speed.down_bps for entry in batch],
        "numbers": [entry.number for entry in batch],
        "answers": [entry.answer for entry in batch],
        "event_ids": _new_ids(len(batch), now),
        "locations": [entry.user_location for entry in batch],
        "now": now,
    }


def _flags(rows: Sequence[Any], batch: Sequence[object]) -> list[bool]:
    done = {row["ordinality"] for row in rows}
    return [position in done for position in range(1, len(batch) + 1)]


def _new_ids(count: int, now: datetime) -> list[UUID]:
    return [uuid7(now, os.urandom(10)) for _ in range(count)]
