"""What a host sees of its MVNOs: the named views, their columns, and nothing beside them."""

from uuid import UUID

import psycopg
import pytest

from tests.contract.test_tenant_walls import as_web, seen_of, tables
from tests.harness.databases import TestDatabase
from tests.unit.business.world import World, iccid
from wispgate.business.inventory.moving import Chosen
from wispgate.business.operators import services as operators
from wispgate.business.subscriptions import services as subscriptions
from wispgate.business.tenants import services as tenants

# A column more is a decision: may a host know this of another company's customers?
VIEWS = {
    "host_allotted_sim": ["operator_id", "iccid", "state"],
    "host_mvno": ["operator_id", "slug", "name", "created_at", "is_suspended"],
    "host_mvno_lines": ["operator_id", "state", "lines"],
    "host_mvno_numbers": ["operator_id", "number_class", "numbers"],
    "host_mvno_numbers_used": ["operator_id", "numbers"],
    "host_mvno_sims": ["operator_id", "core_id", "state", "sims"],
    "host_mvno_usage": ["operator_id", "day", "paid_in", "used_units"],
}


@pytest.fixture
def guest(world: World) -> UUID:
    """An MVNO under north with a line of its own, and its customer Grace."""
    with world.as_platform():
        guest = operators.create_operator(
            slug="guest", name="Guest", currency="EUR", time_zone="UTC", kind="mvno", host="north"
        )
    world.stock(1, 2)
    with world.as_staff():
        tenants.allot_sims(mvno="guest", chosen=Chosen(iccids=[iccid(1), iccid(2)]))
    subscription = world.subscription(operator=guest)
    with world.as_staff(guest):
        subscriptions.assign_sim(subscription, iccid=iccid(1))
        subscriptions.activate(subscription)
    return guest


def use(database: TestDatabase, world: World, guest: UUID, *, octets: int) -> None:
    """A debit of the MVNO's, as charging writes it."""
    with database.admin() as admin:
        admin.execute(
            "INSERT INTO hot_00.ledger (entry_id, posted_at, operator_id, account_id, kind, unit,"
            " amount, used_units) VALUES (gen_random_uuid(), %s, %s, gen_random_uuid(), 'debit',"
            " 'octets', %s, %s)",
            [world.clock.now(), guest, -octets, octets],
        )


def test_the_views_of_hosts_have_these_columns_and_are_barriers(database: TestDatabase) -> None:
    with database.admin() as admin:
        columns = admin.execute(
            "SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum), c.reloptions "
            "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 "
            "WHERE c.relkind = 'v' AND c.relname LIKE 'host\\_%' GROUP BY c.oid"
        ).fetchall()

    assert {name: names for name, names, _ in columns} == VIEWS
    assert all(options == ["security_barrier=true"] for _, _, options in columns)


def test_no_other_view_looks_past_the_readers_own_rows(database: TestDatabase) -> None:
    with database.admin() as admin:
        others = admin.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relkind IN ('v', 'm') AND n.nspname !~ '^(pg_|information_schema)' "
            "AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false)"
        ).fetchall()

    assert {name for (name,) in others} == set(VIEWS)


def test_a_host_counts_what_its_mvno_has(world: World, database: TestDatabase, guest: UUID) -> None:
    use(database, world, guest, octets=700)
    use(database, world, guest, octets=300)

    with as_web(database, world.north) as host:
        seen = {name: host.execute(f"SELECT * FROM {name}").fetchall() for name in VIEWS}  # noqa: S608
        core = host.execute("SELECT id FROM operators_core").fetchone()

    assert core is not None
    assert sorted(seen["host_mvno_sims"], key=str) == sorted(
        [(guest, core[0], "activated", 1), (guest, core[0], "stock", 1)], key=str
    )
    assert seen["host_mvno_lines"] == [(guest, "active", 1)]
    assert seen["host_mvno"][0][:3] == (guest, "guest", "Guest")
    assert set(seen["host_allotted_sim"]) == {
        (guest, iccid(1), "activated"),
        (guest, iccid(2), "stock"),
    }
    assert seen["host_mvno_usage"] == [(guest, world.clock.now().date(), "octets", 1000)]


@pytest.mark.parametrize("who", ["south", "guest", "nobody"])
def test_who_is_not_the_host_sees_nothing_in_the_views(
    world: World, database: TestDatabase, guest: UUID, who: str
) -> None:
    operator = {"south": world.south, "guest": guest, "nobody": None}[who]

    with as_web(database, operator) as other:
        assert not [name for name in VIEWS if other.execute(f"SELECT 1 FROM {name}").fetchone()]  # noqa: S608


def test_a_host_sees_its_mvnos_rows_in_no_table(
    world: World, database: TestDatabase, guest: UUID
) -> None:
    owned = [name for name, (has_operator, _) in tables(database).items() if has_operator]

    with as_web(database, world.north) as host:
        leaks = []
        for table in owned:
            try:
                with host.transaction():
                    if seen_of(host, table, guest):
                        leaks.append(table)
            except psycopg.errors.InsufficientPrivilege:
                continue

    assert len(owned) > 20
    assert leaks == []


def test_nobody_writes_through_a_view(world: World, database: TestDatabase, guest: UUID) -> None:
    with as_web(database, world.north) as host:
        for command in ("DELETE FROM host_mvno", "UPDATE host_mvno SET name = 'x'"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), host.transaction():
                host.execute(command)


def test_an_mvno_that_leaves_its_host_is_not_seen_any_more(
    world: World, database: TestDatabase, guest: UUID
) -> None:
    with database.admin() as admin:
        admin.execute("UPDATE operators_operator SET host_id = NULL WHERE slug = 'guest'")

    with as_web(database, world.north) as host:
        assert not [name for name in VIEWS if host.execute(f"SELECT 1 FROM {name}").fetchone()]  # noqa: S608
