"""Row-level security: in plain SQL, as the role that the web runs as, over every tenant's table."""

from typing import LiteralString
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from tests.harness.databases import TestDatabase
from tests.unit.business.world import World, imsi
from wispgate.business.crm import services as crm
from wispgate.business.inventory import numbers
from wispgate.business.operators import services as operators
from wispgate.business.staff import services as staff
from wispgate.business.subscriptions import numbering
from wispgate.business.subscriptions import services as subscriptions
from wispgate.kernel.plmn import Plmn
from wispgate.store import tenancy

# Tables that every tenant's transaction may see or that hold nothing of a tenant, and why.
GLOBAL = {
    "installation": "one row: what was fixed when the installation was made",
    "origin_state": "our own Diameter identities; the web has no right to it",
    "peer_reset": "which nodes know our Origin-State-Id; the web has no right to it",
    "delivery_cursor": "places of consumers in the outboxes, no contents",
    "audit_sealcursor": "how far each source is sealed, no contents",
    "django_migrations": "what was migrated",
    "django_content_type": "names of tables",
    "login_attemptcount": "failed logins by keyed hash, before anybody is known",
    "django_admin_log": "unused: the audit is ours",
    "auth_permission": "names of permissions",
    "auth_group": "unused: roles are ours",
    "auth_group_permissions": "unused: roles are ours",
}
GLOBAL_PREFIXES = {"procrastinate_": "jobs carry ids and no tenant's data"}
# Walls without a column operator_id: seen through the cores that serve the operator.
BY_CORE = {
    "operators_operator",
    "operators_core",
    "operators_peer",
    "peer_connection",
    "peer_statistics",
}
# Public keys, which every tenant seals with; the platform alone writes them.
READ_BY_ALL = {"operators_vaultkey"}  # fmt: skip
PLATFORM_ONLY = {
    "key_holder", "login_resetrequest", "refused_connection", "operators_removal",
    "tenants_tenantdeletion",
}  # fmt: skip


# By these columns a row hangs on a customer: somebody who sees only what is their own sees it by them.
OF_CUSTOMERS = ("subscriber_id", "subscription_id", "line_id", "account_id")
# Tables with such a column and no policy of what is whose own, and why.
OPEN_TO_ALL = {
    "account": "where accounts live: ids only, and a key of every statement",
    "identity": "where lines are found by their numbers; what is found is read elsewhere",
    "outbox": "events: read by the worker",
    "inventory_number": "whether a number is free is everybody's; `is_line_seen` hides whose it is",
}


# SQL for any value of a type, for rows that are only there to be seen or not.
ANY_VALUE: dict[str, LiteralString] = {
    "uuid": "gen_random_uuid()",
    "text": "gen_random_uuid()::text",
    "varchar": "'1'",
    "int2": "1",
    "int4": "1",
    "int8": "1",
    "numeric": "1",
    "bool": "true",
    "jsonb": "'{}'",
    "bytea": "uuid_send(gen_random_uuid())",
    "timestamptz": "'2026-03-01T12:00:00Z'",
    "date": "'2026-03-01'",
}


def tables(database: TestDatabase) -> dict[str, tuple[bool, bool]]:
    """Every table: whether it has an operator_id, whether row-level security is forced on it."""
    with database.admin() as admin:
        rows = admin.execute(
            "SELECT n.nspname, c.relname, c.relrowsecurity AND c.relforcerowsecurity, "
            "  EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid "
            "          AND a.attname = 'operator_id' AND NOT a.attisdropped) "
            "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^(pg_|information_schema)'"
        ).fetchall()
    return {
        name if schema == "public" else f"{schema}.{name}": (has_operator, is_walled)
        for schema, name, is_walled, has_operator in rows
    }


