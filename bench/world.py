"""A whole node with a database of its own, many lines in it, and what its work costs.

The node is a process; the database is durable, as in life. Lines are copied in, not bought.
"""

import argparse
import asyncio
import os
import pstats
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID

import psycopg

from bench.load import Figures, Load, Phone
from bench.table import Row
from tests.harness.databases import TestDatabase, a_database
from tests.harness.network import HOST, REALM, Rows, new_id
from tests.harness.node_process import NodeProcess
from wispgate.domain.authentication.keys import AlgorithmName, KeyMaterial
from wispgate.domain.authentication.milenage import opc_of
from wispgate.domain.authentication.sealing import OpeningKey, seal
from wispgate.domain.plan.basic import basic_plan
from wispgate.domain.policy.profile import ApnProfile, NetworkProfile

__all__ = ["HOST", "REALM", "Spent", "World", "a_world", "measure"]

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_KEY: Final = OpeningKey(bytes(range(32)))
PEERS: Final = 4


def peer_host(number: int) -> str:
    return f"peer{number}.{REALM}"


@dataclass
class World:
    """The node, and who may ask it."""

    database: TestDatabase
    process: NodeProcess
    phones: list[Phone]

    @property
    def port(self) -> int:
        return self.process.port

    def talk(self, peer: int) -> Iterator[Phone]:
        """The phones of a peer, again and again."""
        while True:
            yield from self.phones[peer::PEERS]

    def query(self, sql: str) -> list[Any]:
        with self.database.admin() as admin:
            return admin.execute(sql.encode()).fetchall()


@asynccontextmanager
async def a_world(
    subscribers: int, *, profile: str = "", applications: Sequence[str] = ("s6a", "gx", "gy")
) -> AsyncIterator[World]:
    """`profile`: where the node writes what its own time went into."""
    with a_database() as database:
        be_durable(database)
        rows = Rows(database, _KEY)
        rows.add_core()
        hosts = [peer_host(number) for number in range(PEERS)]
        rows.add_peers(hosts, applications=tuple(applications))
        phones = add_lines(rows, subscribers)
        process = NodeProcess(database, _KEY.octets)
        if profile:
            process._order["profile"] = profile
        await process.start()
        try:
            yield World(database, process, phones)
        finally:
            await process.end(15)


def be_durable(database: TestDatabase) -> None:
    """Tests forgo fsync; what is measured is what an operator would have."""
    with database.admin() as admin:
        admin.execute("ALTER SYSTEM SET fsync = on")
        admin.execute("ALTER SYSTEM SET full_page_writes = on")
        admin.execute("SELECT pg_reload_conf()")


def add_lines(rows: Rows, subscribers: int) -> list[Phone]:
    """Cards with a line each, of the basic plan."""
    phones = [Phone(n, f"00101{n:010d}".encode()) for n in range(1, subscribers + 1)]
    text, sealing_key = _profile(), _KEY.sealing_key
    k = secrets.token_bytes(16)
    keys = KeyMaterial(AlgorithmName.MILENAGE, k, opc_of(k, secrets.token_bytes(16))).encode()
    with rows.database.admin() as admin:
        for start in range(0, subscribers, 10_000):
            part = [(p, new_id(), new_id()) for p in phones[start : start + 10_000]]
            with admin.transaction(), admin.cursor() as cursor:
                _copy_lines(cursor, rows, part, text)
                _copy_cards(cursor, rows, part, [
                    seal(sealing_key, keys, bound_to=_iccid(phone)) for phone, _, _ in part
                ])  # fmt: skip
        admin.execute("ANALYZE")
    return phones


_Part = Sequence[tuple[Phone, UUID, UUID]]


def _copy_lines(cursor: psycopg.Cursor, rows: Rows, part: _Part, profile: str) -> None:
    operator, core = str(rows.operator_id), str(rows.core_id)
    _copy(cursor, "account (account_id, operator_id, partition)", (
        (str(account), operator, 0) for _, account, _ in part
    ))  # fmt: skip
    _copy(
        cursor,
        "identity (core_id, kind, value, operator_id, account_id, partition, line_id)",
        (
            (core, "imsi", phone.imsi.decode(), operator, str(account), 0, str(line))
            for phone, account, line in part
        ),
    )
    _copy(
        cursor,
        "hot_00.line (line_id, operator_id, account_id, core_id, state, imsi, msisdn, profile,"
        " profile_version, time_zone, changed_at)",
        (
            (str(line), operator, str(account), core, "active", phone.imsi.decode(),
             f"4917{phone.number:08d}", profile, 1, "UTC", "2026-03-01T12:00:00Z")
            for phone, account, line in part
        ),
    )  # fmt: skip


def _copy_cards(
    cursor: psycopg.Cursor, rows: Rows, part: _Part, sealed_keys: Sequence[bytes]
) -> None:
    operator, core = str(rows.operator_id), str(rows.core_id)
    _copy(
        cursor,
        "hot_00.authentication (core_id, imsi, operator_id, account_id, line_id, iccid, sealed_key,"
        " sqn, consecutive_resyncs)",
        (
            (core, phone.imsi.decode(), operator, str(account), str(line), _iccid(phone),
             sealed, 0, 0)
            for (phone, account, line), sealed in zip(part, sealed_keys, strict=True)
        ),
    )  # fmt: skip


def _copy(cursor: psycopg.Cursor, table: str, rows: Iterator[tuple[object, ...]]) -> None:
    with cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
        for row in rows:
            copy.write_row(row)


