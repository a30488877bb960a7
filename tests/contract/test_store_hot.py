"""The network side's connections to a real database: statements, transactions, losses."""

import asyncio
import time
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.harness.databases import TestDatabase
from tests.harness.network import NOW, until
from wispgate.kernel.errors import Misconfigured
from wispgate.store.hot import CONNECTIONS_PER_PARTITION, DatabaseLost, HotStore, Partition

LEASE = {"holder": "h", "expires_at": NOW, "core_ids": [UUID(int=1)], "identities": ["a"]}


def kill_connections(database: TestDatabase) -> int:
    with database.admin() as connection:
        killed = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            " AND application_name = 'wispgate network'",
            (database.name,),
        ).fetchall()
    return len(killed)


@pytest.mark.parametrize("partitions", [1, 3], indirect=True)
async def test_the_installation_says_how_many_partitions_there_are(
    database: TestDatabase, partitions: int
) -> None:
    async with HotStore(database.dsn("network")) as store:
        numbers = [partition.number for partition in store.partitions]

        rows = await store.public.fetch("read_installation", {})

    assert numbers == list(range(partitions))
    assert rows[0]["partitions"] == partitions


@pytest.mark.parametrize("partitions", [3], indirect=True)
async def test_each_partition_speaks_to_its_own_schema(
    database: TestDatabase, partitions: int
) -> None:
    line = uuid4()
    with database.admin() as connection:
        connection.execute(
            "INSERT INTO hot_02.authentication (core_id, imsi, operator_id, account_id, line_id,"
            " iccid, sealed_key, sqn, consecutive_resyncs)"
            " VALUES (%s, '1', %s, %s, %s, '1', '', 0, 0)",
            (uuid4(), uuid4(), uuid4(), line),
        )
        core = connection.execute("SELECT core_id FROM hot_02.authentication").fetchone()
    assert core is not None

    async with HotStore(database.dsn("network")) as store:
        found = [
            await partition.fetch("find_authentication", {"core_id": core[0], "imsi": "1"})
            for partition in store.partitions
        ]

    assert [[row["line_id"] for row in rows] for rows in found] == [[], [], [line]]


async def test_a_lost_connection_is_replaced_before_its_next_use(database: TestDatabase) -> None:
    async with HotStore(database.dsn("network")) as store:
        await store.public.fetch("read_installation", {})
        kill_connections(database)

        # What the server said reaches us with the first use, or a moment before it.
        await until(lambda: all(c.is_closed() for c in store.public._open))
        for _ in range(2 * CONNECTIONS_PER_PARTITION):
            await store.public.fetch("read_installation", {})
        assert len(store.public._open) == 1


async def test_a_statement_cut_off_under_way_is_lost_and_not_repeated(
    database: TestDatabase,
) -> None:
    with database.admin() as blocker:
        blocker.execute("BEGIN")
        blocker.execute("LOCK TABLE peer_connection")
        async with HotStore(database.dsn("network")) as store:
            waiting = asyncio.create_task(store.public.fetch("renew_connections", LEASE))
            await until(lambda: kill_connections_that_wait(database) > 0)

            with pytest.raises(DatabaseLost):
                await waiting

            blocker.execute("ROLLBACK")
            assert await store.public.fetch("renew_connections", LEASE) == []


def kill_connections_that_wait(database: TestDatabase) -> int:
    with database.admin() as connection:
        return len(
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = %s AND wait_event_type = 'Lock'",
                (database.name,),
            ).fetchall()
        )


async def test_a_server_that_does_not_listen_is_a_lost_database() -> None:
    partition = Partition("postgresql://x:x@127.0.0.1:1/x", 0, connections=1)

    for _ in range(3):
        with pytest.raises(DatabaseLost):
            await partition.fetch("read_installation", {})


async def test_an_argument_that_fits_no_column_is_the_askers_fault(
    database: TestDatabase,
) -> None:
    async with HotStore(database.dsn("network")) as store:
        with pytest.raises(asyncpg.DataError):
            await store.public.fetch("find_account", {"account_id": "no uuid"})
        with pytest.raises(asyncpg.CharacterNotInRepertoireError):
            await store.public.fetch("find_peers", {"identity": "a\0b"})

        assert await store.public.fetch("find_peers", {"identity": "a"}) == []
        assert len(store.public._open) == 1


