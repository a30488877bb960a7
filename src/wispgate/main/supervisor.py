"""Keeps programs running: starts them, asks whether they serve, restarts them, stops them all.

It knows nothing of what the programs are (`up` makes the table). Each has a task that launches it,
waits for its end and launches it again, later after each failure in a row.
"""

import asyncio
import contextlib
import json
import signal
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from wispgate.kernel.errors import Misconfigured, Unavailable, WispgateError
from wispgate.main import leftovers
from wispgate.main.installation import write_whole
from wispgate.main.output import Output
from wispgate.main.programs import ChildProgram, Command, Program

State = Literal["starting", "healthy", "unhealthy", "waiting", "finished", "stopping", "stopped"]

# A process that ends so says that its settings are wrong: starting it again changes nothing.
EXIT_MISCONFIGURED = 2
# A process that ends so has nothing more to do: it is not started again.
EXIT_FINISHED = 3


@dataclass(frozen=True, slots=True)
class Timing:
    """All that the supervisor measures, in seconds."""

    first_delay: float = 0.5
    longest_delay: float = 30.0
    steady: float = 60.0  # who was healthy so long begins with the first delay again
    probe_starting: float = 0.2
    probe_healthy: float = 5.0
    start: float = 90.0
    grace: float = 15.0
    failures_in_a_row: int = 3

    def delay(self, failures: int) -> float:
        """How long to wait before the next start after so many failures in a row."""
        return min(self.longest_delay, self.first_delay * 2.0 ** min(failures - 1, 16))


@dataclass(slots=True)
class Ward:
    """One program and what became of it so far."""

    program: Program
    state: State = "stopped"
    launched_at: datetime | None = None
    restarts: int = 0
    failures: int = 0
    was_healthy: bool = False
    became_healthy: asyncio.Event = field(default_factory=asyncio.Event)
    healthy_since: float = 0.0
    keeping: asyncio.Task[None] | None = None

    def facts(self) -> dict[str, object]:
        """For `wispgate status`, and for the next start to find what was left behind."""
        pid = self.program.pid
        return {
            "name": self.program.name,
            "state": self.state,
            "pid": pid,
            "start_ticks": leftovers.start_ticks(pid) if pid else None,
            "launched_at": self.launched_at.isoformat() if self.launched_at else None,
            "restarts": self.restarts,
            "addresses": dict(self.program.addresses),
        }


