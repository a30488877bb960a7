"""Gx dialogues of a running Open5GS EPC, replayed: our answers against those of its own PCRF."""

from collections.abc import AsyncIterator

import pytest

from tests.harness.databases import TestDatabase
from tests.unit.network.enforcement.world import EVERY_APPLICATION, Lines, a_policy_node
from tests.unit.wire.diameter.builders import rows_of
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.domain.plan.speed import Arp, Speed
from wispgate.domain.policy.profile import ApnProfile
from wispgate.simulator.diameter import DiameterClient
from wispgate.wire.diameter.avp import Avp
from wispgate.wire.diameter.message import Message, decode_message, encode_message

HOST, REALM, SMF = "pcrf.localdomain", "localdomain", "smf.localdomain"
# Session-Id -> what our answers have that Open5GS's do not, and why that is right.
SURPLUS = {
    # TS 29.212 5.6.3 allows it; Open5GS leaves it out, and its SMF does not look at it.
    "Bearer-Control-Mode",
}
CAPTURED = [decode_message(bytes.fromhex(row["hex"])) for row in rows_of("open5gs.jsonl")]
GX = [message for message in CAPTURED if message.header.application_id == 16777238]
REQUESTS = [m for m in GX if m.header.is_request and m.header.command_code == 272]
THEIR_PCRF = {
    (m.get_text("Session-Id"), m.get_int("CC-Request-Number")): m
    for m in GX
    if not m.header.is_request
    and m.header.command_code == 272
    and m.get_text("Origin-Host") == HOST
}


@pytest.fixture
def opening_key() -> OpeningKey:
    return OpeningKey(bytes(range(32)))


@pytest.fixture
def lines(database: TestDatabase, opening_key: OpeningKey) -> Lines:
    lines = Lines(database, opening_key)
    lines.add_core(profile="open5gs")
    lines.add_foreign_peer(SMF, REALM, profile="open5gs")
    for imsi in sorted({imsi_of(request) for request in REQUESTS}):
        card = lines.add_card(imsi)
        gigabit = Speed(1_000_000_000, 1_000_000_000)
        arp = Arp(priority_level=8, is_preemptable=False)
        apns = [ApnProfile(1, "internet", gigabit, arp=arp), ApnProfile(2, "wlan", gigabit)]
        lines.change(card, apns=tuple(apns), speed=gigabit, tells=False)
    return lines


@pytest.fixture
async def smf(
    database: TestDatabase, opening_key: OpeningKey, lines: Lines
) -> AsyncIterator[DiameterClient]:
    async with a_policy_node(database, opening_key, name=HOST, realm=REALM, enforces=False) as node:
        client = DiameterClient(SMF, REALM, EVERY_APPLICATION)
        await client.connect("127.0.0.1", node.port)
        yield client
        await client.close()


def imsi_of(request: Message) -> str:
    for avp in request.list_avps("Subscription-Id"):
        if avp.members.get_int("Subscription-Id-Type") == 1:
            return avp.members.get_text("Subscription-Id-Data")
    raise AssertionError("no IMSI in the capture")


def plain(avp: Avp) -> object:
    """Name and value, members in no particular order."""
    definition = avp.definition
    if definition is None or not definition.is_grouped:
        return avp.name, avp.value
    return avp.name, frozenset(plain(member) for member in avp.members.avps)


async def replay(smf: DiameterClient, request: Message) -> Message:
    return await smf.exchange(encode_message(request.header, request.avps))


def test_the_capture_holds_dialogues_to_replay() -> None:
    assert len(REQUESTS) == 4
    assert len(THEIR_PCRF) > 1


async def test_every_captured_session_is_opened_and_ended(smf: DiameterClient) -> None:
    initial = [m for m in REQUESTS if m.get_int("CC-Request-Type") == 1]
    ends = [m for m in REQUESTS if m.get_int("CC-Request-Type") == 3]

    answers = [await replay(smf, request) for request in (*initial, *ends)]

    assert [answer.get_int("Result-Code") for answer in answers] == [2001] * len(REQUESTS)


async def test_our_answers_say_what_the_captured_pcrf_said(smf: DiameterClient) -> None:
    pairs = [
        (request, THEIR_PCRF[key])
        for request in REQUESTS
        if (key := (request.get_text("Session-Id"), request.get_int("CC-Request-Number")))
        in THEIR_PCRF
    ]

    compared = 0
    for request, theirs in pairs:
        ours = await replay(smf, request)
        kept = {plain(avp) for avp in ours.avps if avp.name not in SURPLUS}
        assert kept == {plain(avp) for avp in theirs.avps}
        assert ours.avps[0].name == "Session-Id"
        compared += 1

    assert compared == 2
