"""The chains prove what they did after a tenant was removed, and in a database that was restored."""

import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connections
from psycopg import sql

from tests.contract.test_removal import a_scope
from tests.harness import sealing
from tests.harness.databases import TestDatabase
from tests.unit.business.world import World
from wispgate.business.operators import removal

# A dump of a test's database takes a second; a server that does not answer is no reason to wait.
SECONDS = 60


@pytest.fixture
def sealed(world: World, business: TestDatabase) -> TestDatabase:
    """Both operators have sealed entries."""
    for operator in (world.north, world.south):
        world.subscriber(operator=operator)
    sealing.seal_all(business, world.clock.now())
    return business


@contextmanager
def restored(database: TestDatabase) -> Iterator[TestDatabase]:
    """A logical copy, as pg_dump and pg_restore make it; Django looks at it meanwhile."""
    name = f"wg_{secrets.token_hex(6)}"
    cluster = database.cluster
    with cluster.admin() as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            _copy(database, name)
            with _django_at(name):
                yield TestDatabase(cluster, name, database.partitions)
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _copy(database: TestDatabase, name: str) -> None:
    cluster = database.cluster
    source, target = (
        cluster.dsn(each, cluster.superuser, cluster.superuser_password)
        for each in (database.name, name)
    )
    dump = subprocess.run(
        ["pg_dump", "--format=custom", source], check=True, capture_output=True, timeout=SECONDS
    )
    subprocess.run(
        ["pg_restore", "--exit-on-error", f"--dbname={target}"],
        input=dump.stdout, check=True, capture_output=True, timeout=SECONDS,
    )  # fmt: skip


@contextmanager
def _django_at(name: str) -> Iterator[None]:
    connection = connections["default"]
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def test_after_a_tenants_removal_the_others_chains_are_whole(
    world: World, sealed: TestDatabase
) -> None:
    before, kept = (
        sealing.verify(sealed, world.clock.now()),
        sealing.heads(sealed, world.clock.now()),
    )
    removal.remove_operator(a_scope(world), world.south)
    sealing.seal_all(sealed, world.clock.now())

    after = sealing.verify(sealed, world.clock.now(), anchors=kept)

    assert f"audit/{world.south}" in before
    assert "its operator was removed" in after[f"audit/{world.south}"].note
    assert {name: report.finding for name, report in after.items() if report.finding} == {}
    assert after[f"audit/{world.north}"].rows == before[f"audit/{world.north}"].rows


def test_a_restored_database_proves_what_it_proved_and_goes_on(
    world: World, sealed: TestDatabase
) -> None:
    before = sealing.verify(sealed, world.clock.now())

    with restored(sealed) as copy:
        there = sealing.verify(copy, world.clock.now())
        world.subscriber("Bob")
        sealing.seal_all(copy, world.clock.now())
        later = sealing.verify(copy, world.clock.now())

    chain = f"audit/{world.north}"
    assert {name: (one.finding, one.rows) for name, one in there.items()} == {
        name: (None, one.rows) for name, one in before.items()
    }
    assert later[chain].finding is None
    assert later[chain].rows > there[chain].rows


def test_tampering_with_a_restored_database_is_named_too(
    world: World, sealed: TestDatabase
) -> None:
    with restored(sealed) as copy:
        with copy.admin() as admin:
            admin.execute("ALTER TABLE audit_auditentry DISABLE TRIGGER ALL")
            admin.execute(
                "UPDATE audit_auditentry SET actor = 'nobody' WHERE operator_id = %s", [world.north]
            )
        report = sealing.verify(copy, world.clock.now())[f"audit/{world.north}"]

    assert report.finding is not None
