"""Sealing while others write, crash and seal as well."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import psycopg

from tests.harness import sealing
from tests.harness.databases import TestDatabase
from tests.unit.business.world import World

ROOT = Path(__file__).parents[2]

# A sealer of its own process: says when it begins to write blocks, and goes on until it is killed.
SEALER = """
import datetime, json, os, sys
import django
django.setup()
from tests.harness.sealing import KEY
from wispgate.business.audit import sealing
insert = sealing._insert
def slowly(*arguments):
    insert(*arguments)
    print("in the middle", flush=True)
sealing._insert = slowly
while True:
    sealing.seal(KEY, now=datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC), batch=3)
"""


def write(connection: psycopg.Connection, world: World, name: str) -> None:
    connection.execute(f"SET LOCAL app.operator = '{world.north}'")
    connection.execute(
        "INSERT INTO audit_auditentry (operator_id, at, actor_kind, actor, address, request_id, "
        "reason, action, object_type, object_id, message) "
        "VALUES (%s, %s, 'staff', %s, '', '', '', 'update', 'thing', '1', '')",
        [world.north, world.clock.now(), name],
    )


def test_an_entry_that_commits_late_is_sealed_in_its_order(
    world: World, database: TestDatabase
) -> None:
    sealing.seal_all(database, world.clock.now())
    before = sealing.verify(database, world.clock.now())[f"audit/{world.north}"].rows
    with database.connect("web") as late, database.connect("web") as early:
        write(late, world, "began first")
        write(early, world, "committed first")
        early.commit()

        sealing.seal(database, world.clock.now())
        meanwhile = sealing.verify(database, world.clock.now())[f"audit/{world.north}"]
        late.commit()
    sealing.seal_all(database, world.clock.now())

    after = sealing.verify(database, world.clock.now())[f"audit/{world.north}"]
    assert (meanwhile.finding, meanwhile.rows) == (None, before)
    assert (after.finding, after.rows) == (None, before + 2)


def test_a_long_transaction_shows_as_lag(world: World, database: TestDatabase) -> None:
    sealing.seal_all(database, world.clock.now())
    began_at = world.clock.now()
    with database.connect("web") as late:
        write(late, world, "takes its time")
        with database.connect("web") as early:
            write(early, world, "waits for it")
        world.clock.advance(hours=1)
        sealing.seal(database, world.clock.now())

        assert lag(database, world) == timedelta(hours=1)

    sealing.seal_all(database, world.clock.now())
    world.clock.advance(minutes=1)
    sealing.seal(database, world.clock.now())
    assert lag(database, world) == timedelta(0)
    assert began_at < world.clock.now()


def lag(database: TestDatabase, world: World) -> timedelta:
    with database.admin() as admin:
        row = admin.execute(
            "SELECT sealed_through_at FROM audit_sealcursor WHERE source = 'audit'"
        ).fetchone()
    assert row is not None
    return world.clock.now() - row[0]


def test_a_second_sealer_passes_by(world: World, database: TestDatabase) -> None:
    sealing.seal_all(database, world.clock.now())
    world.subscriber()
    with database.admin() as first:
        first.autocommit = False
        first.execute("SELECT 1 FROM audit_sealcursor FOR UPDATE")

        assert sealing.seal(database, world.clock.now()) == 0

    sealing.seal_all(database, world.clock.now())
    assert sealing.verify(database, world.clock.now())[f"audit/{world.north}"].rows == 4


def test_a_sealer_that_is_killed_leaves_a_whole_chain(world: World, database: TestDatabase) -> None:
    sealing.seal_all(database, world.clock.now())
    with database.connect("web") as web:
        web.autocommit = True
        for number in range(60):
            with web.transaction():
                write(web, world, str(number))

    for _ in range(4):
        with sealer(database) as process:
            assert process.stdout is not None
            process.stdout.readline()
            process.send_signal(signal.SIGKILL)
            process.wait(60)
        wait_for_its_backend(database)
        report = sealing.verify(database, world.clock.now())[f"audit/{world.north}"]
        assert report.finding is None
    sealing.seal_all(database, world.clock.now())

    report = sealing.verify(database, world.clock.now())[f"audit/{world.north}"]
    assert (report.finding, report.rows) == (None, 62)


def sealer(database: TestDatabase) -> subprocess.Popen[str]:
    environment = os.environ | {
        "WISPGATE_DJANGO": json.dumps(database.django("worker")),
        "DJANGO_SETTINGS_MODULE": "wispgate.main.django_settings",
        "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
    }
    command = [sys.executable, "-c", SEALER]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def wait_for_its_backend(database: TestDatabase) -> None:
    """The server notices a killed client when it writes to it."""
    with database.admin() as admin:
        query = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s"
        deadline = time.monotonic() + 60
        while admin.execute(query, [database.user("worker")]).fetchone() != (0,):
            assert time.monotonic() < deadline, "the backend of a killed client lives on"
            time.sleep(0.05)
