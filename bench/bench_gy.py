"""Load on online charging: a node process and a database of its own, gateways with many sessions.

    python -m bench.bench_gy --subscribers 2000 --connections 4 --window 128 --seconds 10

Each subscriber runs one session after the other (CCR-I, `--updates` CCR-U, CCR-T) in a closed loop:
`--window` requests are outstanding on each connection. `--pool` charges all of them to one bucket.
Prints a table and, with `--json FILE`, writes the same figures. Afterwards the sums must be exact.
"""

import argparse
import asyncio
import json
import os
import pstats
import secrets
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.harness.charging import (
    GATEWAY_HOST,
    NOW,
    ChargingProcess,
    Gateway,
    Line,
    Subscribers,
    mscc,
    subscription,
)
from tests.harness.databases import TestDatabase, a_database
from tests.harness.network import REALM
from tests.unit.domain.charging.account import a_bucket, a_plan
from wispgate.domain.plan.compiled import Allowance, GrantRules
from wispgate.domain.plan.tariff import UnitKind
from wispgate.store import sync
from wispgate.store.charging_rows import bucket_row
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
_SESSION = "pgw.epc.test;{:010d};{:06d}"


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
    """One connection after its CER: keeps its window full until it is told to stop."""

    def __init__(self, sessions: Iterator[tuple[int, bytes]], options: argparse.Namespace) -> None:
        self._subscribers = sessions
        self._options = options
        self._templates = {kind: Template.make(kind) for kind in "IUT"}
        self._open: dict[int, tuple[bytes, bytes, int, float]] = {}
        self._next = 1
        self._buffer = b""
        self.figures = Figures()
        self.is_stopping = False
        self.is_drained = asyncio.Event()
        self.transport: Any = None

    def take_over(self, gateway: Gateway) -> None:
        """Goes on with the connection of a client that has introduced itself."""
        client: Any = gateway.client
        client._ticking.cancel()
        self.transport = transport = client._transport
        transport.set_protocol(self)
        transport.write(b"".join(self._start() for _ in range(self._options.window)))

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
        if self.is_stopping and not self._open:
            self.is_drained.set()

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
        if number > self._options.updates:
            return b"" if self.is_stopping else self._start()
        return self._send(session, imsi, number + 1)

    def _start(self) -> bytes:
        number, imsi = next(self._subscribers)
        return self._send(_SESSION.format(number, self._next).encode(), imsi, 0)

    def _send(self, session: bytes, imsi: bytes, number: int) -> bytes:
        self._next += 1
        self._open[self._next] = session, imsi, number, time.perf_counter()
        kind = "I" if number == 0 else "U" if number <= self._options.updates else "T"
        return self._templates[kind].fill(self._next, session, number, imsi)


def add_subscribers(subscribers: Subscribers, options: argparse.Namespace) -> list[bytes]:
    """Lines with one bucket each, or members of one pool; in one transaction each thousand."""
    subscribers.add_plan(PLAN)
    first = subscribers.add_line("001010000000000", PLAN, a_bucket(1, octets=OCTETS_PER_BUCKET))
    profile = subscribers.query("SELECT profile::text FROM every_line")[0][0]
    imsis = [first.imsi]
    for start in range(1, options.subscribers, 1000):
        with subscribers.rows.connect() as connection, connection.cursor() as cursor:
            for n in range(start, min(start + 1000, options.subscribers)):
                line = Line(f"00101{n:010d}", UUID(bytes=secrets.token_bytes(16)), 0, version=1)
                if options.pool:
                    line.account_id = first.account_id
                _add(cursor, subscribers, line, profile, n, is_pool=options.pool)
                imsis.append(line.imsi)
    with subscribers.database.admin() as admin:
        admin.execute("ANALYZE")
    return [imsi.encode() for imsi in imsis]


def _add(
    cursor: Any, subscribers: Subscribers, line: Line, profile: str, n: int, *, is_pool: bool
) -> None:
    owner = {"operator_id": subscribers.operator_id, "account_id": line.account_id}
    core_id = subscribers.rows.core_id
    sync.run(cursor, "add_identity", owner | {
        "core_id": core_id, "kind": "imsi", "value": line.imsi, "partition": 0,
        "line_id": line.line_id,
    })  # fmt: skip
    sync.run(cursor, "put_line", owner | {
        "line_id": line.line_id, "core_id": core_id, "state": "active", "imsi": line.imsi,
        "msisdn": None, "profile": profile, "profile_version": 1, "time_zone": "UTC", "now": NOW,
        "plan_id": PLAN.plan_id, "plan_version": PLAN.version,
    }, partition=0)  # fmt: skip
    if not is_pool:
        bucket = a_bucket(1000 + n, octets=OCTETS_PER_BUCKET)
        sync.run(cursor, "insert_bucket", bucket_row(
            bucket, **owner, name="data", source="plan", notify_percents=PLAN.notify_percents,
        ), partition=0)  # fmt: skip


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


