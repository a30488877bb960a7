"""The clocks that `wispgate.kernel.clock.Clock` asks for: the world's, or a sandbox's.

A sandbox's clock is ahead of the world's by an offset that stands in one small file of the data
folder. Every process maps that file, so that setting it moves all of them at once.
"""

import fcntl
import mmap
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

from wispgate.kernel.clock import Clock
from wispgate.kernel.errors import Conflict, InvalidValue
from wispgate.main.installation import DataFolder

_OFFSET = struct.Struct("<q")  # microseconds; aligned, so that a reader never sees half a write
_FURTHEST = timedelta(days=100 * 365)


class NotASandbox(Conflict):
    """The clock of an ordinary installation is the world's."""

    code = "not_a_sandbox"


class SystemClock:
    """The world's time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SandboxClock:
    """The world's time plus an offset shared by all processes, which only grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), _OFFSET.size)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    @property
    def offset(self) -> timedelta:
        (microseconds,) = _OFFSET.unpack_from(self._shared)
        return timedelta(microseconds=microseconds)

    def advance(self, span: timedelta) -> datetime:
        """Sets the clock of the whole installation forward; returns the time it is then."""
        _require_forward(span)
        with self._path.open("r+b") as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX)  # two at once must both count
            ahead = self.offset + span
            if ahead > _FURTHEST:
                raise InvalidValue("a sandbox's clock goes 100 years ahead at most", field="span")
            _OFFSET.pack_into(self._shared, 0, ahead // timedelta(microseconds=1))
            self._shared.flush()
        return self.now()


def make_sandbox_clock(folder: DataFolder) -> None:
    """The offset file of a new sandbox, at zero. An existing one is left as it is."""
    if not folder.clock_offset.exists():
        folder.clock_offset.write_bytes(_OFFSET.pack(0))


def installation_clock(folder: DataFolder) -> Clock:
    """The clock of that data folder."""
    return SandboxClock(folder.clock_offset) if folder.clock_offset.exists() else SystemClock()


def sandbox_clock(folder: DataFolder) -> SandboxClock:
    """The clock of a sandbox. Raises NotASandbox."""
    if not folder.clock_offset.exists():
        raise NotASandbox(
            f"{folder.path} is no sandbox: only a folder made by `wispgate up --sandbox` has a "
            f"clock that can be set forward"
        )
    return SandboxClock(folder.clock_offset)


def _require_forward(span: timedelta) -> None:
    if span <= timedelta(0):
        raise InvalidValue("a clock is set forward only", field="span")
