"""A tenant exported and imported: the same rows, sealed as they were, in an empty installation."""

import io
import json
import zipfile
from typing import Any
from uuid import UUID

import pytest
from psycopg import sql

from tests.contract.test_tenant_walls import fill, identifier, invent, tables
from tests.harness.databases import TestDatabase, a_database
from tests.harness.pictures import a_png
from tests.harness.switching import connected_to
from tests.unit.business.world import KI, OPC, OPENING_KEY, World
from wispgate.business.operators import scope as scopes
from wispgate.business.operators import settings as operator_settings
from wispgate.business.tenants import archive
from wispgate.business.tenants import services as tenants
from wispgate.business.tenants.archive import Manifest
from wispgate.business.tenants.errors import ArchiveBroken, NotEmpty, SealedForAnother
from wispgate.business.tenants.services.exporting import is_left_out
from wispgate.domain.authentication.keys import KeyMaterial
from wispgate.domain.authentication.sealing import OpeningKey, keyring, open_sealed, reseal
from wispgate.kernel.errors import NotFound

ELSEWHERE = OpeningKey(bytes(range(1, 33)))
# What a tenant of these tests has something in, whatever else it gets later.
HAS_ROWS = {
    "account", "audit_auditentry", "crm_contact", "crm_organization", "crm_subscriber", "identity",
    "inventory_number", "inventory_numberpolicy", "inventory_numberrange", "inventory_sim",
    "inventory_simbatch", "operators_brand", "operators_coreservice", "operators_paymentgateway",
    "operators_operatorsuspension", "staff_apitoken", "staff_staffmember",
    "subscriptions_subscription", "subscriptions_suspension",
}  # fmt: skip


def exported(world: World) -> bytes:
    file = io.BytesIO()
    with world.as_platform():
        tenants.export("north", file)
    return file.getvalue()


def imported(world: World, content: bytes) -> Manifest:
    scope = scopes.Scope(now=world.clock.now(), is_platform=True, request_id="the-import")
    with scopes.within(scope):
        return tenants.import_archive(io.BytesIO(content))


def rows_of(database: TestDatabase, operator: UUID) -> dict[str, list[Any]]:
    """Every row of a tenant by table, partitions told apart; without what is numbered here."""
    found: dict[str, list[Any]] = {}
    with database.admin() as admin:
        for table, (has_operator, _) in tables(database).items():
            name = table.rpartition(".")[2]
            if not has_operator or name.startswith("ledger_") or is_left_out(name):
                continue
            rows = admin.execute(
                sql.SQL("SELECT to_jsonb(t) FROM {} t WHERE operator_id = %s").format(
                    identifier(table)
                ),
                [operator],
            ).fetchall()
            found[table] = sorted(as_text(name, row) for (row,) in rows if is_of_tenant(row))
        for table in ("operators_operator", "operators_core", "operators_peer"):
            rows = admin.execute(
                sql.SQL("SELECT to_jsonb(t) FROM {} t").format(identifier(table))
            ).fetchall()
            wanted = (r for (r,) in rows if table != "operators_operator" or r["slug"] == "north")
            found[table] = sorted(as_text(table, row) for row in wanted)
    return {table: rows for table, rows in found.items() if rows}


def is_of_tenant(row: dict[str, Any]) -> bool:
    """That a row was imported is an entry of the importing installation's own audit."""
    return bool(row.get("request_id") != "the-import")


def as_text(table: str, row: dict[str, Any]) -> str:
    # `xid` is the transaction that wrote the row into this database, for its own seals.
    numbered = {"audit_auditentry": ("id", "xid"), "ledger": ("xid",)}.get(table, ())
    row = {name: value for name, value in row.items() if name not in numbered}
    return json.dumps(row, sort_keys=True)


def fill_north(world: World, database: TestDatabase) -> None:
    fill(world, database)
    with world.as_staff():
        operator_settings.set_brand(main_colour="#112233")
        operator_settings.set_logo(a_png())
        operator_settings.put_gateway(
            name="cards", kind="stripe", public={"a": "1"}, credentials={"api_key": "sk_live"}
        )
    with world.as_platform():
        tenants.suspend("north", reason="overdue")


def fill_hot(database: TestDatabase, operator: UUID) -> list[str]:
    """Something in every hot table that has nothing yet; the tables."""
    made = []
    for table, (has_operator, _) in tables(database).items():
        schema, _, name = table.rpartition(".")
        if not (schema and has_operator) or name.startswith("ledger_") or is_left_out(name):
            continue
        with database.admin() as admin:
            query = sql.SQL("SELECT 1 FROM {} WHERE operator_id = %s").format(identifier(table))
            if admin.execute(query, [operator]).fetchone() is None:
                invent(admin, table, operator)
                made.append(table)
    return made


