"""Batches: what arrived meanwhile goes together, one key is never twice under way."""

import asyncio
from collections.abc import Sequence

import pytest

from wispgate.kernel.errors import Unavailable
from wispgate.store.batching import SECOND_BATCH_FROM, Batcher, Overloaded


class Recorder:
    """A `process` that waits for a sign before each batch, and answers an item by its tenfold."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.signs: asyncio.Queue[Exception | None] = asyncio.Queue()
        self.under_way = 0
        self.most_under_way = 0

    async def __call__(self, batch: Sequence[int]) -> list[int]:
        self.batches.append(list(batch))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        error = await self.signs.get()
        self.under_way -= 1
        if error is not None:
            raise error
        return [item * 10 for item in batch]

    def go(self, times: int = 1, error: Exception | None = None) -> None:
        for _ in range(times):
            self.signs.put_nowait(error)


def a_batcher(
    recorder: Recorder, *, modulo: int = 1 << 30, max_batch: int = 256, max_waiting: int = 10_000
) -> Batcher[int, int]:
    return Batcher(
        recorder, lambda item: item % modulo, max_batch=max_batch, max_waiting=max_waiting
    )


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_one_read_brings_makes_one_batch() -> None:
    recorder = Recorder()
    batcher = a_batcher(recorder)
    recorder.go()

    results = await asyncio.gather(*(batcher.submit(n) for n in range(5)))

    assert results == [0, 10, 20, 30, 40]
    assert recorder.batches == [[0, 1, 2, 3, 4]]


async def test_what_arrives_during_a_commit_makes_the_next_batch() -> None:
    recorder = Recorder()
    batcher = a_batcher(recorder)
    first = batcher.submit(1)
    await turn()
    later = [batcher.submit(n) for n in (2, 3)]
    await turn()
    waiting = len(batcher)
    recorder.go(2)

    await asyncio.gather(first, *later)

    assert waiting == 2
    assert recorder.batches == [[1], [2, 3]]


async def test_the_same_key_is_never_twice_under_way() -> None:
    recorder = Recorder()
    batcher = a_batcher(recorder, modulo=10)
    futures = [batcher.submit(n) for n in (1, 11, 2, 21)]
    recorder.go(3)

    results = await asyncio.gather(*futures)

    assert results == [10, 110, 20, 210]
    assert recorder.batches == [[1, 2], [11], [21]]


async def test_a_batch_has_its_limit() -> None:
    recorder = Recorder()
    batcher = a_batcher(recorder, max_batch=2)
    recorder.go(3)

    await asyncio.gather(*(batcher.submit(n) for n in range(5)))

    assert recorder.batches == [[0, 1], [2, 3], [4]]


async def test_a_second_batch_goes_out_only_when_many_wait() -> None:
    recorder = Recorder()
    batcher = a_batcher(recorder)
    futures = [batcher.submit(0)]
    await turn()
    futures += [batcher.submit(n) for n in range(1, SECOND_BATCH_FROM)]
    await turn()
    before = recorder.under_way
    futures.append(batcher.submit(SECOND_BATCH_FROM))
    await turn()
    after = recorder.under_way
    futures += [batcher.submit(n) for n in range(1000, 1200)]
    await turn()
    recorder.go(10)

    results = await asyncio.gather(*futures)

    assert (before, after, recorder.most_under_way) == (1, 2, 2)
    assert results[:2] == [0, 10]


async def test_keys_are_apart_over_two_batches_too() -> None:
    recorder = Recorder()
    batcher = a_batcher(recorder, modulo=200)
    futures = [batcher.submit(n) for n in (0, 1)]
    await turn()
    futures += [batcher.submit(n) for n in range(200, 300)]
    await turn()
    recorder.go(5)

    await asyncio.gather(*futures)

    assert recorder.batches == [[0, 1], list(range(202, 300)), [200, 201]]


async def test_too_many_waiting_are_refused_at_once() -> None:
    recorder = Recorder()
    batcher = a_batcher(recorder, max_waiting=3)
    futures = [batcher.submit(n) for n in range(3)]

    with pytest.raises(Overloaded):
        batcher.submit(4)

    recorder.go()
    assert await asyncio.gather(*futures) == [0, 10, 20]


async def test_an_outage_reaches_every_item_of_the_batch() -> None:
    recorder = Recorder()
    batcher = a_batcher(recorder)
    recorder.go(error=Unavailable("away"))

    results = await asyncio.gather(*(batcher.submit(n) for n in range(3)), return_exceptions=True)

    assert [type(result) for result in results] == [Unavailable] * 3
    assert len(recorder.batches) == 1
    recorder.go()
    assert await batcher.submit(1) == 10


async def test_one_bad_item_fails_alone() -> None:
    async def process(batch: Sequence[int]) -> list[int]:
        if 13 in batch:
            raise ZeroDivisionError
        return [item * 10 for item in batch]

    batcher = Batcher(process, lambda item: item)

    results = await asyncio.gather(*(batcher.submit(n) for n in (1, 13, 2)), return_exceptions=True)

    assert results[::2] == [10, 20]
    assert isinstance(results[1], ZeroDivisionError)


async def test_a_wrong_number_of_results_is_an_error_and_no_silence() -> None:
    async def process(batch: Sequence[int]) -> list[int]:
        return [0] * (len(batch) + 1)

    batcher = Batcher(process, lambda item: item)

    with pytest.raises(ValueError, match="zip"):
        await batcher.submit(1)


async def test_who_gave_up_waiting_does_not_disturb_the_others() -> None:
    recorder = Recorder()
    batcher = a_batcher(recorder)
    impatient, patient = batcher.submit(1), batcher.submit(2)
    await turn()
    impatient.cancel()
    recorder.go()

    assert await patient == 20


async def test_drain_waits_for_everything_submitted() -> None:
    recorder = Recorder()
    batcher = a_batcher(recorder, modulo=1)
    futures = [batcher.submit(n) for n in range(4)]
    recorder.go(4)

    await batcher.drain()

    assert [future.result() for future in futures] == [0, 10, 20, 30]
    await batcher.drain()


class Told:
    """A receiver without a loop."""

    def __init__(self) -> None:
        self.result: int | None = None
        self.error: Exception | None = None

    def done(self) -> bool:
        return False

    def set_result(self, result: int, /) -> None:
        self.result = result

    def set_exception(self, exception: Exception, /) -> None:
        self.error = exception


async def test_a_receiver_is_told_of_result_or_failure() -> None:
    recorder = Recorder()
    batcher = a_batcher(recorder)
    good, bad = Told(), Told()

    recorder.go()
    batcher.hand_in(4, good)
    await batcher.drain()
    recorder.go(error=Unavailable("gone"))
    batcher.hand_in(5, bad)
    await batcher.drain()

    assert (good.result, good.error) == (40, None)
    assert bad.result is None
    assert isinstance(bad.error, Unavailable)
