"""Traces by a running node: what passes is recorded by name, without secrets, and ends by itself."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest

from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.harness.network import MME_HOST, NOW, REALM, Card, Rows, a_node, an_mme, new_id
from tests.network.dialogue import air
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.kernel.plmn import Plmn
from wispgate.network.transport.node import DiameterNode
from wispgate.simulator.clocks import VirtualTime
from wispgate.simulator.dialects import OPEN5GS
from wispgate.simulator.diameter import DiameterClient
from wispgate.simulator.epc import EpcSettings, SimulatedEpc
from wispgate.simulator.ue import UE
from wispgate.store import tenancy
from wispgate.wire.diameter.describing import DescribedAvp, describe
from wispgate.wire.diameter.message import Message

TRACED, OTHER = "001010000000001", "001010000000002"
SMF_HOST = "smf.epc.test"


@dataclass
class Network:
    """A node with an EPC on it that has two phones."""

    node: DiameterNode
    epc: SimulatedEpc
    rows: Rows
    cards: dict[str, Card]
    clock: TravellingClock
    phones: dict[str, UE] = field(default_factory=dict)

    async def attach(self, imsi: str) -> bool:
        card = self.cards[imsi]
        self.phones[imsi] = self.epc.add_ue(imsi, card.k, card.opc)
        return await self.epc.attach(self.phones[imsi])

    def trace(self, kind: str, subject: str, *, minutes: int = 10, room: int = 1000) -> UUID:
        """A trace of the platform's, as its service writes it."""
        trace_id = new_id()
        with self.rows.database.connect("web") as connection:
            connection.execute(tenancy.set_local({"app.platform": "on", "app.actor": "test"}))
            connection.execute(
                "INSERT INTO tracing_trace (id, operator_id, core_id, kind, subject, sessions,"
                " started_by, started_at, ends_at, max_messages, max_octets, messages, octets)"
                " VALUES (%s, %s, %s, %s, %s, '{}', 'test', %s, %s, %s, 1000000, 0, 0)",
                (
                    trace_id, None if kind == "peer" else self.rows.operator_id, self.rows.core_id,
                    kind, subject, NOW, self.clock.now() + timedelta(minutes=minutes), room,
                ),
            )  # fmt: skip
        return trace_id

    def recorded(self, trace_id: UUID) -> list[tuple[bytes, int | None]]:
        with self.rows.database.admin() as connection:
            rows = connection.execute(
                "SELECT raw, latency_us FROM tracing_tracemessage WHERE trace_id = %s ORDER BY id",
                (trace_id,),
            ).fetchall()
        return [(bytes(raw), latency) for raw, latency in rows]

    async def said(self, trace_id: UUID) -> list[str]:
        """What was recorded, after the node wrote it: "AIR", "AIA DIAMETER_SUCCESS (2001)"."""
        await self.node.trace()
        said = [describe(raw) for raw, _ in self.recorded(trace_id)]
        return [f"{one.abbreviation} {one.result}".strip() for one in said]


@pytest.fixture
async def network(database: TestDatabase, opening_key: OpeningKey) -> AsyncIterator[Network]:
    rows, clock = Rows(database, opening_key), TravellingClock(NOW)
    rows.add_core(profile="open5gs")
    rows.add_peer(SMF_HOST, profile="open5gs", applications=("gx", "gy"))
    cards = {imsi: rows.add_card(imsi) for imsi in (TRACED, OTHER)}
    async with a_node(database, opening_key, clock=clock) as node:
        settings = EpcSettings(
            address="127.0.0.1", port=node.port, realm=REALM, mme_host=MME_HOST,
            smf_host=SMF_HOST, plmn=Plmn("001", "01"), dialect=OPEN5GS,
        )  # fmt: skip
        async with SimulatedEpc(settings, time=VirtualTime(clock), random=Random(1)) as epc:  # noqa: S311
            yield Network(node, epc, rows, cards, clock)


