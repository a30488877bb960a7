"""The embedded PostgreSQL: makes a cluster in a folder, starts it, watches it, stops it.

It listens on a socket in a private folder only, never on the network, and asks every user for a
password (SCRAM). The server stops when the process that started it ends, however that ends;
after a crash the next start recovers. A server that runs already on the folder is used as it is.
"""

import hashlib
import locale
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Self
from urllib.parse import quote

from wispgate.kernel.errors import Misconfigured, Unavailable
from wispgate.main import binaries as programs
from wispgate.main import identity as identities
from wispgate.main.binaries import Binaries
from wispgate.main.identity import Identity

SUPERUSER = "postgres"
PORT = 5432  # names the socket's file; nothing listens on the network

State = Literal["stopped", "starting", "ready", "stopping"]

# sun_path of a Unix socket has 108 octets on Linux, the last of them zero; 104 on other systems.
_LONGEST_SOCKET = 103
_OWN_SETTINGS = "wispgate.conf"
_LOG_LIMIT_OCTETS = 10 * 1024 * 1024
_START_SECONDS = 120.0  # recovery after a crash reads up to max_wal_size
_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.02
_MEMORY_STILL_HELD = "shared memory block"


@dataclass(frozen=True, slots=True)
class _Lock:
    """What `postmaster.pid` says: its first line is the server's process, its eighth the state."""

    pid: int
    status: str


