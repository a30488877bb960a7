"""Connections that we open: pauses, elections, goodbyes; over one process and over several."""

from datetime import timedelta
from typing import Any

import pytest

from tests.harness.called_peer import CalledPeer, a_called_peer, goodbye
from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.harness.network import HOST, NOW, REALM, RawPeer, Rows, a_node, until
from tests.network.dialogue import IMSI, an_air, result_of
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.wire.diameter.answers import Result
from wispgate.wire.diameter.commands import (
    COMMAND_CAPABILITIES_EXCHANGE,
    COMMAND_DISCONNECT_PEER,
)
from wispgate.wire.diameter.events import DisconnectCause

# By the election: our name (hss.epc.test) is greater than the one and less than the other.
LESSER, GREATER = "aaa.epc.test", "mme9.epc.test"


def call(rows: Rows, peer: CalledPeer, identity: str, **columns: Any) -> None:
    rows.add_peer(identity, connect_to=f"127.0.0.1:{peer.port}", **columns)


def state_of(rows: Rows, identity: str) -> tuple[str, str, str]:
    """Holder, state and reason."""
    with rows.database.admin() as connection:
        return connection.execute(
            "SELECT holder, state, detail FROM peer_connection WHERE identity = %s", (identity,)
        ).fetchone() or ("", "", "")


