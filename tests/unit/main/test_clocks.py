import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.acceptance.toys import environment
from wispgate.kernel.errors import InvalidValue
from wispgate.main import clocks
from wispgate.main.clocks import NotASandbox, SandboxClock, SystemClock
from wispgate.main.installation import DataFolder

ADVANCE = """
import pathlib, sys
from datetime import timedelta
from wispgate.main.clocks import SandboxClock
clock = SandboxClock(pathlib.Path(sys.argv[1]))
for _ in range(100):
    clock.advance(timedelta(seconds=1))
"""


def a_sandbox(path: Path) -> DataFolder:
    folder = DataFolder(path)
    clocks.make_sandbox_clock(folder)
    return folder


def test_an_ordinary_folder_has_the_worlds_clock(tmp_path: Path) -> None:
    clock = clocks.installation_clock(DataFolder(tmp_path))

    assert isinstance(clock, SystemClock)
    assert clock.now().tzinfo is UTC


def test_a_new_sandbox_shows_the_worlds_time(tmp_path: Path) -> None:
    clock = clocks.sandbox_clock(a_sandbox(tmp_path))

    assert clock.offset == timedelta(0)


def test_setting_one_clock_moves_all_of_them(tmp_path: Path) -> None:
    folder = a_sandbox(tmp_path)
    other = clocks.installation_clock(folder)
    world = datetime.now(UTC)

    shown = clocks.sandbox_clock(folder).advance(timedelta(days=3))

    assert other.now() >= shown >= world + timedelta(days=3)


def test_processes_that_advance_at_once_both_count(tmp_path: Path) -> None:
    folder = a_sandbox(tmp_path)
    command = [sys.executable, "-c", ADVANCE, str(folder.clock_offset)]

    both = [subprocess.Popen(command, env=environment()) for _ in range(2)]
    codes = [process.wait(60) for process in both]

    assert codes == [0, 0]
    assert SandboxClock(folder.clock_offset).offset == timedelta(seconds=200)


def test_making_the_clock_again_keeps_its_offset(tmp_path: Path) -> None:
    folder = a_sandbox(tmp_path)
    clocks.sandbox_clock(folder).advance(timedelta(hours=1))

    clocks.make_sandbox_clock(folder)

    assert clocks.sandbox_clock(folder).offset == timedelta(hours=1)


@pytest.mark.parametrize("span", [timedelta(0), timedelta(seconds=-1)])
def test_a_clock_never_goes_back(tmp_path: Path, span: timedelta) -> None:
    with pytest.raises(InvalidValue, match="forward only"):
        clocks.sandbox_clock(a_sandbox(tmp_path)).advance(span)


def test_a_clock_stays_within_a_century(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="100 years"):
        clocks.sandbox_clock(a_sandbox(tmp_path)).advance(timedelta(days=40_000))


def test_the_clock_of_an_ordinary_folder_cannot_be_set(tmp_path: Path) -> None:
    with pytest.raises(NotASandbox, match="no sandbox"):
        clocks.sandbox_clock(DataFolder(tmp_path))
