"""RFC 6733, clause by clause, through a real socket. Elections: test_calls; TLS: test_tls."""

import asyncio
import struct

import pytest

from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.harness.network import HOST, MME_HOST, NOW, REALM, RawPeer, Rows, a_node, an_mme, until
from tests.network.conformance.stage import Stage, air_avps, request, speaker, watchdog
from tests.network.dialogue import IMSI, air, an_air, result_of
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.wire.diameter.answers import Result
from wispgate.wire.diameter.avp import encode_avp
from wispgate.wire.diameter.capabilities import Application
from wispgate.wire.diameter.commands import (
    APPLICATION_RELAY,
    APPLICATION_S6A,
    COMMAND_DEVICE_WATCHDOG,
    COMMAND_DISCONNECT_PEER,
    COMMAND_UPDATE_LOCATION,
)
from wispgate.wire.diameter.events import DisconnectCause
from wispgate.wire.diameter.header import FLAG_PROXIABLE, FLAG_REQUEST, FLAG_RETRANSMITTED
from wispgate.wire.diameter.message import Message, decode_message, encode_message

# --- 3: the header --------------------------------------------------------------------------------


@pytest.mark.parametrize("flags", [FLAG_REQUEST | FLAG_PROXIABLE, FLAG_REQUEST])
async def test_3_an_answer_keeps_the_numbers_and_the_p_bit(stage: Stage, flags: int) -> None:
    answer = await stage.ask(request(air_avps(), flags=flags))

    header = answer.header
    assert (header.hop_by_hop, header.end_to_end) == (0xABCDEF01, 0x12345678)
    assert (header.command_code, header.application_id) == (318, APPLICATION_S6A)
    assert header.is_proxiable is bool(flags & FLAG_PROXIABLE)
    assert not header.is_request


async def test_3_an_answer_never_has_the_t_bit(stage: Stage) -> None:
    flags = FLAG_REQUEST | FLAG_PROXIABLE | FLAG_RETRANSMITTED

    answer = await stage.ask(request(air_avps(), flags=flags))

    assert result_of(answer) == 2001
    assert not answer.header.is_retransmitted


async def test_3_reserved_bits_of_the_header_are_ignored(stage: Stage) -> None:
    answer = await stage.ask(request(air_avps(), flags=FLAG_REQUEST | FLAG_PROXIABLE | 0x0F))

    assert result_of(answer) == 2001
    assert answer.header.flags & 0x0F == 0


async def test_3_many_requests_in_one_segment_are_answered_by_their_numbers(stage: Stage) -> None:
    stage.raw.write(b"".join(an_air(number=n) for n in range(1, 31)))

    answers = [await stage.raw.read() for _ in range(30)]

    assert {answer.header.hop_by_hop for answer in answers} == set(range(1, 31))


# --- 4: AVPs --------------------------------------------------------------------------------------


async def test_4_1_an_unknown_avp_that_need_not_be_understood_is_passed_over(stage: Stage) -> None:
    unknown = [encode_avp(65000, 0, 0, b"abc"), encode_avp(1, 99999, 0x80, b"abcd")]

    answer = await stage.ask(request([*air_avps(), *unknown]))

    assert result_of(answer) == 2001


async def test_4_1_a_known_avp_is_taken_with_either_m_bit(stage: Stage) -> None:
    name = encode_avp(1, 0, 0, IMSI.encode())

    answer = await stage.ask(request([*air_avps(without="User-Name"), name]))

    assert result_of(answer) == 2001


# --- 5.3: capabilities ----------------------------------------------------------------------------


