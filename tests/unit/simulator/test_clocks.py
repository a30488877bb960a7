"""Virtual time jumps, live time passes; both wake early."""

import asyncio
from datetime import UTC, datetime, timedelta

from tests.harness.clock import TravellingClock
from wispgate.simulator.clocks import LiveTime, VirtualTime

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


async def test_virtual_time_takes_the_given_clock_along() -> None:
    clock = TravellingClock(START)
    time = VirtualTime(clock)

    await time.wait_until(START + timedelta(days=400, microseconds=7), asyncio.Event())

    assert clock.now() == START + timedelta(days=400, microseconds=7)


async def test_virtual_time_stays_when_something_changed() -> None:
    time, changed = VirtualTime(start=START), asyncio.Event()
    changed.set()

    await time.wait_until(START + timedelta(hours=1), changed)

    assert time.now() == START


async def test_virtual_time_never_goes_back() -> None:
    time = VirtualTime(start=START)

    await time.wait_until(START - timedelta(hours=1), asyncio.Event())

    assert time.now() == START


async def test_live_time_follows_its_clock_and_is_faster_if_told() -> None:
    clock = TravellingClock(START)
    time = LiveTime(clock, speed=60)

    clock.advance(seconds=2)

    assert time.now() == START + timedelta(minutes=2)


async def test_live_time_ends_its_wait_early() -> None:
    time, changed = LiveTime(speed=1e-6), asyncio.Event()
    changed.set()

    await time.wait_until(time.now() + timedelta(days=1), changed)

    assert changed.is_set()


async def test_live_time_waits_until_the_instant() -> None:
    time = LiveTime(speed=1000)
    instant = time.now() + timedelta(seconds=10)

    while time.now() < instant:
        await time.wait_until(instant, asyncio.Event())

    assert time.now() >= instant
