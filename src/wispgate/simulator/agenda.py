"""When each phone is next to be looked at: few of many change at an instant."""

import heapq
import itertools
from datetime import datetime

from wispgate.simulator.ue import UE


class Agenda:
    """One entry per phone at most; a later `put` replaces it."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._heap: list[tuple[datetime, int, UE]] = []
        self._entries: dict[int, int] = {}

    def put(self, ue: UE, at: datetime | None) -> None:
        """None takes the phone off."""
        self._entries.pop(id(ue), None)
        if at is not None:
            number = next(self._numbers)
            self._entries[id(ue)] = number
            heapq.heappush(self._heap, (at, number, ue))

    def first_at(self) -> datetime | None:
        self._drop_replaced()
        return self._heap[0][0] if self._heap else None

    def take_due(self, now: datetime) -> list[UE]:
        """Those whose time has come, in order; they are off the agenda then."""
        due = []
        while (at := self.first_at()) is not None and at <= now:
            _, _, ue = heapq.heappop(self._heap)
            del self._entries[id(ue)]
            due.append(ue)
        return due

    def _drop_replaced(self) -> None:
        while self._heap and self._entries.get(id(self._heap[0][2])) != self._heap[0][1]:
            heapq.heappop(self._heap)
