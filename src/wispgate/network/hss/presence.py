"""What nodes report of the phones that they serve: written by batches, one statement each."""

import json
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from wispgate.kernel.clock import Clock
from wispgate.kernel.ids import uuid7
from wispgate.network.hss.locations import Subject
from wispgate.network.hss.requests import ServingNode
from wispgate.store.batching import Batcher
from wispgate.store.directory import Place
from wispgate.store.hot import HotStore
from wispgate.store.lines import KnownLine, LineCache


@dataclass(frozen=True, slots=True)
class Purge:
    """A node has deleted what it had of a phone."""

    subject: Subject
    host: str
    nodes: tuple[ServingNode, ...] = tuple(ServingNode)


@dataclass(frozen=True, slots=True)
class Notice:
    """What a node tells of a phone. `gateways`: by APN, the host that serves it.

    `is_leaving`: the phone is with this MME alone, and has left its SGSN.
    """

    subject: Subject
    host: str
    imei: str | None
    gateways: Mapping[str, str]
    is_leaving: bool = False


@dataclass(frozen=True, slots=True)
class Noted:
    """The line of a phone that something was told of; `is_here`: by the node that serves it."""

    line: KnownLine
    operator_id: UUID
    account_id: UUID
    is_here: bool
    previous_imei: str | None


class Presence:
    """Reports on registrations of all partitions."""

    def __init__(self, store: HotStore, lines: LineCache, *, clock: Clock) -> None:
        self._store = store
        self._lines = lines
        self._clock = clock
        numbers = [partition.number for partition in store.partitions]
        self._purgers = [Batcher(self._purger(n), lambda purge: purge.subject) for n in numbers]
        self._noters = [Batcher(self._noter(n), lambda notice: notice.subject) for n in numbers]

    async def purge(self, purge: Purge, place: Place) -> tuple[ServingNode, ...] | None:
        """As what it was registered there; None if the partition does not know the card."""
        return await self._purgers[place.partition].submit(purge)

    async def note(self, notice: Notice, place: Place) -> Noted | None:
        """Writes it, unless it comes from another node; None for a card that is not known."""
        return await self._noters[place.partition].submit(notice)

    def _purger(
        self, partition: int
    ) -> Callable[[Sequence[Purge]], Awaitable[Sequence[tuple[ServingNode, ...] | None]]]:
        async def purge(batch: Sequence[Purge]) -> Sequence[tuple[ServingNode, ...] | None]:
            now = self._clock.now()
            rows = await self._store.partitions[partition].fetch(
                "purge_registrations",
                {
                    "core_ids": [one.subject.core_id for one in batch],
                    "imsis": [one.subject.imsi.digits for one in batch],
                    "hosts": [one.host for one in batch],
                    "nodes": [",".join(one.nodes) for one in batch],
                    "event_ids": [uuid7(now, os.urandom(10)) for _ in batch],
                    "now": now,
                },
            )
            known = {
                row["ordinality"]: tuple(ServingNode(node) for node in row["here"]) for row in rows
            }
            return [known.get(position) for position in range(1, len(batch) + 1)]

        return purge

    def _noter(
        self, partition: int
    ) -> Callable[[Sequence[Notice]], Awaitable[Sequence[Noted | None]]]:
        async def note(batch: Sequence[Notice]) -> Sequence[Noted | None]:
            now = self._clock.now()
            rows = await self._store.partitions[partition].fetch(
                "note_notifications",
                {
                    "core_ids": [one.subject.core_id for one in batch],
                    "imsis": [one.subject.imsi.digits for one in batch],
                    "hosts": [one.host for one in batch],
                    "imeis": [one.imei for one in batch],
                    "gateways": [json.dumps(dict(one.gateways)) for one in batch],
                    "are_leaving": [one.is_leaving for one in batch],
                    "event_ids": [uuid7(now, os.urandom(10)) for _ in batch],
                    "now": now,
                },
            )
            known = {row["ordinality"]: self._noted(row) for row in rows}
            return [known.get(position) for position in range(1, len(batch) + 1)]

        return note

    def _noted(self, row: Any) -> Noted:
        return Noted(
            line=self._lines.keep(row),
            operator_id=row["operator_id"],
            account_id=row["account_id"],
            is_here=row["is_here"],
            previous_imei=row["previous_imei"],
        )
