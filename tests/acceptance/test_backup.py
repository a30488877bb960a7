"""`wispgate backup` and `wispgate restore` with real servers, and a plug that is pulled."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.harness.data_folder import PATIENCE, Folder
from tests.harness.databases import TestDatabase
from tests.harness.network import MME_HOST, Rows
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.main import binaries
from wispgate.main.postgres import draft_of_restore


@pytest.fixture
def dump(database: TestDatabase, tmp_path: Path) -> Path:
    """Of a small installation, made as `wispgate backup` makes it."""
    path, cluster = tmp_path / "first.dump", database.cluster
    Rows(database, OpeningKey(bytes(range(32)))).add_core()
    with database.admin() as admin:
        admin.execute("INSERT INTO origin_state VALUES ('hss.epc.test', 7)")
    subprocess.run(
        [
            str(binaries.find().folder / "pg_dump"), "--format=custom", f"--file={path}",
            f"--host={cluster.host}", f"--port={cluster.port}", f"--username={cluster.superuser}",
            database.name,
        ],
        check=True, timeout=PATIENCE, env=os.environ | {"PGPASSWORD": cluster.superuser_password},
    )  # fmt: skip
    return path


@pytest.fixture
def folder(database: TestDatabase, tmp_path: Path) -> Folder:
    """A data folder that holds nothing but the saved secrets; its database is the embedded one."""
    tmp_path.chmod(0o755)
    folder = Folder.make(tmp_path / "data", database)
    folder.data.installation_file.unlink()
    del folder.environment["WISPGATE_DATABASE"]
    return folder


def kill_in_the_middle(folder: Folder, dump: Path) -> None:
    """As soon as there is something of a cluster, and long before it is whole."""
    restoring = folder.start("restore", str(dump))
    begun = draft_of_restore(folder.data.postgres)
    deadline = time.monotonic() + PATIENCE
    while not (begun / "PG_VERSION").exists():
        assert time.monotonic() < deadline, "the restore never began"
        time.sleep(0.01)
    folder.kill(restoring)


def test_a_backup_comes_back_whole_or_not_at_all(
    folder: Folder, dump: Path, tmp_path: Path
) -> None:
    saved = folder.data.secrets.rename(tmp_path / "saved")
    keyless = folder.run("restore", str(dump))
    saved.rename(folder.data.secrets)
    kill_in_the_middle(folder, dump)

    torn = folder.run("up")
    again = folder.run("restore", str(dump))
    twice = folder.run("restore", str(dump))
    second = tmp_path / "second.dump"
    backed_up = folder.run("backup", str(second))

    assert keyless.returncode == 2
    assert "copy the saved folder `secrets` there first" in keyless.stderr
    assert (torn.returncode, again.returncode, twice.returncode) == (2, 0, 2), again.stderr
    assert "was cut off: run `wispgate restore` again" in torn.stderr
    assert "peers will be told" in again.stdout
    assert "is a database already" in twice.stderr
    assert backed_up.returncode == 0, backed_up.stderr
    assert str(folder.data.secrets) in backed_up.stdout
    assert second.stat().st_mode & 0o077 == 0
    text = as_text(second)
    assert MME_HOST in text
    assert "hss.epc.test\t7\n" not in text
    assert not [name for name in secrets_of(folder) if name in text]


def as_text(dump: Path) -> str:
    """All that is in it."""
    done = subprocess.run(
        [str(binaries.find().folder / "pg_restore"), "--file=-", str(dump)],
        capture_output=True, text=True, check=True, timeout=PATIENCE,
    )  # fmt: skip
    return done.stdout


def secrets_of(folder: Folder) -> list[str]:
    """What must never be in a backup; the vault's public key may."""
    private = ("vault-private-key", "seal-private-key", "database-superuser", "login-key", "django")
    return [(folder.data.secrets / name).read_text().strip() for name in private]
