"""Policy sessions over Gx: CCR-I, then CCR-T, of one phone after the other.

    python -m bench.bench_gx --subscribers 2000 --connections 4 --window 128 --seconds 5

Rounds with a full window and rounds with one request at a time take turns. Afterwards there is one
row for each session that was opened, and none is open.
"""

import argparse
import asyncio
import sys
from typing import Final

from bench.load import ADDRESS, IMSI, Load, Template, a_session, connect
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
from wispgate.wire.diameter.capabilities import Application
from wispgate.wire.diameter.commands import APPLICATION_GX, COMMAND_CREDIT_CONTROL, VENDOR_3GPP
from wispgate.wire.diameter.message import AvpItem

GX: Final = Application(APPLICATION_GX, VENDOR_3GPP)
INITIAL, TERMINATION = 1, 3


def a_ccr(host: str, kind: int) -> Template:
    """As Open5GS writes it, with an address of its own for each phone."""
    avps: list[AvpItem] = [
        ("Session-Id", a_session(host)),
        ("Auth-Application-Id", APPLICATION_GX),
        ("Origin-Host", host),
        ("Origin-Realm", REALM),
        ("Destination-Realm", REALM),
        ("CC-Request-Type", kind),
        ("CC-Request-Number", 0 if kind == INITIAL else 1),
        ("Subscription-Id", [("Subscription-Id-Type", 1), ("Subscription-Id-Data", IMSI)]),
        (
            "Supported-Features",
            [("Vendor-Id", VENDOR_3GPP), ("Feature-List-ID", 1), ("Feature-List", 0x0B)],
        ),
        ("Network-Request-Support", 1),
        ("Framed-IP-Address", ADDRESS),
        ("IP-CAN-Type", 5),
        ("RAT-Type", 1004),
        (
            "QoS-Information",
            [
                ("APN-Aggregate-Max-Bitrate-UL", 50_000_000),
                ("APN-Aggregate-Max-Bitrate-DL", 50_000_000),
            ],
        ),
        ("Default-EPS-Bearer-QoS", [("QoS-Class-Identifier", 9), _ARP]),
        ("3GPP-User-Location-Info", bytes.fromhex("8299f907000199f90701079baf")),
        ("3GPP-MS-TimeZone", b"\0\0"),
        ("3GPP-SGSN-MCC-MNC", "00101"),
        ("Called-Station-Id", "internet"),
    ]
    if kind == TERMINATION:
        avps.append(("Termination-Cause", 1))
    return Template.make(host, COMMAND_CREDIT_CONTROL, APPLICATION_GX, avps)


_ARP: Final[AvpItem] = (
    "Allocation-Retention-Priority",
    [("Priority-Level", 8), ("Pre-emption-Capability", 1), ("Pre-emption-Vulnerability", 1)],
)


async def connecting(world: World, connections: int) -> list[Load]:
    """Gateways whose phones open a session and end it."""
    hosts = [peer_host(number) for number in range(connections)]
    return [
        await connect(
            world.port, host, GX,
            [a_ccr(host, INITIAL), a_ccr(host, TERMINATION)], world.talk(number),
        )
        for number, host in enumerate(hosts)
    ]  # fmt: skip


async def run(options: argparse.Namespace) -> tuple[list[Measured], list[Measured], list[float]]:
    full, single, disk = [], [], []
    path = a_profile_file() if options.profile else ""
    async with a_world(options.subscribers, profile=path) as world:
        for number in range(options.rounds):
            loads = await connecting(world, options.connections)
            found = await measure(world, loads, window=options.window, seconds=options.seconds)
            full.append(found)
            print(number, found, flush=True)
            if options.alone:
                loads = await connecting(world, 1)
                found = await measure(world, loads, window=1, seconds=options.seconds)
                single.append(found)
                disk.append(disk_ms(world))
                print(number, found, flush=True)
        check_sessions(world)
    if path:
        show_profile(path, options.profile)
    return full, single, disk


def check_sessions(world: World) -> None:
    """Each began once, of which the business side was told, and none goes on."""
    rows = world.query(
        "SELECT count(*), count(*) FILTER (WHERE is_open),"
        " (SELECT count(*) FROM hot_00.outbox WHERE kind = 'line.session_started')"
        " FROM hot_00.policy_session"
    )
    sessions, still_open, started = rows[0]
    if still_open or sessions != started:
        sys.exit(f"{sessions} sessions, {still_open} of them open, {started} told")


def main() -> None:
    options = a_parser(__doc__).parse_args()
    full, single, disk = asyncio.run(run(options))
    rows = [as_row(f"Gx CCR-I/T, {options.connections} x {options.window}", full)]
    if single:
        rows.append(alone_row("Gx CCR-I/T, one at a time", single, disk))
    report("Policy sessions", rows)


if __name__ == "__main__":
    main()
