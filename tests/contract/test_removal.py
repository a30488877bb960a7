"""Removing an operator: nothing of it stays in any table, everything of the others does."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from time import sleep
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from tests.contract.test_tenant_walls import fill, identifier, invent, tables
from tests.harness.databases import TestDatabase
from tests.unit.business.world import World, imsi
from wispgate.business.operators import removal
from wispgate.business.operators import scope as scopes
from wispgate.business.operators import services as operators
from wispgate.business.operators.errors import OperatorInUse
from wispgate.kernel.errors import NotFound
from wispgate.kernel.plmn import Plmn
from wispgate.store import tenancy

ID = uuid4()

pytestmark = pytest.mark.parametrize("partitions", [1, 3], indirect=True)


def a_scope(world: World) -> scopes.Scope:
    actor = scopes.Actor("staff", "root@platform.example", "192.0.2.9")
    return scopes.Scope(now=world.clock.now(), actor=actor, reason="contract ended")


def tenant_tables(database: TestDatabase) -> list[str]:
    """Those with `operator_id`; of ledgers the whole, which shows its parts."""
    return sorted(
        name
        for name, (has_operator, _) in tables(database).items()
        if has_operator and not name.endswith(".ledger_rest")
    )


def rows_of(database: TestDatabase, operator: UUID) -> dict[str, list[Any]]:
    """Every row of an operator, by table."""
    found = {}
    with database.admin() as admin:
        for table in tenant_tables(database):
            query = sql.SQL("SELECT t::text FROM {} t WHERE operator_id = %s ORDER BY 1")
            found[table] = admin.execute(query.format(identifier(table)), [operator]).fetchall()
    return {table: rows for table, rows in found.items() if rows}


def fill_every_table(world: World, database: TestDatabase) -> None:
    """Something of both operators in every table of tenants."""
    fill(world, database)
    for operator in (world.north, world.south):
        filled = rows_of(database, operator)
        for table in tenant_tables(database):
            if table not in filled:
                with database.admin() as admin:
                    invent(admin, table, operator)


def test_nothing_of_a_removed_operator_stays_and_everything_of_the_others(
    world: World, database: TestDatabase
) -> None:
    fill_every_table(world, database)
    before = rows_of(database, world.south)

    gone = removal.remove_operator(a_scope(world), world.north)

    assert set(before) == set(tenant_tables(database))
    assert rows_of(database, world.north) == {}
    assert rows_of(database, world.south) == before
    assert gone["ledger_rest"] >= 1
    assert gone["inventory_sim"] >= 1


def test_the_platform_remembers_who_removed_whom_and_why(
    world: World, database: TestDatabase
) -> None:
    world.line(1)

    removal.remove_operator(a_scope(world), world.north)

    with database.admin() as admin:
        entries = admin.execute(
            "SELECT operator_id, actor, address, reason, object_id, before->>'slug', message "
            "FROM audit_auditentry WHERE action = 'delete' AND object_type = 'operators_operator'"
        ).fetchall()
        removals = admin.execute("SELECT id, slug, finished_at FROM operators_removal").fetchall()
    ((operator, actor, address, reason, object_id, slug, message),) = entries
    assert operator is None
    assert (actor, address, reason) == ("root@platform.example", "192.0.2.9", "contract ended")
    assert (object_id, slug) == (str(world.north), "north")
    assert "inventory_sim 1" in message
    assert removals == [(world.north, "north", world.clock.now())]


def test_a_network_of_its_own_goes_and_a_shared_one_stays(
    world: World, database: TestDatabase
) -> None:
    with world.as_platform():
        operators.add_core(name="private", plmns=[Plmn("999", "01")])
        operators.serve_operator(core="private", operator="north", last_imsi=imsi(0))
        for core in ("lab", "private"):
            operators.add_peer(
                core=core, identity=f"mme.{core}", addresses=["192.0.2.1"], applications=["s6a"],
                realm="r",
            )  # fmt: skip
    with database.admin() as admin:
        for core in ("lab", "private"):
            admin.execute(
                "INSERT INTO peer_connection SELECT id, 'mme', 'node', 'hss', '192.0.2.1', 'open', "
                "'', '{}', 1, created_at, created_at FROM operators_core WHERE name = %s",
                [core],
            )

    removal.remove_operator(a_scope(world), world.north)

    with database.admin() as admin:
        cores = admin.execute("SELECT name FROM operators_core").fetchall()
        peers = admin.execute("SELECT identity, is_enabled FROM operators_peer").fetchall()
        leases = admin.execute(
            "SELECT c.name FROM peer_connection p JOIN operators_core c ON c.id = p.core_id"
        ).fetchall()
    assert cores == [("lab",)]
    assert peers == [("mme.lab", True)]
    assert leases == [("lab",)]


def test_rows_that_hang_on_an_operators_rows_go_with_them(
    world: World, database: TestDatabase
) -> None:
    world.line(1)
    with database.admin() as admin:
        admin.execute(
            "CREATE TABLE tag (id int PRIMARY KEY, sim uuid REFERENCES inventory_sim (id));"
            "CREATE TABLE tag_note (tag int REFERENCES tag (id));"
            "INSERT INTO tag SELECT 1, id FROM inventory_sim;"
            "INSERT INTO tag_note VALUES (1)"
        )
        admin.execute(f"GRANT ALL ON tag, tag_note TO {database.user('web')}")

    gone = removal.remove_operator(a_scope(world), world.north)

    assert (gone["tag"], gone["tag_note"]) == (1, 1)


def test_an_operator_that_another_refers_to_is_refused_and_keeps_everything(
    world: World, database: TestDatabase
) -> None:
    world.line(1)
    with database.admin() as admin:
        admin.execute(
            "CREATE TABLE guest (operator_id uuid, host uuid REFERENCES operators_operator (id))"
        )
        admin.execute("INSERT INTO guest VALUES (%s, %s)", [world.south, world.north])
        admin.execute(f"GRANT ALL ON guest TO {database.user('web')}")
    before = rows_of(database, world.north)

    with pytest.raises(OperatorInUse, match="guest"):
        removal.remove_operator(a_scope(world), world.north)

    assert rows_of(database, world.north) == before


def test_a_removal_that_was_cut_off_is_finished_later(
    world: World, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_every_table(world, database)
    with monkeypatch.context() as patched:
        patched.setattr(removal, "_finish", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            removal.remove_operator(a_scope(world), world.north)
    left = set(rows_of(database, world.north))

    finished = removal.finish_removals(a_scope(world))

    assert {table.partition(".")[2] for table in left} == {"ledger"}
    assert finished == ["north"]
    assert rows_of(database, world.north) == {}
    assert removal.finish_removals(a_scope(world)) == []
    with pytest.raises(NotFound):
        removal.remove_operator(a_scope(world), world.north)


def test_what_a_sealer_at_work_adds_meanwhile_goes_too(
    world: World, database: TestDatabase
) -> None:
    begun = Event()

    def seal_slowly() -> None:
        with database.admin() as sealer:
            sealer.execute("INSERT INTO audit_sealcursor VALUES ('a source', 0, %s, now())", [ID])
            sealer.execute("BEGIN")
            sealer.execute("SELECT FROM audit_sealcursor FOR UPDATE")
            invent(sealer, "public.audit_sealblock", world.north)
            begun.set()
            wait_for_a_lock(sealer)
            sealer.execute("COMMIT")

    with ThreadPoolExecutor() as pool:
        sealing = pool.submit(seal_slowly)
        assert begun.wait(30)

        removal.remove_operator(a_scope(world), world.north)

        sealing.result(30)
    assert rows_of(database, world.north) == {}


def wait_for_a_lock(connection: psycopg.Connection) -> None:
    """Returns when somebody waits for what another has locked in this database."""
    query = (
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple')"
    )
    for _ in range(3000):
        if connection.execute(query).fetchone() != (0,):
            return
        sleep(0.01)
    raise AssertionError("nobody waits")


def test_rows_that_somebody_holds_go_when_they_are_free(
    world: World, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.line(1)
    holder = database.admin()
    holder.autocommit = False
    schema = next(t for t in rows_of(database, world.north) if t.endswith(".line"))
    holder.execute(sql.SQL("SELECT FROM {} FOR UPDATE").format(identifier(schema)))
    waits = iter(range(100))

    def wait(_seconds: float) -> None:
        if next(waits) == 2:
            holder.close()

    monkeypatch.setattr(removal, "sleep", wait)

    removal.remove_operator(a_scope(world), world.north)

    assert rows_of(database, world.north) == {}
    assert holder.closed


def test_ledger_and_audit_cannot_be_erased_while_their_operator_is_there(
    world: World, database: TestDatabase
) -> None:
    world.line(1)

    for table in ("audit_auditentry", "hot_00.ledger_rest"):
        with database.connect("web") as web:
            web.execute(tenancy.set_local({"app.operator": str(world.north), "app.platform": "on"}))
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="is still there"):
                web.execute("SELECT erase_rows(%s::regclass, %s, 1)", [table, world.north])


def test_an_operator_that_nobody_knows_is_not_found(world: World, database: TestDatabase) -> None:
    with pytest.raises(NotFound):
        removal.remove_operator(replace(a_scope(world), reason=""), uuid4())
