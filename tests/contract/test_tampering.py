"""Whoever changes sealed rows past the application, even as superuser, is found; and what he did.

The tests tamper in plain SQL as the database's superuser, without triggers.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import LiteralString
from uuid import UUID

import psycopg
import pytest

from tests.harness import sealing
from tests.harness.databases import TestDatabase
from tests.unit.business.world import World
from wispgate.business.audit.chain import NOTHING_BEFORE, SigningKey
from wispgate.business.audit.comparison import Damage
from wispgate.business.audit.verifying import Finding, Report

FIRST, ENTRIES = 2, 102
# As superuser and without triggers: nothing in the database stands in the way.
DISARM = "SET session_replication_role = replica"


@pytest.fixture
def chain(world: World, database: TestDatabase) -> str:
    """A chain of north's: what made the world, then a hundred entries of a transaction each."""
    sealing.seal_all(database, world.clock.now())
    with database.connect("web") as web:
        web.autocommit = True
        for number in range(ENTRIES - FIRST):
            web.execute(
                "INSERT INTO audit_auditentry (operator_id, at, actor_kind, actor, address, "
                "request_id, reason, action, object_type, object_id, after, message) VALUES "
                "(%s, %s, 'staff', 'ada', '192.0.2.7', '', '', 'update', 'thing', %s, %s, '')",
                [world.north, world.clock.now(), str(number), f'{{"number": {number}}}'],
            )
    sealing.seal_all(database, world.clock.now())
    return f"audit/{world.north}"


