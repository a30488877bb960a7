"""`make bench-million`: a million subscribers beside ten thousand, in one run.

    python -m bench.million [--many 1000000] [--few 10000]

Two nodes, each with a database of its own, take turns. Every request is of another subscriber, so
that nothing is found in memory that a network of that size would not have there.
"""

import argparse
import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final

from bench import bench_gx, bench_s6a
from bench.load import Load, Phone
from bench.table import Row, report
from bench.world import PEERS, Measured, World, a_world, as_row, measure, median

Attaching = Callable[[World, int], Awaitable[list[Load]]]
_WORK: Final[dict[str, Attaching]] = {
    "S6a AIR+ULR": bench_s6a.attaching,
    "Gx CCR-I/T": bench_gx.connecting,
}


class ShuffledWorld(World):
    """Phones come in no order."""

    def talk(self, peer: int) -> Iterator[Phone]:
        mine = self.phones[peer::PEERS]
        random.Random(peer).shuffle(mine)  # noqa: S311 (repeatable, and nobody's secret)
        while True:
            yield from mine


def shuffled(world: World) -> ShuffledWorld:
    return ShuffledWorld(world.database, world.process, world.phones)


async def run(options: argparse.Namespace) -> list[Row]:
    rows = []
    async with a_world(options.few) as few, a_world(options.many) as many:
        for name, attach in _WORK.items():
            worlds = {options.few: shuffled(few), options.many: shuffled(many)}
            found: dict[int, list[Measured]] = {size: [] for size in worlds}
            for number in range(options.rounds):
                for size, world in worlds.items():
                    loads = await attach(world, PEERS)
                    run = await measure(world, loads, window=128, seconds=options.seconds)
                    found[size].append(run)
                    print(number, name, f"{size:,}", run, flush=True)
            rows += _compared(name, found, options)
        rows.append(Row("Node with the many subscribers", "MB", memory_mb(many.process.pid)))
    return rows


def _compared(
    name: str, found: dict[int, list[Measured]], options: argparse.Namespace
) -> list[Row]:
    few, many = found[options.few], found[options.many]
    ratio = round(median(many).tps / median(few).tps, 2)
    against = f"{options.few:,} subscribers"
    return [
        as_row(f"{name}, {options.few:,} subscribers", few),
        as_row(f"{name}, {options.many:,} subscribers", many, compared_with=against, ratio=ratio),
    ]


def memory_mb(pid: int) -> float:
    """Resident memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) / 1024, 1)
    raise LookupError(f"process {pid} has no memory")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    report("Many subscribers", asyncio.run(run(options)))


if __name__ == "__main__":
    main()
