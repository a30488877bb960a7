"""Sealing and proving in tests: as the database role worker, with a key of the tests' own."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.db import connections

from tests.harness.databases import TestDatabase
from wispgate.business.audit import sealing, verifying
from wispgate.business.audit.chain import Header, SigningKey
from wispgate.business.audit.verifying import Ask, Report

KEY = SigningKey.from_octets(bytes(range(32)))


@contextmanager
def acting_as(database: TestDatabase, role: str) -> Iterator[None]:
    """Django's connection as another role of the database, for a while."""
    connection = connections["default"]
    before = connection.settings_dict["USER"]
    connection.close()
    connection.settings_dict["USER"] = database.user(role)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["USER"] = before


def seal(database: TestDatabase, now: datetime, *, batch: int = 2000) -> int:
    with acting_as(database, "worker"):
        return sealing.seal(KEY, now=now, batch=batch)


def seal_all(database: TestDatabase, now: datetime) -> None:
    """Waits for other tests' transactions: one server has one oldest transaction."""
    with database.admin() as admin:
        admin.execute("SELECT pg_current_xact_id()")
        (last,) = admin.execute("SELECT pg_current_xact_id()::text::bigint").fetchone() or (0,)
        while True:
            (oldest,) = admin.execute(
                "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
            ).fetchone() or (0,)
            if oldest >= last:
                break
            admin.execute("SELECT pg_sleep(0.05)")
    while seal(database, now):
        pass


def verify(
    database: TestDatabase,
    now: datetime,
    *,
    anchors: Sequence[Header] = (),
    since: datetime | None = None,
) -> dict[str, Report]:
    """The reports by chain."""
    ask = Ask(keys=[KEY.verifying_key], now=now, since=since, anchors=anchors)
    with acting_as(database, "worker"):
        return {report.chain: report for report in verifying.verify(ask)}


def heads(database: TestDatabase, now: datetime) -> Sequence[Header]:
    with acting_as(database, "worker"):
        return sealing.heads(now=now)
