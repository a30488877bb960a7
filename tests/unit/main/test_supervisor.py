"""The supervisor with programs in memory; `tests/acceptance` has it with real processes."""

import asyncio
import io
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from wispgate.kernel.errors import Misconfigured, Unavailable
from wispgate.main.output import Output
from wispgate.main.supervisor import (
    EXIT_FINISHED,
    EXIT_MISCONFIGURED,
    Supervisor,
    Timing,
    describe_exit,
)

QUICK = Timing(first_delay=0.001, longest_delay=0.002, probe_starting=0.001, probe_healthy=0.001)


class MemoryProgram:
    """Ends with the codes given, one per life, then runs until it is stopped."""

    addresses: Mapping[str, str] = {}
    pid = None

    def __init__(self, name: str, *codes: int, stopped: list[str] | None = None) -> None:
        self.name = name
        self.lives = 0
        self._codes = list(codes)
        self._stopped = stopped if stopped is not None else []
        self._end = asyncio.Event()

    async def launch(self) -> None:
        self.lives += 1
        self._end.clear()

    async def ended(self) -> int:
        if self._codes:
            return self._codes.pop(0)
        await self._end.wait()
        return 0

    async def is_healthy(self) -> bool:
        return not self._codes

    async def stop(self, *, grace_seconds: float) -> None:
        self._stopped.append(self.name)
        self._end.set()


class RefusingProgram(MemoryProgram):
    """Its starts raise, one error after the other; then it runs."""

    def __init__(self, name: str, *errors: Exception) -> None:
        super().__init__(name)
        self._errors = list(errors)

    async def launch(self) -> None:
        if self._errors:
            raise self._errors.pop(0)
        await super().launch()


def test_delays_double_up_to_the_longest() -> None:
    timing = Timing(first_delay=0.5, longest_delay=30)

    delays = [timing.delay(failures) for failures in (1, 2, 3, 6, 7, 1000)]

    assert delays == [0.5, 1, 2, 16, 30, 30]


async def test_a_program_lives_again_until_it_stays() -> None:
    supervisor = Supervisor(Output(io.StringIO()), timing=QUICK)
    program = MemoryProgram("one", 1, -9)

    ward = await supervisor.start(program)
    await supervisor.until_healthy(ward, attempts=5)
    await supervisor.stop_all()

    assert program.lives == 3
    assert (ward.restarts, ward.state) == (2, "stopped")


async def test_programs_stop_in_reverse_order() -> None:
    stopped: list[str] = []
    supervisor = Supervisor(Output(io.StringIO()), timing=QUICK)
    for name in ("a", "b", "c"):
        await supervisor.start(MemoryProgram(name, stopped=stopped))

    await supervisor.stop_all()

    assert stopped == ["c", "b", "a"]


async def test_who_says_misconfigured_at_first_is_no_longer_tried() -> None:
    supervisor = Supervisor(Output(io.StringIO()), timing=QUICK)
    await supervisor.start(MemoryProgram("one", EXIT_MISCONFIGURED))

    failure = await supervisor.failure()
    await supervisor.stop_all()

    assert isinstance(failure, Misconfigured)
    assert "one does not start" in failure.message


async def test_a_start_that_is_refused_is_the_failure() -> None:
    supervisor = Supervisor(Output(io.StringIO()), timing=QUICK)
    await supervisor.start(RefusingProgram("one", Misconfigured("no such version")))

    failure = await supervisor.failure()
    await supervisor.stop_all()

    assert str(failure) == "no such version"


async def test_a_program_that_the_system_refuses_is_tried_again() -> None:
    output = io.StringIO()
    supervisor = Supervisor(Output(output), timing=QUICK)
    program = RefusingProgram("one", PermissionError(13, "Permission denied", "/bin/one"))

    ward = await supervisor.start(program)
    await supervisor.until_healthy(ward, attempts=3)
    await supervisor.stop_all()

    assert "one cannot start: [Errno 13] Permission denied: '/bin/one'" in output.getvalue()


async def test_a_defect_of_ours_is_a_failure_and_not_silence() -> None:
    supervisor = Supervisor(Output(io.StringIO()), timing=QUICK)
    await supervisor.start(RefusingProgram("one", ZeroDivisionError("defect")))

    failure = await supervisor.failure()
    await supervisor.stop_all()

    assert isinstance(failure, ZeroDivisionError)


async def test_what_is_needed_and_never_serves_ends_the_waiting() -> None:
    supervisor = Supervisor(Output(io.StringIO()), timing=QUICK)
    ward = await supervisor.start(MemoryProgram("one", *[1] * 100))

    with pytest.raises(Unavailable, match="one does not start"):
        await supervisor.until_healthy(ward, attempts=3)

    await supervisor.stop_all()


async def test_the_state_file_tells_each_program(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    supervisor = Supervisor(Output(io.StringIO()), state_file=state, timing=QUICK)
    ward = await supervisor.start(MemoryProgram("one"))
    await supervisor.until_healthy(ward, attempts=1)

    noted = json.loads(state.read_text())["processes"]
    await supervisor.stop_all()

    assert [(each["name"], each["state"], each["restarts"]) for each in noted] == [
        ("one", "healthy", 0)
    ]


def test_exits_are_told_in_words() -> None:
    assert describe_exit(3) == "exit code 3"
    assert describe_exit(-9) == "signal SIGKILL"


def test_colours_mark_the_process_and_nothing_else() -> None:
    stream = io.StringIO()

    Output(stream, colour=True).line("web", "hello")

    assert stream.getvalue() == "\x1b[32mweb      \x1b[0m │ hello\n"


def test_objects_of_processes_are_passed_on_as_they_are() -> None:
    stream = io.StringIO()
    output = Output(stream, log_format="json")

    output.line("web", '{"event": "x"}')
    output.say("y")

    first, second = stream.getvalue().splitlines()
    assert first == '{"event": "x"}'
    assert json.loads(second) == {"process": "wispgate", "level": "info", "event": "y"}


async def test_a_state_that_cannot_be_noted_stops_nothing(tmp_path: Path) -> None:
    output = io.StringIO()
    gone = tmp_path / "gone" / "state.json"
    supervisor = Supervisor(Output(output), state_file=gone, timing=QUICK)
    program = MemoryProgram("one", 1)

    ward = await supervisor.start(program)
    await supervisor.until_healthy(ward, attempts=3)
    await supervisor.stop_all()

    assert (program.lives, ward.state) == (2, "stopped")
    assert "the state cannot be noted" in output.getvalue()


async def test_who_has_nothing_more_to_do_is_not_started_again(tmp_path: Path) -> None:
    said = io.StringIO()
    supervisor = Supervisor(Output(said), state_file=tmp_path / "state", timing=QUICK)
    program = MemoryProgram("one", EXIT_FINISHED)

    ward = await supervisor.start(program)
    assert ward.keeping is not None
    await ward.keeping
    facts = json.loads((tmp_path / "state").read_text())["processes"]
    await supervisor.stop_all()

    assert program.lives == 1
    assert facts[0]["state"] == "finished"
    assert ward.became_healthy.is_set()
    assert "one has nothing more to do" in said.getvalue()
