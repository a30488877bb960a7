"""Roles and database of an installation, on the embedded server and on one that is configured."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import asyncpg
import psycopg
import pytest

from wispgate.kernel.errors import Misconfigured, Unavailable
from wispgate.main import database, secret_files
from wispgate.main import settings as configuration
from wispgate.main.postgres import Cluster
from wispgate.main.secret_files import Secrets
from wispgate.main.settings import Settings

ROLES = ("owner", "web", "worker", "network")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="wispgate-test-"))
    folder.chmod(0o755)
    with Cluster(folder / "postgres", password="for a test", settings={"fsync": "off"}) as started:
        yield started
    shutil.rmtree(folder)


def an_installation(
    path: Path, cluster: Cluster, *, prefix: str, dsn: str = ""
) -> tuple[Settings, Secrets]:
    """One with its database on that cluster, and roles of its own."""
    address = dsn or cluster.dsn(f"{prefix}db")
    settings = configuration.load(
        {"WISPGATE_DATABASE": address, "WISPGATE_ROLE_PREFIX": prefix},
        options={"data": path / prefix},
    )
    settings.folder.make()
    return settings, secret_files.ensure(settings.folder.secrets)


def connect(settings: Settings, secrets: Secrets, role: str) -> psycopg.Connection:
    return psycopg.connect(database.connection(settings, secrets, role).dsn, autocommit=True)


def test_preparing_twice_is_preparing_once(tmp_path: Path, cluster: Cluster) -> None:
    settings, secrets = an_installation(tmp_path, cluster, prefix="twice_")

    database.prepare(settings, secrets)
    database.prepare(settings, secrets)

    for role in ROLES:
        with connect(settings, secrets, role) as connection:
            row = connection.execute("SELECT current_user, current_database()").fetchone()
        assert row == (f"twice_{role}", "twice_db")


def test_no_role_has_the_rights_of_an_administrator(tmp_path: Path, cluster: Cluster) -> None:
    settings, secrets = an_installation(tmp_path, cluster, prefix="plain_")
    database.prepare(settings, secrets)

    with psycopg.connect(cluster.dsn()) as admin:
        rows = admin.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication "
            "FROM pg_roles WHERE rolname LIKE 'plain%' ORDER BY 1"
        ).fetchall()

    assert [row[0] for row in rows] == [f"plain_{role}" for role in sorted(ROLES)]
    assert not any(right for row in rows for right in row[1:])


def test_only_the_owner_makes_tables(tmp_path: Path, cluster: Cluster) -> None:
    settings, secrets = an_installation(tmp_path, cluster, prefix="tables_")
    database.prepare(settings, secrets)

    with connect(settings, secrets, "owner") as owner:
        owner.execute("CREATE TABLE mine (n int)")
    for role in ("web", "worker", "network"):
        with (
            connect(settings, secrets, role) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("CREATE TABLE theirs (n int)")


def test_one_installation_does_not_reach_the_other(tmp_path: Path, cluster: Cluster) -> None:
    ours, our_secrets = an_installation(tmp_path, cluster, prefix="ours_")
    theirs, their_secrets = an_installation(tmp_path, cluster, prefix="theirs_")
    database.prepare(ours, our_secrets)
    database.prepare(theirs, their_secrets)

    there = database.connection(ours, our_secrets, "web").dsn.replace("ours_db", "theirs_db")

    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(there)


async def test_the_hot_paths_driver_takes_the_same_address(
    tmp_path: Path, cluster: Cluster
) -> None:
    settings, secrets = an_installation(tmp_path, cluster, prefix="hot_")
    database.prepare(settings, secrets)

    connection = await asyncpg.connect(database.connection(settings, secrets, "network").dsn)
    user = await connection.fetchval("SELECT current_user")
    await connection.close()

    assert user == "hot_network"


def test_changed_passwords_are_set_at_the_next_start(tmp_path: Path, cluster: Cluster) -> None:
    settings, secrets = an_installation(tmp_path, cluster, prefix="changed_")
    database.prepare(settings, secrets)
    (settings.folder.secrets / "database-web").unlink()
    renewed = secret_files.ensure(settings.folder.secrets)
    with pytest.raises(Unavailable, match="password authentication failed"):
        database.server_version(settings, renewed)

    database.prepare(settings, renewed)

    assert database.server_version(settings, renewed) >= 15


def test_an_administrator_need_not_be_superuser(tmp_path: Path, cluster: Cluster) -> None:
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        admin.execute("CREATE ROLE manager LOGIN CREATEROLE CREATEDB PASSWORD 'm'")
    dsn = cluster.dsn("managed_db", user="manager", password="m")
    settings, secrets = an_installation(tmp_path, cluster, prefix="managed_", dsn=dsn)

    database.prepare(settings, secrets)
    database.prepare(settings, secrets)

    with connect(settings, secrets, "owner") as owner:
        owner.execute("CREATE TABLE mine (n int)")


def test_a_user_without_the_rights_is_told_which(tmp_path: Path, cluster: Cluster) -> None:
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        admin.execute("CREATE ROLE nobody_special LOGIN PASSWORD 'm'")
    dsn = cluster.dsn("special_db", user="nobody_special", password="m")
    settings, secrets = an_installation(tmp_path, cluster, prefix="special_", dsn=dsn)

    with pytest.raises(Misconfigured, match="CREATEROLE and CREATEDB"):
        database.prepare(settings, secrets)


def test_a_server_that_does_not_answer_is_unavailable(tmp_path: Path, cluster: Cluster) -> None:
    nowhere = f"postgresql://u:verysecret@/db?host={quote(str(tmp_path))}"
    settings, secrets = an_installation(tmp_path, cluster, prefix="gone_", dsn=nowhere)

    with pytest.raises(Unavailable, match="cannot be reached") as raised:
        database.prepare(settings, secrets)

    assert "verysecret" not in raised.value.message


def test_one_migration_runs_at_a_time(tmp_path: Path, cluster: Cluster) -> None:
    settings, secrets = an_installation(tmp_path, cluster, prefix="lock_")
    database.prepare(settings, secrets)

    with (
        database.migration_lock(settings, secrets),
        connect(settings, secrets, "owner") as other,
    ):
        during = other.execute(
            "SELECT pg_try_advisory_lock(%s)", [database.MIGRATION_LOCK]
        ).fetchone()
    with connect(settings, secrets, "owner") as other:
        after = other.execute(
            "SELECT pg_try_advisory_lock(%s)", [database.MIGRATION_LOCK]
        ).fetchone()

    assert (during, after) == ((False,), (True,))
