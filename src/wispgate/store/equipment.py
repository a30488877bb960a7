"""What the register knows of a device: its lists, the line's lock, and where it was seen."""

import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from wispgate.domain.equipment.lists import Colour, DeviceRange, UnknownDevice
from wispgate.kernel.clock import Clock
from wispgate.kernel.identifiers import Imsi
from wispgate.kernel.ids import uuid7
from wispgate.store.batching import Batcher
from wispgate.store.directory import Place
from wispgate.store.hot import HotStore
from wispgate.store.profiles import ProfileCache


@dataclass(frozen=True, slots=True)
class Card:
    """A card of a core, in whatever device."""

    core_id: UUID
    imsi: Imsi


@dataclass(frozen=True, slots=True)
class LockedLine:
    """The line that a card belongs to, and the devices that it is locked to."""

    line_id: UUID
    operator_id: UUID
    account_id: UUID
    devices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A device of 14 digits in a core; `operator_id` None: nobody says whose card is in it."""

    core_id: UUID
    device: str
    operator_id: UUID | None


@dataclass(frozen=True, slots=True)
class Listed:
    """The ranges that hold a device, and what its core takes one in no range for."""

    ranges: tuple[DeviceRange, ...]
    unknown_as: UnknownDevice


@dataclass(frozen=True, slots=True)
class Sighting:
    """A card was seen in a device."""

    card: Card
    line: LockedLine
    device: str
    software_version: str


class Equipment:
    """Lists of the whole installation, sightings of all partitions; all by batches."""

    def __init__(self, store: HotStore, profiles: ProfileCache, *, clock: Clock) -> None:
        self._store = store
        self._profiles = profiles
        self._clock = clock
        numbers = [partition.number for partition in store.partitions]
        self._lists: Batcher[Question, Listed] = Batcher(self._read_lists, lambda item: item)
        self._readers = [Batcher(self._reader(n), lambda card: card) for n in numbers]
        self._writers = [Batcher(self._writer(n), lambda seen: seen.card) for n in numbers]

    async def read_lists(self, question: Question) -> Listed:
        """Raises DatabaseLost or Overloaded, as all here."""
        return await self._lists.submit(question)

    async def read_line(self, card: Card, place: Place) -> LockedLine | None:
        """The line of a card; None if the partition does not know it."""
        return await self._readers[place.partition].submit(card)

    async def see(self, sighting: Sighting, place: Place) -> None:
        """Writes down where the card is; a change of device is told to the business side."""
        await self._writers[place.partition].submit(sighting)

    async def _read_lists(self, questions: Sequence[Question]) -> Sequence[Listed]:
        rows = await self._store.public.fetch(
            "find_equipment_ranges",
            {
                "core_ids": [question.core_id for question in questions],
                "operator_ids": [question.operator_id for question in questions],
                "devices": [question.device for question in questions],
            },
        )
        return [
            _listed([row for row in rows if row["ordinality"] == position])
            for position in range(1, len(questions) + 1)
        ]

    def _reader(
        self, partition: int
    ) -> Callable[[Sequence[Card]], Awaitable[Sequence[LockedLine | None]]]:
        async def read(cards: Sequence[Card]) -> Sequence[LockedLine | None]:
            rows = await self._store.partitions[partition].fetch(
                "read_device_locks",
                {
                    "core_ids": [card.core_id for card in cards],
                    "imsis": [card.imsi.digits for card in cards],
                },
            )
            found = {row["ordinality"]: self._locked(row) for row in rows}
            return [found.get(position) for position in range(1, len(cards) + 1)]

        return read

    def _locked(self, row: Any) -> LockedLine:
        profile = self._profiles.decode(row["line_id"], row["profile_version"], row["profile"])
        return LockedLine(
            row["line_id"], row["operator_id"], row["account_id"], profile.device_lock
        )

    def _writer(self, partition: int) -> Callable[[Sequence[Sighting]], Awaitable[Sequence[None]]]:
        async def write(sightings: Sequence[Sighting]) -> Sequence[None]:
            now = self._clock.now()
            await self._store.partitions[partition].fetch(
                "see_equipment",
                {
                    "core_ids": [seen.card.core_id for seen in sightings],
                    "imsis": [seen.card.imsi.digits for seen in sightings],
                    "devices": [seen.device for seen in sightings],
                    "software_versions": [seen.software_version for seen in sightings],
                    "operator_ids": [seen.line.operator_id for seen in sightings],
                    "account_ids": [seen.line.account_id for seen in sightings],
                    "line_ids": [seen.line.line_id for seen in sightings],
                    "event_ids": [uuid7(now, os.urandom(10)) for _ in sightings],
                    "now": now,
                },
            )
            return [None] * len(sightings)

        return write


def _listed(rows: Iterable[Any]) -> Listed:
    found = list(rows)
    ranges = [
        DeviceRange(row["first"], row["last"], Colour(row["colour"]))
        for row in found
        if row["colour"] is not None
    ]
    return Listed(tuple(ranges), UnknownDevice(found[0]["unknown_device"]))
