"""Toy programs and a toy installation: the supervisor's behaviour without the product's processes.

`python toys.py PROGRAM` is one of the programs below; `python toys.py up` is `wispgate up` with
a table of them, given as JSON in TOYS.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from wispgate.main import health, up
from wispgate.main import settings as configuration
from wispgate.main.cli import reporting_errors
from wispgate.main.installation import DataFolder
from wispgate.main.programs import Command
from wispgate.main.secret_files import VAULT_FD, receive_opening_keys
from wispgate.main.settings import Settings
from wispgate.main.supervisor import Timing

ROOT = Path(__file__).resolve().parents[2]
QUICK = Timing(
    first_delay=0.05, longest_delay=0.2, probe_starting=0.02, probe_healthy=0.1, start=60, grace=2
)
# Never connected to: where a test is not about the database, none is started.
NO_DATABASE = "postgresql://nobody@127.0.0.1:9/none"


def environment(**more: str) -> dict[str, str]:
    """For a child that imports our source."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("WISPGATE_")}
    return kept | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"} | more


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


def addresses() -> dict[str, str]:
    """Variables that put every listener on a free port."""
    names = ("WISPGATE_HTTP", "WISPGATE_DIAMETER", "WISPGATE_METRICS")
    return {name: f"127.0.0.1:{free_port()}" for name in names}


class ToyUp:
    """A running `wispgate up` of toys, seen through its output and its state file."""

    def __init__(self, process: subprocess.Popen[str], data: Path, log: Path) -> None:
        self.process = process
        self.data = data
        self._log = log

    @property
    def output(self) -> str:
        return self._log.read_text()

    def wait_for(self, text: str, *, times: int = 1) -> None:
        wait_until(lambda: self.output.count(text) >= times, f"{text!r} in:\n{self._log}", self)

    def pid_of(self, name: str) -> int:
        state = json.loads((self.data / "run" / "state.json").read_text())
        pid: int = next(each["pid"] for each in state["processes"] if each["name"] == name)
        return pid

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


@contextmanager
def toy_up(data: Path, toys: Mapping[str, str], **variables: str) -> Iterator[ToyUp]:
    """Runs toys, by name and program; ends them in any case."""
    given = {"WISPGATE_DATABASE": NO_DATABASE} | addresses() | variables
    log = data.with_name(f"{data.name}.{time.monotonic_ns()}.out")
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, __file__, "up"],
            env=environment(WISPGATE_DATA=str(data), TOYS=json.dumps(toys), **given),
            stdout=file, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
    try:
        yield ToyUp(process, data, log)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)


def wait_until(seen: Callable[[], bool], what: str, running: ToyUp | None = None) -> None:
    """Returns when it is seen. The limit only keeps a broken program from hanging the run."""
    limit = time.monotonic() + 60
    while not seen():
        written = running.output if running else ""
        assert time.monotonic() < limit, f"not seen: {what}\n{written}"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits for being buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _table(settings: Settings) -> list[Command]:
    toys = json.loads(os.environ["TOYS"])
    return [
        Command(
            name,
            (sys.executable, __file__, program),
            environment={"TOY_DATA": str(settings.data), "TOY_NAME": name},
            is_healthy=health.beats(settings.folder.heartbeat(name)),
            secret=(lambda: "A" * 43 + "=") if program == "secret" else None,
        )
        for name, program in toys.items()
        if not name.startswith("step")
    ]


def _steps(_settings: Settings) -> list[Command]:
    toys = json.loads(os.environ["TOYS"])
    return [
        Command(name, (sys.executable, __file__, program))
        for name, program in toys.items()
        if name.startswith("step")
    ]


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _beat() -> None:
    health.beat(DataFolder(Path(os.environ["TOY_DATA"])).heartbeat(os.environ["TOY_NAME"]))


def _serve(*, beats: int = -1) -> None:
    """Says good-bye on SIGTERM. Beats for ever, or a few times only."""
    signal.signal(signal.SIGTERM, lambda *_: (_say("good bye"), sys.exit(0)))
    _say("serving")
    while True:
        if beats:
            _beat()
            beats -= 1
        time.sleep(1)


def _stubborn() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _say("deaf")
    while True:
        _beat()
        time.sleep(1)


def _with_child() -> None:
    child = subprocess.Popen([sys.executable, __file__, "stubborn"])
    Path(os.environ["TOY_DATA"], "grandchild").write_text(str(child.pid))
    _serve()


def _secret() -> None:
    (key,) = receive_opening_keys().keys
    _say(f"key of {len(key.octets)} octets, {VAULT_FD in os.environ}")
    _serve()


def _talk() -> None:
    sys.stdout.write("no newline at the end")
    sys.stdout.flush()
    _serve()


PROGRAMS: dict[str, Callable[[], None]] = {
    "serve": _serve,
    "stubborn": _stubborn,
    "freeze": lambda: _serve(beats=1),
    "with_child": _with_child,
    "secret": _secret,
    "talk": _talk,
    "crash": lambda: sys.exit(4),
    "misconfigured": lambda: sys.exit(2),
    "finish": lambda: _say("finished"),
    "up": lambda: sys.exit(
        reporting_errors(
            lambda: up.run(configuration.load(), table=_table, steps=_steps, timing=QUICK)
        )
    ),
}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]]()
