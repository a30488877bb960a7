"""Load on online charging: a node process and a durable database, gateways with many sessions.

    python -m bench.bench_gy [--subscribers 2000] [--rounds 5] [--no-compile]

Each subscriber runs one session after the other (CCR-I, `--updates` CCR-U, CCR-T) in a closed loop:
`--window` requests are outstanding on each connection. Interpreted and compiled take turns, and so
do the ways to ask: all at once, one at a time, at half the rate, 2,000 sessions on one pool, and
many subscribers (`--many`) instead of few. Figures are medians. Afterwards the sums must be exact.
"""

import argparse
import asyncio
import os
import pstats
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from bench.forms import sources
from bench.table import Row, report
from tests.harness.charging import (
    GATEWAY_HOST,
    NOW,
    ChargingProcess,
    Gateway,
    Subscribers,
    mscc,
    subscription,
)
from tests.harness.databases import TestDatabase, a_database
from tests.harness.network import REALM
from tests.unit.domain.charging.account import a_bucket, a_plan
from wispgate.domain.plan.compiled import Allowance, GrantRules
from wispgate.domain.plan.tariff import UnitKind
from wispgate.wire.diameter.commands import APPLICATION_CREDIT_CONTROL, COMMAND_CREDIT_CONTROL
from wispgate.wire.diameter.header import FLAG_PROXIABLE, FLAG_REQUEST, Header
from wispgate.wire.diameter.message import AvpItem, encode_message

OCTETS_PER_BUCKET = 10**15
USED = 1_000
PLAN = a_plan(
    plan_id=UUID(int=77),
    allowances=(Allowance("data", UnitKind.OCTETS, OCTETS_PER_BUCKET),),
    grant=GrantRules(slice_octets=1_000_000),
    notify_percents=(50, 80, 100),
)
TICKS = os.sysconf("SC_CLK_TCK")
# Gateways do not ask in step: what is due together in a longer tick would wait for itself.
_TICK_SECONDS: Final = 0.001
_SESSION = "pgw.epc.test;{:010d};{:08d}"
_serial = count(1)


@dataclass
class Template:
    """A ready CCR with the places of what differs: session, number, subscriber."""

    octets: bytes
    session_at: int
    number_at: int
    imsi_at: int

    @classmethod
    def make(cls, kind: str) -> "Template":
        session, imsi = _SESSION.format(0, 0), "9" * 15
        number = 0x7A7A7A7A
        types = {"I": 1, "U": 2, "T": 3}
        avps: list[AvpItem] = [
            ("Session-Id", session),
            ("Origin-Host", GATEWAY_HOST),
            ("Origin-Realm", REALM),
            ("Destination-Realm", REALM),
            ("Auth-Application-Id", APPLICATION_CREDIT_CONTROL),
            ("Service-Context-Id", "32251@3gpp.org"),
            ("CC-Request-Type", types[kind]),
            ("CC-Request-Number", number),
            ("Event-Timestamp", NOW),
            subscription(1, imsi),
            subscription(0, "491700000000"),
            ("Multiple-Services-Indicator", 1),
            _group(kind),
            ("User-Equipment-Info", [
                ("User-Equipment-Info-Type", 0),
                ("User-Equipment-Info-Value", b"8665070400405301"),
            ]),
            ("Service-Information", [("PS-Information", [
                ("3GPP-Charging-Id", b"\0\0\0\1"),
                ("3GPP-PDP-Type", 0),
                ("Called-Station-Id", "internet"),
                ("3GPP-Selection-Mode", "0"),
                ("3GPP-SGSN-MCC-MNC", "00101"),
                ("3GPP-NSAPI", b"\5"),
                ("3GPP-MS-TimeZone", b"\0\0"),
                ("3GPP-User-Location-Info", b"\x82\x99\xf9\x07\0\1\x99\xf9\x07\1\7\x9b\xaf"),
                ("3GPP-RAT-Type", b"\6"),
            ])]),
        ]  # fmt: skip
        header = Header(
            FLAG_REQUEST | FLAG_PROXIABLE, COMMAND_CREDIT_CONTROL, APPLICATION_CREDIT_CONTROL, 0, 0
        )
        octets = encode_message(header, avps)
        return cls(
            octets,
            octets.index(session.encode()),
            octets.index(number.to_bytes(4, "big")),
            octets.index(imsi.encode()),
        )

    def fill(self, identifier: int, session: bytes, number: int, imsi: bytes) -> bytes:
        message = bytearray(self.octets)
        message[12:16] = message[16:20] = identifier.to_bytes(4, "big")
        message[self.session_at : self.session_at + len(session)] = session
        message[self.number_at : self.number_at + 4] = number.to_bytes(4, "big")
        message[self.imsi_at : self.imsi_at + len(imsi)] = imsi
        return bytes(message)


