"""Named statements on psycopg: the business side's way to the same tables."""

from uuid import uuid4

import psycopg
import pytest

from tests.harness.databases import TestDatabase
from tests.harness.network import NOW
from wispgate.store import sync, tenancy

OPERATOR, ACCOUNT = uuid4(), uuid4()
PLACE = {"account_id": ACCOUNT, "operator_id": OPERATOR, "partition": 1}


@pytest.fixture
def connection(database: TestDatabase) -> psycopg.Connection:
    connection = database.connect("web")
    connection.execute(tenancy.set_local_operator(OPERATOR))
    return connection


def test_rows_come_by_the_names_of_their_columns(connection: psycopg.Connection) -> None:
    with connection, connection.cursor() as cursor:
        nothing = sync.run(cursor, "add_account", PLACE)

        rows = sync.run(cursor, "find_account", {"account_id": ACCOUNT})

    assert nothing == []
    assert rows == [PLACE]


@pytest.mark.parametrize("partitions", [3], indirect=True)
def test_a_partition_is_meant_for_one_statement_only(
    connection: psycopg.Connection, partitions: int
) -> None:
    event = {
        "event_id": uuid4(), "operator_id": OPERATOR, "account_id": ACCOUNT, "line_id": None,
        "kind": "tried", "payload": '{"share": "100 %"}', "occurred_at": NOW,
    }  # fmt: skip
    with connection, connection.cursor() as cursor:
        sync.run(cursor, "append_event", event, partition=2)
        sync.run(cursor, "append_event", event)

        counts = [
            cursor.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 (our own names)
            for table in ("hot_00.outbox", "hot_02.outbox", "public.outbox", "outbox")
        ]

    assert counts == [(0,), (1,), (1,), (1,)]


def test_a_wrong_parameter_is_found_before_the_database_is_asked(
    connection: psycopg.Connection,
) -> None:
    with connection, connection.cursor() as cursor:
        with pytest.raises(KeyError):
            sync.run(cursor, "find_account", {"account": ACCOUNT})

        assert cursor.execute("SELECT 1").fetchone() == (1,)
