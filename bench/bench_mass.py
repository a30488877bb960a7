"""One act over many lines, while the network goes on charging: rows per second, and what it costs others.

    python -m bench.bench_mass [--lines 100000] [--batch 50] [--gy 500]

Every line's phone is registered over S6a, so that each suspension is a push to a serving node; the
worker is a process of its own and does all of its work: rows, audit, events, messages.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID

from bench import bench_gy, bench_s6a
from bench.load import Load, Phone
from bench.million import memory_mb
from bench.table import Row, report
from bench.world import _KEY, PEERS, World, add_lines, be_durable, peer_host
from tests.harness.charging import GATEWAY_HOST, Subscribers
from tests.harness.databases import TestDatabase, a_database
from tests.harness.network import NOW, Rows
from tests.harness.node_process import NodeProcess

ROOT: Final = Path(__file__).resolve().parents[1]
# What makes sub-services of lines that the network knows: customers, cards, and who has which.
_BUSINESS: Final = """
SET session_replication_role = replica;
CREATE TEMP TABLE made AS SELECT l.*, gen_random_uuid() AS contact_id, gen_random_uuid() AS sim_id,
    gen_random_uuid() AS subscriber_id FROM hot_00.line l;
INSERT INTO crm_contact (id, operator_id, name, email, phone, created_at)
    SELECT contact_id, operator_id, 'Customer ' || imsi, '', '', '{now}' FROM made;
INSERT INTO crm_subscriber (id, operator_id, contact_id, account_id, external_id, brought_by, dealer, created_at)
    SELECT subscriber_id, operator_id, contact_id, account_id, '', '', '', '{now}' FROM made;
INSERT INTO inventory_sim (id, operator_id, core_id, iccid, imsi, form, algorithm, sealed_key, fingerprint, eid,
    sqn, state, state_changed_at, state_cause, subscription_id, dealer, has_check_digit_warning, created_at)
    SELECT m.sim_id, m.operator_id, m.core_id, a.iccid, m.imsi, 'physical', 'milenage', a.sealed_key,
    decode(md5(m.imsi) || md5(m.imsi), 'hex'), '', 0, 'activated', '{now}', '', m.line_id, '', false, '{now}'
    FROM made m JOIN hot_00.authentication a USING (line_id);
INSERT INTO subscriptions_subscription (id, operator_id, subscriber_id, sim_id, msisdn, state, state_changed_at,
    state_cause, profile_version, created_at, activated_at)
    SELECT line_id, operator_id, subscriber_id, sim_id, msisdn, 'active', '{now}', '', 1, '{now}', '{now}' FROM made;
SET session_replication_role = origin;
ANALYZE;
"""
# The worker as it is, but for its data folder: acts, events to their consumers, messages.
_WORKER: Final = """
import sys, threading, django
django.setup()
from wispgate.business.subscriptions import mass
from wispgate.main import chores, worker_process
batch = int(sys.argv[1])
work_off = mass.work_off
mass.work_off = lambda now: work_off(now, batch=batch)
worker_process.work(threading.Event(), on_turn=chores.work_off_mass_acts)
"""
_ASK: Final = """
import sys, uuid, django
django.setup()
from django.conf import settings
from wispgate.business.operators import scope
from wispgate.business.subscriptions import mass
given = {"reason": "operator"}
with scope.within(scope.Scope(now=settings.WISPGATE_CLOCK.now(), operator_id=uuid.UUID(sys.argv[1]))):
    print(mass.begin(sys.argv[2], mass.Chosen(state=sys.argv[3]), given))
