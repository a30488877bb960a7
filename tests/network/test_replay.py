"""What a running EPC has sent, sent to our node: every request answered, S6a answered right."""

import asyncio
import json
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.databases import TestDatabase
from tests.harness.network import Rows, a_node
from tests.network.dialogue import result_of
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.network.transport.node import DiameterNode
from wispgate.simulator.diameter import DiameterClient
from wispgate.wire.diameter.avp import AvpSequence
from wispgate.wire.diameter.capabilities import Application
from wispgate.wire.diameter.commands import APPLICATION_S6A, VENDOR_3GPP
from wispgate.wire.diameter.header import Header
from wispgate.wire.diameter.message import Message, decode_message, encode_message
from wispgate.wire.diameter.validation import check_answer

CAPTURE = Path(__file__).parents[1] / "data" / "diameter" / "open5gs.jsonl"
REALM = "localdomain"
HSS = "hss.localdomain"
MME = "mme.localdomain"

# What Open5GS's own HSS says and we do not, and why that is right.
NOT_OURS = {
    "AIA": set[str](),
    "ULA": {
        # There is no optional feature of S6a that we have.
        "Supported-Features",
        "Supported-Features/Feature-List",
        "Supported-Features/Feature-List-ID",
        "Supported-Features/Vendor-Id",
        # No second number is kept for a line.
        "Subscription-Data/A-MSISDN",
        # The time in which a phone reports itself is the MME's own default.
        "Subscription-Data/Subscribed-Periodic-RAU-TAU-Timer",
        # Present there as the value that restricts nothing; we send it where something is barred.
        "Subscription-Data/Access-Restriction-Data",
    },
}


def rows_of_the_capture() -> list[dict[str, Any]]:
    with CAPTURE.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def messages(*commands: str) -> list[Message]:
    return [
        decode_message(bytes.fromhex(row["hex"]))
        for row in rows_of_the_capture()
        if row["command"] in commands and row["interface"] == "S6a"
    ]


def requests_of_applications() -> list[tuple[dict[str, Any], Message]]:
    pairs = [(row, decode_message(bytes.fromhex(row["hex"]))) for row in rows_of_the_capture()]
    return [
        (row, message)
        for row, message in pairs
        if message.header.is_request and message.header.application_id
    ]


@pytest.fixture
async def mme(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> AsyncIterator[DiameterClient]:
    rows.add_peer(MME, realm=REALM, profile="open5gs")
    async with a_node(database, opening_key, name=HSS, realm=REALM) as node:
        yield await connected(node)


async def connected(node: DiameterNode) -> DiameterClient:
    client = DiameterClient(MME, REALM, [Application(APPLICATION_S6A, VENDOR_3GPP)])
    return await client.connect("127.0.0.1", node.port)


def add_cards(rows: Rows) -> set[str]:
    imsis = {message.get_text("User-Name") for message in messages("AIR", "ULR")}
    for imsi in imsis:
        rows.add_card(imsi, msisdn=f"49{imsi[-9:]}")
    return imsis


async def test_every_request_of_s6a_is_answered_with_success(
    mme: DiameterClient, rows: Rows
) -> None:
    imsis = add_cards(rows)
    requests = messages("AIR", "ULR")

    answers = [await mme.exchange(encode(request)) for request in requests]

    assert imsis
    assert Counter(map(result_of, answers)) == {2001: len(requests)}
    assert [check_answer(answer) for answer in answers] == [None] * len(answers)


async def test_an_air_with_an_unprovable_resynchronisation_still_brings_vectors(
    mme: DiameterClient, rows: Rows
) -> None:
    add_cards(rows)
    asked = [request for request in messages("AIR") if resynchronisation_of(request)]

    answers = [await mme.exchange(encode(request)) for request in asked]

    assert asked
    for answer in answers:
        assert answer.get_avp("Authentication-Info").members.find_avp("E-UTRAN-Vector")


async def test_requests_of_other_applications_are_refused_and_harm_nothing(
    mme: DiameterClient, rows: Rows
) -> None:
    add_cards(rows)
    found: dict[tuple[str, str], set[int]] = {}

    for row, request in requests_of_applications():
        answer = await mme.exchange(encode(request))
        key = (row["interface"], row["command"])
        found.setdefault(key, set()).add(result_of(answer))

    s6a = {command: codes for (interface, command), codes in found.items() if interface == "S6a"}
    others = {key: codes for key, codes in found.items() if key[0] != "S6a"}
    assert len(others) > 10
    assert {key: codes for key, codes in others.items() if codes != {3007}} == {}
    # Requests that an HSS sends are not meant for one: another host's, or no command of ours.
    assert s6a.pop("AIR") == s6a.pop("ULR") == {2001}
    assert set().union(*s6a.values()) <= {3001, 3002, 5005}


async def test_a_whole_capture_at_once_is_answered(mme: DiameterClient, rows: Rows) -> None:
    add_cards(rows)
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201 (shown where it fails)
    requests = [encode(request) for _, request in requests_of_applications()] * 3

    answers = await asyncio.gather(*(mme.exchange(request) for request in requests))

    assert len(answers) == len(requests)
    assert 5012 not in {result_of(answer) for answer in answers}


async def test_our_answers_have_what_the_captured_ones_have(
    mme: DiameterClient, rows: Rows
) -> None:
    add_cards(rows)
    for answer_name, request_name in (("AIA", "AIR"), ("ULA", "ULR")):
        captured = set().union(
            *(paths_of(answer) for answer in messages(answer_name) if result_of(answer) == 2001)
        )

        ours = paths_of(await mme.exchange(encode(messages(request_name)[0])))

        missing = captured - ours
        assert missing <= NOT_OURS[answer_name]


def encode(message: Message) -> bytes:
    """The message as its sender would send it again: under an End-to-End identifier of its own."""
    header: Header = message.header._replace(end_to_end=secrets.randbits(32))
    return encode_message(header, message.avps)


def resynchronisation_of(message: Message) -> bool:
    group = message.find_avp("Requested-EUTRAN-Authentication-Info")
    return group is not None and group.members.find_avp("Re-Synchronization-Info") is not None


def paths_of(sequence: AvpSequence, prefix: str = "") -> set[str]:
    return set(_paths(sequence, prefix))


def _paths(sequence: AvpSequence, prefix: str) -> Iterator[str]:
    for avp in sequence.avps:
        yield prefix + avp.name
        if avp.definition is not None and avp.definition.is_grouped:
            yield from _paths(avp.members, f"{prefix}{avp.name}/")
