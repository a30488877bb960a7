"""What `wispgate doctor` looks at: each examination gives a finding in plain words with a remedy."""

import os
import resource
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from wispgate.kernel.errors import WispgateError
from wispgate.main import (
    binaries,
    certificates,
    clocks,
    database,
    horizon,
    identity,
    ports,
    postgres,
    running,
    secret_files,
)
from wispgate.main.rules import Address
from wispgate.main.settings import Settings
from wispgate.network.transport import sctp

Grade = Literal["good", "warning", "bad"]

_MIB = 1024 * 1024
_DISK_BAD, _DISK_LOW = 1024 * _MIB, 5 * 1024 * _MIB
_MEMORY_BAD, _MEMORY_LOW = 256 * _MIB, 1024 * _MIB
_OPEN_FILES = 1024
_SEALED_WITHIN = timedelta(minutes=2)
_RELEASED = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    grade: Grade
    subject: str
    text: str


def examine(settings: Settings) -> list[Finding]:
    """All examinations, each by itself: one that fails is a finding, not an end."""
    findings: list[Finding] = []
    for subject, look in _EXAMINATIONS.items():
        try:
            findings += (Finding(grade, subject, text) for grade, text in look(settings))
        except WispgateError as error:
            findings.append(Finding("bad", subject, error.message))
    return findings


Verdicts = Iterator[tuple[Grade, str]]


def _python(_settings: Settings) -> Verdicts:
    yield "good", f"{sys.version.split()[0]} at {sys.executable}"


def _folder(settings: Settings) -> Verdicts:
    path = settings.data
    if not path.exists():
        parent = next(folder for folder in path.parents if folder.exists())
        if os.access(parent, os.W_OK):
            yield "good", f"{path} does not exist yet; `wispgate up` makes it"
        else:
            yield "bad", f"{path} does not exist and cannot be made: {parent} cannot be written to"
    elif not os.access(path, os.W_OK | os.X_OK):
        yield "bad", f"{path} cannot be written to: run as its owner, or choose another with --data"
    elif settings.folder.find_installation() is None:
        yield "good", f"{path} is empty; `wispgate up` makes the installation"
    else:
        kind = "a sandbox" if settings.sandbox else "an installation"
        running = (
            "in use by a running `wispgate up`" if settings.folder.is_locked() else "not in use"
        )
        yield "good", f"{path} holds {kind}, {running}"


def _secrets(settings: Settings) -> Verdicts:
    folder = settings.folder.secrets
    if not folder.exists():
        yield "good", "none yet; the first start makes them"
        return
    secret_files.load(folder)
    yield "good", f"complete in {folder}, readable by their owner only"


def _disk(settings: Settings) -> Verdicts:
    place = next(path for path in (settings.data, *settings.data.parents) if path.exists())
    free = shutil.disk_usage(place).free
    text = f"{free // _MIB} MiB free at {place}"
    if free < _DISK_BAD:
        yield "bad", f"{text}: the database stops when the disk is full; make room"
    elif free < _DISK_LOW:
        yield "warning", f"{text}: little for a database that grows"
    else:
        yield "good", text


def _memory(_settings: Settings) -> Verdicts:
    free = _available_memory()
    if free is None:
        yield "warning", "this system does not tell how much memory is free"
        return
    text = f"{free // _MIB} MiB available"
    if free < _MEMORY_BAD:
        yield "bad", f"{text}: the processes and the database need about 600 MiB"
    elif free < _MEMORY_LOW:
        yield "warning", f"{text}: enough to try it, little to work with"
    else:
        yield "good", text


def _available_memory() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    kib = next((line.split()[1] for line in lines if line.startswith("MemAvailable:")), None)
    return int(kib) * 1024 if kib else None


def _open_files(_settings: Settings) -> Verdicts:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < _OPEN_FILES:
        yield "warning", f"at most {soft} open files: raise it (ulimit -n 4096) for many peers"
    else:
        yield "good", f"at most {soft}"


def _clock(settings: Settings) -> Verdicts:
    now = datetime.now(UTC)
    if now < _RELEASED:
        yield "bad", f"it is said to be {now:%Y-%m-%d}: set the clock, invoices are dated by it"
        return
    last = _last_written(settings)
    if last is not None and last > now:
        yield (
            "bad",
            f"it went back: this folder was in use at {last:%Y-%m-%d %H:%M} UTC; set it right",
        )
        return
    yield "good", f"{now:%Y-%m-%d %H:%M:%S} UTC"


