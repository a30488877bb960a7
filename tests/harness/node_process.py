"""A Diameter node in a process of its own, which a test can stop, kill and start again.

`python -m tests.harness.node_process` reads what to run as JSON from its standard input, and says
its port on standard output.
"""

import asyncio
import contextlib
import cProfile
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Self

from tests.harness.databases import TestDatabase
from tests.harness.network import HOST, PATIENCE, REALM
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.kernel.clock import Clock
from wispgate.main import logs
from wispgate.main.clocks import SystemClock
from wispgate.main.diameter_process import running_node
from wispgate.main.rules import Address
from wispgate.main.settings import Settings
from wispgate.network.hss.key_holders import HeldKeys
from wispgate.store.hot import HotStore

_ROOT = Path(__file__).resolve().parents[2]
# A process that is told to end and does not is a fault.
_PATIENCE = 60.0


class NodeProcess:
    """One node. It has the same name, and so the same leases, each time it is started."""

    def __init__(self, database: TestDatabase, opening_key: bytes, *, name: str = HOST) -> None:
        self._order = {
            "dsn": database.dsn("network"),
            "key": opening_key.hex(),
            "name": name,
            "realm": REALM,
        }
        self._process: asyncio.subprocess.Process | None = None
        self.port = 0

    async def start(self) -> Self:
        """Returns once the node listens."""
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.harness.node_process",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=_ROOT,
            env=os.environ | {"PYTHONPATH": f"{_ROOT / 'src'}:{_ROOT}"},
        )
        if process.stdin is None or process.stdout is None:
            raise AssertionError("a process with pipes has pipes")
        process.stdin.write(json.dumps(self._order).encode() + b"\n")
        async with asyncio.timeout(PATIENCE):
            self.port = int(await process.stdout.readline())
        return self

    @property
    def pid(self) -> int:
        return self._running().pid

    def send_signal(self, number: int) -> None:
        self._running().send_signal(number)

    async def end(self, number: int = signal.SIGKILL) -> None:
        """Ends the process by a signal and waits for that; nothing if it does not run."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)
            async with asyncio.timeout(_PATIENCE):
                await self._process.wait()

    def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise AssertionError("the node was not started")
        return self._process


class _ShiftedClock:
    """Goes on from an instant of the test's at the speed of the world."""

    def __init__(self, start: datetime) -> None:
        self._shift = start - SystemClock().now()

    def now(self) -> datetime:
        return SystemClock().now() + self._shift


def _clock(order: dict[str, str]) -> Clock:
    return _ShiftedClock(datetime.fromisoformat(order["now"])) if "now" in order else SystemClock()


@contextlib.contextmanager
def a_node(database: TestDatabase, opening_key: bytes, *, now: datetime) -> Iterator[None]:
    """A node whose clock begins at `now`, for tests that have no loop of their own."""
    order = {"dsn": database.dsn("network"), "key": opening_key.hex(), "name": HOST}
    order |= {"realm": REALM, "now": now.isoformat()}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.harness.node_process"], stdin=subprocess.PIPE, cwd=_ROOT,
        env=os.environ | {"PYTHONPATH": f"{_ROOT / 'src'}:{_ROOT}"}, text=True,
    )  # fmt: skip
    try:
        if process.stdin is None:
            raise AssertionError("a process with a pipe has a pipe")
        with process.stdin as told:
            told.write(json.dumps(order) + "\n")
        yield
    finally:
        process.kill()
        process.wait(_PATIENCE)


async def _serve(order: dict[str, str]) -> None:
    settings = Settings(
        data=Path("unused"),
        diameter=Address("127.0.0.1", int(order.get("port", "0"))),
        origin_host=order["name"],
        origin_realm=order["realm"],
    )
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    async with (
        HotStore(order["dsn"]) as store,
        running_node(
            store,
            HeldKeys([OpeningKey(bytes.fromhex(order["key"]))]),
            settings=settings,
            clock=_clock(order),
        ) as node,
    ):
        print(node.port, flush=True)  # noqa: T201 (that is how the test learns the port)
        await stopping.wait()


def main() -> None:
    """Serves until SIGTERM; with a "profile" in the order, writes one there."""
    logs.configure("network", level="error")
    order = json.loads(sys.stdin.readline())
    with contextlib.ExitStack() as stack:
        if "profile" in order:
            profile = stack.enter_context(cProfile.Profile())
            stack.callback(lambda: profile.dump_stats(order["profile"]))
        asyncio.run(_serve(order))


if __name__ == "__main__":
    main()
