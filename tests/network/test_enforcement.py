"""Pushes from a changed row to their effect, through sockets, outbox and database."""

from collections.abc import AsyncIterator
from typing import cast
from uuid import UUID

import pytest

from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.harness.network import MME_HOST, NOW, Card
from tests.unit.network.enforcement.world import (
    IMSI,
    OTHER_MME_HOST,
    PGW_HOST,
    Client,
    Lines,
    Node,
    a_policy_node,
    result_of,
    until,
)
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.domain.plan.speed import Speed
from wispgate.domain.policy.profile import Barring
from wispgate.network.transport.node import DiameterNode
from wispgate.network.transport.requests import NoAnswer
from wispgate.wire.diameter.answers import Origin, experimental
from wispgate.wire.diameter.commands import (
    COMMAND_CANCEL_LOCATION,
    COMMAND_INSERT_SUBSCRIBER_DATA,
    COMMAND_RE_AUTH,
)
from wispgate.wire.diameter.message import Message

SESSION = "pgw.epc.test;1;1"
SLOW = Speed(128_000, 256_000)


@pytest.fixture
def opening_key() -> OpeningKey:
    return OpeningKey(bytes(range(32)))


@pytest.fixture
def clock() -> TravellingClock:
    return TravellingClock(NOW)


@pytest.fixture
def lines(database: TestDatabase, opening_key: OpeningKey) -> Lines:
    return Lines(database, opening_key)


@pytest.fixture
async def node(
    database: TestDatabase, opening_key: OpeningKey, lines: Lines, clock: TravellingClock
) -> AsyncIterator[Node]:
    async with a_policy_node(database, opening_key, clock=clock) as node:
        yield node


@pytest.fixture
async def mme() -> AsyncIterator[Client]:
    client = Client(MME_HOST)
    yield client
    await client.close()


@pytest.fixture
async def pgw() -> AsyncIterator[Client]:
    client = Client(PGW_HOST)
    yield client
    await client.close()


def a_core(lines: Lines, profile: str) -> Card:
    """An MME and a gateway of one kind, and a line of theirs."""
    lines.add_core(profile=profile)
    lines.add_peer(PGW_HOST, applications=("gx", "gy"), profile=profile)
    return lines.add_card(IMSI)


def state(lines: Lines, card: Card, position: int = -1) -> str:
    pushes = lines.pushes(card)
    return str(pushes[position]["state"]) if pushes else ""


def commands_of(client: Client) -> list[int]:
    return [message.header.command_code for message in client.asked]


async def test_suspending_detaches_and_is_in_effect_once_the_session_ended(
    lines: Lines, node: Node, mme: Client, pgw: Client
) -> None:
    card = a_core(lines, "open5gs")
    await mme.connect(node)
    await pgw.connect(node)
    await mme.ulr()
    await pgw.ccr(1, 0, SESSION)
    lines.change(card, barring=Barring.NO_ATTACH)
    await until(lambda: state(lines, card) == "acknowledged")
    (clr,) = mme.asked

    await pgw.ccr(3, 1, SESSION)
    await until(lambda: state(lines, card) == "in_effect")

    assert clr.header.command_code == COMMAND_CANCEL_LOCATION
    assert clr.get_int("Cancellation-Type") == 2
    assert clr.get_text("User-Name") == IMSI
    assert clr.get_text("Destination-Host") == MME_HOST
    (push,) = lines.pushes(card)
    assert (push["means"], push["result"]) == ("s6a_clr_withdraw", "2001")
    assert push["evidence"] == "its sessions ended"
    assert lines.registration(card)["purged_at"] is not None


async def test_a_refused_attach_shows_that_the_line_is_off(
    lines: Lines, node: Node, mme: Client, clock: TravellingClock
) -> None:
    card = a_core(lines, "open5gs")
    await mme.connect(node)
    await mme.ulr()
    lines.change(card, barring=Barring.NO_ATTACH)
    await until(lambda: state(lines, card) == "acknowledged")
    clock.advance(seconds=5)

    answer = await mme.air()
    await until(lambda: state(lines, card) == "in_effect")

    assert result_of(answer) == 5420
    assert lines.pushes(card)[0]["evidence"] == "an authentication was refused"


