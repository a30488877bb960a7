"""A phone by itself: what it does after what it is told, in given time."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

import pytest

from wispgate.kernel.identifiers import Imei, Imsi
from wispgate.simulator.nas import State
from wispgate.simulator.ue import UE
from wispgate.simulator.usim import Usim

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ADDRESS = IPv4Address("10.45.0.2")


def seconds(number: float) -> datetime:
    return NOW + timedelta(seconds=number)


def a_card(imsi: str = "001010000000001") -> Usim:
    return Usim(Imsi(imsi), bytes(16), bytes(16))


def a_phone() -> UE:
    """Switched on."""
    phone = UE(a_card(), Imei("35693803", "000001", "01"))
    phone.power_on(NOW)
    return phone


def a_refused_phone(cause: int, *, esm_cause: int | None = None, times: int = 1) -> UE:
    """Refused so often, always at once."""
    phone = a_phone()
    for _ in range(times):
        phone.attach_begins(NOW)
        phone.rejected(cause, NOW, esm_cause=esm_cause)
    return phone


def an_attached_phone() -> UE:
    phone = a_phone()
    phone.attach_begins(NOW)
    phone.accepted(ADDRESS, NOW)
    return phone


def test_a_phone_that_is_switched_on_attaches_at_once() -> None:
    phone = a_phone()

    assert phone.state is State.DEREGISTERED
    assert phone.next_timer_at == NOW


def test_an_attached_phone_knows_its_address() -> None:
    phone = an_attached_phone()

    assert phone.is_attached
    assert phone.is_active
    assert phone.address == ADDRESS
    assert phone.next_timer_at is None


@pytest.mark.parametrize("cause", [3, 6, 7, 8, 11, 14, 35])
def test_a_silenced_phone_tries_only_after_a_power_cycle(cause: int) -> None:
    phone = a_refused_phone(cause)
    silence = phone.next_attempt_at
    phone.move(NOW)
    phone.come_back(NOW)
    still_silent = phone.next_attempt_at

    phone.power_off(seconds(1))
    phone.power_on(seconds(2))

    assert phone.last_cause == cause
    assert silence is None
    assert still_silent is None
    assert phone.next_attempt_at == seconds(2)


def test_another_card_ends_the_silence() -> None:
    phone = a_refused_phone(8)

    phone.change_sim(a_card("001010000000002"), seconds(5))

    assert phone.next_attempt_at == seconds(5)
    assert phone.imsi == Imsi("001010000000002")


def test_a_card_changed_while_off_stays_off() -> None:
    phone = a_phone()
    phone.power_off(NOW)

    phone.change_sim(a_card(), NOW)

    assert phone.state is State.POWER_OFF


@pytest.mark.parametrize("cause", [12, 13, 15])
def test_a_forbidden_area_is_forgotten_after_twelve_hours(cause: int) -> None:
    phone = a_refused_phone(cause)

    assert phone.state is State.LIMITED
    assert phone.next_attempt_at == seconds(12 * 3600)


def test_in_another_area_it_tries_at_once() -> None:
    phone = a_refused_phone(15)

    phone.move(seconds(60))

    assert phone.next_attempt_at == seconds(60)


@pytest.mark.parametrize("cause", [17, 19, 22, 42, 111])
@pytest.mark.parametrize(("times", "pause"), [(1, 10), (4, 10), (5, 720), (6, 10), (10, 720)])
def test_failures_are_retried_five_times_then_rarely(cause: int, times: int, pause: int) -> None:
    phone = a_refused_phone(cause, times=times)

    assert phone.state is State.DEREGISTERED
    assert phone.next_attempt_at == seconds(pause)


@pytest.mark.parametrize(("esm_cause", "pause"), [(8, 720), (27, 720), (33, 720), (26, 10)])
def test_a_refused_apn_is_left_alone_for_a_while(esm_cause: int, pause: int) -> None:
    phone = a_refused_phone(19, esm_cause=esm_cause)

    assert phone.next_attempt_at == seconds(pause)


def test_without_an_answer_it_hangs_until_t3410() -> None:
    phone = a_phone()
    phone.attach_begins(NOW)
    phone.unanswered(NOW)
    phone.handle_timer(seconds(14))
    hanging = phone.state

    phone.handle_timer(seconds(15))

    assert hanging is State.ATTACHING
    assert phone.state is State.DEREGISTERED
    assert phone.next_attempt_at == seconds(25)
    assert phone.last_cause is None


@pytest.mark.parametrize(("reattach", "pause"), [(True, 0), (False, 720)])
def test_a_detached_phone_comes_back(reattach: bool, pause: int) -> None:
    phone = an_attached_phone()

    phone.detached(NOW, reattach=reattach)

    assert phone.address is None
    assert phone.next_attempt_at == seconds(pause)


def test_a_phone_that_left_comes_back_when_it_is_told_to() -> None:
    phone = an_attached_phone()
    phone.leave(NOW)
    away = phone.next_attempt_at

    phone.come_back(seconds(9))

    assert away is None
    assert phone.next_attempt_at == seconds(9)


def test_a_lost_context_makes_it_attach_anew() -> None:
    phone = an_attached_phone()
    phone.sleep(NOW)

    phone.rejected(9, seconds(3))

    assert phone.state is State.DEREGISTERED
    assert phone.next_attempt_at == seconds(3)


def test_it_sleeps_and_wakes() -> None:
    phone = an_attached_phone()

    phone.sleep(NOW)
    asleep = phone.state
    phone.wake(seconds(1))

    assert asleep is State.REGISTERED_IDLE
    assert phone.state is State.REGISTERED_ACTIVE


def test_being_accepted_forgets_earlier_refusals() -> None:
    phone = a_refused_phone(17, times=3)
    phone.attach_begins(NOW)

    phone.accepted(ADDRESS, NOW)

    assert (phone.failed_attempts, phone.last_cause) == (0, None)


def test_its_diary_keeps_the_last_lines_only() -> None:
    phone = a_refused_phone(17, times=400)

    assert 100 <= len(phone.diary) <= 200
    assert phone.diary[-1].text == "is refused with cause 17"


def test_whoever_watches_is_told_of_changes() -> None:
    phone, changes = a_phone(), []
    phone.changed = lambda: changes.append(phone.state)

    flow = phone.traffic(1000)
    phone.stop_traffic(flow)
    phone.power_off(NOW)

    assert changes == [State.DEREGISTERED, State.DEREGISTERED, State.POWER_OFF]
    assert flow.is_done
