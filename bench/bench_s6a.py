"""Authentication and registration over S6a: AIR, then ULR, of one phone after the other.

    python -m bench.bench_s6a --subscribers 2000 --connections 4 --window 128 --seconds 5

Rounds with a full window and rounds with one request at a time take turns. Afterwards each card
has stepped its sequence number as often as vectors were given.
"""

import argparse
import asyncio
import sys
from typing import Final

from bench.load import IMSI, Load, Template, a_session, connect
from bench.table import report
from bench.world import (
    REALM,
    Measured,
    World,
    a_parser,
    a_profile_file,
    a_world,
    alone_row,
    as_row,
    disk_ms,
    measure,
    peer_host,
    show_profile,
)
from wispgate.kernel.plmn import Plmn
from wispgate.wire.diameter.capabilities import Application
from wispgate.wire.diameter.commands import (
    APPLICATION_S6A,
    COMMAND_AUTHENTICATION_INFORMATION,
    COMMAND_UPDATE_LOCATION,
    VENDOR_3GPP,
)
from wispgate.wire.diameter.message import AvpItem

S6A: Final = Application(APPLICATION_S6A, VENDOR_3GPP)
_PLMN: Final = Plmn("001", "01").encode()


def common(host: str) -> list[AvpItem]:
    return [
        ("Session-Id", a_session(host)),
        (
            "Vendor-Specific-Application-Id",
            [("Vendor-Id", VENDOR_3GPP), ("Auth-Application-Id", APPLICATION_S6A)],
        ),
        ("Auth-Session-State", 1),
        ("Origin-Host", host),
        ("Origin-Realm", REALM),
        ("Destination-Realm", REALM),
        ("User-Name", IMSI),
    ]


def an_air(host: str) -> Template:
    wanted: list[AvpItem] = [
        ("Number-Of-Requested-Vectors", 1),
        ("Immediate-Response-Preferred", 1),
    ]
    return Template.make(
        host,
        COMMAND_AUTHENTICATION_INFORMATION,
        APPLICATION_S6A,
        [
            *common(host),
            ("Requested-EUTRAN-Authentication-Info", wanted),
            ("Visited-PLMN-Id", _PLMN),
        ],
    )


def a_ulr(host: str) -> Template:
    return Template.make(
        host,
        COMMAND_UPDATE_LOCATION,
        APPLICATION_S6A,
        [
            *common(host),
            ("RAT-Type", 1004),
            ("ULR-Flags", 34),
            ("Visited-PLMN-Id", _PLMN),
            ("Terminal-Information", [("IMEI", "35693803564380"), ("Software-Version", "01")]),
        ],
    )


async def attaching(world: World, connections: int) -> list[Load]:
    """Peers whose phones authenticate and register."""
    hosts = [peer_host(number) for number in range(connections)]
    return [
        await connect(world.port, host, S6A, [an_air(host), a_ulr(host)], world.talk(number))
        for number, host in enumerate(hosts)
    ]


async def run(options: argparse.Namespace) -> tuple[list[Measured], list[Measured], list[float]]:
    full, single, disk = [], [], []
    path = a_profile_file() if options.profile else ""
    async with a_world(options.subscribers, profile=path) as world:
        for number in range(options.rounds):
            loads = await attaching(world, options.connections)
            found = await measure(world, loads, window=options.window, seconds=options.seconds)
            full.append(found)
            print(number, found, flush=True)
            if options.alone:
                found = await measure(
                    world, await attaching(world, 1), window=1, seconds=options.seconds
                )
                single.append(found)
                disk.append(disk_ms(world))
                print(number, found, flush=True)
        check_numbers(world)
    if path:
        show_profile(path, options.profile)
    return full, single, disk


def check_numbers(world: World) -> None:
    """Every phone that registered was authenticated before, and nobody else's row was touched."""
    rows = world.query(
        "SELECT count(*) FROM hot_00.registration r JOIN hot_00.authentication a USING (imsi)"
        " WHERE a.sqn = 0"
    )
    if rows != [(0,)]:
        sys.exit(f"{rows[0][0]} phones are registered whose sequence number never moved")


def main() -> None:
    options = a_parser(__doc__).parse_args()
    full, single, disk = asyncio.run(run(options))
    rows = [as_row(f"S6a AIR+ULR, {options.connections} x {options.window}", full)]
    if single:
        rows.append(alone_row("S6a AIR+ULR, one at a time", single, disk))
    report("Authentication and registration", rows)


if __name__ == "__main__":
    main()