async def test_an_mme_that_lost_the_phone_has_nothing_to_stop(
    lines: Lines, node: Node, mme: Client
) -> None:
    card = a_core(lines, "open5gs")
    mme.answers = lambda _: experimental(5001)
    await mme.connect(node)
    await mme.ulr()

    lines.change(card, barring=Barring.NO_ATTACH)
    await until(lambda: state(lines, card) == "in_effect")

    (push,) = lines.pushes(card)
    assert push["evidence"] == "the node does not know the phone"


async def test_a_push_waits_for_its_peer_and_leaves_when_it_comes(
    lines: Lines, node: Node, mme: Client
) -> None:
    card = a_core(lines, "open5gs")
    await mme.connect(node)
    await mme.ulr()
    await mme.close()
    lines.change(card, barring=Barring.NO_ATTACH)
    await until(lambda: state(lines, card) == "waiting_for_peer")

    await mme.connect(node)
    await until(lambda: state(lines, card) == "acknowledged")

    assert commands_of(mme) == [COMMAND_CANCEL_LOCATION]


async def test_a_push_outlives_the_node_that_asked_for_it(
    database: TestDatabase, opening_key: OpeningKey, lines: Lines, mme: Client
) -> None:
    card = a_core(lines, "open5gs")
    async with a_policy_node(database, opening_key) as first:
        await mme.connect(first)
        await mme.ulr()
        await mme.close()
        lines.change(card, barring=Barring.NO_ATTACH)
        await until(lambda: bool(lines.pushes(card)))

    async with a_policy_node(database, opening_key) as second:
        await mme.connect(second)
        await until(lambda: state(lines, card) == "acknowledged")

    assert commands_of(mme) == [COMMAND_CANCEL_LOCATION]
    assert [push["attempts"] for push in lines.pushes(card)] == [1]


async def test_a_push_whose_sender_died_is_sent_again(
    database: TestDatabase, opening_key: OpeningKey, lines: Lines, mme: Client,
    clock: TravellingClock,
) -> None:  # fmt: skip
    card = a_core(lines, "open5gs")
    async with a_policy_node(database, opening_key, clock=clock, enforces=False) as first:
        await mme.connect(first)
        await mme.ulr()
        lines.change(card, barring=Barring.NO_ATTACH)
        await first.enforcer.listen()
        taken = await first.enforcer.take(first.diameter)
        await mme.close()
    clock.advance(seconds=40)

    async with a_policy_node(database, opening_key, clock=clock) as second:
        await mme.connect(second)
        await until(lambda: state(lines, card) == "acknowledged")

    assert len(taken) == 1
    (clr,) = mme.asked
    assert clr.header.is_retransmitted
    assert lines.pushes(card)[0]["attempts"] == 2


async def test_a_push_that_lost_its_connection_is_repeated_by_whoever_has_the_peer_next(
    database: TestDatabase, opening_key: OpeningKey, lines: Lines, node: Node, mme: Client
) -> None:
    card = a_core(lines, "open5gs")
    await mme.connect(node)
    await mme.ulr()
    mme.answers = lambda _: vanish(mme)
    lines.change(card, barring=Barring.NO_ATTACH)
    await until(lambda: state(lines, card) == "waiting_for_peer" and len(mme.asked) == 1)

    mme.answers = lambda _: 2001
    await node.stop_enforcing()
    async with a_policy_node(database, opening_key, name="hss2.epc.test") as second:
        await mme.connect(second)
        await until(lambda: state(lines, card) == "acknowledged")
        await mme.close()

    first, again = mme.asked
    assert (first.header.is_retransmitted, again.header.is_retransmitted) == (False, True)
    assert first.header.end_to_end == again.header.end_to_end
    # All that it says is the same, our name too.
    assert [avp.encode() for avp in first.avps] == [avp.encode() for avp in again.avps]