def _group(kind: str) -> AvpItem:
    wish = None if kind == "T" else 1_000_000
    return mscc(10, want=wish, used=None if kind == "I" else USED)


@dataclass
class Figures:
    """What the gateways saw."""

    latencies: list[float] = field(default_factory=list)
    failures: dict[int, int] = field(default_factory=dict)
    used: int = 0


class Load(asyncio.Protocol):
    """One connection after its CER: keeps its window full, or its rate, until told to stop."""

    def __init__(self, imsis: Iterator[bytes], *, updates: int, rate: float = 0) -> None:
        self._imsis = imsis
        self._updates = updates
        self._rate = rate
        self._templates = {kind: Template.make(kind) for kind in "IUT"}
        self._open: dict[int, tuple[bytes, bytes, int, float]] = {}
        self._ready: deque[tuple[bytes, bytes, int]] = deque()
        self._next = 1
        self._buffer = b""
        self._pacing: asyncio.Task[None] | None = None
        self.figures = Figures()
        self.is_stopping = False
        self.is_drained = asyncio.Event()
        self.transport: Any = None

    def take_over(self, gateway: Gateway, window: int) -> None:
        """Goes on with the connection of a client that has introduced itself."""
        client: Any = gateway.client
        client._ticking.cancel()
        self.transport = transport = client._transport
        transport.set_protocol(self)
        if self._rate:
            self._pacing = asyncio.get_running_loop().create_task(self._pace())
        else:
            transport.write(b"".join(self._start() for _ in range(window)))

    def stop(self) -> None:
        """No more sessions; those that are open come to their end."""
        self.is_stopping = True
        if self._rate:
            self._rate *= 4
        self._look_whether_drained()

    def data_received(self, data: bytes) -> None:
        buffer, position, now, out = self._buffer + data, 0, time.perf_counter(), []
        while len(buffer) - position >= 20:
            length = int.from_bytes(buffer[position + 1 : position + 4], "big")
            if len(buffer) - position < length:
                break
            following = self._receive(buffer[position : position + length], now)
            if following:
                out.append(following)
            position += length
        self._buffer = buffer[position:]
        if out:
            self.transport.write(b"".join(out))
        self._look_whether_drained()

    def _look_whether_drained(self) -> None:
        if self.is_stopping and not self._open and not self._ready:
            self.is_drained.set()

    async def _pace(self) -> None:
        """Sends what is due, whatever comes back. A session waits for its answer, as ever."""
        started, sent = time.perf_counter(), 0
        while not self.is_drained.is_set():
            await asyncio.sleep(_TICK_SECONDS)
            due = int((time.perf_counter() - started) * self._rate) - sent
            sent += due
            ready, out = self._ready, []
            for _ in range(due):
                if ready:
                    out.append(self._send(*ready.popleft()))
                elif not self.is_stopping:
                    out.append(self._start())
            self.transport.write(b"".join(out))

    def _receive(self, answer: bytes, now: float) -> bytes:
        identifier = int.from_bytes(answer[12:16], "big")
        if identifier not in self._open:
            return b""  # a watchdog of the node; runs are shorter than its patience
        session, imsi, number, sent = self._open.pop(identifier)
        self.figures.latencies.append(now - sent)
        place = answer.index(b"\0\0\1\x0c\x40\0\0\x0c", 20)
        code = int.from_bytes(answer[place + 8 : place + 12], "big")
        if code != 2001:
            self.figures.failures[code] = self.figures.failures.get(code, 0) + 1
        if number:
            self.figures.used += USED
        if number > self._updates:
            return b"" if self.is_stopping or self._rate else self._start()
        if self._rate:
            self._ready.append((session, imsi, number + 1))
            return b""
        return self._send(session, imsi, number + 1)

    def _start(self) -> bytes:
        session = _SESSION.format(os.getpid(), next(_serial)).encode()
        return self._send(session, next(self._imsis), 0)

    def _send(self, session: bytes, imsi: bytes, number: int) -> bytes:
        self._next += 1
        self._open[self._next] = session, imsi, number, time.perf_counter()
        kind = "I" if number == 0 else "U" if number <= self._updates else "T"
        return self._templates[kind].fill(self._next, session, number, imsi)