class Supervisor:
    """Looks after programs in the order of their start. All its methods belong to one loop."""

    def __init__(
        self, output: Output, *, state_file: Path | None = None, timing: Timing | None = None
    ) -> None:
        self._output = output
        self._state_file = state_file
        self._timing = timing or Timing()
        self._wards: list[Ward] = []
        self._failure: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        self._is_in_haste = False

    async def start(self, program: Program) -> Ward:
        """Begins to look after a program."""
        ward = Ward(program)
        self._wards.append(ward)
        ward.keeping = asyncio.create_task(self._keep(ward), name=program.name)
        ward.keeping.add_done_callback(self._note_defect)
        return ward

    async def until_healthy(self, ward: Ward, *, attempts: int) -> None:
        """Waits for a program without which nothing goes on. Raises Unavailable."""
        while not ward.became_healthy.is_set():
            if ward.failures >= attempts:
                raise Unavailable(f"{ward.program.name} does not start: see above")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ward.became_healthy.wait(), self._timing.probe_starting)

    async def failure(self) -> BaseException:
        """Waits for what makes going on pointless: wrong settings of a program, a defect of ours."""
        return await asyncio.shield(self._failure)

    async def run_once(self, command: Command) -> None:
        """Runs a program to its end. Raises Unavailable if that was no good one."""
        program = ChildProgram(command, self._output)
        await program.launch()
        try:
            code = await program.ended()
        except asyncio.CancelledError:
            await program.stop(grace_seconds=self._timing.grace)
            raise
        if code == EXIT_MISCONFIGURED:
            raise Misconfigured(f"{command.name} ended: see its message above")
        if code != 0:
            raise Unavailable(f"{command.name} ended with {describe_exit(code)}: see above")

    async def stop_all(self) -> None:
        """Stops in reverse order, one after the other: each may still need those before it."""
        for ward in reversed(self._wards):
            if ward.keeping is not None:
                ward.keeping.cancel()
                await asyncio.wait({ward.keeping})
            self._note(ward, "stopping")
            await ward.program.stop(grace_seconds=0 if self._is_in_haste else self._timing.grace)
            self._note(ward, "stopped")

    def hurry(self) -> None:
        """Those still to be stopped get no grace."""
        self._is_in_haste = True

    async def _keep(self, ward: Ward) -> None:
        while True:
            try:
                code = await self._run(ward)
            except (WispgateError, OSError) as error:
                self._output.say(f"{ward.program.name} cannot start: {error}")
                self._give_up_if_pointless(ward, error)
            else:
                if code == EXIT_FINISHED:
                    self._note_finished(ward)
                    return
                self._output.say(f"{ward.program.name} ended with {describe_exit(code)}")
                if code == EXIT_MISCONFIGURED:
                    self._give_up_if_pointless(ward, Misconfigured(
                        f"{ward.program.name} does not start: see its message above"
                    ))  # fmt: skip
            if self._failure.done():
                return
            await self._wait_before_restart(ward)

    async def _run(self, ward: Ward) -> int:
        """One life of a program, from its start to its end."""
        ward.became_healthy.clear()
        ward.launched_at = datetime.now(UTC)
        await ward.program.launch()
        self._note(ward, "starting")
        ending = asyncio.create_task(ward.program.ended())
        probing = asyncio.create_task(self._probe(ward))
        try:
            await asyncio.wait({ending, probing}, return_when=asyncio.FIRST_COMPLETED)
            if not ending.done():
                await probing
                self._output.say(f"{ward.program.name} does not answer and is started again")
                self._note(ward, "unhealthy")
                await ward.program.stop(grace_seconds=self._timing.grace)
            return await ending
        finally:
            probing.cancel()
            ending.cancel()

    async def _wait_before_restart(self, ward: Ward) -> None:
        if ward.became_healthy.is_set() and self._healthy_for(ward) >= self._timing.steady:
            ward.failures = 0
        ward.failures += 1
        ward.restarts += 1
        delay = self._timing.delay(ward.failures)
        self._note(ward, "waiting")
        self._output.say(f"{ward.program.name} starts again in {delay:g} s")
        await asyncio.sleep(delay)

    def _note_defect(self, keeping: asyncio.Task[None]) -> None:
        """Nobody waits for these tasks, so one that broke must say so itself."""
        if not keeping.cancelled() and (error := keeping.exception()) and not self._failure.done():
            self._failure.set_result(error)

    def _give_up_if_pointless(self, ward: Ward, error: Exception) -> None:
        """Who served before was configured well: that one is started again."""
        if isinstance(error, Misconfigured) and not ward.was_healthy and not self._failure.done():
            self._failure.set_result(error)

    async def _probe(self, ward: Ward) -> None:
        """Asks again and again; returns when the program serves no longer, or never began to."""
        launched, misses = time.monotonic(), 0
        while misses == 0 or not self._is_given_up(ward, misses, since=launched):
            is_up = ward.became_healthy.is_set()
            await asyncio.sleep(
                self._timing.probe_healthy if is_up else self._timing.probe_starting
            )
            if await ward.program.is_healthy():
                misses = 0
                self._note_healthy(ward)
            else:
                misses += 1

    def _is_given_up(self, ward: Ward, misses: int, *, since: float) -> bool:
        if ward.became_healthy.is_set():
            return misses >= self._timing.failures_in_a_row
        return time.monotonic() - since > self._timing.start

    def _note_healthy(self, ward: Ward) -> None:
        if ward.became_healthy.is_set():
            return
        ward.healthy_since = time.monotonic()
        ward.was_healthy = True
        ward.became_healthy.set()
        self._note(ward, "healthy")

    def _note_finished(self, ward: Ward) -> None:
        """Nobody waits any longer for a program that has nothing more to do."""
        ward.became_healthy.set()
        self._note(ward, "finished")
        self._output.say(f"{ward.program.name} has nothing more to do")

    def _healthy_for(self, ward: Ward) -> float:
        return time.monotonic() - ward.healthy_since

    def _note(self, ward: Ward, state: State) -> None:
        ward.state = state
        if self._state_file is not None:
            facts = {"processes": [known.facts() for known in self._wards]}
            try:
                write_whole(self._state_file, json.dumps(facts, indent=2))
            except OSError as error:
                # A full disk must not end what still works; the file only informs.
                self._output.say(f"the state cannot be noted: {error}")


def describe_exit(code: int) -> str:
    """An exit code in words."""
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