def drop_checks(database: TestDatabase, names: list[str]) -> None:
    """Invented rows keep no rules."""
    with database.admin() as admin:
        for table in names:
            checks = admin.execute(
                "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'",
                [table],
            ).fetchall()
            for (check,) in checks:
                drop = sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}")
                admin.execute(drop.format(identifier(table), sql.Identifier(check)))


def test_an_archive_makes_an_equal_tenant_in_an_empty_installation(
    world: World, database: TestDatabase
) -> None:
    fill_north(world, database)
    invented = fill_hot(database, world.north)
    before = rows_of(database, world.north)

    content = exported(world)
    with a_database() as empty, connected_to(empty):
        drop_checks(empty, invented)
        manifest = imported(world, content)
        after = rows_of(empty, world.north)

    assert after == before
    assert HAS_ROWS | {name.rpartition(".")[2] for name in invented} <= {
        name.rpartition(".")[2] for name in before
    }
    assert len(invented) > 6
    assert manifest.rows == sum(len(rows) for rows in before.values())


def test_the_tenants_people_and_programs_go_on_at_the_new_place(
    world: World, database: TestDatabase
) -> None:
    world.line(1)
    api = world.client()
    content = exported(world)

    with a_database() as empty, connected_to(empty):
        imported(world, content)
        assert [one["state"] for one in api.get("/sims").json["items"]] == ["activated"]
        assert api.get("/lines/001010000000001").status == 200


@pytest.mark.parametrize(("partitions", "there"), [(1, 3), (3, 1)], indirect=["partitions"])
def test_accounts_find_their_partition_where_there_are_more_or_fewer(
    world: World, database: TestDatabase, partitions: int, there: int
) -> None:
    lines = [world.line(number) for number in range(1, 7)]
    content = exported(world)

    with a_database(partitions=there) as empty, connected_to(empty):
        imported(world, content)
        with empty.admin() as admin:
            for schema in range(there):
                wrong = admin.execute(
                    sql.SQL(
                        "SELECT count(*) FROM {} l JOIN account a USING (account_id) "
                        "JOIN identity i USING (line_id) "
                        "WHERE a.partition <> %s OR i.partition <> %s"
                    ).format(identifier(f"hot_{schema:02d}.line")),
                    [schema, schema],
                ).fetchone()
                assert wrong == (0,)
            found = admin.execute("SELECT count(DISTINCT line_id) FROM every_line").fetchone()
    assert found == (len(lines),)


def test_charging_requests_follow_their_session_to_another_partition(
    world: World, database: TestDatabase
) -> None:
    line = world.line(1)
    with database.admin() as admin:
        (account,) = admin.execute("SELECT account_id FROM hot_00.line").fetchone() or ()
        admin.execute(
            "INSERT INTO hot_00.charging_session (session_id, operator_id, account_id, line_id,"
            " core_id, peer, apn, visited_plmn, plan_id, plan_version, last_number, is_open,"
            " opened_at, seen_at) SELECT 's', operator_id, account_id, line_id, core_id, 'p', 'a',"
            " '00101', line_id, 1, 0, false, changed_at, changed_at FROM hot_00.line"
        )
        admin.execute(
            "INSERT INTO hot_00.charging_request SELECT 's', 0, operator_id, '\\x01', changed_at"
            " FROM hot_00.line"
        )
    content = exported(world)

    with a_database(partitions=3) as empty, connected_to(empty):
        imported(world, content)
        with empty.admin() as admin:
            (place,) = admin.execute("SELECT partition FROM account").fetchone() or (None,)
            query = sql.SQL("SELECT session_id FROM {}").format(
                identifier(f"hot_{place:02d}.charging_request")
            )
            assert admin.execute(query).fetchall() == [("s",)]
    assert account != line


def test_no_secret_of_a_card_or_a_gateway_is_in_an_archive(
    world: World, database: TestDatabase
) -> None:
    fill_north(world, database)

    with zipfile.ZipFile(io.BytesIO(exported(world))) as file:
        whole = b"".join(file.read(name) for name in file.namelist())

    assert b"inventory_sim" in whole
    for secret in (KI.format(1), OPC.format(1), "sk_live", "00000001,00000002"):
        assert secret.encode() not in whole


def test_every_sealed_column_is_known_to_the_archive(database: TestDatabase) -> None:
    with database.admin() as admin:
        found = admin.execute(
            "SELECT DISTINCT table_name, column_name FROM information_schema.columns "
            "WHERE column_name LIKE 'sealed%' AND data_type = 'bytea'"
        ).fetchall()

    known = {(table, column) for table, seals in archive.SEALED.items() for column in seals}
    assert {(table, column) for table, column in found if not is_left_out(table)} == known