async def test_a_push_that_was_not_answered_in_time_is_repeated(
    lines: Lines, node: Node, mme: Client, clock: TravellingClock
) -> None:
    await node.stop_enforcing()
    card = a_core(lines, "open5gs")
    await mme.connect(node)
    await mme.ulr()
    lines.change(card, barring=Barring.NO_ATTACH)
    await node.enforcer.listen()
    ((sender, push),) = await node.enforcer.take(node.diameter)
    await sender.send(cast(DiameterNode, Unanswering()), push)

    clock.advance(seconds=3)
    ((sender, push),) = await node.enforcer.take(node.diameter)
    await sender.send(node.diameter, push)

    (clr,) = mme.asked
    assert clr.header.is_retransmitted
    assert clr.get_text("Session-Id").endswith(";1")
    assert state(lines, card) == "acknowledged"


class Unanswering:
    """A node whose peer is there and says nothing."""

    def origin_towards(self, core_id: UUID, identity: str) -> Origin:
        return Origin("hss.epc.test", "epc.test")

    async def send_request(self, *_: object) -> Message:
        raise NoAnswer("the peer does not answer")


def vanish(client: Client) -> int:
    """The connection is gone before the answer is written."""
    assert client.diameter is not None
    client.diameter.abort()
    return 2001


async def test_only_the_node_that_holds_the_peer_sends(  # noqa: PLR0917
    database: TestDatabase, opening_key: OpeningKey, lines: Lines, node: Node, mme: Client,
    pgw: Client, clock: TravellingClock,
) -> None:  # fmt: skip
    card = a_core(lines, "open5gs")
    async with a_policy_node(database, opening_key, clock=clock, name="hss2.epc.test") as other:
        await mme.connect(node)
        await pgw.connect(other)
        await mme.ulr()
        await pgw.ccr(1, 0, SESSION)
        lines.change(card, barring=Barring.NO_ATTACH)
        await until(lambda: state(lines, card) == "acknowledged")

        await pgw.ccr(3, 1, SESSION)
        await until(lambda: state(lines, card) == "in_effect")

    assert commands_of(mme) == [COMMAND_CANCEL_LOCATION]
    assert pgw.asked == []
    assert [push["attempts"] for push in lines.pushes(card)] == [1]


async def test_a_throttle_reaches_a_3gpp_gateway_without_a_detach(
    lines: Lines, node: Node, mme: Client, pgw: Client
) -> None:
    card = a_core(lines, "generic3gpp")
    lines.change(card, throttled_speed=SLOW)
    await mme.connect(node)
    await pgw.connect(node)
    await mme.ulr()
    await pgw.ccr(1, 0, SESSION)
    lines.exhaust(card)
    await until(lambda: state(lines, card) == "acknowledged")
    (rar,) = pgw.asked

    await pgw.ccr(2, 1, SESSION)
    await until(lambda: state(lines, card) == "in_effect")

    assert rar.header.command_code == COMMAND_RE_AUTH
    assert (rar.get_text("Session-Id"), rar.get_int("Re-Auth-Request-Type")) == (SESSION, 0)
    assert speed_of(rar) == (SLOW.up_bps, SLOW.down_bps)
    assert 22 in rar.list("Event-Trigger")
    assert mme.asked == []
    assert [push["means"] for push in lines.pushes(card)] == ["gx_rules"]


async def test_a_throttle_makes_phones_of_open5gs_attach_again(
    lines: Lines, node: Node, mme: Client, pgw: Client, clock: TravellingClock
) -> None:
    card = a_core(lines, "open5gs")
    lines.change(card, throttled_speed=SLOW)
    await mme.connect(node)
    await pgw.connect(node)
    await mme.ulr()
    await pgw.ccr(1, 0, SESSION)
    lines.exhaust(card)
    await until(lambda: state(lines, card) == "acknowledged")
    (clr,) = mme.asked

    clock.advance(seconds=1)
    await pgw.ccr(3, 1, SESSION)
    await mme.ulr()
    answer = await pgw.ccr(1, 0, "pgw.epc.test;1;2")
    await until(lambda: state(lines, card) == "in_effect")

    assert (clr.get_int("Cancellation-Type"), clr.get_int("CLR-Flags")) == (2, 3)
    assert speed_of(answer) == (SLOW.up_bps, SLOW.down_bps)
    assert pgw.asked == []


