"""The watchdog of RFC 3539 section 3.4 as a table: is the other side still there?

Time arrives as `now`; the jitter of section 3.4.1 is a function given by the caller.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from wispgate.kernel.errors import Misconfigured

# RFC 3539 section 3.4.1: Twinit has a default of 30 s and must not be below 6 s; each time it is
# set, a random part of -2 to +2 s is added, so that peers do not beat in step.
DEFAULT_INITIAL: Final = timedelta(seconds=30)
MINIMUM_INITIAL: Final = timedelta(seconds=6)
MAXIMUM_JITTER: Final = timedelta(seconds=2)

# The third answer after a reconnection brings the traffic back.
_ANSWERS_TO_REOPEN: Final = 3


class Health(StrEnum):
    INITIAL = "INITIAL"
    OKAY = "OKAY"
    SUSPECT = "SUSPECT"
    DOWN = "DOWN"
    REOPEN = "REOPEN"


class Beat(StrEnum):
    """What the watchdog is told. Timer expiries are told apart by its counters."""

    CONNECTION_UP = "Connection up"
    CONNECTION_DOWN = "Connection down"
    RECEIVE_DWA = "Receive DWA"
    RECEIVE_LAST_DWA = "Receive DWA, NumDWA == 2"
    RECEIVE_OTHER = "Receive non-DWA"
    TIMER_IDLE = "Timer expires, not Pending"
    TIMER_PENDING = "Timer expires, Pending"
    TIMER_PENDING_TWICE = "Timer expires, Pending, NumDWA < 0"


class Deed(StrEnum):
    """What the watchdog wants done."""

    SEND_WATCHDOG = "SendWatchdog"
    FAIL_OVER = "Failover"
    FAIL_BACK = "Failback"
    CLOSE_CONNECTION = "CloseConnection"


class Step(NamedTuple):
    deeds: tuple[Deed, ...]
    next_health: Health


_OKAY, _SUSPECT, _DOWN, _REOPEN = Health.OKAY, Health.SUSPECT, Health.DOWN, Health.REOPEN

WATCHDOG_TABLE: Final[dict[tuple[Health, Beat], Step]] = {
    (Health.INITIAL, Beat.CONNECTION_UP): Step((), _OKAY),
    (_OKAY, Beat.RECEIVE_DWA): Step((), _OKAY),
    (_OKAY, Beat.RECEIVE_OTHER): Step((), _OKAY),
    (_OKAY, Beat.TIMER_IDLE): Step((Deed.SEND_WATCHDOG,), _OKAY),
    (_OKAY, Beat.TIMER_PENDING): Step((Deed.FAIL_OVER,), _SUSPECT),
    (_OKAY, Beat.CONNECTION_DOWN): Step((), _DOWN),
    (_SUSPECT, Beat.RECEIVE_DWA): Step((Deed.FAIL_BACK,), _OKAY),
    (_SUSPECT, Beat.RECEIVE_OTHER): Step((Deed.FAIL_BACK,), _OKAY),
    (_SUSPECT, Beat.TIMER_PENDING): Step((Deed.CLOSE_CONNECTION,), _DOWN),
    (_SUSPECT, Beat.CONNECTION_DOWN): Step((), _DOWN),
    (_DOWN, Beat.CONNECTION_UP): Step((Deed.SEND_WATCHDOG,), _REOPEN),
    (_REOPEN, Beat.RECEIVE_DWA): Step((), _REOPEN),
    (_REOPEN, Beat.RECEIVE_LAST_DWA): Step((Deed.FAIL_BACK,), _OKAY),
    (_REOPEN, Beat.RECEIVE_OTHER): Step((), _REOPEN),
    (_REOPEN, Beat.TIMER_IDLE): Step((Deed.SEND_WATCHDOG,), _REOPEN),
    (_REOPEN, Beat.TIMER_PENDING): Step((), _REOPEN),
    (_REOPEN, Beat.TIMER_PENDING_TWICE): Step((Deed.CLOSE_CONNECTION,), _DOWN),
    (_REOPEN, Beat.CONNECTION_DOWN): Step((), _DOWN),
}


class Watchdog:
    """One per remote node. `health` outlives connections: that is what REOPEN is for.

    Unlike the RFC's Throwaway(), requests that arrive in REOPEN are for the caller to serve: the
    other side may know nothing of our doubts, and would wait for an answer for ever.
    """

    def __init__(
        self, initial: timedelta = DEFAULT_INITIAL, *, jitter: Callable[[], timedelta]
    ) -> None:
        """`jitter` draws from -2 s to +2 s; what lies outside is cut to that."""
        if initial < MINIMUM_INITIAL:
            raise Misconfigured(
                f"a watchdog interval is at least {MINIMUM_INITIAL.seconds} s, not {initial}",
                option="watchdog_interval",
            )
        self._initial = initial
        self._jitter = jitter
        self._is_pending = False
        self._answers = 0
        self.health = Health.INITIAL
        self.expires_at: datetime | None = None

    def connection_up(self, now: datetime) -> tuple[Deed, ...]:
        """The peer is open. After an outage the first watchdog goes out at once."""
        self._answers = 0
        self._is_pending = self.health is Health.DOWN
        return self._step(Beat.CONNECTION_UP, now)

    def connection_down(self) -> None:
        """Nothing to do when it is down already, or was never up."""
        step = WATCHDOG_TABLE.get((self.health, Beat.CONNECTION_DOWN))
        if step is not None:
            self.health = step.next_health
        self._is_pending = False
        self.expires_at = None

    def forget(self) -> None:
        """The peer leaves in order: its next connection starts without doubts."""
        self.health = Health.INITIAL
        self._is_pending = False
        self.expires_at = None

    def receive_answer(self, now: datetime) -> tuple[Deed, ...]:
        """A DWA arrived."""
        self._is_pending = False
        beat = Beat.RECEIVE_DWA
        if self.health is Health.REOPEN:
            self._answers += 1
            if self._answers >= _ANSWERS_TO_REOPEN:
                beat = Beat.RECEIVE_LAST_DWA
            # The timer is left running: the next watchdog goes out when it expires.
            return self._step(beat, now, keeps_timer=beat is Beat.RECEIVE_DWA)
        return self._step(beat, now)

    def receive_other(self, now: datetime) -> tuple[Deed, ...]:
        """Anything else arrived."""
        return self._step(Beat.RECEIVE_OTHER, now, keeps_timer=self.health is Health.REOPEN)

    def handle_timer(self, now: datetime) -> tuple[Deed, ...]:
        """To be called when `expires_at` has come."""
        beat = self._expiry()
        if beat is Beat.TIMER_IDLE:
            self._is_pending = True
        elif self.health is Health.REOPEN:
            self._answers = -1
        return self._step(beat, now)

    def _expiry(self) -> Beat:
        if not self._is_pending:
            return Beat.TIMER_IDLE
        is_second = self.health is Health.REOPEN and self._answers < 0
        return Beat.TIMER_PENDING_TWICE if is_second else Beat.TIMER_PENDING

    def _step(self, beat: Beat, now: datetime, *, keeps_timer: bool = False) -> tuple[Deed, ...]:
        step = WATCHDOG_TABLE.get((self.health, beat))
        if step is None:
            return ()
        self.health = step.next_health
        if not keeps_timer:
            self.expires_at = None if step.next_health is _DOWN else self._next(now)
        return step.deeds

    def _next(self, now: datetime) -> datetime:
        jitter = self._jitter()
        return now + self._initial + max(-MAXIMUM_JITTER, min(MAXIMUM_JITTER, jitter))