# What one line is made from another by, in bulk: the same row with other keys.
_FRESH = """
    CREATE TEMP TABLE fresh AS
    SELECT '00101' || lpad(n::text, 10, '0') AS value, gen_random_uuid() AS line_id,
           gen_random_uuid() AS account_id, gen_random_uuid() AS bucket_id
    FROM generate_series({first}, {last}) AS n
"""
_COPY = """
    INSERT INTO {table}
    SELECT (jsonb_populate_record(t, jsonb_strip_nulls(to_jsonb(f)) || {changes})).*
    FROM {table} t, fresh f WHERE t.{key} = '{of}'
"""


def add_subscribers(
    subscribers: Subscribers, number: int, *, first: int = 0, is_pool: bool = False
) -> list[bytes]:
    """Lines with one bucket each, or members of one pool."""
    subscribers.add_plan(PLAN)
    bucket = a_bucket(1 + first, octets=OCTETS_PER_BUCKET)
    line = subscribers.add_line(f"00101{first:010d}", PLAN, bucket)
    last = first + number - 1
    with subscribers.database.admin() as admin:
        admin.execute(_FRESH.format(first=first + 1, last=last).encode())
        if is_pool:
            admin.execute("UPDATE fresh SET account_id = %s", (line.account_id,))
        tables = [
            ("identity", "line_id", line.line_id, "'{}'"),
            ("hot_00.line", "line_id", line.line_id, "jsonb_build_object('imsi', f.value)"),
        ]
        if not is_pool:
            tables.append(("hot_00.bucket", "bucket_id", bucket.bucket_id, "'{}'"))
        for table, key, of, changes in tables:
            admin.execute(_COPY.format(table=table, key=key, of=of, changes=changes).encode())
        admin.execute("DROP TABLE fresh")
        admin.execute("ANALYZE")
    return [f"00101{n:010d}".encode() for n in range(first, last + 1)]


def cpu_seconds(pids: list[int]) -> float:
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def backends(database: TestDatabase) -> list[int]:
    with database.admin() as admin:
        rows = admin.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = %s AND application_name LIKE 'wispgate%%'",
            (database.name,),
        ).fetchall()
    return [pid for (pid,) in rows]


@dataclass
class Measured:
    """What one run was like: requests per second, milliseconds, CPU microseconds per request."""

    tps: float
    p50_ms: float
    p99_ms: float
    node_us: float
    postgres_us: float
    failures: dict[int, int]
    used: int

    @property
    def cpu_us(self) -> float:
        return self.node_us + self.postgres_us

    def __str__(self) -> str:
        return (
            f"{self.tps:,.0f} tps, p50 {self.p50_ms:.2f} ms, p99 {self.p99_ms:.2f} ms, "
            f"node {self.node_us:.0f} us, PostgreSQL {self.postgres_us:.0f} us, "
            f"failures {self.failures}"
        )


