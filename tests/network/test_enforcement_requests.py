"""Requests of our own to a connected peer: answered, unanswered, cut off."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.harness.databases import TestDatabase
from tests.harness.network import MME_HOST, REALM
from tests.unit.network.enforcement.world import (
    EVERY_APPLICATION,
    Client,
    Lines,
    Node,
    a_policy_node,
    result_of,
    until,
)
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.network.transport.requests import (
    ConnectionGone,
    NoAnswer,
    OutgoingRequest,
    PeerAway,
)
from wispgate.simulator.diameter import DiameterClient
from wispgate.wire.diameter.commands import APPLICATION_GX, COMMAND_RE_AUTH


@pytest.fixture
def lines(database: TestDatabase) -> Lines:
    lines = Lines(database, OpeningKey(bytes(range(32))))
    lines.add_core()
    return lines


@pytest.fixture
async def node(database: TestDatabase, lines: Lines) -> AsyncIterator[Node]:
    async with a_policy_node(database, lines.opening_key, enforces=False) as node:
        yield node


@pytest.fixture
async def silent(node: Node) -> AsyncIterator[DiameterClient]:
    """A peer that answers nothing."""
    client = DiameterClient(MME_HOST, REALM, EVERY_APPLICATION)
    await client.connect("127.0.0.1", node.port)
    yield client
    await client.close()


def a_request(session_id: str = "s;1", *, seconds: float = 10) -> OutgoingRequest:
    avps = [
        ("Session-Id", session_id),
        ("Auth-Application-Id", APPLICATION_GX),
        ("Origin-Host", "hss.epc.test"),
        ("Origin-Realm", REALM),
        ("Destination-Host", MME_HOST),
        ("Destination-Realm", REALM),
        ("Re-Auth-Request-Type", 0),
    ]
    return OutgoingRequest(APPLICATION_GX, COMMAND_RE_AUTH, avps, patience_seconds=seconds)


async def test_each_answer_comes_to_its_own_request(node: Node, lines: Lines) -> None:
    peer = await Client(MME_HOST).connect(node)
    names = [f"s;{n}" for n in range(20)]

    answers = await asyncio.gather(
        *(node.diameter.send_request(lines.core_id, MME_HOST, a_request(name)) for name in names)
    )
    await peer.close()

    assert [answer.get_text("Session-Id") for answer in answers] == names
    assert {result_of(answer) for answer in answers} == {2001}
    assert len({message.header.hop_by_hop for message in peer.asked}) == len(names)
    assert len({message.header.end_to_end for message in peer.asked}) == len(names)


async def test_a_peer_that_is_not_connected_is_away(node: Node, lines: Lines) -> None:
    with pytest.raises(PeerAway):
        await node.diameter.send_request(lines.core_id, MME_HOST, a_request())


async def test_a_peer_of_another_core_is_away(
    node: Node, lines: Lines, silent: DiameterClient
) -> None:
    with pytest.raises(PeerAway):
        await node.diameter.send_request(lines.operator_id, MME_HOST, a_request())


async def test_a_silent_peer_gives_no_answer(
    node: Node, lines: Lines, silent: DiameterClient
) -> None:
    with pytest.raises(NoAnswer):
        await node.diameter.send_request(lines.core_id, MME_HOST, a_request(seconds=0.2))


async def test_a_connection_that_goes_fails_what_waits_on_it(
    node: Node, lines: Lines, silent: DiameterClient
) -> None:
    waiting = asyncio.create_task(node.diameter.send_request(lines.core_id, MME_HOST, a_request()))
    await until(lambda: any(c.unanswered for c in node.diameter.connections))

    silent.abort()

    with pytest.raises(ConnectionGone):
        await waiting


def test_a_repetition_without_its_number_is_no_request() -> None:
    with pytest.raises(ValueError, match="of the first time"):
        OutgoingRequest(APPLICATION_GX, COMMAND_RE_AUTH, [], is_repeated=True)