async def measure(
    options: argparse.Namespace,
    database: TestDatabase,
    process: ChargingProcess,
    sessions: Iterator[tuple[int, bytes]],
) -> dict[str, Any]:
    """One run: a second to warm up, then the seconds that count."""
    loads = []
    for n in range(options.connections):
        gateway = await Gateway.connect(process.port, _gateway_name(n))
        load = Load(sessions, options)
        load.take_over(gateway)
        loads.append(load)
    await asyncio.sleep(options.warm_up)
    before = sum(len(load.figures.latencies) for load in loads)
    places = [len(load.figures.latencies) for load in loads]
    pids, node_before = backends(database), cpu_seconds([process.pid])
    database_before, own_before, started = (
        cpu_seconds(pids),
        time.process_time(),
        time.perf_counter(),
    )
    await asyncio.sleep(options.seconds)
    elapsed = time.perf_counter() - started
    done = sum(len(load.figures.latencies) for load in loads) - before
    node = cpu_seconds([process.pid]) - node_before
    postgres, own = cpu_seconds(pids) - database_before, time.process_time() - own_before
    latencies = [
        x for load, at in zip(loads, places, strict=True) for x in load.figures.latencies[at:]
    ]
    for load in loads:
        load.is_stopping = True
    await asyncio.wait_for(asyncio.gather(*(load.is_drained.wait() for load in loads)), 60)
    for load in loads:
        load.transport.abort()
    failures: dict[int, int] = {}
    for load in loads:
        for code, times in load.figures.failures.items():
            failures[code] = failures.get(code, 0) + times
    cuts = statistics.quantiles(latencies, n=100)
    return {
        "tps": round(done / elapsed),
        "p50_ms": round(cuts[49] * 1000, 2),
        "p99_ms": round(cuts[98] * 1000, 2),
        "node_us": round(node / done * 1e6, 1),
        "postgres_us": round(postgres / done * 1e6, 1),
        "load_us": round(own / done * 1e6, 1),
        "failures": failures,
        "used": sum(load.figures.used for load in loads),
    }


def _gateway_name(number: int) -> str:
    return GATEWAY_HOST if number == 0 else f"pgw{number + 1}.epc.test"


def check_sums(subscribers: Subscribers, used: int) -> None:
    rows = subscribers.query("SELECT sum(initial - remaining), sum(reserved) FROM every_bucket")
    ledger = subscribers.query("SELECT -sum(amount) FROM every_ledger")
    if rows != [(used, 0)] or ledger != [(used,)]:
        sys.exit(f"the sums are wrong: buckets {rows}, ledger {ledger}, reported {used}")


async def run(options: argparse.Namespace) -> list[dict[str, Any]]:
    figures = []
    with a_database() as database, tempfile.TemporaryDirectory() as folder:
        subscribers = Subscribers(database)
        for n in range(1, options.connections):
            subscribers.add_gateway(_gateway_name(n))
        imsis = add_subscribers(subscribers, options)
        profile = str(Path(folder) / "profile")
        order = {"profile": profile} if options.profile else {}
        process = await ChargingProcess(database.dsn("network")).start(is_real_time=False, **order)
        used = 0
        sessions = ((n, imsis[n % len(imsis)]) for n in count())
        for number in range(options.rounds):
            found = await measure(options, database, process, sessions)
            used += found["used"]
            figures.append(found)
            print(number, {key: value for key, value in found.items() if key != "used"}, flush=True)
        shares = await process.stop()
        print("paths", shares)
        check_sums(subscribers, used)
        if options.profile:
            pstats.Stats(profile).sort_stats("tottime").print_stats(options.profile)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--subscribers", type=int, default=2000)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--window", type=int, default=128)
    parser.add_argument("--updates", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--warm-up", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pool", action="store_true")
    parser.add_argument("--profile", type=int, default=0, help="lines of profile to print")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    figures = asyncio.run(run(options))
    tps = statistics.median(found["tps"] for found in figures)
    print(f"median {tps:.0f} tps, window {options.connections} x {options.window}")
    if options.json:
        options.json.write_text(
            json.dumps({"options": vars(options), "rounds": figures}, default=str)
        )


if __name__ == "__main__":
    main()
