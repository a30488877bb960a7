"""Twice what a node can do, for a minute: what is answered well, what is shed, what is lost.

    python -m bench.bench_overload --seconds 60

First the peak: a closed loop of AIRs over all connections. Then twice that rate on the same
connections, answered or not, with a watchdog on each of them every second. Nothing may stay
unanswered, whatever is not answered well is answered 3004, and no watchdog waits for long.
"""

import argparse
import asyncio
import sys
import time
from dataclasses import dataclass
from typing import Final

from bench.bench_s6a import S6A, an_air
from bench.load import SUCCESS, Figures, Load, a_watchdog, connect
from bench.table import Row, report
from bench.world import World, a_parser, a_world, measure, peer_host

TOO_BUSY: Final = 3004
OVERLOAD: Final = 2.0


@dataclass(frozen=True)
class Outcome:
    """What became of the overload."""

    peak: float
    offered: float
    good: float
    figures: Figures
    unanswered: int
    watchdogs: list[float]


async def asking(world: World, connections: int) -> list[Load]:
    hosts = [peer_host(number) for number in range(connections)]
    return [
        await connect(world.port, host, S6A, [an_air(host)], world.talk(number))
        for number, host in enumerate(hosts)
    ]


async def run(options: argparse.Namespace) -> Outcome:
    async with a_world(options.subscribers) as world:
        loads = await asking(world, options.connections)
        peak = await measure(world, loads, window=options.window, seconds=5)
        print("peak", peak, flush=True)
        loads = await asking(world, options.connections)
        rate = OVERLOAD * peak.tps / len(loads)
        started = time.perf_counter()
        watching = [asyncio.create_task(watch(load)) for load in loads]
        await asyncio.gather(*(load.keep_rate(rate, options.seconds) for load in loads))
        elapsed = time.perf_counter() - started
        for load in loads:
            load.is_stopping = True
        await settle(loads)
        for task in watching:
            task.cancel()
        figures = Figures().join([load.figures for load in loads])
        return Outcome(
            peak=peak.tps,
            offered=sum(load.sent for load in loads) / elapsed,
            good=figures.results.get(SUCCESS, 0) / elapsed,
            figures=figures,
            unanswered=sum(load.unanswered for load in loads),
            watchdogs=[seconds for load in loads for seconds in load.watchdogs],
        )


async def watch(load: Load) -> None:
    """A watchdog each second, as an impatient peer would."""
    while True:
        load.ask_watchdog(a_watchdog(load.host))
        await asyncio.sleep(1)


async def settle(loads: list[Load]) -> None:
    """Gives what is under way ten seconds to be answered."""
    for _ in range(100):
        if not any(load.unanswered for load in loads):
            return
        await asyncio.sleep(0.1)


def main() -> None:
    options = a_parser(__doc__, seconds=60).parse_args()
    found = asyncio.run(run(options))
    results = found.figures.results
    odd = {code: times for code, times in results.items() if code not in (SUCCESS, TOO_BUSY)}
    report("Overload", rows_of(found))
    print(f"offered {found.offered:,.0f}/s, results {results}, unanswered {found.unanswered}")
    print(f"watchdogs {len(found.watchdogs)}, slowest {max(found.watchdogs) * 1000:.0f} ms")
    if odd or found.unanswered or len(found.watchdogs) < options.connections:
        sys.exit(f"lost {found.unanswered}, other results {odd}")


def rows_of(found: Outcome) -> list[Row]:
    shed = found.figures.results.get(TOO_BUSY, 0)
    return [
        Row(
            "S6a at 2 x overload, answered well", "requests/s", round(found.good),
            p50_ms=round(found.figures.quantile(50), 2),
            p99_ms=round(found.figures.quantile(99), 2),
            compared_with="peak", ratio=round(found.good / found.peak, 2),
        ),
        Row("S6a at 2 x overload, answered 3004", "requests", shed),
        Row("S6a at 2 x overload, unanswered", "requests", found.unanswered),
        Row("Slowest watchdog at 2 x overload", "ms", round(max(found.watchdogs) * 1000, 1)),
    ]  # fmt: skip


if __name__ == "__main__":
    main()
