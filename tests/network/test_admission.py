"""Who gets a connection, who holds it, and what becomes of it when somebody goes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import LiteralString

import psycopg
import pytest

from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.harness.network import (
    HOST,
    MME_HOST,
    NOW,
    REALM,
    RawPeer,
    Rows,
    a_node,
    an_mme,
    messages_of,
    until,
)
from tests.network.dialogue import IMSI, air, common, result_of
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.network.transport.dispatch import Dispatcher
from wispgate.network.transport.leases import Leases
from wispgate.network.transport.node import DiameterNode, Doors
from wispgate.simulator.diameter import DiameterClient, NotConnected
from wispgate.store.hot import HotStore
from wispgate.wire.diameter.answers import Origin
from wispgate.wire.diameter.capabilities import Application, LocalNode
from wispgate.wire.diameter.commands import (
    APPLICATION_CREDIT_CONTROL,
    APPLICATION_GX,
    APPLICATION_S6A,
    COMMAND_CREDIT_CONTROL,
    VENDOR_3GPP,
)
from wispgate.wire.diameter.types import Address

S6A = Application(APPLICATION_S6A, VENDOR_3GPP)
GX = Application(APPLICATION_GX, VENDOR_3GPP)
LEASE_SECONDS = 30


async def refusal_of(
    node: DiameterNode,
    host: str,
    realm: str = REALM,
    applications: tuple[Application, ...] = (S6A,),
) -> int:
    with pytest.raises(NotConnected) as caught:
        await DiameterClient(host, realm, applications).connect("127.0.0.1", node.port)
    return caught.value.result_code


@asynccontextmanager
async def a_bare_node(database: TestDatabase) -> AsyncIterator[DiameterNode]:
    """A node that speaks S6a and has no function behind it."""
    async with HotStore(database.dsn("network")) as store:
        local = LocalNode(HOST, REALM, (Address.parse("127.0.0.1"),), (S6A,))
        leases = Leases(store, holder=HOST, local_identity=HOST)
        node = DiameterNode(
            local, Dispatcher({}, Origin(HOST, REALM)), leases, clock=TravellingClock(NOW)
        )
        await node.start(Doors("127.0.0.1", 0))
        yield node
        await node.stop()


# --- who is turned away ---------------------------------------------------------------------------


async def test_an_unknown_peer_is_refused_and_written_down(node: DiameterNode, rows: Rows) -> None:
    codes = [await refusal_of(node, "stranger.test") for _ in range(2)]

    assert codes == [3010, 3010]
    assert rows.refusals() == [("stranger.test", "stranger.test is no peer of any core", 2)]


async def test_a_peer_at_another_address_is_refused(node: DiameterNode, rows: Rows) -> None:
    rows.add_peer("mme2.epc.test", addresses=("192.0.2.0/24", "2001:db8::/32"))

    code = await refusal_of(node, "mme2.epc.test")

    assert code == 3010
    ((identity, reason, _),) = rows.refusals()
    assert identity == "mme2.epc.test"
    assert "192.0.2.0/24, 2001:db8::/32, not from 127.0.0.1" in reason


async def test_a_peer_of_another_realm_is_refused(node: DiameterNode, rows: Rows) -> None:
    code = await refusal_of(node, MME_HOST, "elsewhere.test")

    assert code == 3010
    assert "says realm elsewhere.test, its core expects epc.test" in rows.refusals()[0][1]


async def test_a_disabled_peer_is_a_stranger(node: DiameterNode, rows: Rows) -> None:
    with rows.database.admin() as connection:
        connection.execute("UPDATE operators_peer SET is_enabled = false")

    assert await refusal_of(node, MME_HOST) == 3010


async def test_a_peer_without_an_allowed_application_is_refused(
    node: DiameterNode, rows: Rows
) -> None:
    code = await refusal_of(node, MME_HOST, applications=(Application(APPLICATION_CREDIT_CONTROL),))

    assert code == 5010
    assert "announces none of s6a" in rows.refusals()[0][1]


async def test_an_application_that_the_node_lacks_is_nothing_in_common(
    database: TestDatabase, rows: Rows
) -> None:
    rows.add_peer("pgw.epc.test", applications=("gx",))
    async with a_bare_node(database) as node:
        code = await refusal_of(node, "pgw.epc.test", applications=(GX,))

        await until(lambda: bool(rows.refusals()))

        assert code == 5010
        assert "nothing in common" in rows.refusals()[0][1]
        assert node.open_peers == []


@pytest.mark.parametrize("host", ["mme\0.epc.test", "m" * 3000, "ümme.test", ""])
async def test_no_name_that_a_stranger_invents_is_left_unanswered(
    node: DiameterNode, rows: Rows, host: str
) -> None:
    raw = await RawPeer.open(node.port)

    answer = await raw.introduce(host)

    assert answer.get_int("Result-Code") == 3010
    assert await raw.is_closed_by_the_node()
    assert len(rows.refusals()) == 1
    await raw.close()


async def test_the_case_of_an_identity_is_no_difference(node: DiameterNode, rows: Rows) -> None:
    rows.add_card(IMSI)

    mme = await an_mme(node, MME_HOST.upper())

    assert result_of(await air(mme, IMSI)) == 2001
    await mme.close()


async def test_a_request_of_an_application_not_allowed_is_answered_3007(
    mme: DiameterClient, node: DiameterNode
) -> None:
    answers = [
        await mme.request(APPLICATION_GX, COMMAND_CREDIT_CONTROL, common(mme, IMSI)),
        await mme.request(123456, 123, common(mme, IMSI)),
    ]

    assert [answer.get_int("Result-Code") for answer in answers] == [3007, 3007]
    assert all(answer.header.is_error for answer in answers)


async def test_an_unknown_base_command_is_answered_3001(mme: DiameterClient) -> None:
    answer = await mme.request(0, 274, common(mme, IMSI))

    assert answer.get_int("Result-Code") == 3001


# --- one connection per identity ------------------------------------------------------------------


async def test_a_second_connection_is_refused_while_the_first_lives(
    node: DiameterNode, rows: Rows, mme: DiameterClient
) -> None:
    rows.add_card(IMSI)

    code = await refusal_of(node, MME_HOST)

    assert code == 4003
    assert result_of(await air(mme, IMSI)) == 2001
    assert rows.refusals()[0][1] == "it has an open connection already"


async def test_a_lease_is_free_again_once_the_peer_has_left(node: DiameterNode, rows: Rows) -> None:
    first = await an_mme(node)
    await first.close()
    await until(lambda: not node.open_peers)
    left = await an_mme(node)
    left.abort()
    await until(lambda: not node.open_peers)

    again = await an_mme(node)

    assert rows.leases()[MME_HOST][1] == "open"
    await again.close()
    await until(lambda: rows.leases()[MME_HOST][1] == "closed")


async def test_quick_returns_never_confuse_the_lease(node: DiameterNode, rows: Rows) -> None:
    for _ in range(30):
        raw = await RawPeer.open(node.port)
        answer = await raw.introduce()
        raw.writer.transport.abort()
        if answer.get_int("Result-Code") == 2001:
            await until(lambda: not node.open_peers)

    mme = await an_mme(node)

    await asyncio.sleep(0.1)
    assert rows.leases()[MME_HOST][1] == "open"
    await mme.close()


async def test_of_two_processes_with_one_name_only_one_holds_a_peer(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    async with (
        a_node(database, opening_key) as one,
        a_node(database, opening_key, number=2) as two,
    ):
        first = await an_mme(one)
        refused = await refusal_of(two, MME_HOST)
        await first.close()
        await until(lambda: rows.leases()[MME_HOST][1] == "closed")

        second = await an_mme(two)

        assert refused == 4003
        assert "another connection of ours has it" in rows.refusals()[0][1]
        assert rows.leases()[MME_HOST][0] == f"{HOST}@127.0.0.1:0#2"
        await second.close()


async def test_a_peer_may_be_connected_with_two_nodes_of_two_names(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    rows.add_card(IMSI)
    async with (
        a_node(database, opening_key) as one,
        a_node(database, opening_key, name="hss2.epc.test") as two,
    ):
        clients = [await an_mme(one), await an_mme(two)]

        answers = [await air(client, IMSI) for client in clients]

        assert [result_of(answer) for answer in answers] == [2001, 2001]
        assert [a.get_text("Origin-Host") for a in answers] == [HOST, "hss2.epc.test"]
        for client in clients:
            await client.close()


async def test_a_node_that_stops_leaves_no_lease_behind(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    async with a_node(database, opening_key, number=2) as two:
        async with a_node(database, opening_key) as one:
            silent = await RawPeer.open(one.port)
            await silent.introduce()

        mme = await an_mme(two)

        await mme.close()
        await silent.close()


def hold(rows: Rows, holder: str, *, expires_in: int = LEASE_SECONDS) -> None:
    """A lease as a node that is no more has left it."""
    with rows.database.admin() as connection:
        connection.execute(
            "INSERT INTO peer_connection VALUES (%s, %s, %s, %s, '127.0.0.1', 'open', '', '{}', 0,"
            " %s, %s) ON CONFLICT (core_id, identity, local_identity) DO UPDATE SET holder = excluded.holder,"
            " expires_at = excluded.expires_at, state = 'open'",
            (rows.core_id, MME_HOST, holder, HOST, NOW, NOW + timedelta(seconds=expires_in)),
        )


async def test_a_lease_of_a_dead_node_is_taken_once_it_ran_out(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    clock = TravellingClock(NOW)
    hold(rows, "dead@node:1")
    async with a_node(database, opening_key, clock=clock) as node:
        refused = await refusal_of(node, MME_HOST)
        clock.advance(seconds=LEASE_SECONDS)

        mme = await an_mme(node)

        assert refused == 4003
        await mme.close()


async def test_a_node_that_begins_again_frees_its_old_leases(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    hold(rows, f"{HOST}@127.0.0.1:0")
    async with (
        a_node(database, opening_key),
        a_node(database, opening_key, number=2) as two,
    ):
        mme = await an_mme(two)

        await mme.close()


async def test_renewing_keeps_what_is_open_and_nothing_else(
    node: DiameterNode, rows: Rows, mme: DiameterClient
) -> None:
    rows.add_peer("mme2.epc.test")
    with rows.database.admin() as connection:
        connection.execute(
            "INSERT INTO peer_connection SELECT core_id, 'mme2.epc.test', holder, local_identity,"
            " remote_address, state, product_name, applications, origin_state_id, connected_at,"
            " %s FROM peer_connection",
            (NOW,),
        )
        connection.execute("UPDATE peer_connection SET expires_at = %s", (NOW,))

    await node.renew()

    with rows.database.admin() as connection:
        found: dict[str, datetime] = dict(
            connection.execute("SELECT identity, expires_at FROM peer_connection")
        )
    assert found == {MME_HOST: NOW + timedelta(seconds=LEASE_SECONDS), "mme2.epc.test": NOW}


async def test_a_peer_whose_lease_went_elsewhere_is_let_go(node: DiameterNode, rows: Rows) -> None:
    mme = await an_mme(node)
    hold(rows, "other@node:1")

    await node.renew()

    async with asyncio.timeout(5):
        await mme.closed.wait()
    await until(lambda: not node.open_peers)
    assert rows.leases()[MME_HOST] == ("other@node:1", "open")


# --- a database that is slow or away --------------------------------------------------------------


async def lock_the_leases(blocker: psycopg.Connection) -> None:
    blocker.execute("BEGIN")
    await beside_the_loop(blocker, "LOCK TABLE peer_connection")


async def beside_the_loop(connection: psycopg.Connection, statement: LiteralString) -> None:
    """What waits for a lock may wait for the node, whose transaction ends on this loop."""
    await asyncio.to_thread(connection.execute, statement)


async def test_a_peer_gone_during_its_admission_leaves_no_trace(
    node: DiameterNode, rows: Rows
) -> None:
    with rows.database.admin() as blocker:
        await lock_the_leases(blocker)
        raw = await RawPeer.open(node.port)
        raw.write(messages_of(MME_HOST).capabilities_request(NOW))
        await until(lambda: waiting_for_lock(rows))
        raw.writer.transport.abort()
        await until(lambda: not node.connections)
        blocker.execute("ROLLBACK")
    await until(lambda: rows.leases().get(MME_HOST, ("", ""))[1] == "closed")

    mme = await an_mme(node)

    await mme.close()


async def test_an_admission_that_takes_too_long_ends_at_the_handshake_timer(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    clock = TravellingClock(NOW)
    async with a_node(database, opening_key, clock=clock) as node:
        with rows.database.admin() as blocker:
            await lock_the_leases(blocker)
            raw = await RawPeer.open(node.port)
            raw.write(messages_of(MME_HOST).capabilities_request(NOW))
            await until(lambda: waiting_for_lock(rows))
            clock.advance(seconds=11)
            assert await raw.is_closed_by_the_node()
            blocker.execute("ROLLBACK")
        await until(lambda: rows.leases().get(MME_HOST, ("", ""))[1] == "closed")

        mme = await an_mme(node)

        await mme.close()
        await raw.close()


async def test_a_claim_that_failed_does_not_shut_the_peer_out(
    node: DiameterNode, rows: Rows
) -> None:
    with rows.database.admin() as connection:
        await beside_the_loop(connection, "ALTER TABLE peer_connection RENAME TO hidden")
        code = await refusal_of(node, MME_HOST)
        await beside_the_loop(connection, "ALTER TABLE hidden RENAME TO peer_connection")

    mme = await an_mme(node)

    assert code == 5012
    await mme.close()


def waiting_for_lock(rows: Rows) -> bool:
    with psycopg.connect(rows.database.cluster.dsn(
        rows.database.name, rows.database.cluster.superuser,
        rows.database.cluster.superuser_password,
    )) as connection:  # fmt: skip
        found = connection.execute(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock'"
        ).fetchone()
    return found is not None
