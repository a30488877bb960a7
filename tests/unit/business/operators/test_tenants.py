"""A tenant's kind, host, names and currency."""

import psycopg
import pytest

from tests.harness.databases import TestDatabase
from tests.unit.business.world import World
from wispgate.business.operators import queries, services, tenants
from wispgate.business.operators.errors import CurrencyInUse, HostNotAllowed
from wispgate.kernel.errors import InvalidValue, NotFound


def create(slug: str, *, kind: str = "mvno", host: str = "") -> None:
    services.create_operator(
        slug=slug, name=slug.title(), currency="EUR", time_zone="UTC", kind=kind, host=host
    )


def test_an_mvno_hangs_under_an_mno_or_a_private_network(world: World) -> None:
    with world.as_platform():
        create("mine", kind="private")
        create("one", host="north")
        create("two", host="mine")
        create("free")

        assert [one.slug for one in queries.list_mvnos(world.north)] == ["one"]
        tenants.set_host("free", host="north")
        tenants.set_host("one", host="")
        assert [one.slug for one in queries.list_mvnos(world.north)] == ["free"]


def test_nobody_else_has_a_host_and_a_host_hangs_under_nobody(world: World) -> None:
    with world.as_platform():
        create("one", host="north")
        with pytest.raises(HostNotAllowed, match="only an MVNO"):
            create("other", kind="mno", host="north")
        with pytest.raises(HostNotAllowed, match="hangs under nobody"):
            create("two", host="one")
        with pytest.raises(HostNotAllowed):
            tenants.set_host("one", host="one")
        with pytest.raises(NotFound):
            create("three", host="nowhere")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE operators_operator SET host_id = id WHERE slug = 'one'",
        "UPDATE operators_operator SET kind = 'mvno' WHERE slug = 'north'",
        "UPDATE operators_operator SET host_id = (SELECT id FROM operators_operator"
        " WHERE slug = 'one') WHERE slug = 'two'",
        "UPDATE operators_operator SET kind = 'mno' WHERE slug = 'one'",
    ],
)
def test_the_database_itself_refuses_a_host_that_cannot_be(
    world: World, database: TestDatabase, change: str
) -> None:
    with world.as_platform():
        create("one", host="north")
        create("two")

    with database.admin() as admin, pytest.raises(psycopg.errors.CheckViolation):
        admin.execute(change)


@pytest.mark.parametrize(
    ("field", "value"), [("kind", "mvne"), ("slug", "Not A Slug"), ("currency", "eur")]
)
def test_an_operator_that_cannot_be_is_refused(world: World, field: str, value: str) -> None:
    given = {"slug": "x", "name": "X", "currency": "EUR", "time_zone": "UTC"} | {field: value}
    with world.as_platform(), pytest.raises(InvalidValue) as refused:
        services.create_operator(**given)

    assert refused.value.field == field


def test_a_tenants_own_admin_changes_its_names_and_nothing_else(world: World) -> None:
    with world.as_staff():
        tenants.rename(name=" Northern ")
        tenants.set_currency("NOK")
        tenants.set_time_zone("Europe/Oslo")
        own = queries.get_operator("north")
        with pytest.raises(InvalidValue):
            tenants.rename(name=" ")
        with pytest.raises(InvalidValue):
            tenants.set_time_zone("Europe/Nowhere")

    assert (own.name, own.currency, own.time_zone) == ("Northern", "NOK", "Europe/Oslo")
    with world.as_staff(world.south):
        assert queries.get_operator("south").name == "South"


def test_a_currency_stays_once_there_is_an_account(world: World) -> None:
    world.subscriber()

    with world.as_staff():
        tenants.set_currency("EUR")
        with pytest.raises(CurrencyInUse):
            tenants.set_currency("NOK")
    with world.as_staff(world.south):
        tenants.set_currency("NOK")
