"""The authentication log: refusals and resynchronisations of phones, written every second.

A note costs the hot path one look-up in a dictionary. What was noted is written in one statement,
beside the requests; a process that is killed loses a second of it.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from wispgate.domain.diagnosis.evidence import RESYNCHRONISATIONS, Procedure
from wispgate.store.directory import Place
from wispgate.store.hot import HotStore

KEPT: Final = timedelta(days=30)
# Kinds of trouble between two writings; a flood of invented IMSIs fills no memory.
MOST_NOTES: Final = 10_000
_IMSI_DIGITS: Final = 15
# An APN has a hundred characters at most (TS 23.003 section 9.1).
_LONGEST: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A phone was refused, or resynchronised. `place` is None where no line has the IMSI."""

    core_id: UUID
    imsi: str
    procedure: Procedure
    result: str
    peer: str
    visited_plmn: str = ""
    apn: str = ""
    # Not what tells notes apart.
    place: Place | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not is_imsi(self.imsi):
            raise ValueError(f"not an IMSI: {self.imsi!r}")


@dataclass(slots=True)
class _Count:
    times: int
    first_at: datetime
    last_at: datetime


class AccessLog:
    """Collects notes until they are written."""

    def __init__(self, store: HotStore) -> None:
        self._store = store
        self._counts: dict[Note, _Count] = {}
        # How many notes found no room since the process began.
        self.dropped = 0

    def note(self, note: Note, *, now: datetime) -> None:
        count = self._counts.get(note)
        if count is not None:
            count.times += 1
            count.last_at = now
        elif len(self._counts) < MOST_NOTES:
            self._counts[note] = _Count(1, now, now)
        else:
            self.dropped += 1

    async def write(self) -> None:
        """Writes what was noted. Raises DatabaseLost or RowHeld; then it is tried again later."""
        noted, self._counts = self._counts, {}
        if not noted:
            return
        try:
            await self._store.public.fetch("keep_access_log", _columns(list(noted.items())))
        except BaseException:
            self._take_back(noted)
            raise
        await self._write_last_refusals(noted)

    async def forget(self, *, before: datetime) -> None:
        await self._store.public.fetch("forget_access_log", {"before": before})

    def _take_back(self, noted: dict[Note, _Count]) -> None:
        for note, count in noted.items():
            newer = self._counts.get(note)
            if newer is not None:
                newer.times += count.times
                newer.first_at = count.first_at
            else:
                self._counts[note] = count

    async def _write_last_refusals(self, noted: dict[Note, _Count]) -> None:
        by_partition: defaultdict[int, dict[tuple[UUID, str], tuple[str, datetime]]]
        by_partition = defaultdict(dict)
        for note, count in sorted(noted.items(), key=lambda item: item[1].last_at):
            if _is_refused_authentication(note) and note.place is not None:
                by_partition[note.place.partition][note.core_id, note.imsi] = (
                    note.result, count.last_at,
                )  # fmt: skip
        for partition, last in by_partition.items():
            values = {
                "core_ids": [core_id for core_id, _ in last],
                "imsis": [imsi for _, imsi in last],
                "results": [result for result, _ in last.values()],
                "lasts": [last_at for _, last_at in last.values()],
            }
            await self._store.partitions[partition].fetch("note_last_refusals", values)


def _is_refused_authentication(note: Note) -> bool:
    return note.procedure is Procedure.AUTHENTICATION and note.result not in RESYNCHRONISATIONS


def _columns(rows: Sequence[tuple[Note, _Count]]) -> dict[str, object]:
    return {
        "core_ids": [note.core_id for note, _ in rows],
        "imsis": [note.imsi for note, _ in rows],
        "procedures": [note.procedure.value for note, _ in rows],
        "results": [note.result for note, _ in rows],
        "peers": [note.peer for note, _ in rows],
        "plmns": [note.visited_plmn for note, _ in rows],
        "apns": [note.apn for note, _ in rows],
        "operator_ids": [note.place.operator_id if note.place else None for note, _ in rows],
        "line_ids": [note.place.line_id if note.place else None for note, _ in rows],
        "times": [count.times for _, count in rows],
        "firsts": [count.first_at for _, count in rows],
        "lasts": [count.last_at for _, count in rows],
    }


def is_imsi(text: str) -> bool:
    """A client of Gx may call anything an IMSI."""
    return text.isascii() and text.isdigit() and len(text) <= _IMSI_DIGITS


def plain(text: str) -> str:
    """What a node says, as PostgreSQL can hold it: without NUL, not too long."""
    return text.replace("\x00", "\ufffd")[:_LONGEST]
