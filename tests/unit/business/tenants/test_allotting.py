"""SIMs and numbers from a host to its MVNO and back."""

from uuid import UUID

import pytest

from tests.unit.business.world import World, iccid, imsi
from wispgate.business.audit import queries as audit
from wispgate.business.hotplane.models import EveryLine
from wispgate.business.inventory import number_queries
from wispgate.business.inventory import queries as sims
from wispgate.business.inventory.errors import NumberNotFree, SimNotInStock
from wispgate.business.inventory.moving import Chosen
from wispgate.business.operators import queries as operators
from wispgate.business.operators import services as operator_services
from wispgate.business.subscriptions import numbering
from wispgate.business.subscriptions import services as subscriptions
from wispgate.business.tenants import queries
from wispgate.business.tenants import services as tenants
from wispgate.business.tenants.errors import NothingToTakeBack
from wispgate.kernel.errors import InvalidValue, NotFound


@pytest.fixture
def guest(world: World) -> UUID:
    """An MVNO under north, with nothing of its own."""
    with world.as_platform():
        return operator_services.create_operator(
            slug="guest", name="Guest", currency="EUR", time_zone="UTC", kind="mvno", host="north"
        )


def allot(world: World, *numbers: int) -> UUID:
    with world.as_staff():
        chosen = Chosen(iccids=[iccid(number) for number in numbers])
        return tenants.allot_sims(mvno="guest", chosen=chosen)


def ranges(world: World, operator: UUID) -> list[tuple[str, str]]:
    with world.as_staff(operator):
        return [(one.first, one.last) for one in operators.list_imsi_ranges(operator)]


def number_ranges(world: World, operator: UUID) -> list[tuple[str, str]]:
    with world.as_staff(operator):
        return [(one.first, one.last) for one in number_queries.list_ranges()]


def a_line(world: World, operator: UUID, card: str) -> UUID:
    made = world.subscription(operator=operator)
    with world.as_staff(operator):
        subscriptions.assign_sim(made, iccid=card)
        subscriptions.activate(made)
    return made


def test_allotted_cards_are_the_mvnos_stock_and_no_longer_the_hosts(
    world: World, guest: UUID
) -> None:
    world.stock(1, 2, 3)

    allot(world, 1, 2)

    with world.as_staff():
        assert [sim.iccid for sim in sims.list_sims()] == [iccid(3)]
    with world.as_staff(guest):
        shown = sims.list_sims()
        assert [(sim.iccid, sim.state) for sim in shown] == [
            (iccid(1), "stock"),
            (iccid(2), "stock"),
        ]
        assert {sim.batch.name for sim in shown if sim.batch} == {"from North"}
        assert {sim.core.name for sim in shown} == {"lab"}


def test_the_core_serves_the_mvno_for_just_the_cards_it_got(world: World, guest: UUID) -> None:
    world.stock(10, 11, 12, 20, 30)

    allot(world, 10, 12, 20)

    assert ranges(world, guest) == [(imsi(10), imsi(10)), (imsi(12), imsi(20))]
    assert ranges(world, world.north) == [
        (imsi(0), imsi(9)),
        (imsi(11), imsi(11)),
        (imsi(21), imsi(499_999)),
    ]


def test_a_whole_batch_gives_what_of_it_is_in_stock(world: World, guest: UUID) -> None:
    world.line(1)
    with world.as_staff():
        batch = sims.list_batches()[0].id
        with pytest.raises(NotFound, match="in stock"):
            tenants.allot_sims(mvno="guest", chosen=Chosen(batch_id=batch))
    world.stock(2, 3)
    with world.as_staff():
        tenants.allot_sims(mvno="guest", chosen=Chosen(first=iccid(1), last=iccid(3)))
        given = queries.list_allotments()[0]

    assert (given.given, given.first, given.last) == (2, iccid(2), iccid(3))


def test_the_network_follows_the_card_to_the_mvnos_line_and_back_to_the_hosts(
    world: World, guest: UUID
) -> None:
    world.stock(1)
    allotment = allot(world, 1)
    line = a_line(world, guest, iccid(1))

    with world.as_staff(guest):
        assert EveryLine.objects.get(imsi=imsi(1)).operator_id == guest
        subscriptions.terminate(line)
    world.stock(2)
    back = allot(world, 2)
    with world.as_staff():
        with pytest.raises(NothingToTakeBack):
            tenants.take_back(allotment)
        tenants.take_back(back)
    a_line(world, world.north, iccid(2))
    with world.as_staff():
        assert EveryLine.objects.get(imsi=imsi(2)).operator_id == world.north