def _iccid(phone: Phone) -> str:
    return f"8988211{phone.number:011d}0"


def _profile() -> str:
    plan = basic_plan()
    apns = tuple(ApnProfile(n, apn.name, apn.speed) for n, apn in enumerate(plan.apns, 1))
    return NetworkProfile(version=1, apns=apns, speed=plan.speed).encode()


# --- what it costs --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spent:
    """CPU seconds so far: the node, PostgreSQL's backends, the load itself."""

    node: float
    postgres: float
    load: float
    at: float

    @classmethod
    def now(cls, world: World, node_pid: int) -> Self:
        return cls(
            cpu_seconds([node_pid]),
            cpu_seconds(backends(world.database)),
            time.process_time(),
            time.perf_counter(),
        )


@dataclass(frozen=True)
class Measured:
    """One run: what came back, and for how much."""

    tps: float
    figures: Figures
    node_us: float
    postgres_us: float
    load_us: float

    @property
    def cpu_us(self) -> float:
        """Node and PostgreSQL."""
        return self.node_us + self.postgres_us

    def __str__(self) -> str:
        figures = self.figures
        failures = f" failures {figures.failures}" if figures.failures else ""
        return (
            f"{self.tps:8,.0f} tps  p50 {figures.quantile(50):6.2f}  p99 {figures.quantile(99):6.2f} ms"
            f"  node {self.node_us:4.0f}  postgres {self.postgres_us:4.0f}  load {self.load_us:4.0f} us"
            f"{failures}"
        )


async def measure(
    world: World, loads: Sequence[Load], *, window: int, seconds: float, warm_up: float = 1.0,
    node_pid: int = 0,
) -> Measured:  # fmt: skip
    """A closed loop: some time to warm up, then the seconds that count.

    `node_pid`: another node than the world's answers.
    """
    pid = node_pid or world.process.pid
    for load in loads:
        load.begin(window)
    await asyncio.sleep(warm_up)
    for load in loads:
        load.figures = Figures()
    before = Spent.now(world, pid)
    await asyncio.sleep(seconds)
    found = Figures().join([load.figures for load in loads])
    after = Spent.now(world, pid)
    for load in loads:
        await load.drain()
        load.transport.abort()
    return _measured(before, after, found)


def _measured(before: Spent, after: Spent, figures: Figures) -> Measured:
    done = max(1, len(figures.latencies))
    return Measured(
        done / (after.at - before.at),
        figures,
        (after.node - before.node) / done * 1e6,
        (after.postgres - before.postgres) / done * 1e6,
        (after.load - before.load) / done * 1e6,
    )


def a_parser(about: str | None, *, seconds: float = 5) -> argparse.ArgumentParser:
    """What all benches of a whole node let be chosen."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0] if about else "")
    parser.add_argument("--subscribers", type=int, default=2000)
    parser.add_argument("--connections", type=int, default=PEERS, choices=range(1, PEERS + 1))
    parser.add_argument("--window", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=seconds)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", type=int, default=0, help="lines of profile to print")
    parser.add_argument("--alone", action=argparse.BooleanOptionalAction, default=True)
    return parser


def as_row(name: str, runs: Sequence[Measured], **compared: Any) -> Row:
    """The median of the runs; a benchmark in which anything was refused has failed."""
    found = median(runs)
    if any(run.figures.failures for run in runs):
        sys.exit(f"{name}: not all answers were 2001: {[r.figures.failures for r in runs]}")
    return Row(
        name,
        "requests/s",
        round(found.tps),
        p50_ms=round(found.figures.quantile(50), 2),
        p99_ms=round(found.figures.quantile(99), 2),
        cpu_us=round(found.cpu_us, 1),
        **compared,
    )


def median(runs: Sequence[Measured]) -> Measured:
    """The run in the middle by its rate, with everything else of the same run."""
    ordered = sorted(runs, key=lambda run: run.tps)
    return ordered[(len(ordered) - 1) // 2]


def disk_ms(world: World, writes: int = 50) -> float:
    """What one durable write costs here and now: the floor under a request that is alone."""
    spent = []
    with tempfile.TemporaryFile(dir=world.database.cluster.lock_folder) as file:
        for _ in range(writes):
            os.pwrite(file.fileno(), bytes(8192), 0)
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            spent.append(time.perf_counter() - started)
    return statistics.median(spent) * 1000


def alone_row(name: str, runs: Sequence[Measured], disk: Sequence[float]) -> Row:
    """Requests one at a time; `ratio` is their median time against a durable write's."""
    row = as_row(name, runs)
    ratio = (row.p50_ms or 0) / statistics.median(disk)
    return replace(row, compared_with="fdatasync (p50)", ratio=round(ratio, 2))


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and system time of processes; one that has gone counts nothing."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def backends(database: TestDatabase) -> list[int]:
    """PostgreSQL's processes that serve the node."""
    with database.admin() as admin:
        rows = admin.execute(
            "SELECT pid FROM pg_stat_activity"
            " WHERE datname = %s AND application_name LIKE 'wispgate%%'",
            (database.name,),
        ).fetchall()
    return [pid for (pid,) in rows]


def show_profile(path: str, lines: int) -> None:
    """Where the node's own time went."""
    pstats.Stats(path).sort_stats("tottime").print_stats(lines)


def a_profile_file() -> str:
    return str(Path(tempfile.mkdtemp()) / "profile")