def _last_written(settings: Settings) -> datetime | None:
    """When a process was last started here."""
    noted = running.processes(settings.folder)
    times = [each["launched_at"] for each in noted if each["launched_at"]]
    return max(map(datetime.fromisoformat, times), default=None)


def _ports(settings: Settings) -> Verdicts:
    is_ours = settings.folder.is_locked()
    for key in ports.LISTENING:
        # A running `up` may have been told other addresses than the settings' file says.
        noted = running.addresses(settings.folder, key) if is_ours else []
        for address in noted or [getattr(settings, key)]:
            yield _port(key, address, is_ours=is_ours)
            if key == "http" and not address.is_loopback:
                yield "warning", f"{key} {address} is open to the network, without TLS: use a proxy"


def _port(key: str, address: Address, *, is_ours: bool) -> tuple[Grade, str]:
    problem = ports.find_problem(address)
    if problem is None or is_ours:
        return "good", f"{key} {address} is {'in use by us' if problem else 'free'}"
    return "bad", f"{key} {address}: {problem}; choose another address with --{key}"


def _postgres(settings: Settings) -> Verdicts:
    if settings.database:
        yield from _answering(settings)
        return
    version = postgres.data_version(settings.folder.postgres)
    found = binaries.find(settings.postgres_binaries, major=version)
    yield "good", f"{found}"
    if settings.data.exists():
        who = identity.choose_for_database(settings.data)
        if who.kind != "same":
            yield "good", f"root starts it as another user ({who})"
    if settings.folder.is_locked():
        yield from _answering(settings)


def _answering(settings: Settings) -> Verdicts:
    secrets = secret_files.load(settings.folder.secrets)
    major = database.server_version(settings, secrets)
    known = major in binaries.SUPPORTED_MAJORS
    yield ("good" if known else "bad"), f"the server answers and is PostgreSQL {major}"


def _diameter_tls(settings: Settings) -> Verdicts:
    if not settings.tls_certificate:
        yield "good", "off: set tls_certificate and tls_key to listen for peers with TLS"
        return
    yield from certificates.examine(
        Path(settings.tls_certificate),
        Path(settings.tls_key),
        identity=settings.origin_host,
        now=datetime.now(UTC),
    )


def _sctp(settings: Settings) -> Verdicts:
    if not settings.diameter_sctp:
        return
    if sctp.is_available():
        yield "good", f"listens at {settings.diameter} too"
    else:
        yield "warning", "diameter_sctp is on and this kernel has none: modprobe sctp"


def _sealing(settings: Settings) -> Verdicts:
    if not settings.folder.is_locked():
        yield "good", "the worker seals the audit while it runs"
        return
    through = database.sealed_through(settings, secret_files.load(settings.folder.secrets))
    now = clocks.installation_clock(settings.folder).now()
    late = {source: now - at for source, at in through.items() if now - at > _SEALED_WITHIN}
    for source, lag in sorted(late.items()):
        yield (
            "bad",
            f"{source} is sealed no further than {str(lag).partition('.')[0]} ago: see what the "
            f"worker logs, look for a transaction that never ends, run `wispgate verify`",
        )
    if not late:
        yield "good", f"{len(through)} sources are sealed up to now"


def _outboxes(settings: Settings) -> Verdicts:
    """Events wait for the oldest transaction of the server, whoever has it open."""
    if not (settings.database or settings.folder.is_locked()):
        yield "good", "nothing runs"
        return
    secrets = secret_files.load(settings.folder.secrets)
    holder = horizon.find_holder(settings, secrets)
    if holder is not None:
        grade: Grade = "bad" if holder.seconds >= horizon.VERY_OLD_SECONDS else "warning"
        yield grade, f"events wait for an open transaction: {holder}; {holder.remedy}"
    now = clocks.installation_clock(settings.folder).now()
    late = [
        f"{each.consumer} is {each.oldest_seconds} s behind in {each.source}: "
        f"{each.waiting} events wait"
        for each in horizon.list_backlogs(settings, secrets, now=now)
        if each.is_late
    ]
    yield from (("warning", text) for text in late)
    if holder is None and not late:
        yield "good", "no transaction holds them back, no consumer is behind"


_EXAMINATIONS: dict[str, Callable[[Settings], Verdicts]] = {
    "python": _python,
    "data folder": _folder,
    "secrets": _secrets,
    "disk": _disk,
    "memory": _memory,
    "open files": _open_files,
    "clock": _clock,
    "addresses": _ports,
    "diameter tls": _diameter_tls,
    "sctp": _sctp,
    "postgresql": _postgres,
    "sealing": _sealing,
    "outboxes": _outboxes,
}
