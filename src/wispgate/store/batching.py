"""Natural batching: the next batch is what arrived while the last one was being committed.

No timer makes anybody wait. A second batch goes out beside the first only while many wait, since
on few requests two commits cost more than they save. Items with the same key (a session, a card)
are never in flight together: the later one waits for the next batch.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from wispgate.kernel.errors import Unavailable

Item = TypeVar("Item")
Result = TypeVar("Result")
Outcome_contra = TypeVar("Outcome_contra", contravariant=True)

MAX_BATCH = 256
# Measured: below this many waiting, one batch in flight is the faster way.
SECOND_BATCH_FROM = 64
MAX_WAITING = 10_000


class Overloaded(Unavailable):
    """More is waiting than could be answered in time; nothing was done with the item."""

    code = "overloaded"


class _Entry(NamedTuple, Generic[Item, Result]):
    item: Item
    key: Hashable
    receiver: "Receiver[Result]"


class Receiver(Protocol[Outcome_contra]):
    """Whoever is told of an item's end: a future, or something that costs the loop nothing.

    Its methods raise nothing.
    """

    def done(self) -> bool:
        """Whether nobody wants to know any more."""

    def set_result(self, result: Outcome_contra, /) -> None: ...

    def set_exception(self, exception: Exception, /) -> None: ...


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
        self._waiting: deque[_Entry[Item, Result]] = deque()
        self._in_flight: set[Hashable] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """How many items wait for their batch."""
        return len(self._waiting)

    def submit(self, item: Item) -> "asyncio.Future[Result]":
        """The item's result, later. Raises Overloaded, with nothing done, if too many wait."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self.hand_in(item, future)
        return future

    def hand_in(self, item: Item, receiver: Receiver[Result]) -> None:
        """Tells the receiver of the item's result, later. Raises as `submit` does."""
        if len(self._waiting) >= self._max_waiting:
            raise Overloaded("too many requests wait for the database")
        self._waiting.append(_Entry(item, self._key(item), receiver))
        self._start()

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

    def _take(self) -> "list[_Entry[Item, Result]]":
        batch: list[_Entry[Item, Result]] = []
        held_back: deque[_Entry[Item, Result]] = deque()
        while self._waiting and len(batch) < self._max_batch:
            entry = self._waiting.popleft()
            if entry.key in self._in_flight:
                held_back.append(entry)
            else:
                self._in_flight.add(entry.key)
                batch.append(entry)
        self._waiting.extendleft(reversed(held_back))
        return batch

    async def _handle(self, batch: "list[_Entry[Item, Result]]") -> None:
        try:
            await self._settle(batch)
        finally:
            self._in_flight.difference_update(entry.key for entry in batch)

    async def _settle(self, batch: "list[_Entry[Item, Result]]") -> None:
        try:
            results = await self._process([entry.item for entry in batch])
            pairs = list(zip(batch, results, strict=True))
        except Exception as error:  # noqa: BLE001 (the top of a batch: each item gets to know)
            if len(batch) > 1 and not isinstance(error, Unavailable):
                for entry in batch:
                    await self._settle([entry])
                return
            for entry in batch:
                if not entry.receiver.done():
                    entry.receiver.set_exception(error)
        else:
            for entry, result in pairs:
                if not entry.receiver.done():
                    entry.receiver.set_result(result)
