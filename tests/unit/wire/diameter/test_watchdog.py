"""The watchdog's table, beat by beat."""

from datetime import datetime, timedelta

import pytest

from tests.unit.wire.diameter.builders import NOW
from wispgate.kernel.errors import Misconfigured
from wispgate.wire.diameter.watchdog import WATCHDOG_TABLE, Beat, Deed, Health, Watchdog

TW = timedelta(seconds=30)


def a_watchdog(jitter: timedelta = timedelta(0)) -> Watchdog:
    return Watchdog(TW, jitter=lambda: jitter)


def an_okay_watchdog() -> Watchdog:
    watchdog = a_watchdog()
    watchdog.connection_up(NOW)
    return watchdog


def a_reopening_watchdog() -> Watchdog:
    watchdog = an_okay_watchdog()
    watchdog.connection_down()
    watchdog.connection_up(NOW)
    return watchdog


def expire(watchdog: Watchdog) -> tuple[Deed, ...]:
    assert isinstance(watchdog.expires_at, datetime)
    return watchdog.handle_timer(watchdog.expires_at)


def test_the_first_connection_is_okay_at_once() -> None:
    watchdog = a_watchdog()

    assert watchdog.connection_up(NOW) == ()
    assert (watchdog.health, watchdog.expires_at) == (Health.OKAY, NOW + TW)


def test_silence_asks_then_suspects_then_closes() -> None:
    watchdog = an_okay_watchdog()

    assert expire(watchdog) == (Deed.SEND_WATCHDOG,)
    assert watchdog.health is Health.OKAY
    assert expire(watchdog) == (Deed.FAIL_OVER,)
    assert watchdog.health is Health.SUSPECT
    assert expire(watchdog) == (Deed.CLOSE_CONNECTION,)
    assert (watchdog.health, watchdog.expires_at) == (Health.DOWN, None)


def test_any_message_winds_the_clock_and_ends_suspicion() -> None:
    watchdog = an_okay_watchdog()
    later = NOW + timedelta(seconds=7)

    assert watchdog.receive_other(later) == ()
    assert watchdog.expires_at == later + TW
    expire(watchdog)
    expire(watchdog)
    assert watchdog.receive_other(later) == (Deed.FAIL_BACK,)
    assert watchdog.health is Health.OKAY
    # The DWR is still unanswered: the next expiry suspects again.
    assert expire(watchdog) == (Deed.FAIL_OVER,)
    assert watchdog.receive_answer(later) == (Deed.FAIL_BACK,)
    assert expire(watchdog) == (Deed.SEND_WATCHDOG,)


def test_an_answer_is_awaited_anew_each_time() -> None:
    watchdog = an_okay_watchdog()

    expire(watchdog)
    assert watchdog.receive_answer(NOW) == ()
    assert expire(watchdog) == (Deed.SEND_WATCHDOG,)


def test_a_returning_peer_must_answer_three_times() -> None:
    watchdog = an_okay_watchdog()
    watchdog.connection_down()

    assert watchdog.connection_up(NOW) == (Deed.SEND_WATCHDOG,)
    assert watchdog.health is Health.REOPEN
    assert watchdog.receive_answer(NOW) == ()
    assert watchdog.receive_other(NOW) == ()
    assert expire(watchdog) == (Deed.SEND_WATCHDOG,)
    assert watchdog.receive_answer(NOW) == ()
    assert expire(watchdog) == (Deed.SEND_WATCHDOG,)
    assert watchdog.receive_answer(NOW) == (Deed.FAIL_BACK,)
    assert watchdog.health is Health.OKAY


def test_a_returning_peer_that_is_silent_twice_is_down() -> None:
    watchdog = a_reopening_watchdog()

    assert expire(watchdog) == ()
    assert watchdog.health is Health.REOPEN
    assert expire(watchdog) == (Deed.CLOSE_CONNECTION,)
    assert watchdog.health is Health.DOWN


def test_connection_down_counts_in_every_state() -> None:
    suspect = an_okay_watchdog()
    expire(suspect)
    expire(suspect)
    for watchdog in (an_okay_watchdog(), suspect, a_reopening_watchdog()):
        watchdog.connection_down()

        assert (watchdog.health, watchdog.expires_at) == (Health.DOWN, None)

    never = a_watchdog()
    never.connection_down()
    assert never.health is Health.INITIAL


def test_one_who_left_in_order_returns_without_doubts() -> None:
    watchdog = an_okay_watchdog()

    watchdog.forget()

    assert watchdog.expires_at is None
    assert watchdog.connection_up(NOW) == ()
    assert watchdog.health is Health.OKAY


@pytest.mark.parametrize(("drawn", "used"), [(-2, -2), (1, 1), (60, 2), (-60, -2)])
def test_jitter_moves_the_expiry_by_at_most_two_seconds(drawn: int, used: int) -> None:
    watchdog = a_watchdog(timedelta(seconds=drawn))

    watchdog.connection_up(NOW)

    assert watchdog.expires_at == NOW + TW + timedelta(seconds=used)


def test_an_interval_below_six_seconds_is_refused() -> None:
    with pytest.raises(Misconfigured):
        Watchdog(timedelta(seconds=5), jitter=timedelta)


def test_beats_without_a_row_change_nothing() -> None:
    watchdog = a_watchdog()

    assert watchdog.receive_other(NOW) == ()
    assert watchdog.receive_answer(NOW) == ()
    assert watchdog.health is Health.INITIAL


def test_every_state_and_beat_is_in_the_table() -> None:
    assert {health for health, _ in WATCHDOG_TABLE} == set(Health)
    assert {beat for _, beat in WATCHDOG_TABLE} == set(Beat)