async def test_a_peer_is_called_and_served(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    rows.add_card(IMSI)
    async with a_called_peer(GREATER) as peer:
        call(rows, peer, GREATER)
        async with a_node(database, opening_key) as node:
            line = await peer.next_call()
            await peer.welcome(line)
            line.write(an_air(number=7, host=GREATER))

            answer = await line.read()

            assert result_of(answer) == 2001
            await until(lambda: state_of(rows, GREATER)[1] == "open")
            # The row is there before the node has heard that it is.
            await until(lambda: [one.identity for one in node.open_peers] == [GREATER])
            assert peer.count == 1
            await line.close()


async def test_the_capabilities_that_we_announce_when_calling_are_complete(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    async with a_called_peer(GREATER) as peer:
        call(rows, peer, GREATER)
        async with a_node(database, opening_key):
            line = await peer.next_call()

            introduction = await line.read()

            assert introduction.header.command_code == COMMAND_CAPABILITIES_EXCHANGE
            assert introduction.header.is_request
            assert introduction.get_text("Origin-Host") == HOST
            assert introduction.get_text("Origin-Realm") == REALM
            assert introduction.get_int("Origin-State-Id") == int(NOW.timestamp())
            assert 16777251 in introduction.list("Auth-Application-Id")
            await line.close()


async def test_a_call_that_fails_is_made_again_after_growing_pauses(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    clock = TravellingClock(NOW)
    async with a_called_peer(GREATER) as peer:
        call(rows, peer, GREATER)
        async with a_node(database, opening_key, clock=clock) as node:
            pauses = []
            for _ in range(6):
                line = await peer.next_call()
                await line.close()
                await until(lambda: state_of(rows, GREATER)[1] == "closed")
                (one,) = node.calls._calls.values()
                await until(lambda one=one: one.connection is None and not one._is_dialling)
                assert one.next_at is not None
                pauses.append((one.next_at - clock.now()).total_seconds())
                clock.advance(seconds=37)

    for pause, expected in zip(pauses, (2, 4, 8, 16, 30, 30), strict=True):
        assert 0.8 * expected <= pause <= 1.2 * expected
    assert state_of(rows, GREATER)[2]


async def test_a_peer_that_nobody_answers_for_is_said_to_be_so(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    rows.add_peer(GREATER, connect_to="127.0.0.1:1")
    async with a_node(database, opening_key):
        await until(lambda: state_of(rows, GREATER)[1] == "closed")

    assert "refused" in state_of(rows, GREATER)[2].lower()


async def test_a_peer_that_says_another_name_is_left(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    async with a_called_peer("other.epc.test") as peer:
        call(rows, peer, GREATER)
        async with a_node(database, opening_key) as node:
            line = await peer.next_call()
            await peer.welcome(line)

            assert (await line.read()).header.command_code == COMMAND_DISCONNECT_PEER
            await line.close()
            await until(lambda: state_of(rows, GREATER)[1] == "closed")
            assert node.open_peers == []
    assert state_of(rows, GREATER)[2] == "it says it is other.epc.test"


async def test_a_peer_that_refuses_us_is_written_down(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    async with a_called_peer(GREATER) as peer:
        call(rows, peer, GREATER)
        async with a_node(database, opening_key):
            line = await peer.next_call()
            await peer.welcome(line, Result(3010, error_message="who are you"))

            await until(lambda: state_of(rows, GREATER)[1] == "closed")
            await line.close()
    assert state_of(rows, GREATER)[2] == "it refuses us with 3010 who are you"


@pytest.mark.parametrize(
    ("cause", "least", "most"),
    [
        (DisconnectCause.REBOOTING, timedelta(seconds=1), timedelta(seconds=3)),
        (DisconnectCause.BUSY, timedelta(minutes=4), timedelta(minutes=6)),
        (DisconnectCause.DO_NOT_WANT_TO_TALK_TO_YOU, None, None),
    ],
)
async def test_the_cause_of_a_goodbye_says_when_to_call_again(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey,
    cause: DisconnectCause, least: timedelta | None, most: timedelta | None,
) -> None:  # fmt: skip
    clock = TravellingClock(NOW)
    async with a_called_peer(GREATER) as peer:
        call(rows, peer, GREATER)
        async with a_node(database, opening_key, clock=clock) as node:
            line = await peer.next_call()
            await peer.welcome(line)
            await until(lambda: bool(node.open_peers))
            line.write(goodbye(peer, cause))
            answer = await line.read()
            await line.close()
            await until(lambda: not node.open_peers)

            (one,) = node.calls._calls.values()
            next_at = one.next_at
            assert answer.get_int("Result-Code") == 2001
    if least is None or most is None:
        assert next_at is None
    else:
        assert next_at is not None
        assert least <= next_at - clock.now() <= most


async def test_a_changed_row_calls_again_after_a_final_goodbye(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    async with a_called_peer(GREATER) as peer:
        call(rows, peer, GREATER)
        async with a_node(database, opening_key) as node:
            line = await peer.next_call()
            await peer.welcome(line)
            await until(lambda: bool(node.open_peers))
            line.write(goodbye(peer, DisconnectCause.DO_NOT_WANT_TO_TALK_TO_YOU))
            await line.read()
            await line.close()
            await until(lambda: not node.open_peers)

            rows.change_peer(GREATER, profile="open5gs")
            await node.refresh()

            await peer.welcome(await peer.next_call())
            await until(lambda: bool(node.open_peers))


async def test_a_removed_peer_is_told_to_go_and_called_no_more(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    async with a_called_peer(GREATER) as peer:
        call(rows, peer, GREATER)
        async with a_node(database, opening_key) as node:
            line = await peer.next_call()
            await peer.welcome(line)
            await until(lambda: bool(node.open_peers))

            rows.change_peer(GREATER, is_enabled=False)
            await node.refresh()

            farewell = await line.read()
            assert farewell.header.command_code == COMMAND_DISCONNECT_PEER
            assert farewell.get_int("Disconnect-Cause") == 2
            await line.close()
            await until(lambda: not node.open_peers)
            assert not node.calls._calls


# --- elections ------------------------------------------------------------------------------------


async def test_the_greater_name_of_ours_keeps_what_the_peer_opened(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    async with a_called_peer(LESSER) as peer:
        call(rows, peer, LESSER)
        async with a_node(database, opening_key) as node:
            ours = await peer.next_call()
            await ours.read()
            theirs = await RawPeer.open(node.port)

            answer = await theirs.introduce(LESSER)

            assert answer.get_int("Result-Code") == 2001
            assert await ours.is_closed_by_the_node()
            await until(lambda: state_of(rows, LESSER)[1] == "open")
            # The row is there before the node has heard that it is.
            await until(lambda: [one.identity for one in node.open_peers] == [LESSER])
            await theirs.close()
            await ours.close()


async def test_the_greater_name_of_the_peers_keeps_what_we_opened(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    async with a_called_peer(GREATER) as peer:
        call(rows, peer, GREATER)
        async with a_node(database, opening_key) as node:
            ours = await peer.next_call()
            introduction = await ours.read()
            theirs = await RawPeer.open(node.port)

            answer = await theirs.introduce(GREATER)
            ours.write(peer.messages.capabilities_answer(introduction, Result(2001)))

            assert answer.get_int("Result-Code") == 4003
            assert await theirs.is_closed_by_the_node()
            await until(lambda: bool(node.open_peers))
            assert state_of(rows, GREATER)[1] == "open"
            await ours.close()
            await theirs.close()


@pytest.mark.parametrize(("identity", "expected"), [(LESSER, 2001), (GREATER, 4003)])
async def test_an_election_holds_across_processes(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey, identity: str, expected: int
) -> None:
    async with a_called_peer(identity) as peer:
        call(rows, peer, identity)
        async with a_node(database, opening_key) as one:
            ours = await peer.next_call()
            introduction = await ours.read()
            async with a_node(database, opening_key, number=2) as two:
                theirs = await RawPeer.open(two.port)
                answer = await theirs.introduce(identity)
                ours.write(peer.messages.capabilities_answer(introduction, Result(2001)))

                winner = two if expected == 2001 else one
                loser = one if expected == 2001 else two
                await until(lambda: bool(winner.open_peers))
                await until(lambda: state_of(rows, identity)[1] == "open")

                assert answer.get_int("Result-Code") == expected
                holder = f"{HOST}@127.0.0.1:0" + ("#2" if winner is two else "")
                assert state_of(rows, identity)[0] == holder
                assert loser.open_peers == []
                assert peer.count == 1
                await theirs.close()
            await ours.close()


async def test_of_several_processes_one_calls_and_another_takes_over(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    clock = TravellingClock(NOW)
    async with (
        a_called_peer(GREATER) as peer,
        a_node(database, opening_key, clock=clock) as one,
    ):
        call(rows, peer, GREATER)
        await one.refresh()
        first = await peer.next_call()
        await peer.welcome(first)
        await until(lambda: bool(one.open_peers))
        async with a_node(database, opening_key, clock=clock, number=2) as two:
            (waiting,) = two.calls._calls.values()
            await until(lambda: waiting.next_at is not None and waiting.next_at > clock.now())
            calls_before = peer.count
            one.calls.stop()
            await first.close()
            await until(lambda: state_of(rows, GREATER)[1] == "closed")
            clock.advance(seconds=40)

            await peer.welcome(await peer.next_call())

            await until(lambda: bool(two.open_peers))
            assert (calls_before, peer.count) == (1, 2)
