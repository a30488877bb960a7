"""Retention: what is older goes, the chain still verifies, and nobody keeps less than is legal."""

import psycopg
import pytest

from tests.harness import sealing
from tests.harness.databases import TestDatabase
from tests.unit.business.world import World
from wispgate.business.audit import queries, retention
from wispgate.business.audit.comparison import Damage
from wispgate.business.audit.errors import KeptTooShort
from wispgate.kernel.errors import InvalidValue


@pytest.fixture
def aged(world: World, database: TestDatabase) -> str:
    """Two years of north's audit, a sealed entry each quarter."""
    for number in range(8):
        world.subscriber(f"Subscriber {number}")
        sealing.seal_all(database, world.clock.now())
        world.clock.advance(days=91)
    with world.as_staff():
        retention.set_keep_days(400)
    sealing.seal_all(database, world.clock.now())
    return f"audit/{world.north}"


def apply(database: TestDatabase, world: World) -> int:
    with sealing.acting_as(database, "worker"):
        return retention.apply(sealing.KEY, now=world.clock.now())


def entries(world: World) -> int:
    with world.as_staff():
        return len(queries.list_entries(limit=1000))


def test_what_is_older_goes_and_the_chain_verifies_from_there(
    world: World, database: TestDatabase, aged: str
) -> None:
    before = entries(world)

    removed = apply(database, world)

    sealing.seal_all(database, world.clock.now())
    report = sealing.verify(database, world.clock.now())[aged]
    assert removed > 0
    assert entries(world) == before - removed + 1
    assert report.finding is None
    assert report.first_place == removed + 1
    assert "retention" in report.note


def test_removing_says_so_in_the_audit_and_happens_once(
    world: World, database: TestDatabase, aged: str
) -> None:
    removed = apply(database, world)

    assert apply(database, world) == 0
    with world.as_staff():
        (entry,) = queries.list_entries(object_type="audit_auditentry")
    assert (entry.action, entry.reason) == ("delete", "retention")
    assert entry.message.startswith(f"{removed} audit entries from before")


def test_another_operators_audit_stays(world: World, database: TestDatabase, aged: str) -> None:
    south = f"audit/{world.south}"
    before = sealing.verify(database, world.clock.now())[south]

    apply(database, world)

    assert sealing.verify(database, world.clock.now())[south] == before


def test_rows_taken_by_hand_are_no_retention(
    world: World, database: TestDatabase, aged: str
) -> None:
    with database.admin() as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(
            "DELETE FROM audit_auditentry WHERE operator_id = %s AND at < %s",
            [world.north, world.clock.now().replace(year=2027)],
        )
        admin.execute("UPDATE audit_sealblock SET entries = NULL WHERE number = 1")

    finding = sealing.verify(database, world.clock.now())[aged].finding

    assert finding is not None
    assert finding.damage is Damage.SEAL_CHANGED


def test_a_mark_that_nobody_signed_is_found(
    world: World, database: TestDatabase, aged: str
) -> None:
    apply(database, world)
    with database.admin() as admin:
        admin.execute("UPDATE audit_sealmark SET number = number + 1")

    finding = sealing.verify(database, world.clock.now())[aged].finding

    assert finding is not None
    assert finding.damage is Damage.NOT_SIGNED


def test_a_row_put_back_before_the_mark_is_found(
    world: World, database: TestDatabase, aged: str
) -> None:
    apply(database, world)
    with database.admin() as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(
            "INSERT INTO audit_auditentry (id, xid, operator_id, at, actor_kind, actor, address, "
            "request_id, reason, action, object_type, object_id, message) "
            "VALUES (1, 1, %s, %s, '', 'forged', '', '', '', 'read', 'x', '1', '')",
            [world.north, world.clock.now()],
        )

    finding = sealing.verify(database, world.clock.now())[aged].finding

    assert finding is not None
    assert (finding.damage, finding.row) == (Damage.INSERTED, "1")


def test_less_than_is_legal_is_refused(world: World) -> None:
    with world.as_staff(), pytest.raises(KeptTooShort, match="at least 365 days"):
        retention.set_keep_days(364)


def test_a_minimum_that_was_raised_rules_over_an_older_choice(
    world: World, database: TestDatabase, aged: str, settings: object
) -> None:
    settings.WISPGATE_AUDIT_MINIMUM_DAYS = 3650  # type: ignore[attr-defined]

    assert apply(database, world) == 0


@pytest.mark.parametrize("days", [0, -5, 1_000_000])
def test_nonsense_is_refused(world: World, days: int) -> None:
    with world.as_staff(), pytest.raises(InvalidValue):
        retention.set_keep_days(days)


def test_the_choice_is_audited_and_can_be_taken_back(world: World) -> None:
    with world.as_staff():
        retention.set_keep_days(400)
        assert retention.find_keep_days() == 400
        retention.set_keep_days(None)
        assert retention.find_keep_days() is None
        changes = queries.list_entries(object_type="audit_auditretention")
    assert [entry.action for entry in changes] == ["delete", "insert"]


def test_the_database_itself_refuses_to_remove_what_is_young(
    world: World, database: TestDatabase
) -> None:
    world.subscriber()
    with database.connect("worker") as worker:
        worker.execute(f"SET LOCAL app.operator = '{world.north}'")
        with pytest.raises(psycopg.errors.RaiseException, match="too young"):
            worker.execute(
                "SELECT prune_audit(%s, 9000000000, 9000000000, %s)",
                [world.north, world.clock.now()],
            )


def test_the_web_cannot_remove_audit_entries_at_all(world: World, database: TestDatabase) -> None:
    with (
        database.connect("web") as web,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        web.execute("SELECT prune_audit(%s, 9, 9, %s)", [world.north, world.clock.now()])