def test_an_archive_sealed_for_another_installation_opens_there_only(
    world: World, database: TestDatabase, settings: Any
) -> None:
    fill_north(world, database)
    content, target = exported(world), io.BytesIO()
    ring = keyring([OPENING_KEY])

    def anew(sealed: bytes, owner: str) -> bytes:
        return reseal(ring, sealed, bound_to=owner, recipient=ELSEWHERE.sealing_key)

    manifest, count = archive.seal_anew(io.BytesIO(content), target, anew)

    assert count >= 4
    assert manifest.sealed_with == (ELSEWHERE.sealing_key.key_id.hex(),)
    with a_database() as empty, connected_to(empty):
        with pytest.raises(SealedForAnother):
            imported(world, target.getvalue())
        settings.WISPGATE_VAULT_PUBLIC_KEY = ELSEWHERE.sealing_key.to_text()
        with pytest.raises(SealedForAnother, match=ELSEWHERE.sealing_key.to_text()[:20]):
            imported(world, content)
        imported(world, target.getvalue())
        with empty.admin() as admin:
            row = admin.execute("SELECT iccid, sealed_key FROM hot_00.authentication").fetchone()
    assert row is not None
    opened = open_sealed(keyring([ELSEWHERE]), bytes(row[1]), bound_to=row[0])
    assert KeyMaterial.decode(opened).k.hex() == KI.format(1)


def test_an_archive_goes_into_an_empty_installation_only(
    world: World, database: TestDatabase
) -> None:
    content = exported(world)

    with pytest.raises(NotEmpty):
        imported(world, content)


def altered(content: bytes, member: str, change: Any) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            octets = old.read(name)
            new.writestr(name, change(octets) if name == member else octets)
    return target.getvalue()


def with_manifest(content: bytes, **changed: Any) -> bytes:
    return altered(
        content, "manifest.json", lambda octets: json.dumps(json.loads(octets) | changed).encode()
    )


def test_what_is_not_a_whole_and_fitting_archive_is_refused_and_nothing_comes_in(
    world: World, database: TestDatabase
) -> None:
    world.line(1)
    content = exported(world)
    wrong = {
        "no archive": b"PK nonsense",
        "damaged": content[: len(content) // 2],
        "inventory_sim": altered(
            content, "tables/public.inventory_sim.jsonl", lambda octets: octets + b"{}\n"
        ),
        "manifest": altered(content, "manifest.json", lambda _: b"[]"),
        "format": with_manifest(content, version=2),
        "version": with_manifest(content, migrations={"operators": "0001_initial"}),
        "no operator": with_manifest(content, tables=[]),
    }

    with a_database() as empty, connected_to(empty):
        for words, octets in wrong.items():
            with pytest.raises(ArchiveBroken, match=words.split()[0]):
                imported(world, octets)
        with empty.admin() as admin:
            assert admin.execute("SELECT count(*) FROM operators_operator").fetchone() == (0,)


def test_rows_of_another_tenant_in_an_archive_are_refused(
    world: World, database: TestDatabase
) -> None:
    world.subscriber()
    name = "tables/public.crm_contact.jsonl"
    other = str(world.south).encode()
    forged = altered(exported(world), name, lambda o: o.replace(str(world.north).encode(), other))
    with zipfile.ZipFile(io.BytesIO(forged)) as file:
        manifest, octets = json.loads(file.read("manifest.json")), file.read(name)
    for part in manifest["tables"]:
        if part["name"] == "public.crm_contact":
            part["sha256"] = __import__("hashlib").sha256(octets).hexdigest()
    forged = with_manifest(forged, tables=manifest["tables"])

    with (
        a_database() as empty,
        connected_to(empty),
        pytest.raises(ArchiveBroken, match="do not fit"),
    ):
        imported(world, forged)


def test_an_export_is_remembered_and_of_nobody_else(world: World, database: TestDatabase) -> None:
    from wispgate.business.tenants import queries  # noqa: PLC0415 (named once)

    content = exported(world)

    with archive.reading(io.BytesIO(content)) as reader, world.as_staff():
        noted = queries.last_export(world.north)
        assert noted is not None
        assert noted.sha256 == reader.manifest.digest()
        assert noted.rows == reader.manifest.rows
    assert str(world.south).encode() not in content
    with world.as_platform(), pytest.raises(NotFound):
        tenants.export("nowhere", io.BytesIO())
