"""A database that came into another server: its count of transactions goes on from where it was.

Rows of outboxes, audit and ledgers stand in the order of the transactions that wrote them, and
cursors and seals remember such numbers. A server counts from its own beginning, so the numbers
are its count plus a base (`transaction_base()` in the database), which is raised here, before
any process may write. `docs/why/restore.md` says why this is enough.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg import sql

from wispgate.main import database
from wispgate.main.secret_files import Secrets
from wispgate.main.settings import Settings
from wispgate.store import outbox, partitions

_IDENTIFIERS: Final = """
SELECT i.system_identifier, c.system_identifier::text
FROM installation i, pg_control_system() c
"""
# Where numbers of transactions are remembered, beside the tables whose rows have one.
_REMEMBERED: Final = (
    "SELECT max(xid::text::bigint) FROM delivery_cursor",
    "SELECT max(xid) FROM audit_sealcursor",
    "SELECT max(last_xid) FROM audit_sealblock",
)
# After the locks: whoever writes later has a transaction that this snapshot takes for running.
_OLDEST_RUNNING: Final = (
    "SELECT transaction_base(), (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint"
)


def settle(settings: Settings, secrets: Secrets) -> bool:
    """Makes the database at home where it is now; whether it was at home elsewhere before.

    One transaction, to be run under the lock of migrations. Raises Unavailable.
    """
    with database.client(settings, secrets, "owner") as owner, owner.transaction():
        before, now = owner.execute(_IDENTIFIERS).fetchone() or ("", "")
        if before == now:
            return False
        tables = _tables(settings.partitions)
        owner.execute(
            sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(sql.SQL(", ").join(tables))
        )
        greatest = _greatest_number(settings, secrets, tables)
        is_raised = _raise_base(owner, greatest)
        owner.execute("UPDATE installation SET system_identifier = %s", [now])
    return bool(before) or is_raised


def _tables(count: int) -> list[sql.Identifier]:
    """All whose rows have a number."""
    schemas = [partitions.schema_of(n) for n in range(count)]
    return [
        sql.Identifier("public", "audit_auditentry"),
        sql.Identifier(outbox.PUBLIC, "outbox"),
        *(sql.Identifier(schema, name) for schema in schemas for name in ("outbox", "ledger")),
    ]


def _greatest_number(settings: Settings, secrets: Secrets, tables: list[sql.Identifier]) -> int:
    """Of all that are stored anywhere. The worker sees every tenant's rows; the owner does not."""
    greatest = sql.SQL("SELECT max(xid::text::bigint) FROM {}")
    queries: list[sql.Composed | sql.SQL] = [
        *(greatest.format(each) for each in tables),
        *map(sql.SQL, _REMEMBERED),
    ]
    with database.client(settings, secrets, "worker") as worker, _platform(worker):
        found = [row[0] for query in queries for row in worker.execute(query)]
    return max((number for number in found if number is not None), default=0)


@contextmanager
def _platform(worker: psycopg.Connection) -> Iterator[None]:
    with worker.transaction():
        worker.execute("SET LOCAL app.platform = 'on'")
        yield


def _raise_base(owner: psycopg.Connection, greatest: int) -> bool:
    """So far that every transaction from now on is above `greatest`; whether that was needed."""
    base, oldest = owner.execute(_OLDEST_RUNNING).fetchone() or (0, 0)
    if base + oldest > greatest:
        return False
    statement = (
        "CREATE OR REPLACE FUNCTION public.transaction_base() RETURNS bigint LANGUAGE sql STABLE "
        "AS 'SELECT {}::bigint'"
    )
    owner.execute(sql.SQL(statement).format(sql.Literal(greatest + 1 - oldest)))
    return True