async def test_an_attach_is_recorded_by_name_and_nobody_else_is(network: Network) -> None:
    trace = network.trace("imsi", TRACED)
    await network.node.trace()

    attached = [await network.attach(imsi) for imsi in (TRACED, OTHER)]

    said = await network.said(trace)
    assert attached == [True, True]
    assert said[:4] == [
        "AIR", "AIA DIAMETER_SUCCESS (2001)", "ULR", "ULA DIAMETER_SUCCESS (2001)",
    ]  # fmt: skip
    assert sorted(said[4:]) == ["CCA DIAMETER_SUCCESS (2001)"] * 2 + ["CCR"] * 2
    raws = [raw for raw, _ in network.recorded(trace)]
    assert {describe(raw).interface for raw in raws} == {"S6a", "Gx", "Gy"}
    assert not any(OTHER.encode() in raw for raw in raws)


async def test_an_answer_knows_how_long_its_request_waited(network: Network) -> None:
    trace = network.trace("imsi", TRACED)
    await network.node.trace()
    await network.attach(TRACED)
    await network.node.trace()

    for raw, latency in network.recorded(trace):
        assert (latency is None) is describe(raw).is_request


async def test_the_vector_is_in_no_table(
    node: DiameterNode, mme: DiameterClient, rows: Rows
) -> None:
    rows.add_card(TRACED)
    network = Network(node, None, rows, {}, TravellingClock(NOW))  # type: ignore[arg-type]  # no phones
    traces = [network.trace("imsi", TRACED), network.trace("peer", MME_HOST)]
    await node.trace()

    answer = await air(mme, TRACED)

    await node.trace()
    secrets = vector_of(answer)
    for trace in traces:
        [_, (recorded, _)] = network.recorded(trace)
        assert len(secrets) == 4
        assert not any(secret in recorded for secret in secrets)
        names = {avp.name: avp.value for avp in leaves(describe(recorded).avps)}
        assert names["KASME"] == "hidden, 32 octets"


async def test_a_trace_ends_by_itself(network: Network) -> None:
    trace = network.trace("imsi", TRACED, minutes=5)
    await network.node.trace()
    network.clock.advance(minutes=5)

    await network.attach(TRACED)

    assert await network.said(trace) == []
    assert all(connection.tracer is None for connection in network.node.connections)


async def test_a_trace_that_is_full_takes_no_more(network: Network) -> None:
    trace = network.trace("imsi", TRACED, room=3)
    await network.node.trace()

    await network.attach(TRACED)

    assert len(await network.said(trace)) == 3
    await network.node.trace()
    assert all(connection.tracer is None for connection in network.node.connections)


async def test_a_session_is_followed_alone(network: Network) -> None:
    await network.attach(TRACED)
    with network.rows.database.admin() as connection:
        row = connection.execute(
            "SELECT session_id FROM every_charging_session WHERE is_open"
        ).fetchone()
    assert row is not None
    trace = network.trace("session", row[0])
    await network.node.trace()

    await network.epc.detach(network.phones[TRACED])

    assert await network.said(trace) == ["CCR", "CCA DIAMETER_SUCCESS (2001)"]


async def test_a_peers_introduction_is_heard_and_another_peers_not(
    node: DiameterNode, rows: Rows
) -> None:
    rows.add_peer("mme2.epc.test")
    network = Network(node, None, rows, {}, TravellingClock(NOW))  # type: ignore[arg-type]  # no phones
    trace = network.trace("peer", "mme2.epc.test")
    await node.trace()

    for host in ("mme2.epc.test", MME_HOST):
        client = await an_mme(node, host)
        await client.close()

    said = await network.said(trace)
    assert said[:2] == ["CER", "CEA DIAMETER_SUCCESS (2001)"]
    assert said.count("CER") == 1


async def test_without_a_trace_no_connection_has_an_ear(network: Network) -> None:
    await network.node.trace()

    await network.attach(TRACED)

    assert all(connection.tracer is None for connection in network.node.connections)


def leaves(avps: tuple[DescribedAvp, ...]) -> list[DescribedAvp]:
    return [leaf for avp in avps for leaf in (leaves(avp.members) if avp.members else [avp])]


def vector_of(answer: Message) -> list[bytes]:
    vector = answer.get_avp("Authentication-Info").members.get_avp("E-UTRAN-Vector").members
    return [vector.get_octets(name) for name in ("RAND", "XRES", "AUTN", "KASME")]
