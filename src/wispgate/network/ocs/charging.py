"""Charges requests in batches: first all together in one statement, the rest on locked rows."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Final

from wispgate.kernel.clock import Clock
from wispgate.network.ocs import metrics
from wispgate.network.ocs.complete import charge_completely
from wispgate.network.ocs.foreseen import Memory
from wispgate.network.ocs.simple import charge_simply
from wispgate.network.ocs.stored import StoredAnswer
from wispgate.network.ocs.work import Work
from wispgate.store.batching import Batcher, Receiver
from wispgate.store.charging import RACED
from wispgate.store.charging_lines import ChargingLines
from wispgate.store.directory import Place
from wispgate.store.hot import HotStore

# A transaction on locked rows holds them while Python decides: it stays short.
_COMPLETE_AT_ONCE: Final = 64
_ATTEMPTS: Final = 4


class Charging:
    """Charging of all partitions, one batcher each."""

    def __init__(self, store: HotStore, lines: ChargingLines, *, clock: Clock) -> None:
        self._store = store
        self._lines = lines
        self._memory = Memory()
        self._clock = clock
        self._batchers = [
            Batcher(self._charger(partition.number), attrgetter("session_id"))
            for partition in store.partitions
        ]

    def charge(self, work: Work, place: Place) -> Awaitable[StoredAnswer | None]:
        """The answer, durable; None if the partition does not know the line.

        Raises DatabaseLost or Overloaded.
        """
        return self._batchers[place.partition].submit(work)

    def hand_in(self, work: Work, place: Place, receiver: Receiver[StoredAnswer | None]) -> None:
        """As `charge`, for who wants to be told instead of waiting. Raises Overloaded."""
        self._batchers[place.partition].hand_in(work, receiver)

    def _charger(
        self, number: int
    ) -> Callable[[Sequence[Work]], Awaitable[Sequence[StoredAnswer | None]]]:
        async def charge(batch: Sequence[Work]) -> Sequence[StoredAnswer | None]:
            now = self._clock.now()
            partition = self._store.partitions[number]
            answers: list[StoredAnswer | None] = [None] * len(batch)
            try:
                left = await charge_simply(
                    partition, self._lines, self._memory, batch, answers, now=now
                )
            except RACED:
                left = list(range(len(batch)))
            metrics.SIMPLE.inc(len(batch) - len(left))
            metrics.COMPLETE.inc(len(left))
            for start in range(0, len(left), _COMPLETE_AT_ONCE):
                places = left[start : start + _COMPLETE_AT_ONCE]
                found = await self._complete(number, [batch[place] for place in places], now)
                for place, answer in zip(places, found, strict=True):
                    answers[place] = answer
            return answers

        return charge

    async def _complete(
        self, number: int, batch: Sequence[Work], now: datetime
    ) -> list[StoredAnswer | None]:
        for _ in range(_ATTEMPTS - 1):
            try:
                return await charge_completely(
                    self._store.partitions[number], self._lines, batch, now=now
                )
            except RACED:
                metrics.RACED.inc()
        return await charge_completely(self._store.partitions[number], self._lines, batch, now=now)