@pytest.fixture
def blocks_of_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small blocks, so that a chain has several."""
    monkeypatch.setattr(sealing, "seal", seal_tens)


def seal_tens(database: TestDatabase, now: object) -> int:
    with sealing.acting_as(database, "worker"):
        return sealing.sealing.seal(sealing.KEY, now=now, batch=10)  # type: ignore[arg-type]


def ids(database: TestDatabase, operator: UUID) -> list[int]:
    with database.admin() as admin:
        rows = admin.execute(
            "SELECT id FROM audit_auditentry WHERE operator_id = %s ORDER BY xid, id", [operator]
        ).fetchall()
    return [row[0] for row in rows]


def tamper(database: TestDatabase, command: LiteralString, *values: object) -> int:
    with database.admin() as admin:
        admin.execute(DISARM)
        return admin.execute(command, values).rowcount


def found(reports: dict[str, Report], name: str) -> Finding:
    """The finding of the chain; no other chain has one."""
    assert {key for key, report in reports.items() if report.finding} == {name}
    finding = reports[name].finding
    assert finding is not None
    return finding


def test_an_untouched_chain_verifies(world: World, database: TestDatabase, chain: str) -> None:
    report = sealing.verify(database, world.clock.now())[chain]

    assert (report.finding, report.rows) == (None, ENTRIES)


def test_sealing_again_seals_nothing(world: World, database: TestDatabase, chain: str) -> None:
    before = sealing.heads(database, world.clock.now())

    assert sealing.seal(database, world.clock.now()) == 0
    assert sealing.heads(database, world.clock.now()) == before


CHANGES: dict[LiteralString, LiteralString] = {
    "actor": "'somebody else'",
    "at": "at + interval '1 second'",
    "reason": "'asked to'",
    "after": "'{\"number\": 1000}'",
    "before": "'null'",
    "object_id": "'7'",
    "message": "'nothing'",
    "address": "''",
    "request_id": "'1'",
    "action": "'insert'",
    "object_type": "'other'",
    "actor_kind": "'system'",
}


@pytest.mark.usefixtures("blocks_of_ten")
def test_a_changed_entry_is_named_whatever_was_changed(
    world: World, database: TestDatabase, chain: str
) -> None:
    """Each change hits an earlier row than the one before, so that it is the first."""
    known = ids(database, world.north)
    for number, (column, value) in enumerate(CHANGES.items()):
        place = 95 - 7 * number
        command: LiteralString = "UPDATE audit_auditentry SET " + column + " = " + value  # noqa: S608

        assert tamper(database, command + " WHERE id = %s", known[place - 1]) == 1

        finding = found(sealing.verify(database, world.clock.now()), chain)
        named = (finding.damage, finding.place, finding.row)
        assert named == (Damage.UPDATED, place, str(known[place - 1])), column


@pytest.mark.usefixtures("blocks_of_ten")
def test_a_deleted_entry_is_named(world: World, database: TestDatabase, chain: str) -> None:
    victim = ids(database, world.north)[42]

    tamper(database, "DELETE FROM audit_auditentry WHERE id = %s", victim)

    finding = found(sealing.verify(database, world.clock.now()), chain)
    assert (finding.damage, finding.place, finding.row) == (Damage.DELETED, 43, str(victim))


@pytest.mark.usefixtures("blocks_of_ten")
@pytest.mark.parametrize("place", [0, 42, 100])
def test_an_inserted_entry_is_named(
    world: World, database: TestDatabase, chain: str, place: int
) -> None:
    near = ids(database, world.north)[place]

    tamper(
        database,
        "INSERT INTO audit_auditentry (id, xid, operator_id, at, actor_kind, actor, address, "
        "request_id, reason, action, object_type, object_id, message) SELECT 1000000 + id, xid, "
        "operator_id, at, actor_kind, 'forged', address, request_id, reason, action, object_type, "
        "object_id, message FROM audit_auditentry WHERE id = %s",
        near,
    )

    finding = found(sealing.verify(database, world.clock.now()), chain)
    assert (finding.damage, finding.row) == (Damage.INSERTED, str(1_000_000 + near))


@pytest.mark.usefixtures("blocks_of_ten")
def test_two_entries_that_changed_places_are_named(
    world: World, database: TestDatabase, chain: str
) -> None:
    known = ids(database, world.north)
    one, other = known[42], known[45]

    for was, becomes in ((one, -1), (other, one), (-1, other)):
        tamper(database, "UPDATE audit_auditentry SET id = %s WHERE id = %s", becomes, was)

    finding = found(sealing.verify(database, world.clock.now()), chain)
    assert (finding.damage, finding.place, finding.row) == (Damage.REORDERED, 43, str(one))


@pytest.mark.usefixtures("blocks_of_ten")
def test_an_entry_that_moved_to_the_end_is_named(
    world: World, database: TestDatabase, chain: str
) -> None:
    victim = ids(database, world.north)[42]

    tamper(database, "UPDATE audit_auditentry SET xid = xid + 1000000 WHERE id = %s", victim)

    finding = found(sealing.verify(database, world.clock.now()), chain)
    assert (finding.damage, finding.place, finding.row) == (Damage.REORDERED, 43, str(victim))


@pytest.mark.usefixtures("blocks_of_ten")
def test_an_entry_given_to_another_operator_is_named_in_its_own_chain(
    world: World, database: TestDatabase, chain: str
) -> None:
    victim = ids(database, world.north)[42]

    tamper(
        database, "UPDATE audit_auditentry SET operator_id = %s WHERE id = %s", world.south, victim
    )

    reports = sealing.verify(database, world.clock.now())
    own, foreign = reports[chain].finding, reports[f"audit/{world.south}"].finding
    assert own is not None
    assert (own.damage, own.row) == (Damage.UPDATED, str(victim))
    assert foreign is not None
    assert (foreign.damage, foreign.row) == (Damage.INSERTED, str(victim))


@pytest.mark.usefixtures("blocks_of_ten")
def test_a_tail_that_was_cut_off_is_named(world: World, database: TestDatabase, chain: str) -> None:
    last = ids(database, world.north)[-10:]

    assert tamper(database, "DELETE FROM audit_auditentry WHERE id = ANY(%s)", last) == 10

    finding = found(sealing.verify(database, world.clock.now()), chain)
    assert (finding.damage, finding.place, finding.row) == (Damage.TRUNCATED, 93, str(last[0]))


@pytest.mark.usefixtures("blocks_of_ten")
def test_a_tail_cut_off_with_its_seals_is_known_to_a_checkpoint(
    world: World, database: TestDatabase, chain: str
) -> None:
    kept = sealing.heads(database, world.clock.now())
    last = ids(database, world.north)[-10:]
    tamper(database, "DELETE FROM audit_auditentry WHERE id = ANY(%s)", last)
    tamper(database, "DELETE FROM audit_sealblock WHERE chain = %s AND rows_before >= 92", chain)

    unanchored = sealing.verify(database, world.clock.now())
    anchored = sealing.verify(database, world.clock.now(), anchors=kept)

    assert unanchored[chain].finding is None
    finding = found(anchored, chain)
    assert (finding.damage, finding.place) == (Damage.TRUNCATED, 93)


def test_a_whole_chain_that_is_gone_is_known_to_a_checkpoint(
    world: World, database: TestDatabase, chain: str
) -> None:
    kept = sealing.heads(database, world.clock.now())
    tamper(database, "DELETE FROM audit_auditentry WHERE operator_id = %s", world.north)
    tamper(database, "DELETE FROM audit_sealblock WHERE chain = %s", chain)

    finding = found(sealing.verify(database, world.clock.now(), anchors=kept), chain)

    assert finding.damage is Damage.TRUNCATED


def test_rows_whose_seals_are_gone_are_named(
    world: World, database: TestDatabase, chain: str
) -> None:
    tamper(database, "DELETE FROM audit_sealblock WHERE chain = %s", chain)

    finding = found(sealing.verify(database, world.clock.now()), chain)

    assert (finding.damage, finding.text) == (
        Damage.INSERTED,
        f"{ENTRIES} rows that were never sealed",
    )


@pytest.mark.usefixtures("blocks_of_ten")
def test_a_block_that_was_taken_out_is_named(
    world: World, database: TestDatabase, chain: str
) -> None:
    middle = ids(database, world.north)[42:52]
    tamper(database, "DELETE FROM audit_auditentry WHERE id = ANY(%s)", middle)
    tamper(database, "DELETE FROM audit_sealblock WHERE chain = %s AND rows_before = 42", chain)

    finding = found(sealing.verify(database, world.clock.now()), chain)

    assert (finding.damage, finding.place) == (Damage.DELETED, 43)


SEAL_CHANGES: Sequence[LiteralString] = (
    "entries = set_byte(entries, 30, 255 - get_byte(entries, 30))",
    "entries = NULL",
    "entries = substr(entries, 1, 56)",
    "entries = substr(entries, 1, 57)",
    "root = repeat('a', 64)",
    "sealed_at = sealed_at + interval '1 hour'",
    "previous = repeat('a', 64)",
    "rows = rows - 1",
    "key = '0000000000000000', signature = 'x'",
    "last_xid = last_xid + 1",
)


@pytest.mark.usefixtures("blocks_of_ten")
def test_a_changed_seal_is_named_whatever_was_changed(
    world: World, database: TestDatabase, chain: str
) -> None:
    """Each change hits an earlier block than the one before, so that it is the first."""
    for number, change in enumerate(SEAL_CHANGES):
        before = 92 - 10 * number
        command: LiteralString = "UPDATE audit_sealblock SET " + change  # noqa: S608

        hit = tamper(database, command + " WHERE chain = %s AND rows_before = %s", chain, before)

        assert hit == 1
        finding = found(sealing.verify(database, world.clock.now()), chain)
        assert finding.damage in (Damage.SEAL_CHANGED, Damage.NOT_SIGNED), change
        assert finding.place == before + 1, change


def test_a_chain_sealed_anew_by_another_key_is_not_ours(
    world: World, database: TestDatabase, chain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The strongest forger: rewrites the rows, and all seals with them."""
    kept = sealing.heads(database, world.clock.now())
    tamper(database, "UPDATE audit_auditentry SET actor = 'nobody'")
    tamper(database, "DELETE FROM audit_sealblock")
    tamper(database, "DELETE FROM audit_sealcursor")
    with monkeypatch.context() as patch:
        patch.setattr(sealing, "KEY", SigningKey.from_octets(b"f" * 32))
        sealing.seal_all(database, world.clock.now())

    report = sealing.verify(database, world.clock.now(), anchors=kept)[chain]

    assert report.finding is not None
    assert report.finding.damage is Damage.NOT_SIGNED


