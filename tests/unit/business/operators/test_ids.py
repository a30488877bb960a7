"""Ids of events: in the order in which a transaction told them."""

import pytest

from tests.unit.business.world import World
from wispgate.business.operators import ids, locks
from wispgate.business.operators import scope as scopes


def test_events_of_one_instant_keep_their_order(world: World) -> None:
    now = world.clock.now()

    made = [ids.new_event_id(now, number) for number in (*range(3000), 2**31)]

    assert made == sorted(made)


def test_each_transaction_counts_its_events_from_zero(world: World) -> None:
    counted = []

    for _ in range(2):
        with world.as_staff():
            counted.append(scopes.next_event_number())
            with scopes.because("inner scopes count on"):
                counted.append(scopes.next_event_number())

    assert counted == [0, 1, 0, 1]
    with pytest.raises(LookupError):
        scopes.next_event_number()


def test_a_lock_is_let_go_with_its_transaction(world: World) -> None:
    for _ in range(2):
        with world.as_staff():
            locks.hold("anything")
            locks.hold("anything")
