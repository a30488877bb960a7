"""Where an identity of a core points: line, account, partition. Looked up in batches, kept a while.

An entry may be out of date: the partition's own row decides, and one that it contradicts is
dropped by `forget` and looked up again. What does not exist is never kept.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from wispgate.store.batching import Batcher
from wispgate.store.hot import HotStore

CAPACITY = 200_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line lives."""

    operator_id: UUID
    account_id: UUID
    line_id: UUID
    partition: int


class Identity(NamedTuple):
    """An identity in a core: kind "imsi", "msisdn", "iccid" or "nai".

    A tuple, since every request makes one to look it up.
    """

    core_id: UUID
    kind: str
    value: str


class Directory:
    """Finds the place of an identity; None if no line has it."""

    def __init__(self, store: HotStore, *, capacity: int = CAPACITY) -> None:
        self._store = store
        self._capacity = capacity
        self._known: OrderedDict[Identity, Place] = OrderedDict()
        self._batcher: Batcher[Identity, Place | None] = Batcher(self._look_up, lambda item: item)

    def find_known(self, identity: Identity) -> Place | None:
        """The place as far as it is kept here: no wait."""
        place = self._known.get(identity)
        if place is not None:
            self._known.move_to_end(identity)
        return place

    async def find(self, identity: Identity) -> Place | None:
        """The place, from the database where it is not kept. Raises DatabaseLost, Overloaded."""
        return self.find_known(identity) or await self._batcher.submit(identity)

    def forget(self, identity: Identity) -> None:
        self._known.pop(identity, None)

    async def _look_up(self, identities: Sequence[Identity]) -> Sequence[Place | None]:
        found: dict[Identity, Place] = {}
        for kind in {identity.kind for identity in identities}:
            found |= await self._look_up_kind(kind, [i for i in identities if i.kind == kind])
        for identity, place in found.items():
            self._keep(identity, place)
        return [found.get(identity) for identity in identities]

    async def _look_up_kind(
        self, kind: str, identities: Sequence[Identity]
    ) -> dict[Identity, Place]:
        rows = await self._store.public.fetch(
            "find_identities",
            {
                "kind": kind,
                "core_ids": [identity.core_id for identity in identities],
                "values": [identity.value for identity in identities],
            },
        )
        return {
            Identity(row["core_id"], kind, row["value"]): Place(
                row["operator_id"], row["account_id"], row["line_id"], row["partition"]
            )
            for row in rows
        }

    def _keep(self, identity: Identity, place: Place) -> None:
        self._known[identity] = place
        if len(self._known) > self._capacity:
            self._known.popitem(last=False)