def speed_of(message: Message) -> tuple[int, int]:
    qos = message.get_avp("QoS-Information").members
    return (
        qos.get_int("APN-Aggregate-Max-Bitrate-UL"),
        qos.get_int("APN-Aggregate-Max-Bitrate-DL"),
    )


async def test_a_gateway_that_does_nothing_is_found_out(
    lines: Lines, node: Node, mme: Client, pgw: Client, clock: TravellingClock
) -> None:
    card = a_core(lines, "generic3gpp")
    await mme.connect(node)
    await pgw.connect(node)
    await mme.ulr()
    await pgw.ccr(1, 0, SESSION)
    lines.change(card, speed=SLOW)
    await until(lambda: state(lines, card) == "acknowledged")

    for means in ("gx_qos", "s6a_idr"):
        clock.advance(seconds=70)
        await until(lambda means=means: lines.pushes(card)[-1]["means"] == means)
        await until(lambda: state(lines, card) == "acknowledged")

    pushes = lines.pushes(card)
    assert [(push["means"], push["state"]) for push in pushes] == [
        ("gx_rules", "failed"),
        ("gx_qos", "failed"),
        ("s6a_idr", "acknowledged"),
    ]
    assert commands_of(mme) == [COMMAND_INSERT_SUBSCRIBER_DATA]


async def test_a_refused_push_climbs_at_once(
    lines: Lines, node: Node, mme: Client, pgw: Client
) -> None:
    card = a_core(lines, "generic3gpp")
    pgw.answers = lambda _: 5012
    await mme.connect(node)
    await pgw.connect(node)
    await mme.ulr()
    await pgw.ccr(1, 0, SESSION)

    lines.change(card, speed=SLOW)
    await until(lambda: state(lines, card) == "acknowledged")

    pushes = lines.pushes(card)
    assert [(push["means"], push["result"]) for push in pushes] == [
        ("gx_rules", "5012"),
        ("gx_qos", "5012"),
        ("s6a_idr", "2001"),
    ]


async def test_an_idr_carries_the_new_speed_and_is_remembered(
    lines: Lines, node: Node, mme: Client
) -> None:
    card = a_core(lines, "generic3gpp")
    await mme.connect(node)
    await mme.ulr()

    wanted = lines.change(card, speed=SLOW)
    await until(lambda: state(lines, card) == "acknowledged")

    (idr,) = mme.asked
    data = idr.get_avp("Subscription-Data").members
    ambr = data.get_avp("AMBR").members
    assert ambr.get_int("Max-Requested-Bandwidth-UL") == SLOW.up_bps
    assert data.get_int("Subscriber-Status") == 0
    assert lines.registration(card)["known_profile_version"] == wanted.version


async def test_a_phone_that_moved_is_cancelled_at_its_old_node(
    lines: Lines, node: Node, mme: Client
) -> None:
    card = a_core(lines, "generic3gpp")
    lines.add_peer(OTHER_MME_HOST)
    other = await Client(OTHER_MME_HOST).connect(node)
    await mme.connect(node)
    await mme.ulr()

    await other.ulr()
    await until(lambda: state(lines, card) == "in_effect")
    await other.close()

    (clr,) = mme.asked
    assert (clr.header.command_code, clr.get_int("Cancellation-Type")) == (317, 0)
    assert other.asked == []
    assert lines.registration(card)["mme_host"] == OTHER_MME_HOST


async def test_a_phone_that_came_back_is_not_cancelled(
    lines: Lines, node: Node, mme: Client
) -> None:
    card = a_core(lines, "generic3gpp")
    lines.add_peer(OTHER_MME_HOST)
    other = await Client(OTHER_MME_HOST).connect(node)
    await mme.connect(node)
    await mme.ulr()
    await mme.close()
    await other.ulr()
    await until(lambda: state(lines, card) == "waiting_for_peer")

    await mme.connect(node)
    await mme.ulr()
    await until(lambda: {p["state"] for p in lines.pushes(card)} == {"superseded", "in_effect"})
    await other.close()

    assert mme.asked == []
    assert [clr.get_int("Cancellation-Type") for clr in other.asked] == [0]


