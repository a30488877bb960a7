"""Whatever octets a peer sends, and however, the node answers what it can and lives on."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import pytest

from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.harness.network import (
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
from tests.network.dialogue import IMSI, PLMN, air, an_air, result_of, ulr
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.network.transport.node import DiameterNode
from wispgate.simulator.diameter import DiameterClient
from wispgate.wire.diameter.commands import (
    APPLICATION_S6A,
    COMMAND_DEVICE_WATCHDOG,
    COMMAND_UPDATE_LOCATION,
)
from wispgate.wire.diameter.header import FLAG_PROXIABLE, FLAG_REQUEST, Header
from wispgate.wire.diameter.message import AvpItem, Message, encode_message

OTHER = "mme2.epc.test"


@pytest.fixture
async def raw(node: DiameterNode, rows: Rows) -> RawPeer:
    rows.add_card(IMSI)
    raw = await RawPeer.open(node.port)
    await raw.introduce()
    return raw


async def assert_that_others_are_served(node: DiameterNode, rows: Rows) -> None:
    rows.add_peer(OTHER)
    mme = await an_mme(node, OTHER)
    assert result_of(await air(mme, IMSI)) == 2001
    assert result_of(await ulr(mme, IMSI)) == 2001
    await mme.close()


# --- framing --------------------------------------------------------------------------------------


async def test_a_request_cut_at_every_octet_is_answered(raw: RawPeer) -> None:
    request = an_air(number=1)

    for cut in range(1, len(request)):
        raw.write(request[:cut])
        await asyncio.sleep(0.001)
        raw.write(request[cut:])
        answer = await raw.read()

        assert (cut, result_of(answer)) == (cut, 2001)
    await raw.close()


async def test_a_request_octet_by_octet_is_answered(raw: RawPeer) -> None:
    for octet in an_air(number=1):
        raw.write(bytes([octet]))
        await asyncio.sleep(0)

    assert result_of(await raw.read()) == 2001
    await raw.close()


async def test_many_requests_in_one_write_are_answered_once_each(raw: RawPeer) -> None:
    numbers = range(1, 301)

    raw.write(b"".join(an_air(number=number) for number in numbers))

    answers = [await raw.read() for _ in numbers]
    assert sorted(answer.header.hop_by_hop for answer in answers) == list(numbers)
    assert {result_of(answer) for answer in answers} == {2001}
    raw.write(messages_of(MME_HOST).watchdog_request(NOW))
    assert (await raw.read()).header.command_code == COMMAND_DEVICE_WATCHDOG
    await raw.close()


@pytest.mark.parametrize(
    ("octets", "result"),
    [
        (b"\x02" + an_air(number=7)[1:], 5011),
        (b"\x01\x00\x00\x10" + an_air(number=7)[4:], 5015),
        (b"\x01\x00\x00\x1d" + an_air(number=7)[4:], 5015),
        (b"\x01\xff\xff\xfc" + an_air(number=7)[4:], 5015),
    ],
    ids=["version", "short", "odd", "huge"],
)
async def test_a_broken_header_is_answered_and_ends_the_connection(
    raw: RawPeer, node: DiameterNode, rows: Rows, octets: bytes, result: int
) -> None:
    raw.write(an_air(number=6) + octets + an_air(number=8))

    answers = [answer async for answer in everything_from(raw)]
    found = {answer.header.hop_by_hop: result_of(answer) for answer in answers}
    assert found[7] == result
    assert 8 not in found
    await raw.close()
    await assert_that_others_are_served(node, rows)


async def everything_from(raw: RawPeer) -> AsyncIterator[Message]:
    """All messages until the connection ends."""
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            yield await raw.read()


async def test_garbage_before_and_after_the_handshake_hurts_nobody(
    node: DiameterNode, rows: Rows
) -> None:
    rows.add_card(IMSI)
    chance = random.Random(20260301)  # noqa: S311 (a test that can be repeated)
    for is_introduced in (False, True) * 10:
        raw = await RawPeer.open(node.port)
        if is_introduced and (await raw.introduce()).get_int("Result-Code") != 2001:
            await raw.close()
            continue
        raw.write(b"\x16\x03\x01" + chance.randbytes(chance.randrange(20, 4000)))

        assert await raw.is_closed_by_the_node()
        await raw.close()
        await until(lambda: not node.open_peers)
    await assert_that_others_are_served(node, rows)


async def test_a_request_before_the_handshake_ends_the_connection(node: DiameterNode) -> None:
    raw = await RawPeer.open(node.port)

    raw.write(an_air(number=1))

    assert await raw.is_closed_by_the_node()
    await raw.close()


# --- content --------------------------------------------------------------------------------------


def mutations(message: bytes, count: int, seed: int) -> Iterator[bytes]:
    chance = random.Random(seed)  # noqa: S311 (a test that can be repeated)
    for _ in range(count):
        mutated = bytearray(message)
        for _ in range(chance.choice((1, 1, 1, 2, 8))):
            # The length of the message stays: that is the business of the tests above.
            position = chance.randrange(4, len(mutated))
            mutated[position] = chance.choice((0, 255, chance.randrange(256)))
        yield bytes(mutated)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_mutated_requests_never_stop_the_node(
    node: DiameterNode, rows: Rows, seed: int
) -> None:
    print(f"seed {seed}")  # noqa: T201 (shown where it fails)
    rows.add_card(IMSI)
    valid = [an_air(number=1), a_ulr(number=1)]
    codes: list[int] = []
    raw = await RawPeer.open(node.port)
    await raw.introduce()

    for message in [m for v in valid for m in mutations(v, 100, seed)]:
        raw.write(message + messages_of(MME_HOST).watchdog_request(NOW))
        answers = await until_the_watchdog(raw)
        codes += [result_of(answer) for answer in answers]
        if raw.reader.at_eof():
            await raw.close()
            await until(lambda: not node.open_peers)
            raw = await RawPeer.open(node.port)
            await raw.introduce()

    await raw.close()
    assert len(codes) > 100
    assert 5012 not in codes, "nothing that a peer sends may look like a fault of ours"
    await until(lambda: not node.open_peers)
    await assert_that_others_are_served(node, rows)


async def until_the_watchdog(raw: RawPeer) -> list[Message]:
    """The answers before that to a watchdog, and those that come soon after."""
    answers: list[Message] = []
    is_answered = False
    try:
        while not is_answered:
            answer = await raw.read()
            is_answered = answer.header.command_code == COMMAND_DEVICE_WATCHDOG
            answers += [] if is_answered else [answer]
        if not answers:
            async with asyncio.timeout(0.2):
                answers.append(await raw.read())
    except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
        pass  # an answer that was mutated into a request gets none; a goodbye ends it
    return answers


def a_ulr(*, number: int = 1, imei: str = "35693803564380", host: str = MME_HOST) -> bytes:
    avps: list[AvpItem] = [
        ("Session-Id", f"{host};1;{number}"),
        ("Auth-Session-State", 1),
        ("Origin-Host", host),
        ("Origin-Realm", REALM),
        ("Destination-Realm", REALM),
        ("User-Name", IMSI),
        ("RAT-Type", 1004),
        ("ULR-Flags", 34),
        ("Visited-PLMN-Id", PLMN.encode()),
        ("Terminal-Information", [("IMEI", imei)]),
    ]
    header = Header(
        FLAG_REQUEST | FLAG_PROXIABLE, COMMAND_UPDATE_LOCATION, APPLICATION_S6A, number, number
    )
    return encode_message(header, avps)


@pytest.mark.parametrize("imei", ["", "x" * 4000, "\u0663\u0665" * 7])
async def test_an_odd_imei_is_not_kept_and_harms_nobody(
    raw: RawPeer, rows: Rows, imei: str
) -> None:
    raw.write(a_ulr(imei=imei))

    answer = await raw.read()

    assert result_of(answer) == 2001
    with rows.connect() as connection:
        kept = connection.execute("SELECT imei FROM every_registration").fetchall()
    assert kept == [(None,)]
    await raw.close()


async def test_an_imei_with_a_nul_is_the_peers_fault(raw: RawPeer) -> None:
    raw.write(a_ulr(imei="35\x0093803564380") + an_air(number=2))

    answers = [await raw.read(), await raw.read()]

    assert sorted(result_of(answer) for answer in answers) == [2001, 5004]
    await raw.close()


@pytest.mark.parametrize("host", ["mme\0.test", "m" * 300, ""])
async def test_an_origin_that_is_no_name_is_answered_5004(raw: RawPeer, host: str) -> None:
    raw.write(a_ulr(number=1, host=host) + an_air(number=2, host=host))

    answers = [await raw.read(), await raw.read()]

    assert [result_of(answer) for answer in answers] == [5004, 5004]
    assert {a.get_avp("Failed-AVP").members.avps[0].name for a in answers} == {"Origin-Host"}
    await raw.close()


async def test_a_profile_that_cannot_be_read_is_no_fault_of_others(
    raw: RawPeer, rows: Rows
) -> None:
    rows.add_card("001010000000002")
    with rows.database.admin() as connection:
        connection.execute("UPDATE hot_00.line SET profile = '{}' WHERE imsi = '001010000000002'")

    raw.write(an_air(number=1, imsi="001010000000002") + an_air(number=2))

    answers = {(m := await raw.read()).header.hop_by_hop: result_of(m) for _ in range(2)}
    assert answers == {1: 5012, 2: 2001}
    await raw.close()


# --- patience -------------------------------------------------------------------------------------


async def test_a_client_that_never_reads_blocks_nobody_and_is_left(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    rows.add_card(IMSI)
    clock = TravellingClock(NOW)
    async with a_node(database, opening_key, clock=clock) as node:
        raw = await RawPeer.open(node.port, receive_buffer=4096)
        await raw.introduce()
        raw.stop_reading()
        raw.writer.transport.set_write_buffer_limits(high=1 << 30)
        ballast = an_air(number=1, ballast=100_000)

        (connection,) = node.connections
        transport = connection._transport
        assert transport is not None
        for number in range(1, 201):
            raw.write(ballast)
            # One after the other: many answers at once are too much, and cut it off at once.
            await until(lambda n=number: connection.answered >= n or not transport.is_reading())  # type: ignore[misc]

        assert not transport.is_reading()
        assert transport.get_write_buffer_size() < 5_000_000
        await assert_that_others_are_served(node, rows)
        for _ in range(200):  # the node looks at the clock when it comes to it
            if not node.connections:
                break
            clock.advance(seconds=11)
            await asyncio.sleep(0.1)
        assert not node.connections
        raw.writer.transport.abort()


async def test_two_hundred_idle_peers_leave_room_for_work(
    node: DiameterNode, rows: Rows, mme: DiameterClient
) -> None:
    rows.add_card(IMSI)
    names = [f"idle{number}.epc.test" for number in range(200)]
    rows.add_peers(names)
    idle = [await RawPeer.open(node.port) for _ in names]

    answers = await asyncio.gather(
        *(raw.introduce(name) for raw, name in zip(idle, names, strict=True))
    )

    assert {answer.get_int("Result-Code") for answer in answers} == {2001}
    assert len(node.open_peers) == 201
    assert result_of(await air(mme, IMSI)) == 2001
    for raw in idle:
        await raw.close()


@pytest.mark.parametrize("octets", [0, 1, 19, 60])
async def test_a_connection_that_does_not_introduce_itself_is_closed_in_time(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey, octets: int
) -> None:
    clock = TravellingClock(NOW)
    async with a_node(database, opening_key, clock=clock) as node:
        raw = await RawPeer.open(node.port)
        raw.write(messages_of(MME_HOST).capabilities_request(NOW)[:octets])
        await until(lambda: bool(node.connections))
        clock.advance(seconds=9)
        await asyncio.sleep(0.6)
        was_open = bool(node.connections)
        clock.advance(seconds=2)

        assert await raw.is_closed_by_the_node()

        assert was_open
        await until(lambda: not node.connections)
        await raw.close()
