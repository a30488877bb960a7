"""freeDiameter and we: who calls whom, in the clear and over TLS, watchdogs and goodbyes."""

import asyncio
from pathlib import Path

import pytest

from tests.harness.certificates import a_certificate, an_authority
from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.harness.network import HOST, NOW, REALM, Rows, a_node, until
from tests.network.peers.free_diameter import FD_HOST, Order, free_diameter
from tests.network.test_calls import state_of
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.network.transport.node import DiameterNode
from wispgate.wire.diameter.watchdog import Health

pytestmark = pytest.mark.peers

LAB = an_authority("lab")


@pytest.fixture
def own(tmp_path: Path) -> dict[str, str]:
    files = a_certificate(tmp_path, LAB, HOST)
    return {"tls_certificate": str(files.chain), "tls_key": str(files.key)}


def order(folder: Path, **particulars: object) -> Order:
    return Order(folder, LAB, **particulars)  # type: ignore[arg-type]


async def until_open(node: DiameterNode) -> None:
    await until(lambda: bool(node.open_peers))


async def test_it_calls_us_keeps_watch_and_says_goodbye(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey, tmp_path: Path
) -> None:
    rows.add_peer(FD_HOST)
    clock = TravellingClock(NOW)
    async with (
        a_node(database, opening_key, clock=clock) as node,
        free_diameter(order(tmp_path, calls=node.port)) as daemon,
    ):
        await until_open(node)
        (connection,) = node.connections
        for _ in range(3):
            clock.advance(seconds=33)
            await until(lambda: connection.peer.get_timer() > clock.now())
            await asyncio.sleep(0.5)
        healthy = connection.peer.health
        with database.admin() as admin:
            product = admin.execute("SELECT product_name FROM peer_connection").fetchone()
        await daemon.end()
        await until(lambda: not node.open_peers)

    assert healthy is Health.OKAY
    assert product == ("freeDiameter",)
    assert state_of(rows, FD_HOST)[2].startswith("it said goodbye")


async def test_it_is_called_by_us_and_told_when_we_go(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey, tmp_path: Path
) -> None:
    async with free_diameter(order(tmp_path)) as daemon:
        rows.add_peer(FD_HOST, connect_to=f"127.0.0.1:{daemon.port}")
        clock = TravellingClock(NOW)
        async with a_node(database, opening_key, clock=clock) as node:
            await until_travelled(node, clock)

            (connection,) = node.connections
            assert connection.call is not None
            assert state_of(rows, FD_HOST)[1] == "open"
        await until(lambda: "Disconnect-Peer-Request" in daemon.log or "DPR" in daemon.log)


async def test_it_calls_us_over_tls_and_both_check_who_the_other_is(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey, own: dict[str, str],
    tmp_path: Path,
) -> None:  # fmt: skip
    rows.add_peer(FD_HOST, transport="tls", certificate_authority=LAB.pem)
    async with a_node(database, opening_key, **own) as node:
        wanted = order(tmp_path, calls=node.tls_port, has_tls=True)
        async with free_diameter(wanted) as daemon:
            await until_open(node)

            (connection,) = node.connections
            assert connection.path.transport == "tls"
            await daemon.end()
            await until(lambda: not node.open_peers)


async def test_it_is_called_by_us_over_tls(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey, own: dict[str, str],
    tmp_path: Path,
) -> None:  # fmt: skip
    async with free_diameter(order(tmp_path, has_tls=True)) as daemon:
        rows.add_peer(
            FD_HOST, transport="tls", certificate_authority=LAB.pem,
            connect_to=f"127.0.0.1:{daemon.secure_port}",
        )  # fmt: skip
        clock = TravellingClock(NOW)
        async with a_node(database, opening_key, clock=clock, **own) as node:
            await until_travelled(node, clock)

            (connection,) = node.connections
            assert connection.path.transport == "tls"
            assert connection.peer.remote is not None
            assert connection.peer.remote.origin_realm == REALM


async def test_with_a_certificate_of_another_authority_it_is_refused(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey, own: dict[str, str],
    tmp_path: Path,
) -> None:  # fmt: skip
    others = an_authority("others")
    rows.add_peer(FD_HOST, transport="tls", certificate_authority=others.pem)
    async with a_node(database, opening_key, **own) as node:
        wanted = order(tmp_path, calls=node.tls_port, has_tls=True)
        async with free_diameter(wanted):
            await until(lambda: bool(rows.refusals()))

            assert node.open_peers == []
    assert "certificate" in rows.refusals()[0][1]


@pytest.mark.parametrize("name", [FD_HOST, "zz.epc.test"])
async def test_when_both_call_one_connection_is_left(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey, tmp_path: Path, name: str
) -> None:
    """Whoever wins the election: our name is greater than the one and less than the other."""
    clock = TravellingClock(NOW)
    async with (
        a_node(database, opening_key, clock=clock) as node,
        free_diameter(order(tmp_path, calls=node.port, name=name)) as daemon,
    ):
        rows.add_peer(name, connect_to=f"127.0.0.1:{daemon.port}")
        await node.refresh()

        await until_travelled(node, clock)

        await asyncio.sleep(3)
        assert [peer.identity for peer in node.open_peers] == [name]
        assert len(node.connections) == 1
        await daemon.end()
        await until(lambda: not node.open_peers)


async def until_travelled(node: DiameterNode, clock: TravellingClock) -> None:
    """The daemon needs a moment to listen: our pauses pass meanwhile."""
    for _ in range(60):
        if node.open_peers:
            return
        await asyncio.sleep(0.3)
        clock.advance(seconds=1)
    raise AssertionError("the peer did not open")