def test_a_row_hidden_from_the_sealer_is_found(
    world: World, database: TestDatabase, chain: str
) -> None:
    tamper(database, "UPDATE audit_sealcursor SET xid = xid + 1000000 WHERE source = 'audit'")
    world.subscriber()

    with pytest.raises(sealing.sealing.SealingBroken, match="sealed further than this server"):
        sealing.seal(database, world.clock.now())
    finding = found(sealing.verify(database, world.clock.now()), chain)

    assert (finding.damage, finding.text) == (Damage.INSERTED, "a row that was never sealed")


def test_a_cursor_that_was_set_back_stops_the_sealing(
    world: World, database: TestDatabase, chain: str
) -> None:
    tamper(database, "DELETE FROM audit_sealcursor")

    with pytest.raises(sealing.sealing.SealingBroken, match="set back"):
        sealing.seal(database, world.clock.now())


def test_the_clock_set_back_is_no_damage(world: World, database: TestDatabase, chain: str) -> None:
    world.clock.advance(hours=-1)
    world.subscriber()
    sealing.seal_all(database, world.clock.now())

    report = sealing.verify(database, world.clock.now())[chain]

    assert report.finding is None
    assert report.rows > ENTRIES


@pytest.mark.usefixtures("blocks_of_ten")
def test_only_the_time_asked_for_is_checked(
    world: World, database: TestDatabase, chain: str
) -> None:
    old = ids(database, world.north)[5]
    world.clock.advance(days=2)
    since = world.clock.now()
    world.subscriber()
    sealing.seal_all(database, world.clock.now())
    tamper(database, "UPDATE audit_auditentry SET actor = 'x' WHERE id = %s", old)

    young = sealing.verify(database, world.clock.now(), since=since)[chain]
    nothing = sealing.verify(database, world.clock.now(), since=since + timedelta(days=1))[chain]

    assert young.finding is None
    assert young.first_place == ENTRIES + 1
    assert (nothing.finding, nothing.rows) == (None, 0)
    assert found(sealing.verify(database, world.clock.now()), chain).row == str(old)


