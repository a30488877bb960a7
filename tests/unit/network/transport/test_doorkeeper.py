"""What strangers may cost."""

from datetime import timedelta

import pytest

from tests.unit.network.requests import NOW
from wispgate.network.transport.doorkeeper import (
    A_MINUTE_OF_ALL,
    A_MINUTE_OF_ONE,
    AT_ONCE_OF_ALL,
    AT_ONCE_OF_ONE,
    Doorkeeper,
)

ROWS = [{"addresses": ["192.0.2.0/24", "2001:db8::/32"]}, {"addresses": ["198.51.100.7/32"]}]


@pytest.fixture
def doorkeeper() -> Doorkeeper:
    keeper = Doorkeeper()
    keeper.refresh(ROWS)
    return keeper


@pytest.mark.parametrize(
    "address", ["192.0.2.5", "198.51.100.7", "2001:db8::1", "::ffff:192.0.2.5"]
)
def test_a_peers_address_may_always_enter(doorkeeper: Doorkeeper, address: str) -> None:
    assert all(doorkeeper.enter(address, NOW) for _ in range(1000))
    assert doorkeeper.take_turned_away() == {}


def test_a_stranger_has_few_connections_at_once(doorkeeper: Doorkeeper) -> None:
    entered = [doorkeeper.enter("203.0.113.1", NOW) for _ in range(AT_ONCE_OF_ONE + 3)]

    assert entered == [True] * AT_ONCE_OF_ONE + [False] * 3
    doorkeeper.leave("203.0.113.1")
    assert doorkeeper.enter("203.0.113.1", NOW)
    assert doorkeeper.take_turned_away() == {"203.0.113.1": 3}
    assert doorkeeper.take_turned_away() == {}


def test_all_strangers_together_have_few_connections_at_once(doorkeeper: Doorkeeper) -> None:
    entered = [doorkeeper.enter(f"203.0.113.{n}", NOW) for n in range(AT_ONCE_OF_ALL + 1)]

    assert entered == [True] * AT_ONCE_OF_ALL + [False]


def test_a_stranger_has_few_attempts_in_a_minute(doorkeeper: Doorkeeper) -> None:
    def knock(now: int) -> bool:
        entered = doorkeeper.enter("203.0.113.1", NOW + timedelta(seconds=now))
        if entered:
            doorkeeper.leave("203.0.113.1")
        return entered

    first = [knock(second) for second in range(A_MINUTE_OF_ONE)]

    assert all(first)
    assert not knock(59)
    assert knock(60)


def test_all_strangers_together_have_few_attempts_in_a_minute(doorkeeper: Doorkeeper) -> None:
    for number in range(A_MINUTE_OF_ALL):
        address = f"203.0.{number % 200}.1"
        assert doorkeeper.enter(address, NOW)
        doorkeeper.leave(address)

    assert not doorkeeper.enter("203.0.113.250", NOW)


def test_an_address_is_a_strangers_once_its_peer_is_gone(doorkeeper: Doorkeeper) -> None:
    assert doorkeeper.enter("198.51.100.7", NOW)
    doorkeeper.refresh(ROWS[:1])

    entered = [doorkeeper.enter("198.51.100.7", NOW) for _ in range(AT_ONCE_OF_ONE + 1)]

    assert entered[-1] is False


def test_what_is_remembered_of_a_flood_is_bounded(doorkeeper: Doorkeeper) -> None:
    for number in range(20_000):
        doorkeeper.enter(f"203.{number >> 8 & 255}.{number & 255}.1", NOW)

    turned_away = doorkeeper.take_turned_away()

    assert sum(turned_away.values()) == 20_000 - AT_ONCE_OF_ALL
    assert len(turned_away) <= 4097


def test_a_connection_that_is_gone_already_is_a_strangers(doorkeeper: Doorkeeper) -> None:
    assert [doorkeeper.enter("", NOW) for _ in range(AT_ONCE_OF_ONE + 1)][-1] is False
