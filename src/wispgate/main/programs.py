"""What the supervisor looks after: child processes, and the embedded database among them."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from wispgate.main import health, identity
from wispgate.main.output import Output
from wispgate.main.postgres import Cluster
from wispgate.main.secret_files import VAULT_FD, answer_for_keys

_CHUNK = 65_536
_LONGEST_LINE = 65_536
_POLL_SECONDS = 0.1
_LAST_LINES_SECONDS = 2.0


class Program(Protocol):
    """One thing that runs, ends, and can be started again."""

    @property
    def name(self) -> str: ...

    @property
    def addresses(self) -> Mapping[str, str]: ...

    @property
    def pid(self) -> int | None: ...

    async def launch(self) -> None:
        """Starts it; that it serves is seen by `is_healthy`."""

    async def ended(self) -> int:
        """Waits for its end; the exit code, negative for a signal."""
        ...

    async def is_healthy(self) -> bool: ...

    async def stop(self, *, grace_seconds: float) -> None:
        """Ends it and whatever it started, with force after the grace."""


@dataclass(frozen=True, slots=True)
class Command:
    """A child process: what to run, and how to see that it serves.

    `secret` gives the vault's keys, which the child asks for over an inherited descriptor: when it
    starts, and again while it runs.
    """

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    is_healthy: Callable[[], Awaitable[bool]] = health.always
    secret: Callable[[], str] | None = None
    addresses: Mapping[str, str] = field(default_factory=dict)


class ChildProgram:
    """Runs a `Command` in a session of its own, so that Ctrl-C reaches only the supervisor."""

    def __init__(self, command: Command, output: Output) -> None:
        self._command = command
        self._output = output
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._answering: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        return self._command.name

    @property
    def addresses(self) -> Mapping[str, str]:
        return self._command.addresses

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._is_running() else None

    async def launch(self) -> None:
        environment = {**os.environ, **self._command.environment}
        handed_over: tuple[int, ...] = ()
        if self._command.secret is not None:
            handed_over = (self._answer_for(self._command.secret),)
            environment[VAULT_FD] = str(handed_over[0])
        try:
            self._process = await asyncio.create_subprocess_exec(
                *identity.command_line(self._command.arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=environment,
                pass_fds=handed_over,
                start_new_session=True,
            )
        finally:
            for descriptor in handed_over:
                os.close(descriptor)
        self._reading = asyncio.create_task(self._pass_on(self._process.stdout))

    async def ended(self) -> int:
        if self._process is None or self._reading is None:
            raise LookupError(f"{self.name} was not launched")
        code = await self._process.wait()
        # What it left behind goes with it: they are all of its session.
        _signal_group(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._reading), _LAST_LINES_SECONDS)
        return code

    async def is_healthy(self) -> bool:
        return await self._command.is_healthy()

    async def stop(self, *, grace_seconds: float) -> None:
        process = self._process
        if process is None or not self._is_running():
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), grace_seconds)
        if self._is_running():
            self._output.say(f"{self.name} did not stop in {grace_seconds:g} s and is killed")
        _signal_group(process.pid, signal.SIGKILL)
        await self.ended()

    def _answer_for(self, keys: Callable[[], str]) -> int:
        """The child's end of a pair of sockets; ours answers until the child is gone."""
        own, other = socket.socketpair()
        own.settimeout(0)
        self._answering = asyncio.create_task(answer_for_keys(own, keys))
        return other.detach()

    def _is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def _pass_on(self, stream: asyncio.StreamReader | None) -> None:
        rest = b""
        while stream is not None and (chunk := await stream.read(_CHUNK)):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > _LONGEST_LINE:
                lines, rest = [*lines, rest], b""
            for line in lines:
                self._output.line(self.name, line.decode(errors="replace").rstrip())
        if rest:
            self._output.line(self.name, rest.decode(errors="replace").rstrip())


class PostgresProgram:
    """The embedded database under supervision."""

    name = "postgres"

    def __init__(self, cluster: Cluster, output: Output) -> None:
        self._cluster = cluster
        self._output = output

    @property
    def addresses(self) -> Mapping[str, str]:
        return {"socket": str(self._cluster.socket_folder)}

    @property
    def pid(self) -> int | None:
        return self._cluster.pid

    async def launch(self) -> None:
        """A server that a killed supervisor left behind is ended first: its log is not ours.

        Not in another thread: the server would end with that thread.
        """
        self._cluster.launch()
        if self._cluster.is_adopted:
            self._cluster.stop()
            self._cluster.launch()

    async def ended(self) -> int:
        # Also for a server that is no child of ours, so there is no event to wait for.
        while (code := self._cluster.exit_code()) is None:  # noqa: ASYNC110
            await asyncio.sleep(_POLL_SECONDS)
        if code != 0:
            self._output.line(self.name, self._cluster.log_tail())
        return code

    async def is_healthy(self) -> bool:
        return self._cluster.state() == "ready"

    async def stop(self, *, grace_seconds: float) -> None:
        await asyncio.to_thread(self._cluster.stop, grace_seconds=grace_seconds)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
