"""Floods, and peers that do not read: what they cost, and that others are served."""

import asyncio

import pytest

from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.harness.network import MME_HOST, NOW, RawPeer, Rows, a_node, until
from tests.network.dialogue import IMSI, an_air, result_of
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.network.transport.doorkeeper import A_MINUTE_OF_ONE

# Loopback has many addresses: the peer is at this one, and strangers come from 127.0.0.1.
PEERS_ADDRESS = "127.0.0.2"


@pytest.fixture
def rows(rows: Rows) -> Rows:
    rows.change_peer(MME_HOST, addresses=[f"{PEERS_ADDRESS}/32"])
    rows.add_card(IMSI)
    return rows


async def test_a_flood_of_strangers_is_closed_unheard_and_peers_are_served(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    async with a_node(database, opening_key) as node:
        heard = 0
        for _ in range(60):
            flood = [await RawPeer.open(node.port) for _ in range(5)]
            for raw in flood:
                heard += await is_heard(raw)

        raw = await RawPeer.open(node.port, source=PEERS_ADDRESS)
        introduction = await raw.introduce()
        raw.write(an_air(number=1))

        assert introduction.get_int("Result-Code") == 2001
        assert result_of(await raw.read()) == 2001
        assert 0 < heard <= A_MINUTE_OF_ONE
        await node.registrar.keep_statistics(5.0)
        found = {name: attempts for name, _, attempts in rows.refusals()}
        assert found == {MME_HOST: heard, "(not heard)": 300 - heard}
        await raw.close()


async def is_heard(raw: RawPeer) -> bool:
    """Whether an introduction of ours is answered at all."""
    try:
        answer = await raw.introduce()
    except (asyncio.IncompleteReadError, ConnectionError):
        return False
    finally:
        await raw.close()
    assert answer.get_int("Result-Code") == 3010
    return True


async def test_strangers_that_stay_silent_take_few_places(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    async with a_node(database, opening_key) as node:
        silent = [await RawPeer.open(node.port) for _ in range(100)]
        raw = await RawPeer.open(node.port, source=PEERS_ADDRESS)

        introduction = await raw.introduce()

        assert introduction.get_int("Result-Code") == 2001
        assert len(node.connections) <= 9
        for each in [*silent, raw]:
            await each.close()


async def test_a_peer_that_does_not_read_is_cut_off_before_its_watchdog_would(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    clock = TravellingClock(NOW)
    async with a_node(database, opening_key, clock=clock) as node:
        raw = await RawPeer.open(node.port, receive_buffer=4096, source=PEERS_ADDRESS)
        await raw.introduce()
        raw.stop_reading()
        raw.writer.transport.set_write_buffer_limits(high=1 << 30)
        for number in range(100):
            raw.write(an_air(number=number, ballast=100_000))
            await asyncio.sleep(0)
        (connection,) = node.connections
        await until(lambda: connection._stalled_at is not None)

        clock.advance(seconds=31)

        await until(lambda: not node.connections)
        await until(lambda: rows.leases()[MME_HOST][1] == "closed")
        with database.admin() as admin:
            (detail,) = admin.execute("SELECT detail FROM peer_connection").fetchone() or ("",)
        assert detail == "it does not read what we write"
        raw.writer.transport.abort()
