"""Creating customers."""

from uuid import uuid4

import pytest

from tests.harness.databases import TestDatabase
from tests.unit.business.world import World
from wispgate.business.crm import queries
from wispgate.business.crm import services as crm
from wispgate.business.crm.errors import ExternalIdTaken
from wispgate.kernel.errors import InvalidValue, NotFound


def test_a_person_becomes_a_subscriber_with_an_account(world: World) -> None:
    with world.as_staff():
        made = crm.create_subscriber(
            name=" Ada Lovelace ", email="ada@example.com", phone="+46 8 123", external_id="C-1"
        )
        subscriber, account = queries.get_subscriber(made), queries.account_of(made)

    assert (subscriber.name, subscriber.party.email) == ("Ada Lovelace", "ada@example.com")
    assert subscriber.contact is not None
    assert str(subscriber.contact) == str(subscriber) == "Ada Lovelace"
    assert (account.account_id, account.partition) == (subscriber.account_id, 0)


def test_a_company_becomes_a_subscriber(world: World) -> None:
    with world.as_staff():
        made = crm.create_subscriber(name="Analytical Engines", party="organization")
        subscriber = queries.get_subscriber(made)

    assert subscriber.contact is None
    assert str(subscriber.organization) == "Analytical Engines"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 161}, "name"),
        ({"name": "Ada", "email": "ada"}, "email"),
        ({"name": "Ada", "phone": "call me"}, "phone"),
        ({"name": "Ada", "party": "ghost"}, "party"),
    ],
)
def test_a_wrong_detail_is_refused_by_its_field(
    world: World, given: dict[str, str], field: str
) -> None:
    with world.as_staff(), pytest.raises(InvalidValue) as refused:
        crm.create_subscriber(**given)

    assert refused.value.field == field


def test_a_customer_number_is_unique_in_its_operator_only(world: World) -> None:
    with world.as_staff():
        crm.create_subscriber(name="Ada", external_id="C-1")
        with pytest.raises(ExternalIdTaken):
            crm.create_subscriber(name="Bob", external_id="C-1")
        left = queries.list_subscribers()
    with world.as_staff(world.south):
        crm.create_subscriber(name="Cyd", external_id="C-1")

    assert [one.name for one in left] == ["Ada"]


def test_subscribers_come_newest_first_in_pages(world: World) -> None:
    made = [world.subscriber(name) for name in ("A", "B", "C")]

    with world.as_staff():
        first = queries.list_subscribers(limit=2)
        rest = queries.list_subscribers(after=first[-1].id, limit=2)
        by_number = queries.list_subscribers(external_id="none")

    assert {one.id for one in [*first, *rest]} == set(made)
    assert (len(first), len(rest), by_number) == (2, 1, [])


def test_a_foreign_subscriber_is_not_found(world: World) -> None:
    foreign = world.subscriber("Cyd", operator=world.south)

    with world.as_staff():
        for key in (foreign, uuid4()):
            with pytest.raises(NotFound):
                queries.get_subscriber(key)


@pytest.mark.parametrize("partitions", [3], indirect=True)
def test_accounts_are_spread_over_all_partitions(world: World, database: TestDatabase) -> None:
    made = [world.subscriber(str(number)) for number in range(40)]

    with world.as_staff():
        used = {queries.account_of(one).partition for one in made}

    assert used == {0, 1, 2}
