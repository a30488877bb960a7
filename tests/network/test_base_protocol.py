"""Watchdogs, goodbyes and introductions, through a real socket."""

from datetime import timedelta

from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.harness.network import (
    MME_HOST,
    NOW,
    RawPeer,
    Rows,
    a_node,
    messages_of,
    until,
)
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.network.transport.node import DiameterNode
from wispgate.wire.diameter.commands import (
    COMMAND_DEVICE_WATCHDOG,
    COMMAND_DISCONNECT_PEER,
)
from wispgate.wire.diameter.events import DisconnectCause
from wispgate.wire.diameter.header import Header


async def test_origin_state_is_the_same_after_a_restart(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    states = []
    for start in (NOW, NOW + timedelta(days=1)):
        async with a_node(database, opening_key, clock=TravellingClock(start)) as node:
            raw = await RawPeer.open(node.port)
            states.append((await raw.introduce()).get_int("Origin-State-Id"))
            await raw.close()

    assert states == [int(NOW.timestamp())] * 2


async def test_a_watchdog_is_answered(node: DiameterNode, rows: Rows) -> None:
    raw = await RawPeer.open(node.port)
    await raw.introduce()

    raw.write(messages_of(MME_HOST).watchdog_request(NOW))

    answer = await raw.read()
    assert answer.header.command_code == COMMAND_DEVICE_WATCHDOG
    assert answer.get_int("Result-Code") == 2001
    assert answer.get_int("Origin-State-Id") == int(NOW.timestamp())
    await raw.close()


async def test_a_goodbye_is_answered_and_frees_the_lease(node: DiameterNode, rows: Rows) -> None:
    raw = await RawPeer.open(node.port)
    await raw.introduce()

    raw.write(messages_of(MME_HOST).disconnect_request(DisconnectCause.REBOOTING, NOW))

    answer = await raw.read()
    assert answer.header.command_code == COMMAND_DISCONNECT_PEER
    assert answer.get_int("Result-Code") == 2001
    await raw.close()
    await until(lambda: rows.leases()[MME_HOST][1] == "closed")


async def test_a_second_introduction_is_refused_and_survived(
    node: DiameterNode, rows: Rows
) -> None:
    raw = await RawPeer.open(node.port)
    await raw.introduce()

    again = await raw.introduce()

    assert again.get_int("Result-Code") == 5012
    raw.write(messages_of(MME_HOST).watchdog_request(NOW))
    assert (await raw.read()).get_int("Result-Code") == 2001
    await raw.close()


async def test_a_silent_peer_is_asked_suspected_and_left(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    clock = TravellingClock(NOW)
    async with a_node(database, opening_key, clock=clock) as node:
        raw = await RawPeer.open(node.port)
        await raw.introduce()
        clock.advance(seconds=33)
        question: Header = (await raw.read()).header
        clock.advance(seconds=33)
        await until(lambda: rows.leases()[MME_HOST][1] == "suspect")
        clock.advance(seconds=33)

        assert await raw.is_closed_by_the_node()

        assert question.command_code == COMMAND_DEVICE_WATCHDOG
        await until(lambda: rows.leases()[MME_HOST][1] == "closed")
        await raw.close()
