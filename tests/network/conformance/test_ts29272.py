"""TS 29.272 (S6a and S6d): registrations, subscription data, and what is sent after them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.harness.network import MME_HOST, NOW, Card
from tests.unit.network.enforcement.world import (
    IMSI,
    OTHER_MME_HOST,
    Client,
    Lines,
    Node,
    a_policy_node,
    result_of,
    until,
)
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.domain.plan.speed import Speed
from wispgate.domain.policy.access import OperatorBar
from wispgate.domain.policy.profile import ApnProfile, Barring
from wispgate.kernel.plmn import Plmn
from wispgate.wire.diameter.avp import AvpSequence
from wispgate.wire.diameter.commands import (
    COMMAND_CANCEL_LOCATION,
    COMMAND_DELETE_SUBSCRIBER_DATA,
    COMMAND_INSERT_SUBSCRIBER_DATA,
    COMMAND_NOTIFY,
    COMMAND_PURGE_UE,
    COMMAND_RESET,
)
from wispgate.wire.diameter.message import Message

SGSN_HOST = "sgsn.epc.test"
HOME = "00101"
COUNTRYMAN, FINN, GERMAN = Plmn("001", "02"), Plmn("244", "05"), Plmn("262", "01")
# ULR-Flags, section 7.3.7.
SINGLE, S6A, GPRS, INITIAL = 1, 2, 8, 32
# Supported-Features, section 7.3.10: all three bars; NR as secondary RAT.
BARS, EXTENDED = 7, 1 << 27
SPEED = Speed(1_000_000, 1_000_000)
FAST = Speed(5_000_000_000, 10_000_000_000)


@pytest.fixture
def opening_key() -> OpeningKey:
    return OpeningKey(bytes(range(32)))


@pytest.fixture
def lines(database: TestDatabase, opening_key: OpeningKey) -> Lines:
    lines = Lines(database, opening_key)
    lines.add_core()
    lines.add_peers([SGSN_HOST, OTHER_MME_HOST])
    return lines


@pytest.fixture
async def node(
    database: TestDatabase, opening_key: OpeningKey, lines: Lines
) -> AsyncIterator[Node]:
    async with a_policy_node(database, opening_key, clock=TravellingClock(NOW)) as node:
        yield node


@pytest.fixture
async def mme(node: Node) -> AsyncIterator[Client]:
    client = await Client(MME_HOST).connect(node)
    yield client
    await client.close()


@pytest.fixture
async def sgsn(node: Node) -> AsyncIterator[Client]:
    client = await Client(SGSN_HOST).connect(node)
    yield client
    await client.close()


def diagnostic_of(answer: Message) -> tuple[int, int | None]:
    return result_of(answer), answer.find_int("Error-Diagnostic")


def data_of(message: Message) -> AvpSequence:
    return message.get_avp("Subscription-Data").members


def registrations(lines: Lines, card: Card) -> dict[str, dict[str, Any]]:
    query = (
        "SELECT node, mme_host, sgsn_number, feature_list_1, purged_at, known_profile_version"
        " FROM {schema}.registration WHERE line_id = %s"
    )
    return {row["node"]: row for row in lines.read(card, query)}


async def settled(lines: Lines, card: Card) -> None:
    """Until enforcement has acted upon the newest version."""
    query = (
        "SELECT 1 FROM {schema}.line WHERE line_id = %s"
        " AND (enforced_profile->>'version')::bigint = profile_version"
    )
    await until(lambda: bool(lines.read(card, query)))


async def test_5_2_1_1_3_checks_come_in_their_order(lines: Lines, mme: Client) -> None:
    card = lines.add_card(IMSI)
    home = {"home_plmns": (HOME,)}
    steps: list[tuple[dict[str, Any], dict[str, Any], tuple[int, int | None]]] = [
        (home | {"apns": (), "barred_rats": (1004,)}, {"plmn": GERMAN}, (5420, None)),
        ({"apns": (ApnProfile(1, "internet", SPEED),)}, {"plmn": GERMAN}, (5421, None)),
        ({"barred_rats": (), "is_roaming_allowed": False}, {"plmn": GERMAN}, (5004, None)),
        ({"is_roaming_allowed": True}, {"plmn": GERMAN}, (2001, None)),
        ({"roaming_networks": ("244",)}, {"plmn": GERMAN}, (5004, None)),
        ({}, {"plmn": FINN}, (2001, None)),
        ({"operator_bars": (OperatorBar.ROAMING_OUTSIDE_HPLMN,)}, {"plmn": FINN}, (5004, None)),
        (
            {"operator_bars": (OperatorBar.ROAMING_OUTSIDE_HPLMN_COUNTRY,)},
            {"plmn": FINN},
            (5004, None),
        ),
        ({"roaming_networks": None}, {"plmn": COUNTRYMAN}, (2001, None)),
    ]

    unknown = await mme.ulr("001019999999999")
    found = []
    for changes, asked, _ in steps:
        lines.change(card, tells=False, **changes)
        found.append(diagnostic_of(await mme.ulr(**asked)))

    assert result_of(unknown) == 5001
    assert found == [wanted for _, _, wanted in steps]


async def test_5_2_1_1_3_a_node_without_the_feature_does_not_get_a_barred_line(
    lines: Lines, mme: Client
) -> None:
    card = lines.add_card(IMSI)
    lines.change(card, tells=False, home_plmns=(HOME,))
    diagnostics = [2, 3, 4]

    refused, allowed = [], []
    for bar in list(OperatorBar)[:3]:
        lines.change(card, tells=False, operator_bars=(bar,))
        refused.append(diagnostic_of(await mme.ulr(plmn=GERMAN)))
        allowed.append(await mme.ulr(plmn=GERMAN, features=(BARS, 0)))

    assert refused == [(5004, diagnostic) for diagnostic in diagnostics]
    assert [result_of(answer) for answer in allowed] == [2001] * 3
    data = [data_of(answer) for answer in allowed]
    assert [one.get_int("Subscriber-Status") for one in data] == [1] * 3
    assert [one.get_int("Operator-Determined-Barring") for one in data] == [1, 2, 4]


async def test_7_3_30_a_softly_suspended_line_attaches_with_all_packets_barred(
    lines: Lines, mme: Client
) -> None:
    lines.change(lines.add_card(IMSI), tells=False, barring=Barring.NO_SESSION)

    answer = await mme.ulr(features=(BARS, 0))

    assert result_of(answer) == 2001
    assert data_of(answer).get_int("Operator-Determined-Barring") == 1


async def test_7_3_10_only_common_features_come_back_and_extended_speeds_need_theirs(
    lines: Lines, mme: Client
) -> None:
    apns = (ApnProfile(1, "internet", FAST), ApnProfile(2, "m2m", FAST, static_address="192.0.2.9"))
    lines.change(lines.add_card(IMSI), tells=False, speed=FAST, apns=apns)

    plain, able = await mme.ulr(), await mme.ulr(features=(0xFFFF_FFFF, EXTENDED | 1))

    limits = [data_of(answer).get_avp("AMBR").members for answer in (plain, able)]
    assert [one.get_int("Max-Requested-Bandwidth-DL") for one in limits] == [4_294_967_295] * 2
    assert [one.find_int("Extended-Max-Requested-BW-DL") for one in limits] == [None, 10_000_000]
    assert plain.list_avps("Supported-Features") == ()
    common = [avp.members.get_int("Feature-List") for avp in able.list_avps("Supported-Features")]
    assert common == [BARS, EXTENDED]
    profile = data_of(able).get_avp("APN-Configuration-Profile").members
    internet, m2m = [avp.members for avp in profile.list_avps("APN-Configuration")]
    assert internet.get_avp("AMBR").members.get_int("Extended-Max-Requested-BW-UL") == 5_000_000
    assert m2m.get_octets("Served-Party-IP-Address").hex() == "0001c0000209"


async def test_7_3_31_access_restriction_data_names_what_the_plan_does_not_open(
    lines: Lines, mme: Client
) -> None:
    lines.change(lines.add_card(IMSI), tells=False, barred_rats=(1000, 1001))

    answer = await mme.ulr()

    assert data_of(answer).get_int("Access-Restriction-Data") == 3


async def test_5_2_1_2_nodes_that_a_phone_left_are_told_by_the_right_cancellation(
    lines: Lines, node: Node, mme: Client, sgsn: Client
) -> None:
    card = lines.add_card(IMSI)
    other = await Client(OTHER_MME_HOST).connect(node)

    await mme.ulr(flags=S6A | INITIAL)
    number = [("SGSN-Number", bytes.fromhex("5155100000f1"))]
    of_sgsn = await sgsn.ulr(flags=GPRS, rat_type=1000, more=number)  # type: ignore[arg-type]
    both = registrations(lines, card)
    await mme.ulr(flags=S6A | SINGLE)
    await until(lambda: len(sgsn.asked) == 1)
    alone = registrations(lines, card)
    await sgsn.ulr(flags=0, rat_type=1000)
    await other.ulr(flags=S6A | INITIAL)
    await until(lambda: len(sgsn.asked) == 2 and len(mme.asked) == 1)
    await other.close()

    assert set(both) == {"mme", "sgsn"}
    assert (both["sgsn"]["mme_host"], both["sgsn"]["sgsn_number"]) == (SGSN_HOST, "15550100001")
    gprs = data_of(of_sgsn).get_avp("GPRS-Subscription-Data").members
    assert len(gprs.list_avps("PDP-Context")) == 1
    assert set(alone) == {"mme"}
    assert {m.header.command_code for m in (*sgsn.asked, *mme.asked)} == {COMMAND_CANCEL_LOCATION}
    assert [message.get_int("Cancellation-Type") for message in sgsn.asked] == [1, 4]
    assert [message.get_int("Cancellation-Type") for message in mme.asked] == [0]
    assert registrations(lines, card)["mme"]["mme_host"] == OTHER_MME_HOST


async def test_5_2_1_3_a_purge_frees_the_registration_of_its_own_kind(
    lines: Lines, mme: Client, sgsn: Client
) -> None:
    card = lines.add_card(IMSI)
    await mme.ulr(flags=S6A)
    await sgsn.ulr(flags=0, rat_type=1000)

    answer = await sgsn.s6a(COMMAND_PURGE_UE, IMSI, [])
    after_sgsn = registrations(lines, card)
    half = await mme.s6a(COMMAND_PURGE_UE, IMSI, [("PUR-Flags", 2)])
    whole = await mme.s6a(COMMAND_PURGE_UE, IMSI, [("PUR-Flags", 1)])

    assert [one.get_int("PUA-Flags") for one in (answer, half, whole)] == [2, 0, 1]
    assert after_sgsn["mme"]["purged_at"] is None
    assert after_sgsn["sgsn"]["purged_at"] == NOW


async def test_5_2_5_1_3_a_notification_of_single_registration_releases_the_sgsn(
    lines: Lines, mme: Client, sgsn: Client
) -> None:
    card = lines.add_card(IMSI)
    await mme.ulr(flags=S6A)
    await sgsn.ulr(flags=0, rat_type=1000)

    answer = await mme.s6a(COMMAND_NOTIFY, IMSI, [("NOR-Flags", 1)])
    await until(lambda: len(sgsn.asked) == 1)

    assert result_of(answer) == 2001
    assert sgsn.asked[0].get_int("Cancellation-Type") == 1
    assert set(registrations(lines, card)) == {"mme"}


async def test_5_2_2_2_apns_that_are_gone_are_deleted_at_the_node(
    lines: Lines, mme: Client
) -> None:
    card = lines.add_card(IMSI)
    apns = tuple(ApnProfile(n, name, SPEED) for n, name in enumerate(("internet", "ims", "mms"), 1))
    lines.change(card, apns=apns)
    await settled(lines, card)
    await mme.ulr()

    lines.change(card, apns=apns[:1])
    await until(lambda: registrations(lines, card)["mme"]["known_profile_version"] > 2)

    (request,) = mme.asked
    assert request.header.command_code == COMMAND_DELETE_SUBSCRIBER_DATA
    assert request.get_int("DSR-Flags") == 8
    assert request.list("Context-Identifier") == [2, 3]


async def test_5_2_2_1_barring_and_restrictions_are_inserted_where_the_phone_may_stay(
    lines: Lines, mme: Client
) -> None:
    card = lines.add_card(IMSI)
    lines.change(card, home_plmns=(HOME,))
    await settled(lines, card)
    await mme.ulr(features=(BARS, 0))

    lines.change(card, operator_bars=(OperatorBar.ROAMER_ACCESS_VPLMN_AP,), barred_rats=(1000,))
    await until(lambda: len(mme.asked) == 1)
    lines.change(card, barred_rats=(1004,))
    await until(lambda: len(mme.asked) == 2)

    inserted, cancelled = mme.asked
    assert inserted.header.command_code == COMMAND_INSERT_SUBSCRIBER_DATA
    assert data_of(inserted).get_int("Operator-Determined-Barring") == 4
    assert data_of(inserted).get_int("Access-Restriction-Data") == 1
    assert cancelled.header.command_code == COMMAND_CANCEL_LOCATION
    assert (cancelled.get_int("Cancellation-Type"), cancelled.get_int("CLR-Flags")) == (2, 3)


async def test_5_2_4_a_node_is_reset_once_after_our_state_was_lost(
    lines: Lines, node: Node, mme: Client
) -> None:
    turn = node.enforcer.turn
    await turn(node.diameter, 0)
    query = "SELECT origin_state_id FROM peer_reset WHERE identity = 'mme.epc.test'"

    def told() -> list[int]:
        with lines.database.admin() as admin:
            return [value for (value,) in admin.execute(query).fetchall()]

    await until(lambda: len(told()) == 1)
    (before,) = told()

    with lines.database.admin() as admin:
        admin.execute("UPDATE origin_state SET value = value + 1")
    await turn(node.diameter, 0)
    await until(lambda: told() == [before + 1])
    await turn(node.diameter, 0)

    (request,) = mme.asked
    assert request.header.command_code == COMMAND_RESET
    assert request.get_text("Destination-Host") == MME_HOST
    assert request.list("User-Id") == []


async def test_7_4_3_an_unknown_imsi_is_answered_as_the_core_is_set(
    lines: Lines, node: Node
) -> None:
    lines.change_core(unknown_imsi="roaming_not_allowed")
    client = await Client(MME_HOST).connect(node)

    answers = [await client.air(), await client.ulr(), await client.s6a(COMMAND_PURGE_UE, IMSI, [])]

    await client.close()
    assert [diagnostic_of(answer) for answer in answers] == [(5004, None)] * 3
