"""Where phones are: reads lines to decide an Update-Location, and writes the registrations."""

import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from wispgate.domain.policy.access import NO_FEATURES, NodeFeatures
from wispgate.kernel.clock import Clock
from wispgate.kernel.identifiers import Imsi
from wispgate.kernel.ids import uuid7
from wispgate.kernel.plmn import Plmn
from wispgate.network.hss.requests import Ending, ServingNode
from wispgate.store.batching import Batcher, Receiver
from wispgate.store.directory import Place
from wispgate.store.hot import HotStore
from wispgate.store.lines import KnownLine, LineCache


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose location it is."""

    core_id: UUID
    imsi: Imsi


@dataclass(frozen=True, slots=True)
class Registered:
    """A phone's place is written down; where it was before, None: nowhere, or purged there."""

    host: str | None
    known_profile_version: int | None
    imei: str | None = None


@dataclass(frozen=True, slots=True)
class Registration:
    """A place to be written down, decided upon a version of the line."""

    subject: Subject
    line_id: UUID
    profile_version: int
    is_exhausted: bool
    host: str
    realm: str
    plmn: Plmn
    rat_type: int
    imei: str | None
    node: ServingNode = ServingNode.MME
    sgsn_number: str = ""
    features: NodeFeatures = NO_FEATURES
    ending: Ending | None = None


class Locations:
    """Registrations of all partitions."""

    def __init__(self, store: HotStore, lines: LineCache, *, clock: Clock) -> None:
        self._store = store
        self._lines = lines
        self._clock = clock
        numbers = [partition.number for partition in store.partitions]
        self._readers = [Batcher(self._reader(n), lambda subject: subject) for n in numbers]
        self._writers = [Batcher(self._writer(n), lambda entry: entry.subject) for n in numbers]

    def find_known(self, place: Place) -> KnownLine | None:
        """The line as it was seen last; `register` tells if it is no longer so."""
        return self._lines.find_known(place.line_id)

    async def read(self, subject: Subject, place: Place) -> KnownLine | None:
        """The line of an IMSI; None if the partition does not know it. Raises DatabaseLost."""
        return await self._readers[place.partition].submit(subject)

    async def register(self, registration: Registration, place: Place) -> Registered | None:
        """Writes it; None if the line has changed since it was read, or the card's line has."""
        registered = await self._writers[place.partition].submit(registration)
        if registered is None:
            self._lines.forget(registration.line_id)
        return registered

    def hand_in(
        self, registration: Registration, place: Place, receiver: Receiver[Registered | None]
    ) -> None:
        """As `register`; who is told None has the line forgotten (`forget_line`)."""
        self._writers[place.partition].hand_in(registration, receiver)

    def forget_line(self, line_id: UUID) -> None:
        """What was decided upon the line as it was kept could not be written."""
        self._lines.forget(line_id)

    def _reader(
        self, partition: int
    ) -> Callable[[Sequence[Subject]], Awaitable[Sequence[KnownLine | None]]]:
        async def read(batch: Sequence[Subject]) -> Sequence[KnownLine | None]:
            rows = await self._store.partitions[partition].fetch(
                "read_lines_by_imsi",
                {
                    "core_ids": [subject.core_id for subject in batch],
                    "imsis": [subject.imsi.digits for subject in batch],
                },
            )
            found = {row["ordinality"]: self._lines.keep(row) for row in rows if row["profile"]}
            return [found.get(position) for position in range(1, len(batch) + 1)]

        return read

    def _writer(
        self, partition: int
    ) -> Callable[[Sequence[Registration]], Awaitable[Sequence[Registered | None]]]:
        async def write(batch: Sequence[Registration]) -> Sequence[Registered | None]:
            rows = await self._store.partitions[partition].fetch(
                "register_locations", _columns(batch, self._clock.now())
            )
            written = {row["ordinality"]: _registered(row) for row in rows}
            return [written.get(position) for position in range(1, len(batch) + 1)]

        return write


def _registered(row: Any) -> Registered:
    return Registered(
        host=None if row["previous_purge"] else row["previous_host"],
        known_profile_version=row["previous_profile_version"],
        imei=row["previous_imei"],
    )


def _columns(batch: Sequence[Registration], now: datetime) -> dict[str, object]:
    return {
        "core_ids": [entry.subject.core_id for entry in batch],
        "imsis": [entry.subject.imsi.digits for entry in batch],
        "line_ids": [entry.line_id for entry in batch],
        "versions": [entry.profile_version for entry in batch],
        "hosts": [entry.host for entry in batch],
        "realms": [entry.realm for entry in batch],
        "plmns": [str(entry.plmn) for entry in batch],
        "rat_types": [entry.rat_type for entry in batch],
        "imeis": [entry.imei for entry in batch],
        "are_exhausted": [entry.is_exhausted for entry in batch],
        "nodes": [entry.node for entry in batch],
        "sgsn_numbers": [entry.sgsn_number for entry in batch],
        "feature_lists_1": [entry.features.list_1 for entry in batch],
        "feature_lists_2": [entry.features.list_2 for entry in batch],
        "endings": [entry.ending or "" for entry in batch],
        "event_ids": [uuid7(now, os.urandom(10)) for _ in batch],
        "now": now,
    }