"""


@dataclass
class Seen:
    """What stood where, each second: rows done, pushes that wait."""

    at: list[float] = field(default_factory=list)
    done: list[int] = field(default_factory=list)
    pushes: list[int] = field(default_factory=list)


def _environment(database: TestDatabase, role: str) -> dict[str, str]:
    return os.environ | {
        "WISPGATE_DJANGO": json.dumps(database.django(role)),
        "DJANGO_SETTINGS_MODULE": "wispgate.main.django_settings",
        "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
    }


def _ask(database: TestDatabase, operator: UUID, verb: str, state: str) -> str:
    command = [sys.executable, "-c", _ASK, str(operator), verb, state]
    environment = _environment(database, "web")
    return subprocess.check_output(command, env=environment, text=True).strip()


@dataclass
class Stage:
    """A node, lines that are registered, customers of whom each has one, and others that are charged."""

    world: World
    rows: Rows
    gateways: Any
    imsis: list[bytes]
    serving: list[Load] = field(default_factory=list)


def _once(phones: Sequence[Phone]) -> Iterator[Phone]:
    yield from phones


async def _stage(database: TestDatabase, options: argparse.Namespace) -> Stage:
    be_durable(database)
    rows = Rows(database, _KEY)
    rows.add_core()
    rows.add_peers([peer_host(n) for n in range(PEERS)], applications=("s6a",))
    phones = add_lines(rows, options.lines)
    with database.admin() as admin:
        admin.execute(_BUSINESS.format(now=NOW.isoformat()).encode())
    charged = Subscribers.__new__(Subscribers)
    charged.rows, charged.database = rows, database
    for name in (GATEWAY_HOST, *(bench_gy._gateway_name(n) for n in range(1, 4))):
        charged.add_gateway(name)
    imsis = bench_gy.add_subscribers(charged, 2000, first=5_000_000_000)
    process = await NodeProcess(database, _KEY.octets).start()
    stage = Stage(World(database, process, phones), rows, charged, imsis)
    for number in range(PEERS):
        host = peer_host(number)
        talk = [bench_s6a.an_air(host), bench_s6a.a_ulr(host)]
        mine = _once(phones[: options.registered or None][number::PEERS])
        stage.serving.append(await bench_s6a.connect(process.port, host, bench_s6a.S6A, talk, mine))
    for load in stage.serving:
        load.begin(64)
    for load in stage.serving:
        await load.exhausted()
    with database.admin() as admin:
        # As if they had been told long ago: the worker is measured, not what stood before it.
        admin.execute("DELETE FROM hot_00.outbox")
    return stage


async def _gy(stage: Stage, rate: float, seconds: float) -> Any:
    options = SimpleNamespace(seconds=seconds, warm_up=1, updates=4)
    what: Any = SimpleNamespace(
        options=options, process=stage.world.process, database=stage.world.database
    )
    return await bench_gy.measure(what, stage.imsis, connections=4, window=0, rate=rate)


def _look(stage: Stage, act: str, seen: Seen) -> None:
    with stage.world.database.admin() as admin:
        ((done,),) = admin.execute(
            "SELECT done + refused FROM subscriptions_massact WHERE id = %s", (act,)
        ).fetchall()
        ((pushes,),) = admin.execute(
            "SELECT count(*) FROM hot_00.push WHERE state IN ('asked', 'waiting_for_peer', 'sent')"
        ).fetchall()
    seen.at.append(time.perf_counter())
    seen.done.append(done)
    seen.pushes.append(pushes)


async def _run_act(
    stage: Stage, options: argparse.Namespace, verb: str, state: str
) -> tuple[Seen, float, float, list[Any]]:
    """The act from its first row to its last, beside charging: its course, memory, CPU, and Gy."""
    started = time.perf_counter()
    act = _ask(stage.world.database, stage.rows.operator_id, verb, state)
    print(f"asked for and put down in {time.perf_counter() - started:.1f} s", flush=True)
    command = [sys.executable, "-c", _WORKER, str(options.batch)]
    environment = _environment(stage.world.database, "worker")
    worker = await asyncio.create_subprocess_exec(*command, env=environment)
    seen, gy, memory = Seen(), [], 0.0
    charging = asyncio.ensure_future(_gy(stage, options.gy, options.seconds))
    try:
        while not seen.done or seen.done[-1] < options.lines:
            await asyncio.sleep(1)
            _look(stage, act, seen)
            memory = max(memory, memory_mb(worker.pid))
            if charging.done():
                gy.append(charging.result())
                print(
                    f"{seen.done[-1]:>7} rows, {seen.pushes[-1]} pushes wait, Gy {gy[-1]}",
                    flush=True,
                )
                charging = asyncio.ensure_future(_gy(stage, options.gy, options.seconds))
            if seen.at[-1] - seen.at[0] > options.at_most:
                print(f"stopped after {options.at_most} s", flush=True)
                break
        cpu = bench_gy.cpu_seconds([worker.pid])
        await charging
    finally:
        worker.terminate()
        await worker.wait()
    return seen, memory, cpu, gy


async def run(options: argparse.Namespace) -> list[Row]:
    with a_database() as database:
        started = time.perf_counter()
        stage = await _stage(database, options)
        print(
            f"{options.lines:,} lines registered, {time.perf_counter() - started:.0f} s", flush=True
        )
        try:
            before = await _gy(stage, options.gy, options.seconds)
            print(f"Gy alone: {before}", flush=True)
            rows = []
            for verb, state in (("suspend", "active"), ("resume", "suspended"))[: options.acts]:
                rows += _told(verb, await _run_act(stage, options, verb, state), before)
            return rows
        finally:
            await stage.world.process.end(15)


def _told(verb: str, found: tuple[Seen, float, float, list[Any]], before: Any) -> list[Row]:
    seen, memory, cpu, gy = found
    per_second = (seen.done[-1] - seen.done[0]) / max(seen.at[-1] - seen.at[0], 1)
    name = f"Mass {verb}"
    rows = [
        Row(name, "rows/s", round(per_second, 1), cpu_us=round(cpu / max(seen.done[-1], 1) * 1e6)),
        Row(f"{name}, worker's memory", "MB", round(memory, 1)),
        Row(f"{name}, most pushes that waited", "pushes", max(seen.pushes)),
    ]
    if gy:
        p99 = statistics.median(run.p99_ms for run in gy)
        rows.append(
            Row(f"{name}, Gy meanwhile", "requests/s",
                round(statistics.median(run.tps for run in gy)),
                p50_ms=round(statistics.median(run.p50_ms for run in gy), 2), p99_ms=round(p99, 2),
                compared_with="p99 without it", ratio=round(p99 / before.p99_ms, 2))
        )  # fmt: skip
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--registered", type=int, default=0, help="phones that are on; 0: all")
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument(
        "--gy", type=float, default=500, help="charging requests per second beside it"
    )
    parser.add_argument("--seconds", type=float, default=10, help="of each sample of Gy")
    parser.add_argument("--acts", type=int, default=1, choices=(1, 2))
    parser.add_argument("--at-most", type=float, default=3600, help="seconds of an act")
    report("Mass acts", asyncio.run(run(parser.parse_args())))


if __name__ == "__main__":
    main()
