"""A PostgreSQL of a test's own, to be killed."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from psycopg import conninfo

from tests.harness import databases
from tests.harness.databases import TestCluster
from wispgate.main.postgres import Cluster


def a_server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A PostgreSQL that is thrown away, and which `a_database` uses meanwhile."""
    folder.chmod(0o755)
    cluster = Cluster(folder / "postgres", password="thrown-away", log=folder / "postgres.log")
    with cluster:
        given = conninfo.conninfo_to_dict(cluster.dsn())
        described = TestCluster(
            host=str(given["host"]), port=int(str(given["port"])), superuser=str(given["user"]),
            superuser_password="thrown-away", role_prefix="crash_", lock_folder=str(folder),
        )  # fmt: skip
        monkeypatch.setenv(databases._ENV, json.dumps(asdict(described)))
        databases._create_roles(described)
        yield cluster
