"""A node that is killed and a database that goes away: what was promised holds, and it goes on."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial

import psycopg
import pytest

from tests.harness.databases import TestDatabase, a_database
from tests.harness.network import MME_HOST, REALM, Card, Rows, a_node, an_mme, until
from tests.harness.node_process import NodeProcess
from tests.network.dialogue import IMSI, air, result_of, sqn_of, ulr, vectors_of
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.main.postgres import Cluster
from wispgate.simulator.diameter import DiameterClient, NotConnected
from wispgate.wire.diameter.capabilities import Application
from wispgate.wire.diameter.commands import APPLICATION_S6A, VENDOR_3GPP
from wispgate.wire.diameter.message import Message

KEY = bytes(range(32))
S6A = Application(APPLICATION_S6A, VENDOR_3GPP)


@pytest.fixture
async def process(database: TestDatabase) -> AsyncIterator[NodeProcess]:
    process = NodeProcess(database, KEY)
    yield process
    await process.end()


async def an_mme_of(process: NodeProcess, host: str = MME_HOST) -> DiameterClient:
    return await DiameterClient(host, REALM, [S6A]).connect("127.0.0.1", process.port)


def numbers_in(card: Card, answer: Message) -> list[int]:
    return [sqn_of(card, autn, rand) >> 5 for rand, _, autn, _ in vectors_of(answer)]


def reached(given: Counter[tuple[str, int]], enough: int) -> bool:
    return given.total() >= enough


def last_number(rows: Rows) -> int:
    with rows.database.admin() as connection:
        found = connection.execute("SELECT sqn FROM hot_00.authentication").fetchone()
    assert found is not None
    return int(found[0]) >> 5


async def test_a_number_that_was_committed_and_never_sent_is_not_used_again(
    process: NodeProcess, rows: Rows
) -> None:
    card = rows.add_card(IMSI)
    await process.start()
    mme = await an_mme_of(process)
    (before,) = numbers_in(card, await air(mme, IMSI))
    with rows.database.admin() as blocker:
        blocker.execute("BEGIN")
        blocker.execute("SELECT FROM hot_00.authentication FOR UPDATE")
        asked = asyncio.create_task(air(mme, IMSI))
        await until(lambda: is_blocked(rows))
        process.send_signal(signal.SIGSTOP)
        blocker.execute("COMMIT")
    await until(lambda: last_number(rows) > before)
    await process.end(signal.SIGKILL)
    with pytest.raises(NotConnected):
        await asked
    committed = last_number(rows)

    await process.start()
    again = await an_mme_of(process)
    (after,) = numbers_in(card, await air(again, IMSI))

    assert before < committed < after
    await again.close()


@pytest.mark.parametrize("seed", [11, 12])
async def test_no_number_is_given_twice_however_often_the_node_is_killed(
    process: NodeProcess, rows: Rows, seed: int
) -> None:
    print(f"seed {seed}")  # noqa: T201 (shown where it fails)
    chance = random.Random(seed)  # noqa: S311 (a test that can be repeated)
    cards = [rows.add_card(f"00101000000000{n}") for n in range(4)]
    given: Counter[tuple[str, int]] = Counter()

    async def ask(mme: DiameterClient, card: Card) -> None:
        with suppress(NotConnected, TimeoutError):
            while True:
                answer = await air(mme, card.imsi, vectors=2)
                given.update((card.imsi, number) for number in numbers_in(card, answer))

    for _ in range(5):
        await process.start()
        mme = await an_mme_of(process)
        asking = [asyncio.create_task(ask(mme, card)) for card in cards * 4]
        enough = given.total() + 1
        await until(partial(reached, given, enough))
        await asyncio.sleep(chance.uniform(0, 0.3))
        await process.end(signal.SIGKILL)
        await asyncio.gather(*asking)

    assert given.total() > 100
    assert max(given.values()) == 1


async def test_a_killed_node_takes_its_peers_back_at_once(process: NodeProcess, rows: Rows) -> None:
    rows.add_card(IMSI)
    await process.start()
    await an_mme_of(process)
    await process.end(signal.SIGKILL)
    left = rows.leases()[MME_HOST]
    await process.start()

    mme = await an_mme_of(process)

    assert left[1] == "open"
    assert result_of(await air(mme, IMSI)) == 2001
    await mme.close()


async def test_a_node_told_to_stop_answers_what_it_took(process: NodeProcess, rows: Rows) -> None:
    card = rows.add_card(IMSI)
    await process.start()
    mme = await an_mme_of(process)
    with rows.database.admin() as blocker:
        blocker.execute("BEGIN")
        blocker.execute("SELECT FROM hot_00.authentication FOR UPDATE")
        asked = asyncio.create_task(air(mme, IMSI))
        await until(lambda: is_blocked(rows))
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.2)
        blocker.execute("COMMIT")

    answer = await asked

    assert numbers_in(card, answer)
    await until(lambda: rows.leases()[MME_HOST][1] == "closed")


def is_blocked(rows: Rows) -> bool:
    cluster = rows.database.cluster
    dsn = cluster.dsn(rows.database.name, cluster.superuser, cluster.superuser_password)
    with psycopg.connect(dsn) as connection:
        return bool(
            connection.execute(
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
                " AND wait_event_type = 'Lock'"
            ).fetchone()
        )


# --- the database ---------------------------------------------------------------------------------


@pytest.mark.parametrize("is_killed", [False, True], ids=["stopped", "killed"])
async def test_a_database_that_goes_and_comes_is_survived(
    server: Cluster, opening_key: OpeningKey, is_killed: bool
) -> None:
    with a_database() as database:
        rows = Rows(database, opening_key)
        rows.add_core()
        rows.add_peer("mme2.epc.test")
        cards = [rows.add_card(f"00101000000000{n}") for n in range(4)]
        async with a_node(database, opening_key) as node:
            mme = await an_mme(node)
            results: list[int] = []
            given: Counter[tuple[str, int]] = Counter()
            asking = [
                asyncio.create_task(ask_for_ever(mme, card, results, given)) for card in cards
            ]
            await until(lambda: results.count(2001) > 50)

            await asyncio.to_thread(server.kill if is_killed else server.stop)
            await until(lambda: results.count(3004) > 10)
            with pytest.raises(NotConnected) as refused:
                await an_mme(node, "mme2.epc.test")
            await asyncio.to_thread(server.start)
            good = results.count(2001)
            await until(lambda: results.count(2001) > good + 50)

            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
            late = await an_mme(node, "mme2.epc.test")
            assert set(results) == {2001, 3004}
            assert refused.value.result_code == 3004
            assert result_of(await ulr(late, IMSI)) == 2001
            assert max(given.values()) == 1
            await mme.close()
            await late.close()


async def ask_for_ever(
    mme: DiameterClient, card: Card, results: list[int], given: Counter[tuple[str, int]]
) -> None:
    while True:
        answer = await air(mme, card.imsi)
        results.append(result_of(answer))
        if results[-1] == 2001:
            given.update((card.imsi, number) for number in numbers_in(card, answer))
        results.append(result_of(await ulr(mme, card.imsi)))
        await asyncio.sleep(0.005)
