"""Services at the same time: one wins, nothing is done twice, nobody waits for ever."""

import threading
from collections.abc import Callable
from uuid import UUID

from django.db import connections

from tests.unit.business.world import World, card_file, iccid
from wispgate.business.inventory import number_queries as numbers
from wispgate.business.inventory import queries as sims
from wispgate.business.inventory import services as inventory
from wispgate.business.subscriptions import numbering, queries
from wispgate.business.subscriptions import services as subscriptions
from wispgate.kernel.errors import Conflict


def at_once(world: World, *deeds: Callable[[], object]) -> list[object]:
    """What each deed gave, or the conflict that it met; all begin together."""
    barrier, results = threading.Barrier(len(deeds)), []

    def run(deed: Callable[[], object]) -> None:
        try:
            with world.as_staff():
                barrier.wait()
                results.append(deed())
        except Conflict as refusal:
            results.append(refusal)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[deed]) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def assigning(line: UUID, number: int) -> Callable[[], object]:
    return lambda: subscriptions.assign_sim(line, iccid=iccid(number))


def swapping(line: UUID, number: int) -> Callable[[], object]:
    return lambda: subscriptions.swap_sim(line, iccid=iccid(number))


def test_one_card_goes_to_one_of_many_who_ask(world: World) -> None:
    world.stock(1)
    lines = [world.subscription() for _ in range(4)]

    results = at_once(world, *(assigning(line, 1) for line in lines))

    with world.as_staff():
        owner = sims.get_sim(iccid(1)).subscription_id
        holders = [line for line in lines if queries.get_subscription(line).sim]
    assert holders == [owner]
    assert sum(isinstance(one, Conflict) for one in results) == 3


def test_a_line_swaps_to_one_of_two_cards_at_once(world: World) -> None:
    line = world.line(1)
    world.stock(2, 3)

    results = at_once(world, swapping(line, 2), swapping(line, 3))

    with world.as_staff():
        states = sorted(sims.get_sim(iccid(number)).state for number in (1, 2, 3))
        active = queries.get_subscription(line).sim.iccid
    # The second waits for the first and then swaps the card that the first put in.
    assert results == [None, None]
    assert states == ["activated", "retired", "retired"]
    assert active in (iccid(2), iccid(3))


def test_two_lines_that_want_each_others_card_do_not_wait_for_ever(world: World) -> None:
    one, other = world.line(1), world.line(2)

    results = at_once(world, swapping(one, 2), swapping(other, 1))

    assert all(isinstance(result, Conflict) for result in results)
    with world.as_staff():
        assert {sims.get_sim(iccid(number)).state for number in (1, 2)} == {"activated"}


def test_the_same_file_at_the_same_time_comes_in_once(world: World) -> None:
    content = card_file(*range(50))

    reports = at_once(world, *(lambda: inventory.import_sims(content, name="May"),) * 3)

    assert sorted(report.imported for report in reports) == [0, 0, 50]  # type: ignore[attr-defined]
    assert sorted(report.duplicates for report in reports) == [0, 50, 50]  # type: ignore[attr-defined]


def test_a_line_is_suspended_once_for_one_reason(world: World) -> None:
    line = world.line(1)

    results = at_once(world, *(lambda: subscriptions.suspend(line, reason="fraud"),) * 3)

    assert sum(isinstance(one, Conflict) for one in results) == 2
    with world.as_staff():
        assert queries.get_subscription(line).suspensions.count() == 1


def wanting(line: UUID, msisdn: str) -> Callable[[], object]:
    return lambda: subscriptions.set_msisdn(line, msisdn=msisdn)


def test_one_number_goes_to_one_of_many_who_ask(world: World) -> None:
    lines = [world.subscription() for _ in range(4)]
    with world.as_staff():
        numbering.add_range(first="15550100000", last="15550100009")

    results = at_once(world, *(wanting(line, "15550100001") for line in lines))

    with world.as_staff():
        owner = numbers.get_number("15550100001").subscription_id
        holders = [line for line in lines if queries.get_subscription(line).msisdn]
    assert holders == [owner]
    assert sum(isinstance(one, Conflict) for one in results) == 3


def test_two_lines_that_want_each_others_number_do_not_wait_for_ever(world: World) -> None:
    one, other = world.subscription(), world.subscription()
    with world.as_staff():
        numbering.add_range(first="15550100000", last="15550100009")
        subscriptions.set_msisdn(one, msisdn="15550100001")
        subscriptions.set_msisdn(other, msisdn="15550100002")

    results = at_once(world, wanting(one, "15550100002"), wanting(other, "15550100001"))

    assert all(isinstance(result, Conflict) for result in results)
    with world.as_staff():
        assert queries.get_subscription(one).msisdn == "15550100001"
        assert numbers.get_number("15550100001").subscription_id == one


def test_ranges_that_overlap_come_in_once(world: World) -> None:
    results = at_once(
        world, *(lambda: numbering.add_range(first="15550100000", last="15550100009"),) * 3
    )

    assert sum(isinstance(one, Conflict) for one in results) == 2