async def test_5_3_2_the_answer_says_all_that_we_are(stage: Stage) -> None:
    stage.rows.add_peer("mme2.epc.test")

    answer = await stage.introduce(speaker("mme2.epc.test").capabilities_request(NOW))

    assert answer.get_int("Result-Code") == 2001
    assert answer.get_text("Origin-Host") == HOST
    assert answer.get_text("Product-Name") == "WISPGate"
    assert answer.find("Host-IP-Address") is not None
    assert set(answer.list("Supported-Vendor-Id")) >= {10415}
    plain = set(answer.list("Auth-Application-Id"))
    vendors = {
        group.members.get_int("Auth-Application-Id")
        for group in answer.list_avps("Vendor-Specific-Application-Id")
    }
    assert {16777251, 16777238, 4} <= plain
    assert {16777251, 16777238} <= vendors


async def test_5_3_an_application_announced_in_either_form_is_common(stage: Stage) -> None:
    for number, is_vendor_specific in enumerate((False, True)):
        host = f"form{number}.epc.test"
        stage.rows.add_peer(host)
        introduction = only_one_form(
            speaker(host).capabilities_request(NOW), is_vendor_specific=is_vendor_specific
        )

        answer = await stage.introduce(introduction)

        assert answer.get_int("Result-Code") == 2001


def only_one_form(octets: bytes, *, is_vendor_specific: bool) -> bytes:
    """A CER with Auth-Application-Id at the top or inside the vendor's group, not both."""
    message = decode_message(octets)
    dropped = 258 if is_vendor_specific else 260
    return encode_message(message.header, [avp for avp in message.avps if avp.code != dropped])


async def test_5_3_a_relay_has_every_application_in_common(stage: Stage) -> None:
    stage.rows.add_peer("dra.epc.test")
    relay = speaker("dra.epc.test", applications=(Application(APPLICATION_RELAY),))

    answer = await stage.introduce(relay.capabilities_request(NOW))

    assert answer.get_int("Result-Code") == 2001


# --- 5.4: goodbyes --------------------------------------------------------------------------------


