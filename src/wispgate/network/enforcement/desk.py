"""One connection's worth of a partition: enforcement never takes more from the hot path."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from wispgate.store.hot import HotStore, Transaction


class Desk:
    """Statements of enforcement on one partition, one after the other."""

    def __init__(self, store: HotStore, number: int) -> None:
        self.number = number
        self._partition = store.partitions[number]
        self._lock = asyncio.Lock()

    async def fetch(self, name: str, values: Mapping[str, Any]) -> Sequence[Any]:
        async with self._lock:
            return await self._partition.fetch(name, values)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self._lock, self._partition.transaction() as transaction:
            yield transaction