@pytest.mark.parametrize("partitions", [3], indirect=True)
def test_a_partitions_ledger_has_a_chain_of_its_own_and_tampering_is_named(
    world: World, database: TestDatabase
) -> None:
    for hot in ("hot_00", "hot_02"):
        post(database, hot, world.north, count=30)
    post(database, "hot_02", world.south, count=5)
    sealing.seal_all(database, world.clock.now())
    name = f"ledger/hot_02/{world.north}"

    clean = sealing.verify(database, world.clock.now())
    tampered = [
        (tamper_ledger(database, world, change), sealing.verify(database, world.clock.now()))
        for change in LEDGER_DAMAGE.values()
    ]

    assert (clean[name].finding, clean[name].rows) == (None, 30)
    assert clean[f"ledger/hot_02/{world.south}"].rows == 5
    for damage, (victim, reports) in zip(LEDGER_DAMAGE, tampered, strict=True):
        finding = found(reports, name)
        assert (finding.damage, finding.row) == (damage, victim)


LEDGER_DAMAGE: dict[Damage, LiteralString] = {
    Damage.UPDATED: "UPDATE hot_02.ledger SET amount = amount * 2 WHERE entry_id = %s",
    Damage.REORDERED: "UPDATE hot_02.ledger SET xid = xid + 1000000 WHERE entry_id = %s",
    Damage.DELETED: "DELETE FROM hot_02.ledger WHERE entry_id = %s",
}


def tamper_ledger(database: TestDatabase, world: World, change: LiteralString) -> str:
    """Each change hits an earlier row than the one before, so that it is the first."""
    place = {command: 20 - 5 * number for number, command in enumerate(LEDGER_DAMAGE.values())}
    with database.admin() as admin:
        query = "SELECT entry_id FROM hot_02.ledger WHERE operator_id = %s AND reason = %s"
        victim = admin.execute(query, [world.north, f"{place[change]:04d}"]).fetchone()
    assert victim is not None
    assert tamper(database, change, victim[0]) == 1
    return str(victim[0])


def post(database: TestDatabase, hot: LiteralString, operator: UUID, *, count: int) -> None:
    """Ledger rows as the network writes them."""
    with database.connect("network") as network:
        network.autocommit = True
        for number in range(count):
            network.execute(
                "INSERT INTO "  # noqa: S608
                + hot
                + ".ledger (entry_id, posted_at, operator_id, account_id, kind, "
                "unit, amount, reason) VALUES (gen_random_uuid(), '2026-03-01T12:00:00Z', %s, "
                "gen_random_uuid(), 'usage', 'octets', -1000, %s)",
                [operator, f"{number:04d}"],
            )


@pytest.mark.parametrize("table", ["audit_auditentry", "hot_00.ledger"])
def test_no_role_of_ours_chooses_the_order_of_rows(
    world: World, database: TestDatabase, table: LiteralString
) -> None:
    command: LiteralString = "INSERT INTO " + table + " (xid) VALUES (1)"  # noqa: S608
    for role in ("web", "worker", "network"):
        with (
            database.connect(role) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(command)


@pytest.mark.parametrize(
    ("function", "table", "free"),
    [
        ("audit_sealed", "public.audit_auditentry", {"id", "xid"}),
        ("hot_00.ledger_sealed", "hot_00.ledger", {"entry_id", "xid"}),
    ],
)
def test_every_column_is_part_of_what_is_sealed(
    database: TestDatabase, function: str, table: str, free: set[str]
) -> None:
    schema, name = table.split(".")
    with database.admin() as admin:
        columns = {
            row[0]
            for row in admin.execute(
                "SELECT column_name FROM information_schema.columns "
                "WHERE table_schema = %s AND table_name = %s",
                [schema, name],
            ).fetchall()
        }
        row = admin.execute(
            "SELECT prosrc FROM pg_proc WHERE oid = %s::regproc", [function]
        ).fetchone()
    assert row is not None
    sealed = {column for column in columns if f"entry.{column}" in row[0]}
    assert len(columns) > 10
    assert columns - sealed == free


def test_the_zero_before_the_first_block_is_fixed() -> None:
    assert NOTHING_BEFORE == "0" * 64
