"""The outbox delivers everything once and in order, whenever a transaction commits."""

import time
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.harness.databases import TestDatabase
from tests.unit.business.world import World, card_file
from wispgate.business.inventory import services as inventory
from wispgate.business.operators import hot
from wispgate.store import outbox, partitions, tenancy


def append(connection: psycopg.Connection, world: World, name: str, partition: int | None) -> None:
    schema = outbox.source_of(partition)
    connection.execute(tenancy.set_local_operator(world.north))
    connection.execute(
        f"INSERT INTO {schema}.outbox (event_id, operator_id, kind, payload, occurred_at) "  # noqa: S608
        "VALUES (%s, %s, %s, '{}', %s)",
        [uuid4(), world.north, name, world.clock.now()],
    )


def deliver(database: TestDatabase, partition: int | None, *, most: int = 500) -> list[str]:
    kinds: list[str] = []
    with database.connect("worker") as worker, worker.cursor() as cursor:
        outbox.deliver(
            cursor,
            "test",
            lambda events: kinds.extend(event.kind for event in events),
            partition=partition,
            most=most,
        )
    return kinds


def deliver_all(database: TestDatabase, partition: int | None, count: int) -> list[str]:
    """Waits for the transactions of other tests: one server has one oldest transaction."""
    kinds: list[str] = []
    for _ in range(300):
        kinds += deliver(database, partition)
        if len(kinds) >= count:
            break
        time.sleep(0.05)
    return kinds


@pytest.mark.parametrize(
    ("partitions", "partition"), [(1, None), (1, 0), (3, 2)], indirect=["partitions"]
)
def test_an_event_that_commits_late_is_not_skipped(
    world: World, database: TestDatabase, partition: int | None
) -> None:
    with database.connect("web") as early, database.connect("web") as late:
        append(late, world, "began first", partition)
        append(early, world, "committed first", partition)
        early.commit()

        before = deliver(database, partition)
        late.commit()
        after = deliver_all(database, partition, 2)

    assert before == []
    assert after == ["began first", "committed first"]
    assert deliver(database, partition) == []


def test_the_events_of_one_transaction_keep_their_order(
    world: World, database: TestDatabase
) -> None:
    with world.as_staff():
        for number in range(20):
            inventory.import_sims(card_file(number), name=str(number))

    with database.admin() as admin:
        rows = admin.execute("SELECT payload FROM outbox ORDER BY xid, event_id").fetchall()

    names = [name_of(database, payload["batch_id"]) for (payload,) in rows]
    assert names == [str(number) for number in range(20)]


def name_of(database: TestDatabase, batch_id: str) -> str:
    with database.admin() as admin:
        row = admin.execute(
            "SELECT name FROM inventory_simbatch WHERE id = %s", [UUID(batch_id)]
        ).fetchone()
    assert row is not None
    return str(row[0])


def test_what_is_undone_is_not_told(world: World, database: TestDatabase) -> None:
    def import_and_fail() -> None:
        with world.as_staff():
            inventory.import_sims(card_file(1), name="undone")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        import_and_fail()

    assert deliver(database, None) == []


@pytest.mark.parametrize("partitions", [1, 3], indirect=True)
def test_an_accounts_events_are_in_its_partition(world: World, database: TestDatabase) -> None:
    accounts = {}
    for number in range(8):
        world.subscriber(str(number))

    with world.as_staff():
        told = 0
        for partition in range(database.partitions):
            with database.admin() as admin:
                schema = partitions.schema_of(partition)
                rows = admin.execute(f"SELECT account_id FROM {schema}.outbox").fetchall()  # noqa: S608
            told += len(rows)
            accounts |= {account: partition for (account,) in rows}
        places = {account: hot.partition_of(account) for account in accounts}

    assert told == 8
    assert places == accounts
