"""A node that is stopped and started under load keeps its number, its peers' sessions, its word."""

import asyncio
from contextlib import suppress

from tests.harness.databases import TestDatabase
from tests.harness.network import MME_HOST, NOW, RawPeer, a_node, an_mme, until
from tests.network.conformance.stage import speaker
from tests.network.dialogue import air, result_of
from tests.network.test_calls import state_of
from tests.unit.network.enforcement.world import IMSI, PGW_HOST, Client, Lines
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.simulator.diameter import DiameterClient, NotConnected

RESTARTS = 3


async def test_a_restart_under_load_loses_no_session_and_no_promise(
    database: TestDatabase, opening_key: OpeningKey
) -> None:
    lines = Lines(database, opening_key)
    lines.add_core()
    lines.add_peer(PGW_HOST, applications=("gx", "gy"))
    lines.add_peer("probe.epc.test")
    card = lines.add_card(IMSI)
    states, results = set(), []
    for number in range(RESTARTS):
        async with a_node(database, opening_key) as node:
            raw = await RawPeer.open(node.port)
            raw.write(speaker("probe.epc.test").capabilities_request(NOW))
            states.add((await raw.read()).get_int("Origin-State-Id"))
            await raw.close()
            if number == 0:
                pgw = await Client(PGW_HOST).connect(node)  # type: ignore[arg-type]
                assert result_of(await pgw.ccr(1, 0, "pgw.epc.test;1;1")) == 2001
                await pgw.close()
            mme = await an_mme(node)
            load = [asyncio.create_task(ask_until_it_ends(mme, results)) for _ in range(8)]
            await until(lambda: len(results) > 20 * (number + 1))  # noqa: B023
            await node.stop()
        await asyncio.gather(*load)

    assert states == {int(NOW.timestamp())}
    assert set(results) <= {2001, 3004}
    assert results.count(2001) > 20
    (session,) = lines.sessions(card)
    assert session["is_open"]
    assert state_of(lines, MME_HOST)[1] == "closed"


async def ask_until_it_ends(mme: DiameterClient, results: list[int]) -> None:
    """What is asked is answered, or the connection ends; nothing hangs."""
    with suppress(NotConnected):
        while True:
            answer = await air(mme, IMSI)
            results.append(answer.find_int("Result-Code") or result_of(answer))
            if results[-1] == 3004:
                return