def fill(world: World, database: TestDatabase) -> None:
    """At least one row of north's in every tenant's table."""
    line = world.line(1)
    with world.as_staff():
        subscriptions.suspend(line, reason="fraud")
        crm.create_subscriber(name="Engines", party="organization")
        numbering.add_range(first="15550100000", last="15550100009")
        subscriptions.set_msisdn(line, msisdn="15550100001")
        numbers.set_quarantine_days(30)
    api = world.client()
    assert api.post("/subscribers", {"name": "Bob"}, Idempotency_Key="k").status == 201
    with world.as_platform():
        staff.create_staff(
            email="n@north.example",
            name="N",
            role="viewer",
            password="a rather long one",
            operator="north",
        )


def is_readable(admin: psycopg.Connection, table: str, role: str) -> bool:
    """Partitions of a table are reached through it alone: the web has no right to them."""
    query = "SELECT has_table_privilege(%s, %s, 'SELECT')"
    row = admin.execute(query, [role, table]).fetchone()
    return row is not None and bool(row[0])


def invent(admin: psycopg.Connection, table: str, operator: UUID) -> None:
    """A row with any values, for a table that no service of these tests writes."""
    schema, _, name = table.rpartition(".")
    columns = admin.execute(
        "SELECT column_name, CASE WHEN character_maximum_length >= 36 THEN 'text' ELSE udt_name END "
        "FROM information_schema.columns "
        "WHERE table_schema = %s AND table_name = %s AND is_nullable = 'NO' "
        "AND column_default IS NULL AND is_identity = 'NO' AND column_name <> 'operator_id'",
        [schema or "public", name],
    ).fetchall()
    # What the row refers to need not exist.
    admin.execute("SET session_replication_role = replica")
    checks = admin.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'", [table]
    ).fetchall()
    for (check,) in checks:
        drop = sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}")
        admin.execute(drop.format(identifier(table), sql.Identifier(check)))
    admin.execute(
        sql.SQL("INSERT INTO {} (operator_id{}) VALUES (%s{})").format(
            identifier(table),
            sql.SQL("").join(sql.SQL(", {}").format(sql.Identifier(n)) for n, _ in columns),
            sql.SQL("").join(sql.SQL(", " + any_value(kind)) for _, kind in columns),
        ),
        [operator],
    )


def any_value(kind: str) -> LiteralString:
    return "'{}'" if kind.startswith("_") else ANY_VALUE[kind]


def identifier(table: str) -> sql.Identifier:
    return sql.Identifier(*table.split("."))


@pytest.fixture
def walled(world: World, database: TestDatabase) -> list[str]:
    """The tables of tenants, each with something of north's in it."""
    fill(world, database)
    with database.admin() as admin:
        found = sorted(
            name
            for name, (has_operator, _) in tables(database).items()
            if has_operator and is_readable(admin, name, database.user("web"))
        )
        for table in found:
            query = sql.SQL("SELECT count(*) FROM {} WHERE operator_id = %s")
            row = admin.execute(query.format(identifier(table)), [world.north]).fetchone()
            assert row is not None
            if row[0] == 0:
                invent(admin, table, world.north)
    return found


def as_web(database: TestDatabase, operator: UUID | None) -> psycopg.Connection:
    connection = database.connect("web")
    if operator is not None:
        connection.execute(tenancy.set_local_operator(operator))
    return connection


def seen_of(connection: psycopg.Connection, table: str, operator: UUID) -> int:
    query = sql.SQL("SELECT count(*) FROM {} WHERE operator_id = %s").format(identifier(table))
    row = connection.execute(query, [operator]).fetchone()
    assert row is not None
    return int(row[0])


def test_every_table_is_walled_or_global_with_a_reason(database: TestDatabase) -> None:
    found = tables(database)
    free = {name for name, (_, is_walled) in found.items() if not is_walled}

    unexplained = {
        name for name in free - GLOBAL.keys() if not name.startswith(tuple(GLOBAL_PREFIXES))
    }

    assert len(found) > 25
    assert unexplained == set()
    assert not [
        name for name, (has_operator, is_walled) in found.items() if has_operator > is_walled
    ]
    without_operator = {name for name, walls in found.items() if walls == (False, True)}
    assert without_operator == BY_CORE | PLATFORM_ONLY | READ_BY_ALL


