"""A database in another server than it was made in: what was under way goes on, nothing is lost.

Real pg_dump and pg_restore, a server that has just begun to count its transactions, real nodes.
"""

import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from django.db import connections

from tests.harness import databases, sealing
from tests.harness.charging import (
    IMSI,
    NOW,
    Gateway,
    Subscribers,
    a_charging_node,
    mscc,
    result_of,
)
from tests.harness.clock import TravellingClock
from tests.harness.data_folder import Folder
from tests.harness.databases import TestCluster, TestDatabase
from tests.unit.domain.charging.account import a_bucket, a_plan
from wispgate.business.audit.errors import SealingBroken
from wispgate.domain.charging.state import Bucket
from wispgate.main import binaries
from wispgate.main.postgres import Cluster
from wispgate.store import outbox, tenancy
from wispgate.store.hot import DatabaseMoved, HotStore
from wispgate.wire.diameter.message import Message

# What the first server has counted; the second one begins below a thousand.
FAR = 5_000_000
STARTED, ENDED = "charging.session_started", "charging.session_ended"
SUSPENSE = "charging.usage_in_suspense"
FORMS = {"plain": "psql", "custom": "pg_restore"}


@dataclass
class Story:
    """What happened in the first server, and the dump that was made in the middle of it."""

    subscribers: Subscribers
    bucket: Bucket
    dumps: dict[str, Path]
    answer: Message


@pytest.fixture(autouse=True)
def _in_one_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[TestCluster]:
    """A fresh server with the roles of the first one."""
    tmp_path.chmod(0o755)
    log, settings = tmp_path / "postgres.log", {"fsync": "off"}
    first = databases.the_cluster()
    with Cluster(tmp_path / "postgres", password="other", log=log, settings=settings) as cluster:
        given = psycopg.conninfo.conninfo_to_dict(cluster.dsn())
        described = TestCluster(
            host=str(given["host"]), port=int(str(given["port"])), superuser=str(given["user"]),
            superuser_password="other", role_prefix=first.role_prefix, lock_folder=str(tmp_path),
        )  # fmt: skip
        databases._create_roles(described)
        yield described


def program(name: str) -> str:
    """Of PostgreSQL, as new as the server of the tests or newer."""
    return str(binaries.find().folder / name)


