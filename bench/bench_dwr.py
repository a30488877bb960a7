"""Watchdogs: how many a node answers, beside freeDiameter in the same run where it is installed.

    python -m bench.bench_dwr --connections 4 --window 128 --seconds 3

Both nodes run all the time; rounds of one and of the other take turns.
"""

import argparse
import asyncio
import contextlib
import socket
from itertools import repeat
from typing import Final

from bench.bench_s6a import S6A
from bench.load import Load, Phone, Template, connect
from bench.peers import FREE_DIAMETER, free_diameter, is_installed
from bench.table import report
from bench.world import (
    REALM,
    Measured,
    World,
    a_parser,
    a_profile_file,
    a_world,
    as_row,
    measure,
    median,
    peer_host,
    show_profile,
)
from wispgate.wire.diameter.commands import APPLICATION_BASE, COMMAND_DEVICE_WATCHDOG
from wispgate.wire.diameter.header import FLAG_REQUEST

OURS: Final = "DWR"


def a_dwr(host: str) -> Template:
    return Template.make(
        host,
        COMMAND_DEVICE_WATCHDOG,
        APPLICATION_BASE,
        [("Origin-Host", host), ("Origin-Realm", REALM), ("Origin-State-Id", 1)],
        flags=FLAG_REQUEST,
    )


async def asking(port: int, connections: int) -> list[Load]:
    hosts = [peer_host(number) for number in range(connections)]
    return [await connect(port, host, S6A, [a_dwr(host)], repeat(Phone(0))) for host in hosts]


async def run(options: argparse.Namespace) -> tuple[list[Measured], list[Measured]]:
    ours: list[Measured] = []
    theirs: list[Measured] = []
    path = a_profile_file() if options.profile else ""
    async with contextlib.AsyncExitStack() as stack:
        world = await stack.enter_async_context(a_world(1, profile=path))
        rival = await _rival(stack) if is_installed() else None
        for number in range(options.rounds):
            ours.append(await _round(world, world.port, world.process.pid, options))
            print(number, ours[-1], flush=True)
            if rival is not None:
                theirs.append(await _round(world, *rival, options))
                print(number, theirs[-1], FREE_DIAMETER, flush=True)
    if path:
        show_profile(path, options.profile)
    return ours, theirs


async def _rival(stack: contextlib.AsyncExitStack) -> tuple[int, int]:
    """Port and pid of a freeDiameter."""
    port = _free_port()
    return port, await stack.enter_async_context(free_diameter(port))


async def _round(world: World, port: int, pid: int, options: argparse.Namespace) -> Measured:
    loads = await asking(port, options.connections)
    return await measure(world, loads, window=options.window, seconds=options.seconds, node_pid=pid)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> None:
    options = a_parser(__doc__, seconds=3).parse_args()
    ours, theirs = asyncio.run(run(options))
    name = f"{OURS}, {options.connections} x {options.window}"
    if not theirs:
        report("Watchdogs (freeDiameter is not installed)", [as_row(name, ours)])
        return
    ratio = median(ours).tps / median(theirs).tps
    rows = [
        as_row(name, ours, compared_with=FREE_DIAMETER, ratio=round(ratio, 2)),
        as_row(f"{name}, {FREE_DIAMETER}", theirs),
    ]
    report("Watchdogs", rows)


if __name__ == "__main__":
    main()