async def test_a_newer_wish_takes_the_place_of_an_older_one(
    lines: Lines, node: Node, mme: Client, clock: TravellingClock
) -> None:
    card = a_core(lines, "open5gs")
    await mme.connect(node)
    await mme.ulr()
    await mme.close()
    lines.change(card, barring=Barring.NO_ATTACH)
    await until(lambda: state(lines, card) == "waiting_for_peer")

    clock.advance(seconds=1)
    lines.change(card, barring=Barring.NONE)
    await until(lambda: state(lines, card, 0) == "superseded")
    await mme.connect(node)
    await until(lambda: state(lines, card) == "acknowledged")

    assert [push["effect"] for push in lines.pushes(card)] == ["stop", "restore"]
    assert commands_of(mme) == [COMMAND_INSERT_SUBSCRIBER_DATA]


async def test_a_line_that_is_nowhere_is_stopped_without_a_word(lines: Lines, node: Node) -> None:
    card = a_core(lines, "open5gs")
    lines.change(card)
    await until(lambda: lines.read(card, ENFORCED)[0]["is_known"])

    lines.change(card, barring=Barring.NO_ATTACH)
    await until(lambda: state(lines, card) == "in_effect")

    (push,) = lines.pushes(card)
    assert push["evidence"] == "it is registered nowhere and has no session"


ENFORCED = "SELECT enforced_profile IS NOT NULL AS is_known FROM {schema}.line WHERE line_id = %s"


async def test_a_restored_line_waits_for_the_phone_to_be_seen(
    lines: Lines, node: Node, mme: Client, pgw: Client, clock: TravellingClock
) -> None:
    card = a_core(lines, "open5gs")
    lines.change(card, barring=Barring.NO_ATTACH)
    await until(lambda: lines.read(card, ENFORCED)[0]["is_known"])
    lines.change(card, barring=Barring.NONE)
    await until(lambda: state(lines, card) == "asked")
    clock.advance(seconds=1)

    await mme.connect(node)
    await mme.ulr()
    await until(lambda: state(lines, card) == "in_effect")

    assert lines.pushes(card)[-1]["means"] == "next_attach"
    assert lines.pushes(card)[-1]["evidence"] == "the phone registered with the new profile"


async def test_a_suspended_line_of_a_3gpp_gateway_loses_its_session(
    lines: Lines, node: Node, mme: Client, pgw: Client
) -> None:
    card = a_core(lines, "generic3gpp")
    await mme.connect(node)
    await pgw.connect(node)
    await mme.ulr()
    await pgw.ccr(1, 0, SESSION)
    lines.change(card, barring=Barring.NO_SESSION)
    await until(lambda: state(lines, card) == "acknowledged")

    await pgw.ccr(3, 1, SESSION)
    await until(lambda: state(lines, card) == "in_effect")

    (rar,) = pgw.asked
    assert rar.get_int("Session-Release-Cause") == 1
    assert mme.asked == []


async def test_a_gateway_without_the_session_has_lost_it(
    lines: Lines, node: Node, mme: Client, pgw: Client
) -> None:
    card = a_core(lines, "generic3gpp")
    pgw.answers = lambda _: 5002
    await pgw.connect(node)
    await pgw.ccr(1, 0, SESSION)

    lines.change(card, barring=Barring.NO_SESSION)
    await until(lambda: state(lines, card) == "in_effect")

    assert [row["is_open"] for row in lines.sessions(card)] == [False]


async def test_a_card_that_left_its_line_is_detached(lines: Lines, node: Node, mme: Client) -> None:
    card = a_core(lines, "open5gs")
    await mme.connect(node)
    await mme.ulr()

    lines.swap(card, "001010000000021")
    await until(lambda: state(lines, card) == "acknowledged")

    (clr,) = mme.asked
    assert (clr.get_text("User-Name"), clr.get_int("Cancellation-Type")) == (IMSI, 2)