def run(cluster: TestCluster, name: str, *words: str) -> None:
    at = [f"--host={cluster.host}", f"--port={cluster.port}", f"--username={cluster.superuser}"]
    done = subprocess.run(
        [program(name), *at, *words], capture_output=True, text=True, check=False, timeout=120,
        env=os.environ | {"PGPASSWORD": cluster.superuser_password},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def count_far(database: TestDatabase) -> None:
    """The server has lived for long: its numbers are high."""
    with database.admin() as admin:
        admin.execute(
            "CREATE OR REPLACE FUNCTION public.transaction_base() RETURNS bigint "
            f"LANGUAGE sql STABLE AS 'SELECT {FAR}::bigint'"
        )


def set_home(database: TestDatabase, identifier: str) -> None:
    """Of which server the database takes itself to be; empty for any."""
    with database.admin() as admin:
        admin.execute("UPDATE installation SET system_identifier = %s", [identifier])


def deliver(database: TestDatabase, *, expected: int) -> list[str]:
    """What the consumer gets; waits for transactions of other tests on the same server."""
    kinds: list[str] = []
    with database.connect("worker") as worker, worker.cursor() as cursor:
        for _ in range(400):
            outbox.deliver(
                cursor, "test", lambda events: kinds.extend(e.kind for e in events), partition=0
            )
            worker.commit()
            if len(kinds) >= expected:
                break
            cursor.execute("SELECT pg_sleep(0.05)")
    return kinds


def append(connection: psycopg.Connection, operator_id: object, kind: str) -> None:
    connection.execute(tenancy.set_local({"app.operator": str(operator_id)}))
    connection.execute(
        "INSERT INTO hot_00.outbox (event_id, operator_id, kind, payload, occurred_at) "
        "VALUES (%s, %s, %s, '{}', %s)",
        [uuid4(), operator_id, kind, NOW],
    )


@asynccontextmanager
async def a_gateway(database: TestDatabase) -> AsyncIterator[Gateway]:
    clock = TravellingClock(NOW)
    async with a_charging_node(database.dsn("network"), clock=clock) as node:
        gateway = await Gateway.connect(node)
        try:
            yield gateway
        finally:
            await gateway.close()


@contextmanager
def using(database: TestDatabase) -> Iterator[None]:
    """Django works with another server for a while."""
    connection = connections["default"]
    before = dict(connection.settings_dict)
    connection.close()
    given = database.django("web")
    connection.settings_dict.update(HOST=given["host"], PORT=given["port"], NAME=given["dbname"])
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


@pytest.fixture
async def story(business: TestDatabase, tmp_path: Path) -> Story:
    """A session that is open at the dump, with events not delivered and rows not sealed."""
    count_far(business)
    subscribers, bucket = Subscribers(business), a_bucket(octets=100_000_000)
    subscribers.add_line(IMSI, a_plan(), bucket)
    dumps = {form: tmp_path / f"backup.{form}" for form in FORMS}
    async with a_gateway(business) as gateway:
        await gateway.ask("I", "sealed", 0, mscc(want=20_000_000))
        await gateway.ask("T", "sealed", 1, mscc(used=10_000_000))
        sealing.seal_all(business, NOW)
        assert deliver(business, expected=2) == [STARTED, ENDED]
        await gateway.ask("I", "open", 0, mscc(want=20_000_000))
        answer = await gateway.ask("U", "open", 1, mscc(want=20_000_000, used=5_000_000))
        set_home(business, "of the first server")
        for form, path in dumps.items():
            run(business.cluster, "pg_dump", f"--format={form}", f"--file={path}", business.name)
        set_home(business, "")
        # After the backup: answered, and lost with the first server.
        await gateway.ask("I", "lost", 0, mscc(want=20_000_000))
        await gateway.ask("U", "lost", 1, mscc(want=20_000_000, used=1_000_000))
    return Story(subscribers, bucket, dumps, answer)


def restored(story: Story, form: str, cluster: TestCluster) -> TestDatabase:
    """The dump in the fresh server, as somebody restores it by hand."""
    name = f"{form}_copy"
    with cluster.admin() as admin:
        admin.execute(f"CREATE DATABASE {name} OWNER {cluster.role_prefix}owner TEMPLATE template0")
    words = ["--file"] if form == "plain" else []
    quiet = ["--quiet", "--set=ON_ERROR_STOP=1"] if form == "plain" else ["--exit-on-error"]
    run(cluster, FORMS[form], *quiet, f"--dbname={name}", *words, str(story.dumps[form]))
    return TestDatabase(cluster, name, 1)


async def refuse_everything(database: TestDatabase) -> None:
    """Nothing is done in silence before `wispgate migrate`."""
    with pytest.raises(DatabaseMoved, match="wispgate migrate"):
        async with HotStore(database.dsn("network")):
            pass
    with pytest.raises(outbox.CursorAhead, match="wispgate migrate"):
        deliver(database, expected=1)
    with pytest.raises(SealingBroken, match="wispgate migrate"):
        sealing.seal(database, NOW)


def migrate(database: TestDatabase, path: Path) -> str:
    folder = Folder.make(path, database)
    superuser = database.cluster.superuser
    password = database.cluster.superuser_password
    folder.environment["WISPGATE_DATABASE"] = database.cluster.dsn(
        database.name, superuser, password
    )
    done = folder.run("migrate")
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def late_and_early(database: TestDatabase, operator_id: object) -> None:
    with database.connect("web") as late, database.connect("web") as early:
        append(late, operator_id, "began first")
        append(early, operator_id, "committed first")
        early.commit()
        assert deliver(database, expected=0) == []
        late.commit()


async def test_a_database_restored_elsewhere_goes_on_where_it_was(
    story: Story, elsewhere: TestCluster, tmp_path: Path
) -> None:
    for form in FORMS:
        await go_on(story, restored(story, form, elsewhere), tmp_path / form)


async def go_on(story: Story, copy: TestDatabase, path: Path) -> None:
    there = Subscribers.__new__(Subscribers)
    there.__dict__ = story.subscribers.__dict__ | {"database": copy}
    there.rows = type(story.subscribers.rows).__new__(type(story.subscribers.rows))
    there.rows.__dict__ = story.subscribers.rows.__dict__ | {"database": copy}
    with using(copy):
        await refuse_everything(copy)

        said = migrate(copy, path)

        assert "peer forget-sessions" in said
        assert deliver(copy, expected=1) == [STARTED]
        late_and_early(copy, there.operator_id)
        assert deliver(copy, expected=2) == ["began first", "committed first"]
        before = sealing.verify(copy, NOW)
        async with a_gateway(copy) as gateway:
            again = mscc(want=20_000_000, used=5_000_000)
            repeated = await gateway.ask("U", "open", 1, again, is_repeated=True)
            unknown = await gateway.ask("U", "lost", 2, mscc(want=20_000_000, used=2_000_000))
            fresh = await gateway.ask("U", "open", 2, mscc(want=20_000_000, used=4_000_000))
            end = await gateway.ask("T", "open", 3, mscc(used=1_000_000))
        sealing.seal_all(copy, NOW)
        after = sealing.verify(copy, NOW)
        assert deliver(copy, expected=2) == [SUSPENSE, ENDED]

    assert repeated.avps == story.answer.avps
    assert [result_of(one) for one in (unknown, fresh, end)] == [5002, 2001, 2001]
    assert there.remaining(story.bucket) == Decimal(80_000_000)
    assert not [one for one in (*before.values(), *after.values()) if one.finding]
    ledger = f"ledger/hot_00/{there.operator_id}"
    assert (before[ledger].rows, after[ledger].rows) == (1, 5)
