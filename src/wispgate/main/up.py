"""`wispgate up`: everything of one data folder under one supervisor, in the right order.

Lock, secrets, free ports; then the database, its migrations, and the processes; and on Ctrl-C or
SIGTERM all of it back in reverse order.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from wispgate.main import (
    clocks,
    database,
    health,
    key_holding,
    leftovers,
    logs,
    ports,
    secret_files,
)
from wispgate.main.installation import Installation
from wispgate.main.output import Output
from wispgate.main.postgres import require_no_torn_restore
from wispgate.main.programs import ChildProgram, Command, PostgresProgram
from wispgate.main.secret_files import Secrets
from wispgate.main.settings import Settings
from wispgate.main.supervisor import Supervisor, Timing, Ward

_DATABASE_ATTEMPTS = 5

Table = Callable[[Settings], Sequence[Command]]


def run(
    settings: Settings,
    *,
    with_demo: bool = False,
    table: Table | None = None,
    steps: Table | None = None,
    timing: Timing | None = None,
) -> None:
    """Runs until told to stop. Raises what stands in the way of a start.

    `table` gives the processes and `steps` what runs once before them; tests give their own.
    """
    output = Output(log_format=settings.log_format, colour=logs.uses_colour())
    folder = settings.folder
    folder.make()
    with folder.locked():
        require_no_torn_restore(folder.postgres)
        for name in leftovers.end(folder.state_file):
            output.say(f"ended {name}, left behind by an earlier run")
        folder.heartbeat("worker").unlink(missing_ok=True)
        ports.require_free(settings)
        _found(settings)
        # Out of the environment that every child inherits.
        keys = os.environ.pop(secret_files.VAULT_KEYS, "")
        secrets = secret_files.ensure(folder.secrets)
        first = (steps or (lambda given: preparation(given, with_demo=with_demo)))(settings)
        last = (table or (lambda given: processes(given, with_demo=with_demo, keys=keys)))(settings)
        house = _House(settings, secrets, output, timing or Timing())
        asyncio.run(house.live(first, last))


def processes(settings: Settings, *, with_demo: bool = False, keys: str = "") -> list[Command]:
    """The processes of an installation, in the order in which they are started.

    `keys` are the vault's where they came from the environment.
    """
    folder = settings.folder
    heartbeat = folder.heartbeat("worker")
    phones = [_own("demo", "run", "phones", settings=settings)] if with_demo else []
    return [
        *_diameter_processes(settings, keys),
        _own("worker", "run", "worker", settings=settings, is_healthy=health.beats(heartbeat)),
        _own(
            "web", "run", "web", settings=settings,
            is_healthy=health.answers_http(settings.http, "/healthz"),
            addresses={"http": str(settings.http)},
        ),
        *phones,
    ]  # fmt: skip


def _diameter_processes(settings: Settings, keys: str) -> list[Command]:
    """One or several at the same address; each has a number, a name and a metrics port."""
    folder = settings.folder
    handing_over = (
        (lambda: keys or secret_files.read_opening_keys(folder.secrets))
        if key_holding.is_handed_over(settings)
        else None
    )
    return [
        _own(
            "diameter" if number == 1 else f"diameter-{number}",
            "run", "diameter", "--number", str(number), settings=settings,
            is_healthy=health.answers_http(metrics, "/metrics"),
            secret=handing_over,
            addresses={"diameter": str(settings.diameter), "metrics": str(metrics)},
        )
        for number, metrics in enumerate(settings.metrics_of_processes, 1)
    ]  # fmt: skip


def preparation(settings: Settings, *, with_demo: bool) -> list[Command]:
    """What runs once, after the database and before the processes."""
    steps = [_own("migrate", "migrate", settings=settings)]
    return [*steps, _own("demo", "run", "demo", settings=settings)] if with_demo else steps


def _own(name: str, *words: str, settings: Settings, **particulars: object) -> Command:
    arguments = (sys.executable, "-P", "-m", "wispgate.main.cli", *words)
    environment = settings.environment() | {"PYTHONUNBUFFERED": "1"}
    if logs.uses_colour():
        environment["FORCE_COLOR"] = "1"
    return Command(name, arguments, environment=environment, **particulars)  # type: ignore[arg-type]  # fields of Command, named by the callers above


def _found(settings: Settings) -> None:
    """Fixes in a new folder what cannot change later."""
    folder = settings.folder
    if folder.find_installation() is None:
        if settings.sandbox:
            clocks.make_sandbox_clock(folder)
        folder.remember_installation(
            Installation(partitions=settings.partitions, is_sandbox=settings.sandbox)
        )


class _House:
    """One run of `up`, from the first program's start to the last one's end."""

    def __init__(
        self, settings: Settings, secrets: Secrets, output: Output, timing: Timing
    ) -> None:
        self._settings = settings
        self._secrets = secrets
        self._output = output
        self._timing = timing

    async def live(self, steps: Sequence[Command], table: Sequence[Command]) -> None:
        supervisor = Supervisor(
            self._output, state_file=self._settings.folder.state_file, timing=self._timing
        )
        stop = _stop_requested(on_second=supervisor.hurry)
        work = asyncio.create_task(self._bring_up(supervisor, steps, table))
        failure = asyncio.create_task(supervisor.failure())
        asked = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({work, failure, asked}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
            if failure.done():
                raise failure.result()
        finally:
            for task in (work, failure, asked):
                task.cancel()
            await asyncio.wait({work})
            self._output.say("stopping")
            await supervisor.stop_all()
            self._output.say("stopped")

    async def _bring_up(
        self, supervisor: Supervisor, steps: Sequence[Command], table: Sequence[Command]
    ) -> NoReturn:
        if not self._settings.database:
            cluster = database.embedded(self._settings, self._secrets)
            postgres = await supervisor.start(PostgresProgram(cluster, self._output))
            await supervisor.until_healthy(postgres, attempts=_DATABASE_ATTEMPTS)
        for step in steps:
            await supervisor.run_once(step)
        wards = [await supervisor.start(ChildProgram(each, self._output)) for each in table]
        await asyncio.gather(*(ward.became_healthy.wait() for ward in wards))
        self._greet(wards)
        await asyncio.Event().wait()
        raise AssertionError("an event that nobody sets was set")

    def _greet(self, wards: Sequence[Ward]) -> None:
        settings = self._settings
        names = ", ".join(ward.program.name for ward in wards)
        self._output.say(f"ready: {names}")
        self._output.say(f"console   http://{_shown(settings)}/")
        self._output.say(
            f"diameter  {settings.diameter} as {settings.origin_host}, realm {settings.origin_realm}"
        )
        if settings.tls_certificate:
            self._output.say(f"          {settings.diameter_tls} with TLS")
        self._output.say(f"data      {settings.data}{' (sandbox)' if settings.sandbox else ''}")


def _shown(settings: Settings) -> str:
    host = settings.http.reachable_host
    return f"[{host}]:{settings.http.port}" if ":" in host else f"{host}:{settings.http.port}"


def _stop_requested(*, on_second: Callable[[], None]) -> asyncio.Event:
    """An event set by Ctrl-C, SIGTERM or the terminal's end; the second time there is haste."""
    stop = asyncio.Event()

    def ask() -> None:
        if stop.is_set():
            on_second()
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ask)
    return stop
