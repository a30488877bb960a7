"""Which sub-service has which number, where the operator has ranges and where it has none."""

from uuid import UUID

import pytest

from tests.unit.business.world import World, iccid
from wispgate.business.inventory import number_queries as numbers
from wispgate.business.inventory.errors import NumberInUse, NumberNotFree, NumberNotInRange
from wispgate.business.subscriptions import numbering, queries, services
from wispgate.kernel.errors import NotFound

FIRST, SECOND, LAST = "15550100000", "15550100001", "15550100009"
ELSEWHERE = "15559998888"


@pytest.fixture
def ranged(world: World) -> World:
    with world.as_staff():
        numbering.add_range(first=FIRST, last=LAST)
    return world


def has(world: World, line: UUID) -> str:
    with world.as_staff():
        return queries.get_subscription(line).msisdn


def state_of(world: World, msisdn: str) -> tuple[str, UUID | None]:
    with world.as_staff():
        number = numbers.get_number(msisdn)
    return number.state.value, number.subscription_id


def a_line(world: World, number: int, msisdn: str, state: str = "active") -> UUID:
    line = world.line(number, state)
    with world.as_staff():
        services.set_msisdn(line, msisdn=msisdn)
    return line


def test_a_number_follows_its_sub_service_through_its_life(ranged: World) -> None:
    line = a_line(ranged, 1, FIRST, "pending")
    seen = [state_of(ranged, FIRST)]
    with ranged.as_staff():
        services.activate(line)
        seen.append(state_of(ranged, FIRST))
        services.suspend(line, reason="fraud")
        seen.append(state_of(ranged, FIRST))
        services.terminate(line)
        seen.append(state_of(ranged, FIRST))

    ranged.clock.advance(days=90)

    seen.append(state_of(ranged, FIRST))
    assert seen == [
        *(("assigned", line), ("active", line), ("active", line)),
        *(("quarantine", None), ("available", None)),
    ]


def test_a_swapped_card_leaves_the_number_where_it_is(ranged: World) -> None:
    line = a_line(ranged, 1, FIRST)
    ranged.stock(2)

    with ranged.as_staff():
        services.swap_sim(line, iccid=iccid(2))

    assert (has(ranged, line), state_of(ranged, FIRST)) == (FIRST, ("active", line))


@pytest.mark.parametrize("state", ["pending", "active", "suspended"])
def test_a_retired_card_sends_the_number_to_quarantine(ranged: World, state: str) -> None:
    line = a_line(ranged, 1, FIRST, state)

    with ranged.as_staff():
        services.retire_sim(iccid(1))

    assert (has(ranged, line), state_of(ranged, FIRST)) == ("", ("quarantine", None))


def test_another_number_sends_the_one_before_to_quarantine(ranged: World) -> None:
    line = a_line(ranged, 1, FIRST)

    with ranged.as_staff():
        services.set_msisdn(line, msisdn=FIRST)
        assert state_of(ranged, FIRST) == ("active", line)
        services.set_msisdn(line, msisdn=SECOND)

    assert state_of(ranged, FIRST) == ("quarantine", None)
    assert state_of(ranged, SECOND) == ("active", line)


def test_a_number_that_is_not_free_is_refused_and_the_old_one_kept(ranged: World) -> None:
    line = a_line(ranged, 1, FIRST)
    a_line(ranged, 2, SECOND)

    with ranged.as_staff():
        with pytest.raises(NumberNotFree):
            services.set_msisdn(line, msisdn=SECOND)
        with pytest.raises(NumberNotInRange):
            services.set_msisdn(line, msisdn=ELSEWHERE)

    assert (has(ranged, line), state_of(ranged, FIRST)) == (FIRST, ("active", line))


def test_a_free_number_outside_must_be_ported_in_before_activation(world: World) -> None:
    line = a_line(world, 1, ELSEWHERE, "pending")
    with world.as_staff():
        numbering.add_range(first=FIRST, last=LAST)
        with pytest.raises(NumberNotInRange):
            services.activate(line)
        numbering.port_in(ELSEWHERE)
        assert state_of(world, ELSEWHERE) == ("assigned", line)
        services.activate(line)

    assert state_of(world, ELSEWHERE) == ("active", line)


def test_a_new_range_takes_note_of_numbers_in_use(world: World) -> None:
    pending, active = a_line(world, 1, FIRST, "pending"), a_line(world, 2, SECOND)
    a_line(world, 3, FIRST[:-1])

    with world.as_staff():
        numbering.add_range(first=FIRST, last=LAST)
        assert numbers.find_next_available() == "15550100002"
        assert len(numbers.list_numbers()) == 2

    assert state_of(world, FIRST) == ("assigned", pending)
    assert state_of(world, SECOND) == ("active", active)


@pytest.mark.parametrize(
    ("verb", "after"), [(numbering.release, "quarantine"), (numbering.port_out, "ported_out")]
)
def test_a_number_given_up_leaves_its_sub_service(ranged: World, verb: object, after: str) -> None:
    line = a_line(ranged, 1, FIRST)

    with ranged.as_staff():
        verb("+" + FIRST)  # type: ignore[operator]

    assert (has(ranged, line), state_of(ranged, FIRST)) == ("", (after, None))
    with ranged.as_staff():
        assert queries.get_line(str(line)).line.msisdn is None


def test_a_ported_in_number_nobody_took_is_given_up_too(ranged: World) -> None:
    with ranged.as_staff():
        numbering.port_in(ELSEWHERE)
        numbering.port_out(ELSEWHERE)
        numbering.release(ELSEWHERE)
        with pytest.raises(NotFound):
            numbering.release("15551112222")

    assert state_of(ranged, ELSEWHERE) == ("quarantine", None)


def test_a_number_that_changed_hands_meanwhile_is_kept(ranged: World) -> None:
    line = a_line(ranged, 1, FIRST)
    with ranged.as_staff():
        # As if the sub-service had got another number between the look and its lock.
        queries.Subscription.objects.filter(id=line).update(msisdn=SECOND)
        with pytest.raises(NumberInUse):
            numbering.release(FIRST)
