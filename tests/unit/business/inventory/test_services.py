"""Cards from stock to retirement."""

from uuid import uuid4

import pytest

from tests.unit.business.world import World, iccid, imsi
from wispgate.business.inventory import queries
from wispgate.business.inventory import services as inventory
from wispgate.business.inventory.errors import SimInUseElsewhere
from wispgate.business.inventory.lifecycle import SimAction
from wispgate.kernel.errors import IllegalTransition, NotFound


def test_a_card_in_stock_is_given_to_one_sub_service(world: World) -> None:
    world.stock(1)
    subscription_id = uuid4()

    with world.as_staff():
        card = inventory.assign(iccid(1), subscription_id=subscription_id)
        with pytest.raises(IllegalTransition):
            inventory.assign(iccid(1), subscription_id=uuid4())
        sim = queries.get_sim(iccid(1))

    assert (card.imsi, card.state, sim.subscription_id) == (imsi(1), "assigned", subscription_id)
    assert "sealed_key" not in repr(card)


def test_only_its_own_sub_service_moves_a_card(world: World) -> None:
    world.stock(1)

    with world.as_staff():
        inventory.assign(iccid(1), subscription_id=uuid4())
        with pytest.raises(SimInUseElsewhere):
            inventory.move(iccid(1), SimAction.ACTIVATE, subscription_id=uuid4())


def test_a_returned_card_keeps_its_sequence_number(world: World) -> None:
    world.stock(1)
    subscription_id = uuid4()

    with world.as_staff():
        inventory.assign(iccid(1), subscription_id=subscription_id)
        inventory.move(iccid(1), SimAction.UNASSIGN, subscription_id=subscription_id, sqn=4096)
        card = inventory.assign(iccid(1), subscription_id=subscription_id)

    assert card.sqn == 4096


def test_a_card_in_use_is_not_retired_from_stock(world: World) -> None:
    world.stock(1)

    with world.as_staff():
        inventory.assign(iccid(1), subscription_id=uuid4())
        with pytest.raises(SimInUseElsewhere):
            inventory.retire_from_stock(iccid(1))


def test_a_retired_card_stays_retired(world: World) -> None:
    world.stock(1)

    with world.as_staff(reason="scratched"):
        inventory.retire_from_stock(iccid(1))
        with pytest.raises(IllegalTransition):
            inventory.retire_from_stock(iccid(1))
        sim = queries.get_sim(iccid(1))

    assert (sim.state, sim.state_cause) == ("retired", "scratched")


def test_the_new_card_of_a_swap_names_the_old_one(world: World) -> None:
    world.stock(1, 2)
    owner = uuid4()

    with world.as_staff():
        inventory.assign(iccid(1), subscription_id=owner)
        inventory.swap(iccid(1), iccid(2), subscription_id=owner, then=(), sqn=64)
        old, new = queries.get_sim(iccid(1)), queries.get_sim(iccid(2))

    assert (old.state, old.sqn, new.state, new.replaces_id) == ("retired", 64, "assigned", old.id)


def test_an_unknown_card_is_not_found(world: World) -> None:
    with world.as_staff():
        with pytest.raises(NotFound):
            inventory.retire_from_stock(iccid(1))
        with pytest.raises(NotFound):
            queries.get_sim(iccid(1))


def test_cards_are_listed_by_iccid_state_and_imsi(world: World) -> None:
    world.stock(1, 2, 3)

    with world.as_staff():
        inventory.retire_from_stock(iccid(2))
        in_stock = queries.list_sims(state="stock")
        after = queries.list_sims(after=iccid(1), limit=1)
        by_imsi = queries.list_sims(imsi=imsi(3))

    assert [str(one) for one in in_stock] == [iccid(1), iccid(3)]
    assert [one.iccid for one in after] == [iccid(2)]
    assert [one.iccid for one in by_imsi] == [iccid(3)]
    assert "sealed_key" in in_stock[0].get_deferred_fields()