async def measure(
    bench: "Bench", imsis: list[bytes], *, connections: int, window: int, rate: float = 0
) -> Measured:
    """One run: a moment to warm up, then the seconds that count."""
    options, process = bench.options, bench.process
    loads = []
    for n in range(connections):
        gateway = await Gateway.connect(process.port, _gateway_name(n))
        own = _again_and_again(imsis[n::connections])
        load = Load(own, updates=options.updates, rate=rate / connections)
        load.take_over(gateway, window)
        loads.append(load)
    await asyncio.sleep(options.warm_up)
    places = [len(load.figures.latencies) for load in loads]
    pids = backends(bench.database)
    started = time.perf_counter()
    node_before, postgres_before = cpu_seconds([process.pid]), cpu_seconds(pids)
    await asyncio.sleep(options.seconds)
    node = cpu_seconds([process.pid]) - node_before
    postgres = cpu_seconds(pids) - postgres_before
    elapsed = time.perf_counter() - started
    latencies = [
        x for load, at in zip(loads, places, strict=True) for x in load.figures.latencies[at:]
    ]
    await _drain(loads)
    failures: dict[int, int] = {}
    for load in loads:
        for code, times in load.figures.failures.items():
            failures[code] = failures.get(code, 0) + times
    cuts = statistics.quantiles(latencies, n=100)
    done = len(latencies)
    return Measured(
        tps=done / elapsed,
        p50_ms=cuts[49] * 1000,
        p99_ms=cuts[98] * 1000,
        node_us=node / done * 1e6,
        postgres_us=postgres / done * 1e6,
        failures=failures,
        used=sum(load.figures.used for load in loads),
    )


async def _drain(loads: list[Load]) -> None:
    for load in loads:
        load.stop()
    await asyncio.wait_for(asyncio.gather(*(load.is_drained.wait() for load in loads)), 120)
    for load in loads:
        load.transport.abort()
    await asyncio.sleep(0.2)


def _again_and_again(imsis: list[bytes]) -> Iterator[bytes]:
    while True:
        yield from imsis


def _gateway_name(number: int) -> str:
    return GATEWAY_HOST if number == 0 else f"pgw{number + 1}.epc.test"


def check_sums(subscribers: Subscribers, used: int) -> None:
    rows = subscribers.query("SELECT sum(initial - remaining), sum(reserved) FROM every_bucket")
    ledger = subscribers.query("SELECT -sum(amount) FROM every_ledger")
    if rows != [(used, 0)] or ledger != [(used,)]:
        sys.exit(f"the sums are wrong: buckets {rows}, ledger {ledger}, reported {used}")


@contextmanager
def durably(database: TestDatabase) -> Iterator[None]:
    """Tests forgo fsync; what is measured is what an operator would have."""
    with database.admin() as admin:
        for setting in ("fsync", "full_page_writes"):
            admin.execute(f"ALTER SYSTEM SET {setting} = on".encode())
        admin.execute("SELECT pg_reload_conf()")
    yield