async def test_a_busy_gateway_is_asked_again_before_the_next_rung(
    lines: Lines, node: Node, pgw: Client, clock: TravellingClock
) -> None:
    card = a_core(lines, "generic3gpp")
    busy = iter((3004, 3004))
    pgw.answers = lambda _: next(busy, 2001)
    await pgw.connect(node)
    await pgw.ccr(1, 0, SESSION)

    lines.change(card, speed=SLOW)
    for attempts in (1, 2, 3):
        await until(lambda attempts=attempts: len(pgw.asked) == attempts)
        clock.advance(seconds=3)
    await until(lambda: state(lines, card) == "acknowledged")

    (push,) = lines.pushes(card)
    assert (push["means"], push["attempts"]) == ("gx_rules", 3)
    # What was answered and is asked again is a request of its own, and no repetition.
    headers = [message.header for message in pgw.asked]
    assert not any(header.is_retransmitted for header in headers)
    assert len({header.end_to_end for header in headers}) == 3


async def test_another_means_is_tried_while_a_peer_is_away(
    lines: Lines, node: Node, mme: Client, pgw: Client, clock: TravellingClock
) -> None:
    card = a_core(lines, "generic3gpp")
    await mme.connect(node)
    await pgw.connect(node)
    await mme.ulr()
    await pgw.ccr(1, 0, SESSION)
    await pgw.close()
    lines.change(card, barring=Barring.NO_ATTACH)
    await until(lambda: state(lines, card) == "waiting_for_peer")

    clock.advance(seconds=40)
    await until(lambda: state(lines, card) == "acknowledged")

    assert [(push["means"], push["state"]) for push in lines.pushes(card)] == [
        ("gx_release", "waiting_for_peer"),
        ("s6a_idr", "acknowledged"),
    ]
    assert commands_of(mme) == [COMMAND_INSERT_SUBSCRIBER_DATA]


async def test_a_refilled_quota_reaches_the_charging_session(
    lines: Lines, node: Node, pgw: Client, clock: TravellingClock
) -> None:
    card = a_core(lines, "generic3gpp")
    lines.change(card, is_blocked_when_exhausted=True)
    lines.open_charging_session(card, "pgw;gy;1", PGW_HOST)
    await pgw.connect(node)
    await until(lambda: lines.read(card, ENFORCED)[0]["is_known"])
    lines.exhaust(card)
    await until(lambda: state(lines, card) == "asked")
    clock.advance(seconds=10)
    lines.exhaust(card, is_exhausted=False)
    await until(lambda: state(lines, card) == "acknowledged")
    (rar,) = pgw.asked

    lines.report_charging(card, clock.advance(seconds=1))
    await until(lambda: state(lines, card) == "in_effect")

    assert (rar.header.application_id, rar.get_text("Session-Id")) == (4, "pgw;gy;1")
    assert [(p["means"], p["state"]) for p in lines.pushes(card)] == [
        ("gy_next_report", "superseded"),
        ("gy_reauthorise", "in_effect"),
    ]


@pytest.mark.parametrize("partitions", [2], indirect=True)
async def test_every_partition_has_its_pushes(
    lines: Lines, node: Node, mme: Client, pgw: Client
) -> None:
    first = a_core(lines, "generic3gpp")
    second = lines.add_card("001010000000002")
    await pgw.connect(node)
    await pgw.ccr(1, 0, SESSION)
    await pgw.ccr(
        1, 0, "pgw.epc.test;1;2", subscription=(1, second.imsi), address=b"\x0a\x2d\x00\x03"
    )
    for card in (first, second):
        lines.change(card, barring=Barring.NO_SESSION)
        await until(lambda card=card: state(lines, card) == "acknowledged")

    for session_id in (SESSION, "pgw.epc.test;1;2"):
        await pgw.ccr(3, 1, session_id, leaves_out=("Subscription-Id", "Called-Station-Id"))

    for card in (first, second):
        await until(lambda card=card: state(lines, card) == "in_effect")
    assert {message.get_text("Session-Id") for message in pgw.asked} == {
        SESSION,
        "pgw.epc.test;1;2",
    }
