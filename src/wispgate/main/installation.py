"""The data folder: what lies where, what was fixed when it was made, and who works on it now.

wispgate.toml      settings (optional)
installation.json  what cannot change later: the number of partitions, whether it is a sandbox
secrets/           generated secrets (`secret_files`)
postgres/          the embedded database (`postgres`)
clock.offset       how far a sandbox's clock is ahead (`clocks`)
checkpoints.jsonl  the newest seal of every chain (`checkpoints`)
run/               lock, state and heartbeats of the running processes
logs/              what the database server writes
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from wispgate.kernel.errors import Conflict, Misconfigured

FORMAT = 1


class AlreadyRunning(Conflict):
    """Another `wispgate up` works on this data folder."""

    code = "already_running"


@dataclass(frozen=True, slots=True)
class Installation:
    """What was decided when the folder was made."""

    partitions: int
    is_sandbox: bool
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Paths inside one data folder."""

    path: Path

    @property
    def settings_file(self) -> Path:
        return self.path / "wispgate.toml"

    @property
    def installation_file(self) -> Path:
        return self.path / "installation.json"

    @property
    def secrets(self) -> Path:
        return self.path / "secrets"

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def clock_offset(self) -> Path:
        return self.path / "clock.offset"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints.jsonl"

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def state_file(self) -> Path:
        return self.run / "state.json"

    def heartbeat(self, process: str) -> Path:
        return self.run / f"{process}.heartbeat"

    def make(self) -> None:
        """Makes the folder and its parts where they are missing. Raises Misconfigured."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for folder in (self.run, self.logs):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise Misconfigured(
                f"the data folder {self.path} cannot be made: {error.strerror}", option="--data"
            ) from None
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise Misconfigured(
                f"the data folder {self.path} cannot be written to", option="--data"
            )

    def find_installation(self) -> Installation | None:
        """What the folder was made with; None for a new one. Raises Misconfigured."""
        try:
            facts = json.loads(self.installation_file.read_text())
            found = Installation(**facts)
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise Misconfigured(f"{self.installation_file} is damaged: {error}") from None
        if found.format > FORMAT:
            raise Misconfigured(
                f"{self.path} was made by a newer WISPGate (format {found.format}, this one "
                f"knows {FORMAT}): install that version or a later one"
            )
        return found

    def remember_installation(self, installation: Installation) -> None:
        """Writes down for good what the folder is made with; to be done once, under the lock."""
        write_whole(self.installation_file, json.dumps(asdict(installation), indent=2) + "\n")

    def is_locked(self) -> bool:
        """Whether a `wispgate up` works on the folder now."""
        try:
            with (self.run / "lock").open("r") as file:
                return not _try_lock(file.fileno(), fcntl.LOCK_SH)
        except FileNotFoundError:
            return False

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps every other `wispgate up` out. Raises AlreadyRunning.

        The kernel gives the lock back when its holder ends, however it ends.
        """
        with (self.run / "lock").open("a+") as file:
            if not _try_lock(file.fileno(), fcntl.LOCK_EX):
                file.seek(0)
                raise AlreadyRunning(
                    f"the data folder {self.path} is in use by another `wispgate up` "
                    f"(process {file.read().strip() or 'unknown'}): stop that one, or choose "
                    f"another folder with --data",
                    option="--data",
                )
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield


def write_whole(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Writes a file so that a reader, or a crash, finds the old text or the new, never a part."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