class Cluster:
    """One database cluster. `folder` becomes PostgreSQL's data directory."""

    def __init__(
        self,
        folder: Path,
        *,
        password: str,
        binaries: str = "auto",
        log: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.is_adopted = False
        self._password = password
        self._choice = binaries
        self._log = log or self.folder.with_name(f"{self.folder.name}.log")
        self._settings = _tuning() | dict(settings or {})
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stops what `start` started, and leaves alone what it found running."""
        if not self.is_adopted:
            self.stop()

    def start(self) -> None:
        """Returns when the server takes connections. Raises Misconfigured or Unavailable."""
        deadline = time.monotonic() + _START_SECONDS
        self.launch()
        while not self._is_ready_or_begins_again():
            if time.monotonic() > deadline:
                raise Unavailable(f"PostgreSQL did not get ready, see {self._log}")
            time.sleep(_POLL_SECONDS)

    def _is_ready_or_begins_again(self) -> bool:
        """After a crash the dead server's children hold its memory until they notice."""
        try:
            return self.is_ready()
        except Unavailable:
            if _MEMORY_STILL_HELD not in self.log_tail(lines=3):
                raise
            self.launch()
            return False

    def launch(self) -> None:
        """Begins a start; `is_ready` tells when it is done. Makes the cluster if it is new."""
        self._await_end_of_stopping()
        if self.state() != "stopped":
            self.is_adopted = self._process is None
            return
        self.is_adopted = False
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        identity = identities.choose_for_database(self.folder.parent)
        found = self._usable_binaries(identity)
        if not (self.folder / "PG_VERSION").exists():
            self._initialise(found, identity)
        self._write_settings(identity)
        command = identities.command_line(
            [str(found.folder / "postgres"), "-D", str(self.folder)],
            identity=identity,
            death=signal.SIGINT,
        )
        with self._open_log() as log:
            self._process = subprocess.Popen(  # noqa: S603 (programs found by us)
                command, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=_environment(), start_new_session=True,
            )  # fmt: skip

    def is_ready(self) -> bool:
        """Whether the server takes connections. Raises Unavailable if it gave up starting."""
        if self._process is not None and (code := self._process.poll()) is not None:
            raise Unavailable(f"PostgreSQL ended with {code}: {self.log_tail()}")
        return self.state() == "ready"

    def state(self) -> State:
        """What the server does, whoever started it."""
        lock = self._find_lock()
        if lock is None or not _is_server(lock.pid, self.folder):
            is_ours = self._process is not None and self._process.poll() is None
            return "starting" if is_ours else "stopped"
        if lock.status == "ready":
            return "ready"
        return "stopping" if lock.status == "stopping" else "starting"

    @property
    def pid(self) -> int | None:
        """The server's process, None when it does not run."""
        lock = self._find_lock()
        return lock.pid if lock and _is_server(lock.pid, self.folder) else None

    def exit_code(self) -> int | None:
        """How the server that we started ended; None while it runs."""
        process = self._process
        if process is None:
            return None if self.state() != "stopped" else 0
        return process.poll()

    def stop(self, *, grace_seconds: float = _STOP_SECONDS) -> None:
        """A fast stop: open transactions are rolled back, everything committed is on disk."""
        for step in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if self._end_with(step, grace_seconds):
                break
        if self._process is not None:
            self._process.wait()
        self._process = None
        self.is_adopted = False

    def kill(self) -> None:
        """A crash, for tests: the server gets no time for anything."""
        pid = self.pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._process = None

    def dsn(self, dbname: str = "postgres", user: str = SUPERUSER, password: str = "") -> str:
        """A connection URI that psycopg and asyncpg understand; the superuser's by default."""
        secret = password or (self._password if user == SUPERUSER else "")
        login = f"{quote(user, safe='')}:{quote(secret, safe='')}" if secret else quote(user)
        host = quote(str(self.socket_folder), safe="")
        return f"postgresql://{login}@/{quote(dbname, safe='')}?host={host}&port={PORT}"

    @property
    def socket_folder(self) -> Path:
        return socket_folder(self.folder)

    def log_tail(self, *, lines: int = 3) -> str:
        """The last lines that the server wrote, in one."""
        try:
            text = self._log.read_text(errors="replace")
        except OSError:
            return "it left no log"
        return " / ".join(text.strip().splitlines()[-lines:])

    def major(self) -> int | None:
        """The version of PostgreSQL whose data the folder holds; None if it is new."""
        return data_version(self.folder)

    def _usable_binaries(self, identity: Identity) -> Binaries:
        found = programs.find(self._choice, major=self.major())
        if identities.can_enter(identity, found.folder):
            return found
        target = self.folder.with_name("postgres-binaries")
        target.mkdir(exist_ok=True)
        target.chmod(0o755)
        return programs.copy_wheel(found, target)

    def _initialise(self, found: Binaries, identity: Identity) -> None:
        """initdb into a draft folder that gets its name when complete."""
        require_no_torn_restore(self.folder)
        draft = self.folder.with_name(f"{self.folder.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        os.chown(draft, *identity.owner)
        with tempfile.NamedTemporaryFile("w", prefix="wispgate-") as file:
            file.write(self._password)
            file.flush()
            os.chown(file.name, *identity.owner)
            self._run_initdb(found, identity, draft=draft, password_file=file.name)
        with (draft / "postgresql.conf").open("a") as configuration:
            configuration.write(f"\ninclude '{_OWN_SETTINGS}'\n")
        draft.rename(self.folder)

    def _run_initdb(
        self, found: Binaries, identity: Identity, *, draft: Path, password_file: str
    ) -> None:
        program = [
            str(found.folder / "initdb"), "-D", str(draft), "--username", SUPERUSER,
            "--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8",
            "--locale=C", f"--lc-ctype={_character_locale()}", "--data-checksums",
        ]  # fmt: skip
        if self._settings.get("fsync") == "off":
            program.append("--no-sync")
        command = identities.command_line(program, identity=identity)
        outcome = subprocess.run(  # noqa: S603 (programs found by us)
            command, cwd="/", capture_output=True, text=True, check=False, env=_environment()
        )
        if outcome.returncode != 0:
            shutil.rmtree(draft, ignore_errors=True)
            why = " / ".join((outcome.stderr or outcome.stdout).strip().splitlines()[-3:])
            raise Misconfigured(f"initdb of {found} failed: {why}")

    def _write_settings(self, identity: Identity) -> None:
        """Ours are written at each start, so that they follow the version and the machine."""
        sockets = self.socket_folder
        _make_private(sockets, identity)
        lines = [f"{key} = '{value}'" for key, value in self._settings.items()]
        lines.append(f"unix_socket_directories = '{sockets}'")
        path = self.folder / _OWN_SETTINGS
        path.write_text("# Written at each start.\n" + "\n".join(lines) + "\n")
        os.chown(path, *identity.owner)

    def _open_log(self) -> IO[bytes]:
        """The server's log, appended to; an older one is kept when it has grown large."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        if self._log.exists() and self._log.stat().st_size > _LOG_LIMIT_OCTETS:
            self._log.replace(self._log.with_suffix(".old.log"))
        return self._log.open("ab")

    def _await_end_of_stopping(self) -> None:
        deadline = time.monotonic() + _STOP_SECONDS
        while self.state() == "stopping" and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)

    def _end_with(self, step: signal.Signals, grace_seconds: float) -> bool:
        """Asks the server to end; whether it did in time."""
        pid = self.pid or (self._process.pid if self._process else None)
        if pid is None or self.state() == "stopped":
            return True
        try:
            os.kill(pid, step)
        except ProcessLookupError:
            return True
        deadline = time.monotonic() + grace_seconds
        while self.state() != "stopped":
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def _find_lock(self) -> _Lock | None:
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
            return _Lock(int(lines[0]), lines[7].strip() if len(lines) > 7 else "")
        except (OSError, ValueError, IndexError):
            return None


def draft_of_restore(folder: Path) -> Path:
    """Where a restore builds what will be the data directory `folder`."""
    return folder.with_name(f"{folder.name}.restoring")


def require_no_torn_restore(folder: Path) -> None:
    """An empty database instead of one half restored would be no better. Raises Misconfigured."""
    draft = draft_of_restore(folder)
    if draft.exists() and not folder.exists():
        raise Misconfigured(
            f"a restore into {folder.parent} was cut off: run `wispgate restore` again, which "
            f"begins anew, or remove {draft} to begin with an empty database"
        )


def data_version(folder: Path) -> int | None:
    """The major version in a data directory's PG_VERSION; None where there is none."""
    try:
        return int((folder / "PG_VERSION").read_text())
    except (FileNotFoundError, ValueError):
        return None


def socket_folder(folder: Path) -> Path:
    """The data directory itself, private as it is; for long paths a short one named after it."""
    if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) <= _LONGEST_SOCKET:
        return folder
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"wispgate-{os.geteuid()}-{digest}"


def _make_private(folder: Path, identity: Identity) -> None:
    """A folder of the database's user alone. Raises Misconfigured if somebody else made it."""
    folder.mkdir(mode=0o700, exist_ok=True)
    facts = folder.lstat()
    if folder.is_symlink() or facts.st_uid not in (os.geteuid(), identity.owner[0]):
        raise Misconfigured(f"{folder} belongs to somebody else: remove it")
    folder.chmod(0o700)
    os.chown(folder, *identity.owner)


def _is_server(pid: int, folder: Path) -> bool:
    """Whether that process is a server on `folder`: numbers are used again after a crash."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except FileNotFoundError:
        return _is_alive_without_proc(pid)
    except OSError:
        return False
    return os.fsencode(folder) in command


def _is_alive_without_proc(pid: int) -> bool:
    if Path("/proc/self").exists():
        return False
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _tuning() -> dict[str, str]:
    """What initdb leaves too small for us, or turned on to no use for short statements."""
    memory_mib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return {
        "listen_addresses": "",
        "shared_buffers": f"{min(max(memory_mib // 8, 64), 2048)}MB",
        "max_wal_size": "2GB",
        "wal_buffers": "16MB",
        "checkpoint_timeout": "15min",
        "max_connections": "200",
        "jit": "off",
        "random_page_cost": "1.1",
        "password_encryption": "scram-sha-256",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %u ",
        "log_checkpoints": "off",
    }


def _character_locale() -> str:
    """What decides upper and lower case; sorting is by code point on every machine."""
    known = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, known)
    return "C.UTF-8"


def _environment() -> dict[str, str]:
    """Nothing of ours reaches the server: no setting, no secret, no PG* variable."""
    kept = ("PATH", "TZDIR", "LD_LIBRARY_PATH")
    return {"LC_MESSAGES": "C"} | {key: os.environ[key] for key in kept if key in os.environ}
