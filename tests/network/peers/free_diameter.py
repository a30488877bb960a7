"""Debian's freeDiameter daemon as a peer."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.harness.certificates import Authority, a_certificate
from tests.harness.network import HOST, REALM

FD_HOST = "fd.epc.test"
_EXTENSIONS = Path("/usr/lib/freeDiameter")
_DICTIONARIES = ("dict_nasreq.fdx", "dict_dcca.fdx", "dict_dcca_3gpp.fdx")


@dataclass
class FreeDiameter:
    """A running daemon; `log` is what it wrote so far."""

    process: asyncio.subprocess.Process
    file: Path
    port: int
    secure_port: int

    @property
    def log(self) -> str:
        return self.file.read_text(errors="replace")

    async def end(self) -> None:
        """Lets it say goodbye."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(20):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


@dataclass
class Order:
    """How it is to know us. `calls`: where it connects to; without, it waits for us.

    It takes one authority, for its own certificate and for ours.
    """

    folder: Path
    authority: Authority
    calls: int = 0
    has_tls: bool = False
    name: str = FD_HOST


@asynccontextmanager
async def free_diameter(order: Order) -> AsyncIterator[FreeDiameter]:
    """Skips the test, with the reason, where it is not installed."""
    daemon = shutil.which("freeDiameterd")
    if daemon is None:
        pytest.skip("no freeDiameterd on this machine: make setup-peers")
    port, secure_port = free_port(), free_port()
    configuration = order.folder / "freeDiameter.conf"
    configuration.write_text(_configuration(order, port, secure_port))
    log = order.folder / "freeDiameter.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            daemon, "-c", str(configuration), "-d", stdout=output, stderr=output,
            env=os.environ | {"LC_ALL": "C"},
        )  # fmt: skip
    running = FreeDiameter(process, log, port, secure_port)
    try:
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            await running.end()


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


def _configuration(order: Order, port: int, secure_port: int) -> str:
    files = a_certificate(order.folder, order.authority, order.name)
    trusted = order.folder / "trusted.pem"
    trusted.write_text(order.authority.pem)
    protection = "" if order.has_tls else "No_TLS; "
    # What it does not call, it has to know all the same: port 1 refuses, and is tried seldom.
    place = f'ConnectTo = "127.0.0.1"; Port = {order.calls or 1}; '
    timers = f"TcTimer = {2 if order.calls else 600}; TwTimer = 30; "
    extensions = [_EXTENSIONS / name for name in _DICTIONARIES]
    return "\n".join(
        [
            f'Identity = "{order.name}";',
            f'Realm = "{REALM}";',
            f"Port = {port};",
            f"SecPort = {secure_port};",
            "No_SCTP;",
            "No_IPv6;",
            'ListenOn = "127.0.0.1";',
            f'TLS_Cred = "{files.chain}", "{files.key}";',
            f'TLS_CA = "{trusted}";',
            *(f'LoadExtension = "{each}";' for each in extensions if each.exists()),
            f'ConnectPeer = "{HOST}" {{ {place}{protection}{timers}No_SCTP; }};',
        ]
    )
