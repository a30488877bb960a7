"""Natural batching: the next batch is what arrived while the last one was being committed.

No timer makes anybody wait. A second batch goes out beside the first only while many wait, since
on few requests two commits cost more than they save. Items with the same key (a session, a card)
are never in flight together: the later one waits for the next batch.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from wispgate.kernel.errors import Unavailable

Item = TypeVar("Item")
Result = TypeVar("Result")

MAX_BATCH = 256
# Measured: below this many waiting, one batch in flight is the faster way.
SECOND_BATCH_FROM = 64
MAX_WAITING = 10_000


class Overloaded(Unavailable):
    """More is waiting than could be answered in time; nothing was done with the item."""

    code = "overloaded"


class Batcher(Generic[Item, Result]):
    """Collects items and hands them to `process` in batches; each gets its own result.

    `process` returns one result per item, in order. If it raises Unavailable, every item of the
    batch gets that exception. Anything else it raises is some item's fault: then each item is
    processed alone, and only the guilty get their exception. So `process` does nothing by halves,
    and doing it again is harmless.
    """

    def __init__(
        self,
        process: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        key: Callable[[Item], Hashable],
        *,
        max_batch: int = MAX_BATCH,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self._process = process
        self._key = key
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._in_flight: set[Hashable] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """How many items wait for their batch."""
        return len(self._waiting)

    def submit(self, item: Item) -> "asyncio.Future[Result]":
        """The item's result, later. Raises Overloaded, with nothing done, if too many wait."""
        if len(self._waiting) >= self._max_waiting:
            raise Overloaded("too many requests wait for the database")
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        self._start()
        return future

    async def drain(self) -> None:
        """Waits until all that was submitted has its result."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _start(self) -> None:
        allowed = 2 if len(self._waiting) >= SECOND_BATCH_FROM else 1
        if len(self._tasks) < allowed:
            task = asyncio.get_running_loop().create_task(self._run())
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        # What waits for a key in flight is taken by the batch that holds the key.
        if self._waiting and not self._tasks:
            self._start()

    async def _run(self) -> None:
        # One turn of the loop first: what the same read of the socket brought comes along.
        await asyncio.sleep(0)
        while batch := self._take():
            await self._handle(batch)
            if len(self._tasks) > 1 and len(self._waiting) < SECOND_BATCH_FROM:
                return

    def _take(self) -> "list[tuple[Item, asyncio.Future[Result]]]":
        batch: list[tuple[Item, asyncio.Future[Result]]] = []
        held_back: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        while self._waiting and len(batch) < self._max_batch:
            entry = self._waiting.popleft()
            key = self._key(entry[0])
            if key in self._in_flight:
                held_back.append(entry)
            else:
                self._in_flight.add(key)
                batch.append(entry)
        self._waiting.extendleft(reversed(held_back))
        return batch

    async def _handle(self, batch: "list[tuple[Item, asyncio.Future[Result]]]") -> None:
        try:
            await self._settle(batch)
        finally:
            self._in_flight.difference_update(self._key(item) for item, _ in batch)

    async def _settle(self, batch: "list[tuple[Item, asyncio.Future[Result]]]") -> None:
        try:
            results = await self._process([item for item, _ in batch])
            pairs = list(zip(batch, results, strict=True))
        except Exception as error:  # noqa: BLE001 (the top of a batch: each item gets to know)
            if len(batch) > 1 and not isinstance(error, Unavailable):
                for entry in batch:
                    await self._settle([entry])
                return
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
        else:
            for (_, future), result in pairs:
                if not future.done():
                    future.set_result(result)