async def test_a_transaction_is_whole_or_nothing(database: TestDatabase) -> None:
    values = {"local_identity": "a", "value": 1}
    async with HotStore(database.dsn("network")) as store:
        with pytest.raises(ZeroDivisionError):
            await keep_and_fail(store.public, values)
        async with store.public.transaction() as transaction:
            first = await transaction.fetch("keep_origin_state", values | {"value": 2})
        again = await store.public.fetch("keep_origin_state", values | {"value": 3})

    assert (first[0]["value"], again[0]["value"]) == (2, 2)


async def keep_and_fail(partition: Partition, values: dict[str, object]) -> None:
    async with partition.transaction() as transaction:
        await transaction.fetch("keep_origin_state", values)
        raise ZeroDivisionError


async def test_a_deadlock_is_tried_again(database: TestDatabase) -> None:
    with database.admin() as connection:
        connection.execute(
            "INSERT INTO peer_connection SELECT %s, identity, 'h', '', '', 'open', '', '{}', 0, %s,"
            " %s FROM unnest('{a,b}'::text[]) AS x (identity)",
            (UUID(int=1), NOW, NOW),
        )
    both = LEASE | {"core_ids": [UUID(int=1)] * 2, "identities": ["a", "b"]}
    async with HotStore(database.dsn("network")) as store:
        with database.admin() as rival:
            rival.execute("SET deadlock_timeout = '20s'")
            rival.execute("BEGIN")
            rival.execute("UPDATE peer_connection SET state = 'x' WHERE identity = 'b'")
            # Ours has a and waits for b; the rival then wants a, and ours is who notices.
            ours = asyncio.create_task(store.public.fetch("renew_connections", both))
            await until(lambda: is_waiting(database))
            await asyncio.to_thread(
                rival.execute, "UPDATE peer_connection SET state = 'x' WHERE identity = 'a'"
            )
            rival.execute("ROLLBACK")
        rows = await ours

        (deadlocks,) = await asyncio.to_thread(count_deadlocks, database)
    assert {row["identity"] for row in rows} == {"a", "b"}
    assert deadlocks >= 1


def count_deadlocks(database: TestDatabase) -> tuple[int]:
    """The server's statistics come a moment after the fact."""
    found = None
    for _ in range(100):
        with database.admin() as connection:
            found = connection.execute(
                "SELECT deadlocks FROM pg_stat_database WHERE datname = %s", (database.name,)
            ).fetchone()
        if found and found[0]:
            break
        time.sleep(0.05)
    assert found is not None
    return (found[0],)


def is_waiting(database: TestDatabase) -> bool:
    with database.admin() as connection:
        return bool(
            connection.execute(
                "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'",
                (database.name,),
            ).fetchone()
        )


async def test_a_database_that_nobody_set_up_is_said_plainly(database: TestDatabase) -> None:
    with database.admin() as connection:
        connection.execute("ALTER TABLE installation RENAME TO hidden")

    with pytest.raises(Misconfigured, match="wispgate migrate"):
        async with HotStore(database.dsn("network")):
            raise AssertionError("not reached")


async def test_who_is_cancelled_while_connecting_leaves_no_connection_behind(
    database: TestDatabase,
) -> None:
    for milliseconds in range(0, 30, 2):
        partition = Partition(database.dsn("network"), 0, connections=1)
        asking = asyncio.create_task(partition.fetch("read_installation", {}))
        await asyncio.sleep(milliseconds / 1000)
        asking.cancel()
        await asyncio.wait([asking])

        await partition.close()

        assert not partition._opening
        assert all(connection.is_closed() for connection in partition._open)
    await until(lambda: kill_connections(database) == 0)


async def test_more_askers_than_connections_wait_their_turn(database: TestDatabase) -> None:
    async with HotStore(database.dsn("network")) as store:
        found = await asyncio.gather(
            *(store.public.fetch("read_installation", {}) for _ in range(50))
        )

        assert len(store.public._open) == CONNECTIONS_PER_PARTITION

    assert len(found) == 50