def test_every_table_that_hangs_on_customers_shows_people_their_own_only(
    database: TestDatabase,
) -> None:
    with database.admin() as admin:
        rows = admin.execute(
            "SELECT DISTINCT c.relname, EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid "
            "  AND NOT p.polpermissive AND p.polname LIKE '%%\\_own') "
            "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = ANY (%s) "
            "WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition "
            "  AND c.relnamespace::regnamespace::text ~ '^(public|hot_[0-9]+)$'",
            [list(OF_CUSTOMERS)],
        ).fetchall()

    assert len(rows) > 12
    assert {name for name, is_narrowed in rows if not is_narrowed} == OPEN_TO_ALL.keys()


def test_another_operator_sees_nothing_in_any_table(
    world: World, database: TestDatabase, walled: list[str]
) -> None:
    with as_web(database, world.south) as south, as_web(database, world.north) as north:
        leaks = {table for table in walled if seen_of(south, table, world.north)}
        own = {table for table in walled if seen_of(north, table, world.north)}

    assert len(walled) > 12
    assert leaks == set()
    assert own == set(walled)


def test_a_transaction_without_operator_sees_nothing(
    world: World, database: TestDatabase, walled: list[str]
) -> None:
    with as_web(database, None) as nobody:
        assert not [table for table in walled if seen_of(nobody, table, world.north)]


def test_another_operator_changes_and_removes_nothing(
    world: World, database: TestDatabase, walled: list[str]
) -> None:
    with as_web(database, world.south) as south:
        for table in walled:
            for command in ("UPDATE {} SET operator_id = operator_id", "DELETE FROM {}"):
                query = sql.SQL(command + " WHERE operator_id = %s").format(identifier(table))
                try:
                    with south.transaction():
                        changed = south.execute(query, [world.north]).rowcount
                except psycopg.errors.InsufficientPrivilege:
                    changed = 0
                assert changed == 0, table


def test_another_operators_rows_cannot_be_made(world: World, database: TestDatabase) -> None:
    refusal = pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security")
    with as_web(database, world.south) as south, refusal:
        south.execute(
            "INSERT INTO crm_contact (id, operator_id, name, email, phone, created_at) "
            "VALUES (gen_random_uuid(), %s, 'x', '', '', %s)",
            [world.north, world.clock.now()],
        )


def test_with_a_wall_taken_down_the_table_leaks(
    world: World, database: TestDatabase, walled: list[str]
) -> None:
    """The control: these tests see a missing wall."""
    with database.admin() as admin:
        for table in walled:
            admin.execute(
                sql.SQL("ALTER TABLE {} DISABLE ROW LEVEL SECURITY").format(identifier(table))
            )

    with as_web(database, world.south) as south:
        leaks = {table for table in walled if seen_of(south, table, world.north)}

    assert leaks == set(walled)


def test_cores_and_peers_are_seen_by_those_they_serve(world: World, database: TestDatabase) -> None:
    with world.as_platform():
        operators.add_core(name="private", plmns=[Plmn("999", "01")])
        operators.serve_operator(core="private", operator="north", last_imsi=imsi(0))
        for core in ("lab", "private"):
            operators.add_peer(
                core=core, identity=f"mme.{core}", addresses=["192.0.2.1"], applications=["s6a"],
                realm="r",
            )  # fmt: skip

    seen = {}
    for operator in (world.north, world.south):
        with as_web(database, operator) as web:
            rows = web.execute("SELECT identity FROM operators_peer ORDER BY 1").fetchall()
            seen[operator] = [identity for (identity,) in rows]
            own = web.execute("SELECT id FROM operators_operator").fetchall()
            assert own == [(operator,)]

    assert seen == {world.north: ["mme.lab", "mme.private"], world.south: ["mme.lab"]}


def test_the_audit_cannot_be_changed_by_those_who_write_it(
    world: World, database: TestDatabase
) -> None:
    world.subscriber()

    for role in ("web", "worker"):
        for command in ("UPDATE audit_auditentry SET actor = 'x'", "DELETE FROM audit_auditentry"):
            with database.connect(role) as connection:
                connection.execute(tenancy.set_local_operator(world.north))
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(command)