def test_only_what_is_still_in_stock_comes_back_to_the_batch_that_it_was_of(
    world: World, guest: UUID
) -> None:
    world.stock(1, 2, 3)
    allotment = allot(world, 1, 2, 3)
    a_line(world, guest, iccid(2))
    with world.as_staff():
        assert queries.count_in_stock_there(allotment) == 2

        assert tenants.take_back(allotment) == 2

        assert [sim.iccid for sim in sims.list_sims()] == [iccid(1), iccid(3)]
        assert {sim.batch.name for sim in sims.list_sims() if sim.batch} == {"batch"}
        assert queries.get_allotment(allotment).returned == 2
        with pytest.raises(NothingToTakeBack):
            tenants.take_back(allotment)
    assert ranges(world, guest) == [(imsi(2), imsi(2))]
    with world.as_staff(guest):
        assert queries.list_allotments()[0].returned == 2


def test_ranges_are_whole_again_when_everything_is_back(world: World, guest: UUID) -> None:
    before = ranges(world, world.north)
    world.stock(1, 2, 3)
    allotment = allot(world, 2)
    with world.as_staff():
        tenants.take_back(allotment, iccids=[iccid(2)])

    assert ranges(world, world.north) == before
    assert ranges(world, guest) == []


def test_a_card_in_use_and_a_card_of_nobody_are_not_given(world: World, guest: UUID) -> None:
    world.line(1)
    with pytest.raises(SimNotInStock, match="activated"):
        allot(world, 1)
    with pytest.raises(NotFound):
        allot(world, 9)


def test_only_an_mvno_of_ones_own_is_given_anything(world: World, guest: UUID) -> None:
    world.stock(1)
    world.stock(600_000, operator=world.south)
    with world.as_staff(), pytest.raises(NotFound, match="MVNO"):
        tenants.allot_sims(mvno="south", chosen=Chosen(iccids=[iccid(1)]))
    with world.as_staff(world.south), pytest.raises(NotFound, match="MVNO"):
        tenants.allot_sims(mvno="guest", chosen=Chosen(iccids=[iccid(600_000)]))


@pytest.mark.parametrize(
    "wrong", [{}, {"first": iccid(2)}, {"first": iccid(3), "last": iccid(2)}, {"iccids": ["1"], "first": "1", "last": "2"}]
)  # fmt: skip
def test_cards_are_chosen_in_one_way(wrong: dict) -> None:
    with pytest.raises(InvalidValue):
        Chosen(**wrong)


def test_both_sides_have_an_allotment_in_their_audit(world: World, guest: UUID) -> None:
    world.stock(1)

    allotment = allot(world, 1)

    with world.as_staff():
        given = audit.list_entries(object_type="inventory_sim")[0]
        assert audit.list_entries(object_type="tenants_allotment", object_id=str(allotment))
    with world.as_staff(guest):
        received = audit.list_entries(object_type="inventory_sim")[0]
        assert audit.list_entries(object_type="tenants_allotment")
    assert (given.action, given.actor) == ("delete", "ada@north.example")
    assert (received.action, received.actor_kind, received.actor) == ("insert", "host", "North")


def test_a_range_of_numbers_goes_and_its_free_numbers_come_back(world: World, guest: UUID) -> None:
    with world.as_staff():
        numbering.add_range(first="15550100000", last="15550100099", number_class="silver")
        allotment = tenants.allot_numbers(mvno="guest", first="15550100010", last="15550100019")
    assert number_ranges(world, guest) == [("15550100010", "15550100019")]
    assert number_ranges(world, world.north) == [
        ("15550100000", "15550100009"),
        ("15550100020", "15550100099"),
    ]
    subscription = world.subscription(operator=guest)
    with world.as_staff(guest):
        subscriptions.set_msisdn(subscription, msisdn="15550100012")

    with world.as_staff():
        assert tenants.take_back(allotment) == 9

    assert number_ranges(world, guest) == [("15550100012", "15550100012")]
    assert number_ranges(world, world.north) == [
        ("15550100000", "15550100011"),
        ("15550100013", "15550100099"),
    ]


def test_numbers_that_somebody_has_are_not_given(world: World, guest: UUID) -> None:
    subscription = world.subscription()
    with world.as_staff():
        numbering.add_range(first="15550100000", last="15550100099")
        subscriptions.set_msisdn(subscription, msisdn="15550100012")
        with pytest.raises(NumberNotFree, match="15550100012 is assigned"):
            tenants.allot_numbers(mvno="guest", first="15550100010", last="15550100019")
        with pytest.raises(NotFound, match="range"):
            tenants.allot_numbers(mvno="guest", first="15550100090", last="15550100109")
        with pytest.raises(InvalidValue):
            tenants.allot_numbers(mvno="guest", first="15550100091", last="15550100090")


def test_a_host_sees_counts_of_its_mvnos(world: World, guest: UUID) -> None:
    world.stock(1, 2, 3)
    allot(world, 1, 2)
    a_line(world, guest, iccid(2))

    with world.as_staff():
        (shown,) = queries.list_mvnos()
    with world.as_staff(world.south):
        assert queries.list_mvnos() == []

    assert (shown.slug, shown.sims, shown.sims_in_stock, shown.lines) == ("guest", 2, 1, 1)
    assert not shown.is_suspended