async def test_5_4_the_node_that_ends_answers_first_then_says_why_and_waits(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    rows.add_card(IMSI)
    seen: list[Message] = []
    async with a_node(database, opening_key) as node:
        raw = await RawPeer.open(node.port)
        await raw.introduce()
        raw.write(b"".join(an_air(number=n) for n in range(1, 21)))
        await until(lambda: any(c.in_flight or c.answered for c in node.connections))
        stopping = asyncio.create_task(node.stop())
        while not seen or seen[-1].header.command_code != COMMAND_DISCONNECT_PEER:
            seen.append(await raw.read())
        leaving = seen[-1]
        raw.write(answer_of_the_peer(leaving))
        assert await raw.is_closed_by_the_node()
        await stopping
        await raw.close()

    assert [result_of(answer) for answer in seen[:-1]] == [2001] * 20
    assert leaving.header.is_request
    assert leaving.get_int("Disconnect-Cause") == DisconnectCause.REBOOTING
    assert rows.leases()[MME_HOST][1] == "closed"


async def test_5_4_a_peer_that_does_not_answer_our_goodbye_holds_nobody_up(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    async with a_node(database, opening_key) as node:
        raw = await RawPeer.open(node.port)
        await raw.introduce()

        async with asyncio.timeout(15):
            await node.stop()

        assert (await raw.read()).header.command_code == COMMAND_DISCONNECT_PEER
        await raw.close()


async def test_5_4_what_was_asked_before_a_goodbye_is_answered(stage: Stage) -> None:
    farewell = speaker().disconnect_request(DisconnectCause.REBOOTING, NOW)

    stage.raw.write(an_air(number=1) + farewell)

    answers = {(await stage.raw.read()).header.command_code for _ in range(2)}
    assert answers == {318, COMMAND_DISCONNECT_PEER}


@pytest.mark.parametrize("cause", [0, 1, 2, 99])
async def test_5_4_3_every_cause_is_answered_and_shown(stage: Stage, cause: int) -> None:
    answer = await stage.ask(speaker().disconnect_request(cause, NOW))

    assert answer.get_int("Result-Code") == 2001
    await stage.raw.close()
    await until(lambda: stage.rows.leases()[MME_HOST][1] == "closed")
    with stage.rows.database.admin() as connection:
        (detail,) = connection.execute("SELECT detail FROM peer_connection").fetchone() or ("",)
    assert detail.startswith("it said goodbye")


def answer_of_the_peer(asked: Message) -> bytes:
    return speaker().error_answer(asked, Result(2001))


# --- 5.5: watchdogs -------------------------------------------------------------------------------


async def test_5_5_a_watchdog_overtakes_nothing_and_is_not_held_up(stage: Stage) -> None:
    stage.raw.write(b"".join(an_air(number=n) for n in range(1, 201)) + watchdog())

    codes = [(await stage.raw.read()).header.command_code for _ in range(201)]

    assert codes.count(COMMAND_DEVICE_WATCHDOG) == 1
    assert codes.index(COMMAND_DEVICE_WATCHDOG) < 100


async def test_5_5_4_a_peer_that_trickles_octets_is_left_all_the_same(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    """A slow loris after its introduction: octets that never make a message are no sign of life."""
    clock = TravellingClock(NOW)
    async with a_node(database, opening_key, clock=clock) as node:
        raw = await RawPeer.open(node.port)
        await raw.introduce()
        trickle = an_air(number=1)
        for number in range(4):
            raw.write(trickle[number : number + 1])
            await asyncio.sleep(0.4)
            clock.advance(seconds=33)

        assert await raw.is_closed_by_the_node()
        await raw.close()
        await until(lambda: not node.open_peers)


# --- 6: routing -----------------------------------------------------------------------------------


async def test_6_1_4_who_names_us_is_served_whatever_the_realm(stage: Stage) -> None:
    avps = air_avps(Destination_Host="HSS.EPC.test", Destination_Realm="elsewhere.test")

    assert result_of(await stage.ask(request(avps))) == 2001


async def test_6_1_6_a_foreign_host_of_a_foreign_realm_is_a_matter_of_the_realm(
    stage: Stage,
) -> None:
    avps = air_avps(Destination_Host="hss.elsewhere.test", Destination_Realm="elsewhere.test")

    assert result_of(await stage.ask(request(avps))) == 3003


async def test_6_1_9_route_records_of_others_are_no_loop_and_do_not_come_back(
    stage: Stage,
) -> None:
    avps = [*air_avps(), ("Route-Record", "dra1.epc.test"), ("Route-Record", "dra2.epc.test")]

    answer = await stage.ask(request(avps))

    assert result_of(answer) == 2001
    assert answer.find_avp("Route-Record") is None


async def test_6_1_3_a_loop_is_found_in_requests_of_rare_kinds_too(stage: Stage) -> None:
    avps = [
        *air_avps(without="Requested-EUTRAN-Authentication-Info"),
        ("RAT-Type", 1004), ("ULR-Flags", 34), ("Route-Record", HOST),
        # Not read by the hot decoder: the generic one is asked.
        ("Visited-Network-Identifier", b"x"),
    ]  # fmt: skip

    answer = await stage.ask(request(avps, command=COMMAND_UPDATE_LOCATION))

    assert answer.get_int("Result-Code") == 3005


async def test_6_2_proxy_infos_come_back_unchanged_and_in_order(stage: Stage) -> None:
    states = [b"one", b"\x00\xff", b"three"]
    proxies = [
        ("Proxy-Info", [("Proxy-Host", f"p{n}.test"), ("Proxy-State", state)])
        for n, state in enumerate(states)
    ]

    for avps in ([*air_avps(), *proxies], [*air_avps(User_Name="999"), *proxies]):
        answer = await stage.ask(request(avps))  # type: ignore[arg-type]
        found = [g.members.get_octets("Proxy-State") for g in answer.list_avps("Proxy-Info")]
        assert found == states


_PROXIES = [
    ("Proxy-Info", [("Proxy-Host", f"p{n}.test"), ("Proxy-State", bytes([n, 0, 255]))])
    for n in range(3)
]


def _with_a_broken_end(octets: bytes) -> bytes:
    """The last AVP claims more than there is."""
    broken = octets + bytes.fromhex("0000010140000fff")
    return broken[:1] + len(broken).to_bytes(3, "big") + broken[4:]


@pytest.mark.parametrize(
    ("octets", "result"),
    [
        (request([*air_avps(Route_Record=HOST), *_PROXIES]), 3005),
        (request([*air_avps(Destination_Host="other.epc.test"), *_PROXIES]), 3002),
        (request([*air_avps(Destination_Realm="elsewhere.test"), *_PROXIES]), 3003),
        (request([*air_avps(), *_PROXIES], command=999), 3001),
        (request([*air_avps(), *_PROXIES], application=4), 3007),
        (request([*air_avps(without="User-Name"), *_PROXIES]), 5005),
        (request([*air_avps(User_Name="00101\x00"), *_PROXIES]), 5004),
        (_with_a_broken_end(request([*air_avps(), *_PROXIES])), 5014),
    ],
)
async def test_6_2_proxy_infos_and_session_come_back_with_errors_too(
    stage: Stage, octets: bytes, result: int
) -> None:
    answer = await stage.ask(octets)

    assert answer.get_int("Result-Code") == result
    assert_copied(answer)


async def test_6_2_proxy_infos_come_back_of_what_a_leaving_node_refuses_unread(
    stage: Stage,
) -> None:
    (connection,) = stage.node.connections
    await connection.drain()

    answer = await stage.ask(request([*air_avps(), *_PROXIES]))

    assert answer.get_int("Result-Code") == 3004
    assert_copied(answer)


def assert_copied(answer: Message) -> None:
    states = [g.members.get_octets("Proxy-State") for g in answer.list_avps("Proxy-Info")]
    assert states == [bytes([n, 0, 255]) for n in range(3)]
    assert answer.avps[0].name == "Session-Id"
    assert answer.get_text("Session-Id") == f"{MME_HOST};1;1"


async def test_6_2_the_session_comes_first_in_every_answer(stage: Stage) -> None:
    requests = [
        air_avps(),
        air_avps(User_Name="999"),
        air_avps(Destination_Realm="elsewhere.test"),
        air_avps(without="User-Name"),
    ]

    for avps in requests:
        answer = await stage.ask(request(avps))
        assert answer.avps[0].name == "Session-Id"
        assert answer.get_text("Session-Id") == f"{MME_HOST};1;1"


# --- 7: errors ------------------------------------------------------------------------------------


async def test_7_5_a_failed_avp_shows_the_avp_inside_its_group(stage: Stage) -> None:
    wanted = [("Number-Of-Requested-Vectors", 1), encode_avp(65000, 0, 0x40, b"1234")]

    answer = await stage.ask(request(air_avps(Requested_EUTRAN_Authentication_Info=wanted)))

    assert answer.get_int("Result-Code") == 5001
    (group,) = answer.get_avp("Failed-AVP").members.avps
    assert group.name == "Requested-EUTRAN-Authentication-Info"
    assert group.members.avps[-1].code == 65000


async def test_7_5_a_missing_avp_is_shown_by_an_example(stage: Stage) -> None:
    answer = await stage.ask(request(air_avps(without="Visited-PLMN-Id")))

    (example,) = answer.get_avp("Failed-AVP").members.avps
    assert (answer.get_int("Result-Code"), example.name) == (5005, "Visited-PLMN-Id")
    assert set(example.data) <= {0}


async def test_7_1_5_after_a_broken_length_nothing_more_is_believed(stage: Stage) -> None:
    stage.raw.write(struct.pack(">I", 1 << 24 | 23) + bytes(16))

    assert await stage.raw.is_closed_by_the_node()


# --- 8.16: Origin-State-Id ------------------------------------------------------------------------


async def test_8_16_our_number_grows_only_when_it_is_said_to_and_open_peers_hear_of_it(
    stage: Stage,
) -> None:
    before = (await stage.ask(watchdog())).get_int("Origin-State-Id")
    with stage.rows.database.admin() as connection:
        connection.execute("UPDATE origin_state SET value = value + 5")
    await stage.node.refresh()

    after = (await stage.ask(watchdog())).get_int("Origin-State-Id")

    assert (before, after) == (int(NOW.timestamp()), int(NOW.timestamp()) + 5)


@pytest.mark.parametrize(
    ("numbers", "news"),
    [((7, 9), 1), ((7, 7), 0), ((7, 3), 0), ((7, None), 0), ((None, 7), 0), ((7, 8, 9), 2)],
)
async def test_8_16_a_peers_number_that_grew_over_connections_is_news(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey,
    numbers: tuple[int | None, ...], news: int,
) -> None:  # fmt: skip
    async with a_node(database, opening_key) as node:
        heard: list[str] = []

        async def hear(peer: object, now: object) -> None:
            heard.append(peer.identity)  # type: ignore[attr-defined]

        node.registrar.state_lost[:] = [hear]
        for number in numbers:
            raw = await RawPeer.open(node.port)
            raw.write(speaker(origin_state_id=number).capabilities_request(NOW))
            assert (await raw.read()).get_int("Result-Code") == 2001
            await raw.close()
            await until(lambda: not node.open_peers)

        assert heard == [MME_HOST] * news


async def test_8_16_a_peers_number_that_grew_in_a_watchdog_is_news_once(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    async with a_node(database, opening_key) as node:
        heard: list[object] = []

        async def hear(peer: object, now: object) -> None:
            heard.append(peer)

        node.registrar.state_lost[:] = [hear]
        raw = await RawPeer.open(node.port)
        raw.write(speaker(origin_state_id=7).capabilities_request(NOW))
        await raw.read()
        for number in (7, 8, 8, 6, 8):
            raw.write(watchdog(origin_state_id=number))
            await raw.read()
        await until(lambda: bool(heard))
        await raw.close()
        await until(lambda: not node.open_peers)
        raw = await RawPeer.open(node.port)
        raw.write(speaker(origin_state_id=8).capabilities_request(NOW))
        await raw.read()
        await raw.close()

    assert len(heard) == 1


# --- several identities ---------------------------------------------------------------------------


async def test_a_core_with_an_identity_of_its_own_is_answered_by_that(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    rows.add_card(IMSI)
    rows.change_core(origin_host="hss.private.test", origin_realm="private.test")
    async with a_node(database, opening_key) as node:
        mme = await an_mme(node)

        answers = [
            await air(mme, IMSI, destination_realm="private.test"),
            await air(mme, IMSI, destination_realm=REALM),
        ]

        assert [result_of(answer) for answer in answers] == [2001, 3003]
        assert {a.get_text("Origin-Host") for a in answers} == {"hss.private.test"}
        (remote,) = node.open_peers
        assert node.origin_towards(*remote.key).host == "hss.private.test"
        with database.admin() as connection:
            names = connection.execute("SELECT local_identity FROM origin_state").fetchall()
        assert {name for (name,) in names} == {HOST, "hss.private.test"}
        await mme.close()


async def test_a_core_whose_identity_of_ours_changes_connects_anew(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    async with a_node(database, opening_key) as node:
        raw = await RawPeer.open(node.port)
        await raw.introduce()
        rows.change_core(origin_host="hss.private.test", origin_realm="private.test")

        await node.refresh()

        farewell = await raw.read()
        assert farewell.header.command_code == COMMAND_DISCONNECT_PEER
        assert farewell.get_int("Disconnect-Cause") == DisconnectCause.REBOOTING
        await raw.close()
        await until(lambda: not node.open_peers)
        again = await RawPeer.open(node.port)
        assert (await again.introduce()).get_text("Origin-Host") == "hss.private.test"
        await again.close()


async def test_a_peer_that_is_disabled_is_told_not_to_come_back(stage: Stage) -> None:
    stage.rows.change_peer(MME_HOST, is_enabled=False)

    await stage.node.refresh()

    assert (await stage.raw.read()).get_int("Disconnect-Cause") == 2
