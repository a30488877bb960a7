"""Gx through a real socket and the real database: CCR-I, CCR-U and CCR-T of a test gateway."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.harness.databases import TestDatabase
from tests.harness.network import NOW
from tests.unit.network.enforcement.world import (
    IMSI,
    PGW_HOST,
    Client,
    Lines,
    Node,
    a_policy_node,
    result_of,
)
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.domain.plan.speed import Speed
from wispgate.domain.policy.profile import Barring
from wispgate.wire.diameter.commands import APPLICATION_GX, COMMAND_RE_AUTH
from wispgate.wire.diameter.message import Message

SESSION = "pgw.epc.test;1;1"


@pytest.fixture
def opening_key() -> OpeningKey:
    return OpeningKey(bytes(range(32)))


@pytest.fixture
def lines(database: TestDatabase, opening_key: OpeningKey) -> Lines:
    lines = Lines(database, opening_key)
    lines.add_core()
    lines.add_peer(PGW_HOST, applications=("gx", "gy"))
    return lines


@pytest.fixture
async def node(
    database: TestDatabase, opening_key: OpeningKey, lines: Lines
) -> AsyncIterator[Node]:
    async with a_policy_node(database, opening_key, enforces=False) as node:
        yield node


@pytest.fixture
async def pgw(node: Node) -> AsyncIterator[Client]:
    client = await Client(PGW_HOST).connect(node)
    yield client
    await client.close()


def speed_of(answer: Message) -> tuple[int, int]:
    qos = answer.get_avp("QoS-Information").members
    return (
        qos.get_int("APN-Aggregate-Max-Bitrate-UL"),
        qos.get_int("APN-Aggregate-Max-Bitrate-DL"),
    )


async def test_the_cell_of_a_session_is_kept_until_another_is_told(
    lines: Lines, pgw: Client
) -> None:
    card = lines.add_card(IMSI)
    query = "SELECT user_location FROM {schema}.policy_session WHERE line_id = %s"
    cells = [bytes.fromhex(f"8200f110000100f11000019b{n:02x}") for n in (1, 2)]
    seen = []

    for number, location in enumerate((cells[0], b"", cells[1])):
        more = [("3GPP-User-Location-Info", location)] if location else []
        await pgw.ccr(1 if number == 0 else 2, number, SESSION, more=more)
        seen.append(lines.read(card, query)[0]["user_location"])

    assert seen == [cells[0], cells[0], cells[1]]


async def test_an_opened_session_gets_rule_quality_and_triggers(lines: Lines, pgw: Client) -> None:
    card = lines.add_card(IMSI)

    answer = await pgw.ccr(1, 0, SESSION)

    assert result_of(answer) == 2001
    assert answer.get_int("Auth-Application-Id") == APPLICATION_GX
    assert (answer.get_int("CC-Request-Type"), answer.get_int("CC-Request-Number")) == (1, 0)
    assert answer.get_int("Bearer-Control-Mode") == 2
    assert speed_of(answer) == (50_000_000, 50_000_000)
    assert answer.list("Event-Trigger") == [2, 4]
    default = answer.get_avp("Default-EPS-Bearer-QoS").members
    assert default.get_int("QoS-Class-Identifier") == 9
    (row,) = lines.sessions(card)
    assert (row["is_open"], row["framed_address"], row["apn"]) == (True, "10.45.0.2", "internet")
    assert (row["up_bps"], row["down_bps"]) == (50_000_000, 50_000_000)


@pytest.mark.parametrize(
    ("session", "named", "apn"),
    [
        (SESSION + "\0", (1, IMSI), "internet"),
        (SESSION, (1, IMSI[:-1] + "\0"), "internet"),
        (SESSION, (0, "4915\0"), "internet"),
        (SESSION, (1, IMSI), "internet\0"),
        (SESSION * 200, (1, IMSI), "internet"),
    ],
)
async def test_text_with_a_nul_or_without_end_is_the_peers_fault(
    lines: Lines, pgw: Client, session: str, named: tuple[int, str], apn: str
) -> None:
    lines.add_card(IMSI)

    answer = await pgw.ccr(1, 0, session, subscription=named, apn=apn)

    assert result_of(answer) == 5004


async def test_the_dynamic_rule_opens_both_directions_and_is_charged_online(
    lines: Lines, pgw: Client
) -> None:
    lines.add_card(IMSI)

    answer = await pgw.ccr(1, 0, SESSION)

    rule = answer.get_avp("Charging-Rule-Install").members.get_avp("Charging-Rule-Definition")
    flows = [flow.members for flow in rule.members.list_avps("Flow-Information")]
    assert [flow.get_int("Flow-Direction") for flow in flows] == [1, 2]
    assert all(flow.get_text("Flow-Description").startswith("permit out") for flow in flows)
    assert rule.members.get_int("Online") == 1
    assert rule.members.get_int("Rating-Group") == 1
    assert rule.members.find_int("Precedence") is not None


async def test_a_session_goes_through_update_and_termination(lines: Lines, pgw: Client) -> None:
    card = lines.add_card(IMSI)
    await pgw.ccr(1, 0, SESSION)

    answers = [await pgw.ccr(2, 1, SESSION), await pgw.ccr(3, 2, SESSION)]

    assert [result_of(answer) for answer in answers] == [2001, 2001]
    assert answers[1].find_avp("QoS-Information") is None
    (row,) = lines.sessions(card)
    assert (row["is_open"], row["last_number"]) == (False, 2)


async def test_the_same_answer_goes_back_the_way_of_the_repetition(
    lines: Lines, pgw: Client
) -> None:
    lines.add_card(IMSI)
    ways = [[], [b"a"], [b"bb", b"c"], []]
    proxies = [[("Proxy-Info", [("Proxy-Host", "p"), ("Proxy-State", s)]) for s in w] for w in ways]

    answers = [await pgw.ccr(1, 0, SESSION, more=list(more)) for more in proxies]

    found = [[g.get("Proxy-State") for g in a.list_avps("Proxy-Info")] for a in answers]
    assert found == ways
    others = [[v.encode() for v in a.avps if v.name != "Proxy-Info"] for a in answers]
    assert others[0] == others[1] == others[2] == others[3]


@pytest.mark.parametrize("kind_and_number", [(1, 0), (2, 1), (3, 2)])
async def test_a_repeated_request_gets_the_same_answer_once_more(
    lines: Lines, pgw: Client, kind_and_number: tuple[int, int]
) -> None:
    card = lines.add_card(IMSI)
    for number in range(kind_and_number[1]):
        await pgw.ccr(1 if number == 0 else 2, number, SESSION)
    first = await pgw.ccr(*kind_and_number, SESSION)
    lines.change(card, speed=Speed(1_000_000, 1_000_000), tells=False)

    second = await pgw.ccr(*kind_and_number, SESSION)

    assert second.avps == first.avps
    assert len(lines.sessions(card)) == 1


async def test_one_request_on_its_way_twice_opens_one_session(lines: Lines, pgw: Client) -> None:
    card = lines.add_card(IMSI)

    first, second = await asyncio.gather(pgw.ccr(1, 0, SESSION), pgw.ccr(1, 0, SESSION))

    assert first.avps == second.avps
    assert result_of(first) == 2001
    assert len(lines.sessions(card)) == 1


async def test_a_swapped_card_opens_nothing_though_it_was_known(lines: Lines, pgw: Client) -> None:
    card = lines.add_card(IMSI)
    await pgw.ccr(1, 0, SESSION)
    lines.swap(card, "001010000000021")
    lines.remove_identities(card)

    answer = await pgw.ccr(1, 0, "pgw.epc.test;1;2", address=b"\x0a\x2d\x00\x03")
    ended = await pgw.ccr(3, 1, SESSION)

    assert result_of(answer) == 5030
    assert result_of(ended) == 2001


async def test_an_unknown_subscriber_is_answered_5030(pgw: Client) -> None:
    answer = await pgw.ccr(1, 0, SESSION)

    assert result_of(answer) == 5030
    assert answer.find_avp("Experimental-Result") is None


@pytest.mark.parametrize("kind", [2, 3])
async def test_an_unknown_session_is_answered_5002(lines: Lines, pgw: Client, kind: int) -> None:
    lines.add_card(IMSI)

    answer = await pgw.ccr(kind, 1, SESSION)

    assert result_of(answer) == 5002


@pytest.mark.parametrize("missing", ["Called-Station-Id", "Subscription-Id"])
async def test_a_session_without_its_particulars_is_answered_5140(
    lines: Lines, pgw: Client, missing: str
) -> None:
    lines.add_card(IMSI)

    answer = await pgw.ccr(1, 0, SESSION, leaves_out=(missing,))

    assert result_of(answer) == 5140
    assert answer.find_avp("Experimental-Result") is not None


@pytest.mark.parametrize(
    ("barring", "result"),
    [
        (Barring.NONE, 2001),
        (Barring.NO_SESSION, 5003),
        (Barring.NO_ATTACH, 5003),
        (Barring.WITHDRAWN, 5030),
    ],
)
async def test_a_session_opens_as_far_as_the_line_may(
    lines: Lines, pgw: Client, barring: Barring, result: int
) -> None:
    card = lines.add_card(IMSI, barring=barring)

    answer = await pgw.ccr(1, 0, SESSION)

    assert result_of(answer) == result
    assert len(lines.sessions(card)) == (1 if result == 2001 else 0)


async def test_an_apn_that_the_plan_does_not_open_is_refused(lines: Lines, pgw: Client) -> None:
    lines.add_card(IMSI)

    answer = await pgw.ccr(1, 0, SESSION, apn="corporate")

    assert result_of(answer) == 5003


async def test_an_apn_with_operator_identifier_is_found(lines: Lines, pgw: Client) -> None:
    lines.add_card(IMSI)

    answer = await pgw.ccr(1, 0, SESSION, apn="Internet.MNC001.MCC001.gprs")

    assert result_of(answer) == 2001


async def test_an_exhausted_plan_that_throttles_opens_slowly(lines: Lines, pgw: Client) -> None:
    card = lines.add_card(IMSI)
    lines.change(card, throttled_speed=Speed(128_000, 256_000), tells=False)
    lines.exhaust(card)

    answer = await pgw.ccr(1, 0, SESSION)

    assert result_of(answer) == 2001
    assert speed_of(answer) == (128_000, 256_000)


async def test_an_exhausted_plan_that_blocks_opens_nothing(lines: Lines, pgw: Client) -> None:
    card = lines.add_card(IMSI)
    lines.change(card, is_blocked_when_exhausted=True, tells=False)
    lines.exhaust(card)

    answer = await pgw.ccr(1, 0, SESSION)

    assert result_of(answer) == 5003


async def test_a_line_that_was_barred_meanwhile_is_released_at_its_next_report(
    lines: Lines, pgw: Client
) -> None:
    card = lines.add_card(IMSI)
    await pgw.ccr(1, 0, SESSION)
    lines.change(card, barring=Barring.NO_SESSION, tells=False)

    answer = await pgw.ccr(2, 1, SESSION)

    assert result_of(answer) == 2001
    assert answer.get_int("Session-Release-Cause") == 1
    assert answer.find_avp("QoS-Information") is None


async def test_a_report_gets_the_speed_that_holds_now(lines: Lines, pgw: Client) -> None:
    card = lines.add_card(IMSI)
    await pgw.ccr(1, 0, SESSION)
    changed = lines.change(card, speed=Speed(3_000_000, 4_000_000), tells=False)

    answer = await pgw.ccr(2, 1, SESSION)

    assert speed_of(answer) == (3_000_000, 4_000_000)
    (row,) = lines.sessions(card)
    assert (row["up_bps"], row["profile_version"]) == (3_000_000, changed.version)


@pytest.mark.parametrize(
    "subscription",
    [
        (0, "15550100001"),
        (0, "+15550100001"),
        (1, IMSI),
        (2, "sip:+15550100001@ims.mnc001.mcc001.3gppnetwork.org"),
        (3, f"0{IMSI}@nai.epc.mnc001.mcc001.3gppnetwork.org"),
    ],
)
async def test_a_subscriber_is_found_by_the_type_of_the_identity(
    lines: Lines, pgw: Client, subscription: tuple[int, str]
) -> None:
    card = lines.add_card(IMSI, msisdn="15550100001")
    lines.add_number(card, "15550100001")

    answer = await pgw.ccr(1, 0, SESSION, subscription=subscription)

    assert result_of(answer) == 2001


async def test_a_number_is_not_taken_for_an_imsi(lines: Lines, pgw: Client) -> None:
    lines.add_card(IMSI)

    answer = await pgw.ccr(1, 0, SESSION, subscription=(0, IMSI))

    assert result_of(answer) == 5030


async def test_a_new_session_on_an_address_ends_the_stale_one(lines: Lines, pgw: Client) -> None:
    card = lines.add_card(IMSI)
    await pgw.ccr(1, 0, SESSION)

    await pgw.ccr(1, 0, "pgw.epc.test;1;2")

    rows = {row["session_id"]: row["is_open"] for row in lines.sessions(card)}
    assert rows == {SESSION: False, "pgw.epc.test;1;2": True}


async def test_sessions_on_two_addresses_stay_open_together(lines: Lines, pgw: Client) -> None:
    card = lines.add_card(IMSI)
    await pgw.ccr(1, 0, SESSION)

    await pgw.ccr(1, 0, "pgw.epc.test;1;2", address=b"\x0a\x2d\x00\x03")

    assert [row["is_open"] for row in lines.sessions(card)] == [True, True]


async def test_speeds_beyond_32_bits_use_the_extended_values(lines: Lines, pgw: Client) -> None:
    card = lines.add_card(IMSI)
    fast = Speed(5_000_000_000, 6_000_000_000)
    apns = tuple(
        type(apn)(apn.context_id, apn.name, fast)
        for apn in lines.change(card, speed=fast, tells=False).apns
    )
    lines.change(card, apns=apns, tells=False)
    features = [
        ("Supported-Features", [("Vendor-Id", 10415), ("Feature-List-ID", n), ("Feature-List", f)])
        for n, f in ((1, 11), (2, 0x80))
    ]

    plain = await pgw.ccr(1, 0, SESSION)
    extended = await pgw.ccr(1, 0, "pgw.epc.test;1;2", more=features, address=b"\x0a\x2d\x00\x03")

    assert speed_of(plain) == speed_of(extended) == (2**32 - 1, 2**32 - 1)
    assert plain.get_avp("QoS-Information").members.find_int("Extended-APN-AMBR-UL") is None
    qos = extended.get_avp("QoS-Information").members
    assert qos.get_int("Extended-APN-AMBR-UL") == 5_000_000
    assert qos.get_int("Extended-APN-AMBR-DL") == 6_000_000
    assert len(extended.list_avps("Supported-Features")) == 2


async def test_a_profile_that_will_change_asks_for_revalidation(lines: Lines, pgw: Client) -> None:
    card = lines.add_card(IMSI)
    at = NOW + timedelta(hours=2)
    lines.change(card, changes_at=at, tells=False)

    answer = await pgw.ccr(1, 0, SESSION)

    assert answer.list("Event-Trigger") == [2, 4, 17]
    assert answer.get("Revalidation-Time") == at


async def test_another_command_is_answered_3001(pgw: Client) -> None:
    answer = await pgw.request(
        APPLICATION_GX,
        COMMAND_RE_AUTH,
        [
            ("Session-Id", SESSION),
            ("Auth-Application-Id", APPLICATION_GX),
            ("Origin-Host", PGW_HOST),
            ("Origin-Realm", "epc.test"),
            ("Destination-Realm", "epc.test"),
            ("Destination-Host", "hss.epc.test"),
            ("Re-Auth-Request-Type", 0),
        ],
    )

    assert result_of(answer) == 3001
