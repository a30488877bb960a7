"""Processes that a killed supervisor left behind: found by what it wrote down, and ended.

They end by themselves when their parent does (`launch`); this is for those that hang.
"""

import contextlib
import json
import os
import signal
import time
from pathlib import Path

_GRACE_SECONDS = 5.0
_POLL_SECONDS = 0.05


def start_ticks(pid: int) -> int | None:
    """When a process began, in clock ticks since boot: with its number it is unmistakable."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The second field is the name in brackets and may contain anything; the 22nd is the start.
    fields = text.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])


def end(state_file: Path) -> list[str]:
    """Ends what is left of the processes noted in `state_file`; their names."""
    found = _still_running(state_file)
    for step in (signal.SIGTERM, signal.SIGKILL):
        for _, pid, _ in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, step)
        if _await_end(found):
            break
    return [name for name, _, _ in found]


def _still_running(state_file: Path) -> list[tuple[str, int, int]]:
    try:
        noted = json.loads(state_file.read_text())["processes"]
    except (FileNotFoundError, ValueError, KeyError):
        return []
    return [
        (process["name"], process["pid"], process["start_ticks"])
        for process in noted
        # The database's own lock says better whether it runs, and how to end it.
        if process["name"] != "postgres" and process["pid"] and process["start_ticks"]
        if start_ticks(process["pid"]) == process["start_ticks"]
    ]


def _await_end(found: list[tuple[str, int, int]]) -> bool:
    deadline = time.monotonic() + _GRACE_SECONDS
    while any(start_ticks(pid) == ticks for _, pid, ticks in found):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
