"""A data folder on a test's database, for real commands in processes of their own."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.harness.databases import TestDatabase
from wispgate.main import secret_files
from wispgate.main.installation import DataFolder, Installation

# For a whole command on a busy machine; nothing is measured here.
PATIENCE = 120.0
_SOURCE = Path(__file__).resolve().parents[2] / "src"


@dataclass
class Folder:
    """Where `wispgate` finds a test's database, with secrets of its own."""

    data: DataFolder
    environment: dict[str, str]

    @classmethod
    def make(cls, path: Path, database: TestDatabase) -> "Folder":
        data = DataFolder(path)
        data.make()
        data.remember_installation(Installation(database.partitions, is_sandbox=False))
        secret_files.ensure(data.secrets)
        given = database.django("web")
        for role in secret_files.DATABASE_ROLES:
            (data.secrets / f"database-{role}").write_text(str(given["password"]))
        environment = os.environ | {
            "PYTHONPATH": str(_SOURCE),
            "WISPGATE_DATA": str(path),
            "WISPGATE_DATABASE": database.cluster.dsn(database.name, database.user("web")),
            "WISPGATE_ROLE_PREFIX": database.cluster.role_prefix,
        }
        return cls(data, environment)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(words), env=self.environment, capture_output=True, text=True,
            check=False, timeout=PATIENCE,
        )  # fmt: skip

    def start(self, *words: str) -> subprocess.Popen[str]:
        """In a process group of its own, so that it can be killed with all its children."""
        return subprocess.Popen(
            self._command(words), env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    @staticmethod
    def kill(process: subprocess.Popen[str]) -> None:
        """The command alone, as `kill -9` does; children see that it is gone."""
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE)
        if process.stdout is not None:
            process.stdout.close()

    @staticmethod
    def _command(words: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-P", "-m", "wispgate.main.cli", *words]
