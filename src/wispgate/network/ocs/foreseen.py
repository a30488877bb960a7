"""What requests of one wording get: made once, kept for all that come after."""

from typing import Final
from uuid import UUID

from wispgate.network.ocs.brief import Key
from wispgate.network.ocs.stored import StoredAnswer
from wispgate.store.charging_batch import Shape
from wispgate.store.plans import PlanKey

# Wordings of all plans and cores; clients that ask for odd amounts must not fill the memory.
CAPACITY: Final = 10_000

MemoryKey = tuple[PlanKey, UUID, str, Key]


class Foreseen:
    """Shapes for the statement, the answer, and its AVPs from CC-Session-Failover on."""

    __slots__ = ("answer", "avps", "shapes")

    def __init__(self, shapes: tuple[Shape, ...], answer: StoredAnswer, avps: bytes) -> None:
        self.shapes = shapes
        self.answer = answer
        self.avps = avps


class Memory:
    """What is foreseen, by plan, core, its profile's name, and wording. When full it begins anew."""

    def __init__(self, *, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._known: dict[MemoryKey, Foreseen] = {}

    def find(self, key: MemoryKey) -> Foreseen | None:
        return self._known.get(key)

    def keep(self, key: MemoryKey, foreseen: Foreseen) -> None:
        if len(self._known) >= self._capacity:
            self._known.clear()
        self._known[key] = foreseen
