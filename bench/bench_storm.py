"""An attach storm: every phone at once authenticates, registers and opens its session.

    python -m bench.bench_storm --subscribers 20000

As after a power cut: no phone was seen before, so every seal is opened and every row is read for
the first time. A phone whose request is shed tries again, as phones do. The storm is over when all
of them are attached; the rows must say the same.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from typing import Final

from bench.bench_gx import GX, INITIAL, a_ccr
from bench.bench_s6a import S6A, a_ulr, an_air
from bench.load import Figures, Template, connect
from bench.table import Row, report
from bench.world import PEERS, Spent, World, a_parser, a_world, peer_host
from wispgate.wire.diameter.capabilities import Application

TOO_BUSY: Final = 3004
_REQUESTS_PER_PHONE: Final = 3


async def attach(world: World, window: int) -> Figures:
    """All phones through AIR and ULR, then through CCR-I; each step begins where it is let."""
    figures = Figures()
    steps: list[tuple[Application, Callable[[str], list[Template]]]] = [
        (S6A, lambda host: [an_air(host), a_ulr(host)]),
        (GX, lambda host: [a_ccr(host, INITIAL)]),
    ]
    for application, conversation in steps:
        loads = []
        for host in map(peer_host, range(PEERS)):
            number = len(loads)
            phones = iter(world.phones[number::PEERS])
            load = await connect(world.port, host, application, conversation(host), phones)
            load.repeats = {TOO_BUSY}
            loads.append(load)
        for load in loads:
            load.begin(window)
        await asyncio.gather(*(load.exhausted() for load in loads))
        figures.join([load.figures for load in loads])
        for load in loads:
            load.transport.abort()
        await asyncio.sleep(0.2)
    return figures


async def run(options: argparse.Namespace) -> tuple[float, Figures, Spent, Spent]:
    async with a_world(options.subscribers) as world:
        before, started = Spent.now(world, world.process.pid), time.perf_counter()
        figures = await attach(world, options.window)
        elapsed, after = time.perf_counter() - started, Spent.now(world, world.process.pid)
        check(world, options.subscribers)
    return elapsed, figures, before, after


def check(world: World, phones: int) -> None:
    """Everybody is registered and has one open session."""
    rows = world.query(
        "SELECT (SELECT count(*) FROM hot_00.registration),"
        " (SELECT count(*) FROM hot_00.policy_session WHERE is_open)"
    )
    if rows != [(phones, phones)]:
        sys.exit(f"of {phones} phones (registered, online) are {rows}")


def main() -> None:
    parser = a_parser(__doc__)
    parser.set_defaults(subscribers=20_000, window=500)
    options = parser.parse_args()
    elapsed, figures, before, after = asyncio.run(run(options))
    phones = options.subscribers
    spent = after.node - before.node + after.postgres - before.postgres
    row = Row(
        f"Attach storm of {phones:,} phones", "phones/s", round(phones / elapsed),
        p50_ms=round(figures.quantile(50), 2), p99_ms=round(figures.quantile(99), 2),
        cpu_us=round(spent / phones * 1e6, 1),
    )  # fmt: skip
    report("Attach storm", [row])
    print(f"{elapsed:.1f} s, {_REQUESTS_PER_PHONE} requests each, results {figures.results}")


if __name__ == "__main__":
    main()
