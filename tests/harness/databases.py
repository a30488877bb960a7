"""One PostgreSQL per test run, a migrated template per number of partitions, a copy per test.

The controller of a run starts the cluster and tells the workers of pytest-xdist by the
environment. Roles carry a suffix of the run, since roles belong to the cluster.
"""

import atexit
import fcntl
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import conninfo, sql

from wispgate.main.postgres import Cluster

_ENV = "WISPGATE_TEST_CLUSTER"
_PASSWORD = "only-for-this-test-run"
# Who waits for a lock that long waits for a loop that waits for the test: an error, not a hang.
_PATIENT = "-c lock_timeout=60s"
_SOURCE = Path(__file__).resolve().parents[2] / "src"


@dataclass(frozen=True)
class TestCluster:
    """Where the run's PostgreSQL listens, and the prefix of the run's roles."""

    __test__ = False

    host: str
    port: int
    superuser: str
    superuser_password: str
    role_prefix: str
    lock_folder: str

    def admin(self, database: str = "postgres") -> psycopg.Connection:
        dsn = self.dsn(database, self.superuser, self.superuser_password)
        return psycopg.connect(dsn, autocommit=True, options=_PATIENT)

    def dsn(self, database: str, user: str, password: str = _PASSWORD) -> str:
        host = quote(self.host, safe="")
        return f"postgresql://{user}:{password}@/{database}?host={host}&port={self.port}"


@dataclass(frozen=True)
class TestDatabase:
    """A fresh migrated database of one test."""

    __test__ = False

    cluster: TestCluster
    name: str
    partitions: int

    def user(self, role: str) -> str:
        """The database user of a role: web, worker, network or owner."""
        return f"{self.cluster.role_prefix}{role}"

    def dsn(self, role: str) -> str:
        return self.cluster.dsn(self.name, self.user(role))

    def connect(self, role: str) -> psycopg.Connection:
        return psycopg.connect(self.dsn(role), options=_PATIENT)

    def admin(self) -> psycopg.Connection:
        return self.cluster.admin(self.name)

    def django(self, role: str) -> dict[str, object]:
        """What WISPGATE_DJANGO carries for a process of that role."""
        return {
            "host": self.cluster.host,
            "port": str(self.cluster.port),
            "dbname": self.name,
            "user": self.user(role),
            "password": _PASSWORD,
            "role_prefix": self.cluster.role_prefix,
            "partitions": self.partitions,
        }


def the_cluster() -> TestCluster:
    """The run's cluster; started here unless the controller or the environment named one."""
    if _ENV not in os.environ:
        cluster = _start()
        os.environ[_ENV] = json.dumps(asdict(cluster))
        _create_roles(cluster)
    return TestCluster(**json.loads(os.environ[_ENV]))


@contextmanager
def a_database(*, partitions: int = 1) -> Iterator[TestDatabase]:
    """A copy of the migrated template; dropped afterwards, whoever is still connected."""
    cluster = the_cluster()
    template = _template(cluster, partitions)
    name = f"wg_{secrets.token_hex(6)}"
    _copy(cluster, template, name)
    try:
        yield TestDatabase(cluster, name, partitions)
    finally:
        with cluster.admin() as admin:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _copy(cluster: TestCluster, template: str, name: str) -> None:
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY wal_log").format(
        sql.Identifier(name),
        sql.Identifier(template),
        sql.Identifier(f"{cluster.role_prefix}owner"),
    )
    with cluster.admin() as admin:
        for attempt in range(50):
            try:
                admin.execute(statement)
            except psycopg.errors.ObjectInUse:
                if attempt == 49:
                    raise
                time.sleep(0.05)
            else:
                return


def _template(cluster: TestCluster, partitions: int) -> str:
    name = f"{cluster.role_prefix}template_{partitions}_{_fingerprint()}"
    with _locked(Path(cluster.lock_folder) / f"{name}.lock"), cluster.admin() as admin:
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        if not admin.execute(query, (name,)).fetchone():
            _build(cluster, admin, name, partitions)
    return name


@cache
def _fingerprint() -> str:
    """Of all migrations and what they are made from: a changed schema is another template."""
    sources = [*_SOURCE.glob("wispgate/business/*/migrations/*.py")]
    sources += [_SOURCE / "wispgate/store/tenancy.py"]
    sources += [_SOURCE / "wispgate/business/hotplane/schema.py"]
    return sha256(b"".join(path.read_bytes() for path in sorted(sources))).hexdigest()[:12]


def _build(cluster: TestCluster, admin: psycopg.Connection, name: str, partitions: int) -> None:
    building, owner = sql.Identifier(name + "_building"), f"{cluster.role_prefix}owner"
    admin.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(building))
    admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(building, sql.Identifier(owner)))
    _migrate(TestDatabase(cluster, name + "_building", partitions))
    admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(building, sql.Identifier(name)))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _migrate(database: TestDatabase) -> None:
    environment = os.environ | {
        "WISPGATE_DJANGO": json.dumps(database.django("owner")),
        "DJANGO_SETTINGS_MODULE": "wispgate.main.django_settings",
        "PYTHONPATH": str(_SOURCE),
    }
    done = subprocess.run(
        [sys.executable, "-m", "django", "migrate", "--verbosity", "0"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _create_roles(cluster: TestCluster) -> None:
    with cluster.admin() as admin:
        for role in ("owner", "web", "worker", "network"):
            admin.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                    sql.Identifier(cluster.role_prefix + role), sql.Literal(_PASSWORD)
                )
            )


def _start() -> TestCluster:
    folder = Path(tempfile.mkdtemp(prefix="wgpg-", dir="/tmp"))
    folder.chmod(0o755)
    password = secrets.token_hex(16)
    cluster = Cluster(folder / "postgres", password=password, log=folder / "postgres.log")
    cluster.start()
    # Tests crash nodes, not this server: without fsync a copied template costs a third.
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET fsync = off")
        # Two that wait for each other end in an error that names the statement, not in silence.
        admin.execute("ALTER SYSTEM SET lock_timeout = '120s'")
        admin.execute("ALTER SYSTEM SET full_page_writes = off")
        admin.execute("SELECT pg_reload_conf()")
    given = conninfo.conninfo_to_dict(cluster.dsn())
    atexit.register(_stop, cluster, folder)
    return TestCluster(
        host=str(given["host"]),
        port=int(str(given["port"])),
        superuser=str(given["user"]),
        superuser_password=password,
        role_prefix=f"wg{os.getpid()}_",
        lock_folder=str(folder),
    )


def _stop(cluster: Cluster, folder: Path) -> None:
    cluster.stop()
    shutil.rmtree(folder, ignore_errors=True)
