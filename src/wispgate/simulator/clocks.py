"""Time for phones: virtual, which jumps from one event to the next, or live, which passes.

Everything in the simulator that waits, waits here.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from wispgate.kernel.clock import Clock

# How often a live clock is read again at least: a sandbox's clock may have been set forward.
_LOOK_AGAIN: Final = 1.0


class SimulatedTime(Protocol):
    """What the simulator asks of time. Virtual time stands still while the network answers."""

    is_virtual: bool

    def now(self) -> datetime: ...

    async def wait_until(self, instant: datetime, changed: asyncio.Event) -> None:
        """Returns at `instant` at the latest, and early once `changed` is set."""
        ...


class SettableClock(Protocol):
    """A clock of which somebody else has the hands: the one that a test gave to the product."""

    def now(self) -> datetime: ...

    def advance(self, **duration: float) -> datetime: ...


class VirtualTime:
    """Time that takes no time. It moves the given clock, or one of its own from `start` on.

    `breath` is how many real seconds the other side gets at each step, for what it does by itself.
    """

    is_virtual = True

    def __init__(
        self,
        clock: SettableClock | None = None,
        *,
        start: datetime = datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
        breath: float = 0.0,
    ) -> None:
        self._clock = clock or _OwnClock(start)
        self._breath = breath

    def now(self) -> datetime:
        return self._clock.now()

    async def wait_until(self, instant: datetime, changed: asyncio.Event) -> None:
        await asyncio.sleep(self._breath)
        ahead = instant - self._clock.now()
        if ahead > timedelta(0) and not changed.is_set():
            self._clock.advance(
                days=ahead.days, seconds=ahead.seconds, microseconds=ahead.microseconds
            )


class LiveTime:
    """The time of `clock`, passing `speed` times as fast since this was made."""

    is_virtual = False

    def __init__(self, clock: Clock | None = None, *, speed: float = 1.0) -> None:
        self._clock = clock or _WorldClock()
        self._speed = speed
        self._start = self._clock.now()

    def now(self) -> datetime:
        return self._start + (self._clock.now() - self._start) * self._speed

    async def wait_until(self, instant: datetime, changed: asyncio.Event) -> None:
        ahead = (instant - self.now()).total_seconds() / self._speed
        try:
            async with asyncio.timeout(min(max(ahead, 0.0), _LOOK_AGAIN)):
                await changed.wait()
        except TimeoutError:
            return


class _OwnClock:
    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, **duration: float) -> datetime:
        self._now += timedelta(**duration)
        return self._now


class _WorldClock:
    def now(self) -> datetime:
        return datetime.now(UTC)
