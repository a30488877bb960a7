"""A peer that lost its state: its Gx and Gy sessions end, and what they held is given back."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.harness.charging import IMSI as GY_IMSI
from tests.harness.charging import NOW as GY_NOW
from tests.harness.charging import Gateway, Subscribers, a_charging_node, mscc
from tests.harness.charging import result_of as gy_result_of
from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.harness.network import NOW
from tests.unit.domain.charging.account import a_bucket, a_plan
from tests.unit.network.enforcement.world import (
    IMSI,
    PGW_HOST,
    Client,
    Lines,
    Node,
    a_policy_node,
)
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.network.transport.applications import RemotePeer
from wispgate.store.hot import HotStore
from wispgate.store.lost_sessions import LostSessions

LATER = timedelta(minutes=5)


@pytest.fixture
async def policy(
    database: TestDatabase, opening_key: OpeningKey
) -> AsyncIterator[tuple[Lines, Node]]:
    lines = Lines(database, opening_key)
    lines.add_core()
    lines.add_peer(PGW_HOST, applications=("gx", "gy"))
    async with a_policy_node(database, opening_key, enforces=False) as node:
        yield lines, node


async def test_the_policy_sessions_of_that_peer_end_and_are_told_of(
    database: TestDatabase, policy: tuple[Lines, Node]
) -> None:
    lines, node = policy
    card = lines.add_card(IMSI)
    pgw = await Client(PGW_HOST).connect(node)
    await pgw.ccr(1, 0, "pgw.epc.test;1;1")
    (peer,) = node.diameter.open_peers
    await pgw.close()

    async with HotStore(database.dsn("network")) as store:
        await LostSessions(store).settle(peer, NOW)
        (before,) = lines.sessions(card)
        await LostSessions(store).settle(peer, NOW + LATER)
        (after,) = lines.sessions(card)
        await LostSessions(store).settle(peer, NOW + LATER)

    assert before["is_open"], "a session that began after the news is not lost"
    assert not after["is_open"]
    with database.admin() as connection:
        told = connection.execute(
            "SELECT count(*) FROM hot_00.outbox WHERE kind = 'line.session_ended'"
        ).fetchone()
    assert told == (1,)


async def test_what_charging_sessions_held_is_given_back_and_what_was_used_stays_charged(
    database: TestDatabase,
) -> None:
    subscribers = Subscribers(database)
    clock = TravellingClock(GY_NOW)
    bucket = a_bucket(octets=100_000_000)
    subscribers.add_line(GY_IMSI, a_plan(), bucket)
    async with (
        a_charging_node(database.dsn("network"), clock=clock) as node,
        HotStore(database.dsn("network")) as store,
    ):
        gateway = await Gateway.connect(node)
        await gateway.ask("I", "s1", 0, mscc(want=20_000_000))
        await gateway.ask("U", "s1", 1, mscc(want=20_000_000, used=15_000_000))
        (peer,) = node.open_peers
        held_before = subscribers.reserved()
        stranger = RemotePeer(peer.core_id, "", "other.test", "", "", (), "")
        await LostSessions(store).settle(stranger, GY_NOW + LATER)
        held_after_a_stranger = subscribers.reserved()

        await LostSessions(store).settle(peer, GY_NOW + LATER)

        assert held_before == held_after_a_stranger == 20_000_000
        assert subscribers.reserved() == 0
        assert subscribers.remaining(bucket) == 85_000_000
        assert subscribers.query("SELECT is_open FROM every_charging_session") == [(False,)]
        late = await gateway.ask("T", "s1", 2, mscc(used=5_000_000))
        await gateway.close()

    assert gy_result_of(late) in (2001, 5002)
    assert subscribers.remaining(bucket) == 80_000_000
    assert subscribers.reserved() == 0