class Bench:
    """The database, who is in it, and the node of one form at a time."""

    def __init__(self, options: argparse.Namespace, database: TestDatabase) -> None:
        self.options = options
        self.database = database
        self.used = 0
        self.subscribers = Subscribers(database)
        for n in range(1, options.connections):
            self.subscribers.add_gateway(_gateway_name(n))
        few = options.subscribers
        self.imsis = {"few": add_subscribers(self.subscribers, few)}
        if options.pool:
            self.imsis["pool"] = add_subscribers(
                self.subscribers, few, first=10_000_000, is_pool=True
            )
        if options.many:
            many = add_subscribers(self.subscribers, options.many, first=20_000_000)
            # In no order: neighbours in a table would be found in memory.
            random.Random(1).shuffle(many)  # noqa: S311 (repeatable, and nobody's secret)
            self.imsis["many"] = many
        self.process: ChargingProcess
        self.figures: dict[tuple[str, str], list[Measured]] = {}

    async def round(self, form: str, source: Path, profile: str = "") -> None:
        """All ways to ask, of a node that has just started."""
        order = {"profile": profile} if profile else {}
        dsn = self.database.dsn("network")
        self.process = await ChargingProcess(dsn, source=source).start(is_real_time=False, **order)
        options = self.options
        full = {"connections": options.connections, "window": options.window}
        peak = (await self._run(form, "all", "few", **full)).tps
        if options.alone:
            await self._run(form, "alone", "few", connections=1, window=1)
        if options.half:
            half = {"connections": options.connections, "window": 0, "rate": peak / 2}
            await self._run(form, "half", "few", **half)
        for name in ("pool", "many"):
            if name in self.imsis:
                await self._run(form, name, name, **full)
        print("paths", await self.process.stop(), flush=True)

    async def _run(self, form: str, name: str, whose: str, **how: Any) -> Measured:
        found = await measure(self, self.imsis[whose], **how)
        self.used += found.used
        self.figures.setdefault((form, name), []).append(found)
        print(f"{form}, {name}: {found}", flush=True)
        return found


async def run(options: argparse.Namespace, forms: dict[str, Path]) -> dict[tuple[str, str], Any]:
    with a_database() as database, durably(database), tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, database)
        path = str(Path(folder) / "profile") if options.profile else ""
        for _ in range(options.rounds):
            for form, source in forms.items():
                await bench.round(form, source, path)
        check_sums(bench.subscribers, bench.used)
        if path:
            pstats.Stats(path).sort_stats("tottime").print_stats(options.profile)
        return bench.figures


def rows_of(
    figures: dict[tuple[str, str], list[Measured]], options: argparse.Namespace
) -> list[Row]:
    titles = {
        "all": f"Gy, {options.connections} x {options.window}",
        "alone": "Gy, one at a time",
        "half": "Gy, half the rate",
        "pool": f"Gy, {options.subscribers} sessions on one pool",
        "many": f"Gy, {options.many} subscribers",
    }
    rows = []
    for (form, name), runs in figures.items():
        base = figures[form, "all"]
        is_compared = name in ("pool", "many")
        ratio = [run.tps / other.tps for run, other in zip(runs, base, strict=True)]
        rows.append(
            Row(
                f"{titles[name]}, {form}",
                "tps",
                statistics.median(run.tps for run in runs),
                p50_ms=statistics.median(run.p50_ms for run in runs),
                p99_ms=statistics.median(run.p99_ms for run in runs),
                cpu_us=statistics.median(run.cpu_us for run in runs),
                compared_with=f"{options.subscribers} buckets" if is_compared else None,
                ratio=statistics.median(ratio) if is_compared else None,
            )
        )
    return rows


def a_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--subscribers", type=int, default=2000)
    parser.add_argument("--many", type=int, default=0, help="subscribers of the large run")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--window", type=int, default=128)
    parser.add_argument("--updates", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--warm-up", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    for name in ("alone", "half", "pool", "compile"):
        parser.add_argument(f"--no-{name}", dest=name, action="store_false")
    parser.add_argument("--profile", type=int, default=0, help="lines of profile to print")
    return parser


def main() -> None:
    options = a_parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    print(f"load when it began: {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        try:
            forms = sources(Path(folder), is_compiling=options.compile)
        except subprocess.CalledProcessError:
            print("there is no compiler: interpreted alone")
            forms = sources(Path(folder) / "alone", is_compiling=False)
        figures = asyncio.run(run(options, forms))
    print(f"load when it ended: {os.getloadavg()[0]:.1f}")
    report("Online charging", rows_of(figures, options))


if __name__ == "__main__":
    main()
