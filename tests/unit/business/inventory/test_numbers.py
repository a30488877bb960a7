"""Numbers from their range to a sub-service and back."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tests.unit.business.world import World
from wispgate.business.inventory import number_queries as queries
from wispgate.business.inventory import numbers
from wispgate.business.inventory.errors import (
    NumberInUse,
    NumberNotFree,
    NumberNotInRange,
    NumberRangeTaken,
)
from wispgate.business.inventory.models import Number
from wispgate.kernel.errors import IllegalTransition, InvalidValue, NotFound

FIRST, SECOND, LAST = "15550100000", "15550100001", "15550100009"
ELSEWHERE = "15559998888"


def state_of(world: World, msisdn: str) -> str:
    with world.as_staff():
        return queries.get_number(msisdn).state.value


def a_range(
    world: World, first: str = FIRST, last: str = LAST, number_class: str = "ordinary"
) -> None:
    with world.as_staff():
        numbers.add_range(first=first, last=last, number_class=number_class)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("+15550100009", "15550100020"),
        ("15550099990", "15550100000"),
        (FIRST, FIRST),
        ("15550000000", "15559999999"),
    ],
)
def test_ranges_of_an_operator_do_not_overlap(world: World, first: str, last: str) -> None:
    a_range(world)

    with world.as_staff(), pytest.raises(NumberRangeTaken):
        numbers.add_range(first=first, last=last)

    with world.as_staff():
        assert [str(one) for one in queries.list_ranges()] == [f"{FIRST} to {LAST}"]


def test_numbers_of_another_length_or_operator_do_not_overlap(world: World) -> None:
    a_range(world)

    a_range(world, FIRST[:-1], LAST[:-1])
    with world.as_staff(world.south):
        numbers.add_range(first=FIRST, last=LAST)

    with world.as_staff():
        assert len(queries.list_ranges()) == 2


@pytest.mark.parametrize(
    ("first", "last", "number_class"),
    [
        (LAST, FIRST, "gold"),
        (FIRST, "1555010000", "gold"),
        (FIRST, LAST, "tin"),
        ("home", LAST, "gold"),
    ],
)
def test_a_range_that_makes_no_sense_is_refused(
    world: World, first: str, last: str, number_class: str
) -> None:
    with world.as_staff(), pytest.raises(InvalidValue):
        numbers.add_range(first=first, last=last, number_class=number_class)


def test_a_range_of_ten_million_is_one_row(world: World) -> None:
    a_range(world, "15550000000", "15559999999")

    with world.as_staff():
        (one,) = queries.list_ranges()
        assert one.size == 10_000_000
        assert queries.find_next_available() == "15550000000"
        assert queries.list_numbers() == []


def test_a_reservation_ends_by_itself(world: World) -> None:
    a_range(world)
    with world.as_staff():
        numbers.reserve(FIRST, until=world.clock.now() + timedelta(hours=1))
        with pytest.raises(NumberNotFree):
            numbers.reserve(FIRST, until=world.clock.now() + timedelta(hours=2))
        assert queries.find_next_available() == SECOND

    world.clock.advance(hours=1)

    assert state_of(world, FIRST) == "available"
    with world.as_staff():
        assert queries.find_next_available() == FIRST
        numbers.reserve(FIRST, until=world.clock.now() + timedelta(hours=1))


@pytest.mark.parametrize("hours", [0, -1, 24 * 400])
def test_a_reservation_ends_within_a_year(world: World, hours: int) -> None:
    a_range(world)

    with world.as_staff(), pytest.raises(InvalidValue):
        numbers.reserve(FIRST, until=world.clock.now() + timedelta(hours=hours))


def test_a_reservation_given_up_needs_no_quarantine(world: World) -> None:
    a_range(world)

    with world.as_staff():
        numbers.reserve(FIRST, until=world.clock.now() + timedelta(hours=1))
        numbers.release(FIRST)

    assert state_of(world, FIRST) == "available"


def test_a_number_is_assigned_opened_and_given_back(world: World) -> None:
    a_range(world)
    owner, seen = uuid4(), []

    with world.as_staff():
        numbers.assign(FIRST, subscription_id=owner)
        seen.append(state_of(world, FIRST))
        numbers.activate(FIRST, subscription_id=owner)
        seen.append(state_of(world, FIRST))
        with pytest.raises(NumberInUse):
            numbers.release(FIRST)
        numbers.exchange(FIRST, SECOND, subscription_id=owner, is_active=True)
        seen += [state_of(world, FIRST), state_of(world, SECOND)]

    assert seen == ["assigned", "active", "quarantine", "active"]


def test_a_number_of_somebody_is_not_given_to_another(world: World) -> None:
    a_range(world)

    with world.as_staff():
        numbers.assign(FIRST, subscription_id=uuid4())
        for give in (numbers.assign, numbers.activate):
            with pytest.raises(NumberNotFree):
                give(FIRST, subscription_id=uuid4())


def test_a_number_of_another_sub_service_is_not_taken(world: World) -> None:
    a_range(world)

    with world.as_staff():
        numbers.assign(FIRST, subscription_id=uuid4())
        numbers.exchange(FIRST, "", subscription_id=uuid4(), is_active=False)

    assert state_of(world, FIRST) == "assigned"


def test_the_quarantine_lasts_as_long_as_the_operator_says(world: World) -> None:
    a_range(world)
    owner = uuid4()
    with world.as_staff():
        assert queries.quarantine_days() == 90
        numbers.set_quarantine_days(7)
        numbers.set_quarantine_days(5)
        numbers.assign(FIRST, subscription_id=owner)
        numbers.exchange(FIRST, "", subscription_id=owner, is_active=False)
        until = queries.get_number(FIRST).until
        with pytest.raises(NumberNotFree, match="quarantine until"):
            numbers.assign(FIRST, subscription_id=owner)

    world.clock.advance(days=5)

    assert until == world.clock.now()
    assert state_of(world, FIRST) == "available"


@pytest.mark.parametrize("days", [-1, 4000])
def test_a_quarantine_has_its_limits(world: World, days: int) -> None:
    with world.as_staff(), pytest.raises(InvalidValue):
        numbers.set_quarantine_days(days)


def test_with_ranges_a_number_outside_is_refused(world: World) -> None:
    a_range(world)

    with world.as_staff():
        with pytest.raises(NumberNotInRange):
            numbers.assign(ELSEWHERE, subscription_id=uuid4())
        with pytest.raises(NotFound):
            numbers.reserve(ELSEWHERE, until=world.clock.now() + timedelta(hours=1))
        with pytest.raises(NotFound):
            queries.get_number(ELSEWHERE)


def test_without_ranges_any_number_is_free_text(world: World) -> None:
    with world.as_staff():
        numbers.assign(ELSEWHERE, subscription_id=uuid4())
        numbers.exchange("", ELSEWHERE, subscription_id=uuid4(), is_active=True)

        assert queries.list_numbers() == []
        assert queries.find_next_available() is None


def test_a_number_is_ported_in_used_and_goes_home_again(world: World) -> None:
    a_range(world)
    owner = uuid4()
    with world.as_staff():
        numbers.port_in(ELSEWHERE)
        came = queries.get_number(ELSEWHERE)
        with pytest.raises(IllegalTransition):
            numbers.port_in(ELSEWHERE)
        numbers.activate(ELSEWHERE, subscription_id=owner)
        numbers.exchange(ELSEWHERE, "", subscription_id=owner, is_active=True)
        rests = queries.get_number(ELSEWHERE).state

    world.clock.advance(days=90)

    assert (came.state, came.origin, came.subscription_id) == ("assigned", "ported_in", None)
    assert (rests, state_of(world, ELSEWHERE)) == ("quarantine", "ported_out")
    with world.as_staff():
        assert [one.msisdn for one in queries.list_numbers(state="ported_out")] == [ELSEWHERE]
        assert queries.list_numbers(state="available") == []
        numbers.port_in(ELSEWHERE)


def test_a_number_of_ones_own_leaves_and_comes_back(world: World) -> None:
    a_range(world)
    owner = uuid4()

    with world.as_staff():
        with pytest.raises(IllegalTransition):
            numbers.port_in(FIRST)
        with pytest.raises(IllegalTransition):
            numbers.port_out(FIRST)
        numbers.assign(FIRST, subscription_id=owner)
        with pytest.raises(NumberInUse):
            numbers.port_out(FIRST)
        numbers.exchange(
            FIRST, "", subscription_id=owner, is_active=False, parting=numbers.NumberAction.PORT_OUT
        )
        with pytest.raises(NumberNotFree):
            numbers.assign(FIRST, subscription_id=owner)
        assert queries.find_next_available() == SECOND
        numbers.release(FIRST)

    assert state_of(world, FIRST) == "quarantine"


def test_a_range_takes_in_what_was_ported_in(world: World) -> None:
    with world.as_staff():
        numbers.port_in(FIRST)

    a_range(world)

    with world.as_staff():
        assert queries.get_number(FIRST).origin == "own"


def test_the_lowest_free_number_of_a_class_is_next(world: World) -> None:
    a_range(world)
    a_range(world, "15550100010", "15550100011", "gold")
    found = []

    with world.as_staff():
        for taken in (SECOND, FIRST, "15550100003"):
            numbers.assign(taken, subscription_id=uuid4())
            found.append(queries.find_next_available())
        golden = [queries.find_next_available("gold")]
        for taken in ("15550100010", "15550100011"):
            numbers.assign(taken, subscription_id=uuid4())
            golden.append(queries.find_next_available("gold"))

    assert found == [FIRST, "15550100002", "15550100002"]
    assert golden == ["15550100010", "15550100011", None]


def test_touched_numbers_are_listed_by_their_present_state(world: World) -> None:
    a_range(world)
    owner = uuid4()
    with world.as_staff():
        numbers.reserve(FIRST, until=world.clock.now() + timedelta(hours=1))
        numbers.assign(SECOND, subscription_id=owner)
        numbers.assign(LAST, subscription_id=uuid4())
        numbers.exchange(SECOND, "", subscription_id=owner, is_active=False)

    def listed() -> dict[str, list[str]]:
        with world.as_staff():
            states = ("available", "reserved", "assigned", "quarantine")
            return {
                state: [one.msisdn for one in queries.list_numbers(state=state)] for state in states
            }

    before = listed()
    world.clock.advance(days=90)
    after = listed()

    assert before == {
        "available": [],
        "reserved": [FIRST],
        "assigned": [LAST],
        "quarantine": [SECOND],
    }
    assert after == {
        "available": [FIRST, SECOND],
        "reserved": [],
        "assigned": [LAST],
        "quarantine": [],
    }
    with world.as_staff():
        everything = queries.list_numbers()
        assert [one.state for one in everything] == ["available", "available", "assigned"]
        assert [one.until for one in everything] == [None, None, None]
        assert len(queries.list_numbers(after=FIRST, limit=1)) == 1


def test_a_refused_number_leaves_no_row(world: World) -> None:
    a_range(world)

    with world.as_staff():
        with pytest.raises(IllegalTransition):
            numbers.release(FIRST)
        assert not Number.objects.exists()
