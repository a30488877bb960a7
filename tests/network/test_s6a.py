"""S6a through a real socket and the real database: AIR and ULR of a test MME."""

import asyncio
from collections import Counter

import pytest

from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.harness.network import HOST, MME_HOST, NOW, REALM, Card, Rows, a_node, an_mme
from tests.network.dialogue import (
    IMSI,
    PLMN,
    air,
    common,
    result_of,
    sqn_of,
    ulr,
    vectors_of,
)
from wispgate.domain.authentication.milenage import Milenage
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.domain.authentication.sqn import conceal
from wispgate.domain.policy.profile import Barring
from wispgate.network.hss.resynchronisations import RESYNCHRONISATIONS, SUSPICIONS
from wispgate.network.transport.node import DiameterNode
from wispgate.simulator.diameter import DiameterClient
from wispgate.simulator.usim import Authenticated, SynchronisationFailure
from wispgate.wire.diameter.commands import (
    APPLICATION_S6A,
    COMMAND_AUTHENTICATION_INFORMATION,
    COMMAND_NOTIFY,
    COMMAND_PURGE_UE,
    COMMAND_RESET,
)
from wispgate.wire.diameter.message import AvpItem, Message


async def test_the_card_accepts_the_network_and_both_know_kasme(
    rows: Rows, mme: DiameterClient
) -> None:
    card = rows.add_card(IMSI)

    answer = await air(mme, IMSI)

    assert result_of(answer) == 2001
    ((rand, xres, autn, kasme),) = vectors_of(answer)
    outcome = card.usim().authenticate(rand, autn, PLMN)
    assert isinstance(outcome, Authenticated)
    assert (outcome.res, outcome.kasme) == (xres, kasme)


async def test_several_vectors_are_numbered_and_fresh(rows: Rows, mme: DiameterClient) -> None:
    card = rows.add_card(IMSI)

    answer = await air(mme, IMSI, vectors=3)

    groups = answer.get_avp("Authentication-Info").members.list_avps("E-UTRAN-Vector")
    assert [group.members.get_int("Item-Number") for group in groups] == [1, 2, 3]
    usim = card.usim()
    for rand, _, autn, _ in vectors_of(answer):
        assert isinstance(usim.authenticate(rand, autn, PLMN), Authenticated)


async def test_a_card_that_is_ahead_brings_the_network_after_it(
    rows: Rows, mme: DiameterClient
) -> None:
    card = rows.add_card(IMSI)
    usim = card.usim()
    ahead = vectors_of(await air(mme, IMSI, vectors=5))
    assert isinstance(usim.authenticate(ahead[4][0], ahead[4][2], PLMN), Authenticated)
    with rows.connect() as connection:
        connection.execute("UPDATE hot_00.authentication SET sqn = 0")
    ((rand, _, autn, _),) = vectors_of(await air(mme, IMSI))
    refusal = usim.authenticate(rand, autn, PLMN)
    assert isinstance(refusal, SynchronisationFailure)

    answer = await air(mme, IMSI, resync=rand + refusal.auts)

    ((rand, _, autn, _),) = vectors_of(answer)
    assert isinstance(usim.authenticate(rand, autn, PLMN), Authenticated)


async def test_a_forged_resynchronisation_changes_nothing(rows: Rows, mme: DiameterClient) -> None:
    card = rows.add_card(IMSI)
    ((rand, _, first, _),) = vectors_of(await air(mme, IMSI))

    answer = await air(mme, IMSI, resync=rand + b"\xa5" * 14)

    ((rand2, _, second, _),) = vectors_of(answer)
    assert sqn_of(card, second, rand2) > sqn_of(card, first, rand)
    assert isinstance(card.usim().authenticate(rand2, second, PLMN), Authenticated)


def told(rows: Rows) -> list[tuple[str, dict[str, object]]]:
    with rows.database.admin() as admin:
        found = admin.execute(
            "SELECT kind, payload FROM hot_00.outbox WHERE kind LIKE 'authentication.%' "
            "ORDER BY xid, event_id"
        ).fetchall()
    return [(kind, payload) for kind, payload in found]


def counted(outcome: str) -> float:
    return RESYNCHRONISATIONS.labels(outcome)._value.get()


async def resynchronise(mme: DiameterClient, card: Card, sqn: int) -> None:
    """What a card with that number asks for, whatever it was sent."""
    rand = bytes(16)
    auts = conceal(Milenage(card.k, card.opc), rand, sqn)
    assert result_of(await air(mme, IMSI, resync=rand + auts)) == 2001


async def test_a_card_that_asks_again_and_again_raises_one_alarm_an_hour(
    database: TestDatabase, opening_key: OpeningKey, rows: Rows
) -> None:
    card, clock = rows.add_card(IMSI), TravellingClock(NOW)
    before, alarms = counted("taken"), SUSPICIONS._value.get()
    async with a_node(database, opening_key, clock=clock) as node:
        mme = await an_mme(node)
        # Each time it is far ahead of us, though it was just given what it asked for.
        for number in range(1, 7):
            await air(mme, IMSI)
            await resynchronise(mme, card, number << 40)
        in_an_hour = told(rows)
        clock.advance(hours=2)
        for number in range(7, 11):
            await resynchronise(mme, card, number << 40)
        await mme.close()

    kinds = Counter(kind for kind, _ in in_an_hour)
    assert kinds == {
        "authentication.resynchronised": 6, "authentication.key_mismatch_suspected": 1
    }  # fmt: skip
    assert dict(in_an_hour)["authentication.key_mismatch_suspected"] == {
        "imsi": IMSI, "resynchronisations": 4, "peer": MME_HOST
    }  # fmt: skip
    assert in_an_hour[0][1]["sqn_after"] == 1 << 40
    assert [kind for kind, _ in told(rows)].count("authentication.key_mismatch_suspected") == 2
    assert (counted("taken") - before, SUSPICIONS._value.get() - alarms) == (10, 2)


async def test_a_wrong_proof_is_told_once_an_hour_and_a_belated_request_never(
    rows: Rows, mme: DiameterClient
) -> None:
    card = rows.add_card(IMSI)
    before = {outcome: counted(outcome) for outcome in ("forged", "not_needed")}

    for _ in range(5):
        assert result_of(await air(mme, IMSI, resync=bytes(range(30)))) == 2001
    await resynchronise(mme, card, 0)

    assert told(rows) == [
        (
            "authentication.failed",
            {"imsi": IMSI, "reason": "mac_failure", "visited_plmn": "001-01", "peer": MME_HOST},
        )
    ]
    assert {o: counted(o) - n for o, n in before.items()} == {"forged": 5, "not_needed": 1}
    with rows.database.admin() as admin:
        row = admin.execute(
            "SELECT mac_failures, resyncs_counted FROM hot_00.authentication"
        ).fetchone()
    assert row == (5, 1)


@pytest.mark.parametrize(
    ("barring", "result"),
    [
        (Barring.NONE, 2001),
        (Barring.NO_SESSION, 2001),
        (Barring.NO_ATTACH, 5420),
        (Barring.WITHDRAWN, 5001),
    ],
)
async def test_both_requests_obey_what_the_line_may_do(
    rows: Rows, mme: DiameterClient, barring: Barring, result: int
) -> None:
    rows.add_card(IMSI, barring=barring)

    answers = [await air(mme, IMSI), await ulr(mme, IMSI)]

    assert [result_of(answer) for answer in answers] == [result, result]


async def test_an_unknown_imsi_is_answered_5001(mme: DiameterClient) -> None:
    answers = [await air(mme, IMSI), await ulr(mme, IMSI)]

    assert [result_of(answer) for answer in answers] == [5001, 5001]


async def test_update_location_gives_the_subscription_and_registers(
    rows: Rows, mme: DiameterClient
) -> None:
    rows.add_card(IMSI, msisdn="15550100001")

    answer = await ulr(mme, IMSI)

    assert result_of(answer) == 2001
    data = answer.get_avp("Subscription-Data").members
    assert data.get_octets("MSISDN").hex() == "5155100000f1"
    assert data.get_avp("AMBR").members.get_int("Max-Requested-Bandwidth-DL") == 50_000_000
    apn = data.get_avp("APN-Configuration-Profile").members.get_avp("APN-Configuration").members
    assert apn.get_text("Service-Selection") == "internet"
    assert answer.get_int("ULA-Flags") == 1
    with rows.connect() as connection:
        registered = connection.execute(
            "SELECT mme_host, visited_plmn, imei FROM every_registration"
        ).fetchall()
        events = connection.execute("SELECT kind, line_id FROM hot_00.outbox").fetchall()
    assert registered == [(MME_HOST, "001-01", "35693803564380")]
    assert [kind for kind, _ in events] == ["line.registered"]


async def test_skipped_data_is_sent_again_once_the_line_changed(
    rows: Rows, mme: DiameterClient
) -> None:
    card = rows.add_card(IMSI)
    await ulr(mme, IMSI)
    skipped = await ulr(mme, IMSI, flags=34 | 4)
    rows.bar(card, Barring.NO_SESSION)

    answer = await ulr(mme, IMSI, flags=34 | 4)

    assert skipped.find_avp("Subscription-Data") is None
    assert answer.find_avp("Subscription-Data") is not None


async def test_a_refused_open5gs_still_gets_the_avps_it_waits_for(
    database: TestDatabase, opening_key: OpeningKey
) -> None:
    rows = Rows(database, opening_key)
    rows.add_core(profile="open5gs")
    rows.add_card(IMSI, barring=Barring.NO_ATTACH)
    async with a_node(database, opening_key) as node:
        mme = await an_mme(node)

        answer = await ulr(mme, IMSI)

        await mme.close()
    assert result_of(answer) == 5420
    data = answer.get_avp("Subscription-Data").members
    assert data.find_avp("AMBR") is not None
    assert data.find_avp("APN-Configuration-Profile") is not None


async def test_a_command_not_served_is_answered_3001(mme: DiameterClient) -> None:
    avps = [*common(mme, IMSI), ("Destination-Host", HOST)]

    answer = await mme.request(APPLICATION_S6A, COMMAND_RESET, avps)

    assert answer.get_int("Result-Code") == 3001
    assert answer.header.is_error


async def pur(mme: DiameterClient, imsi: str) -> Message:
    return await mme.request(
        APPLICATION_S6A, COMMAND_PURGE_UE, [*common(mme, imsi), ("PUR-Flags", 0)]
    )


async def test_5_2_1_3_a_purge_frees_the_registration_and_freezes_the_m_tmsi(
    rows: Rows, mme: DiameterClient
) -> None:
    rows.add_card(IMSI)
    await ulr(mme, IMSI)

    answers = [await pur(mme, IMSI), await pur(mme, IMSI)]

    assert [(result_of(one), one.get_int("PUA-Flags")) for one in answers] == [(2001, 1)] * 2
    with rows.connect() as connection:
        purged = connection.execute(
            "SELECT count(*) FROM hot_00.registration WHERE purged_at IS NOT NULL"
        ).fetchone()
        kinds = connection.execute("SELECT kind FROM hot_00.outbox ORDER BY event_id").fetchall()
    assert purged == (1,)
    assert [kind for (kind,) in kinds].count("line.purged") == 1


async def test_5_2_1_3_a_purge_of_another_node_leaves_the_registration(
    rows: Rows, node: DiameterNode, mme: DiameterClient
) -> None:
    rows.add_card(IMSI)
    rows.add_peer("mme2.epc.test")
    other = await an_mme(node, "mme2.epc.test")
    await ulr(mme, IMSI)

    answer = await pur(other, IMSI)

    await other.close()
    assert (result_of(answer), answer.get_int("PUA-Flags")) == (2001, 0)
    with rows.connect() as connection:
        found = connection.execute("SELECT purged_at FROM hot_00.registration").fetchall()
    assert found == [(None,)]


async def nor(mme: DiameterClient, imsi: str, *avps: AvpItem) -> Message:
    return await mme.request(
        APPLICATION_S6A, COMMAND_NOTIFY, [*common(mme, imsi), ("NOR-Flags", 0), *avps]
    )


async def test_5_2_5_1_a_notification_tells_of_another_device_and_of_a_gateway(
    rows: Rows, mme: DiameterClient
) -> None:
    rows.add_card(IMSI)
    await ulr(mme, IMSI)

    answers = [
        await nor(mme, IMSI, ("Terminal-Information", [("IMEI", "35693803564399")])),
        await nor(
            mme,
            IMSI,
            ("MIP6-Agent-Info", [("MIP-Home-Agent-Host", [
                ("Destination-Realm", REALM), ("Destination-Host", "pgw.epc.test"),
            ])]),
            ("Service-Selection", "internet"),
        ),
    ]  # fmt: skip

    assert [result_of(answer) for answer in answers] == [2001, 2001]
    with rows.connect() as connection:
        found = connection.execute("SELECT imei, pdn_gateways FROM hot_00.registration").fetchall()
        changed = connection.execute(
            "SELECT payload->>'device' FROM hot_00.outbox WHERE kind = 'line.device_changed'"
        ).fetchall()
    assert found == [("35693803564399", {"internet": "pgw.epc.test"})]
    assert changed == [("35693803564399",)]


async def test_5_2_5_1_a_notification_for_an_apn_not_subscribed_is_5012(
    rows: Rows, mme: DiameterClient
) -> None:
    rows.add_card(IMSI)
    await ulr(mme, IMSI)
    agent: AvpItem = ("MIP6-Agent-Info", [("MIP-Home-Agent-Host", [
        ("Destination-Realm", REALM), ("Destination-Host", "pgw.epc.test"),
    ])])  # fmt: skip

    answer = await nor(mme, IMSI, agent, ("Service-Selection", "ims"))

    assert result_of(answer) == 5012


async def test_reports_of_an_unknown_card_and_of_a_node_that_does_not_serve_it_are_refused(
    rows: Rows, mme: DiameterClient
) -> None:
    unknown = [await pur(mme, IMSI), await nor(mme, IMSI)]
    rows.add_card(IMSI)

    unserved = await nor(mme, IMSI)

    assert [result_of(answer) for answer in unknown] == [5001, 5001]
    assert result_of(unserved) == 5423


async def test_a_line_locked_to_a_device_registers_in_no_other(
    rows: Rows, mme: DiameterClient
) -> None:
    card = rows.add_card(IMSI)
    with rows.connect() as connection:
        connection.execute(
            "UPDATE hot_00.line SET profile = jsonb_set(profile, '{device_lock}', %s)"
            " WHERE line_id = %s",
            ('["11111111111111"]', card.line_id),
        )

    answer = await ulr(mme, IMSI)

    assert result_of(answer) == 5420


async def test_a_missing_avp_is_named(mme: DiameterClient) -> None:
    answer = await mme.request(
        APPLICATION_S6A, COMMAND_AUTHENTICATION_INFORMATION, common(mme, IMSI)
    )

    assert answer.get_int("Result-Code") == 5005
    assert answer.get_avp("Failed-AVP").members.avps[0].name == "Visited-PLMN-Id"


async def test_a_wrong_plmn_is_answered_with_the_avp_at_fault(mme: DiameterClient) -> None:
    answer = await mme.request(
        APPLICATION_S6A,
        COMMAND_AUTHENTICATION_INFORMATION,
        [
            *common(mme, IMSI),
            ("Requested-EUTRAN-Authentication-Info", [("Number-Of-Requested-Vectors", 1)]),
            ("Visited-PLMN-Id", b"\xab\xcd\xef"),
        ],
    )

    assert answer.get_int("Result-Code") == 5004
    assert answer.get_avp("Failed-AVP").members.avps[0].name == "Visited-PLMN-Id"


async def test_another_realm_is_not_served(mme: DiameterClient) -> None:
    avps = [a for a in common(mme, IMSI) if isinstance(a, tuple) and a[0] != "Destination-Realm"]

    answer = await mme.request(
        APPLICATION_S6A,
        COMMAND_AUTHENTICATION_INFORMATION,
        [*avps, ("Destination-Realm", "elsewhere.test"), ("Visited-PLMN-Id", PLMN.encode())],
    )

    assert answer.get_int("Result-Code") == 3003
    assert answer.get_text("Origin-Host") == HOST


@pytest.mark.parametrize("partitions", [1, 3], indirect=True)
async def test_parallel_requests_never_share_a_sequence_number(
    rows: Rows, database: TestDatabase, opening_key: OpeningKey
) -> None:
    cards = [rows.add_card(f"00101000000000{n}") for n in range(3)]
    async with (
        a_node(database, opening_key) as one,
        a_node(database, opening_key, name="hss2.epc.test") as two,
    ):
        rows.add_peer("mme2.epc.test")
        mmes = [await an_mme(one), await an_mme(two, "mme2.epc.test")]

        answers = await asyncio.gather(
            *(air(mme, card.imsi) for mme in mmes for card in cards for _ in range(20))
        )

        for mme in mmes:
            await mme.close()
    order = [card for _ in mmes for card in cards for _ in range(20)]
    seen = {
        (card.imsi, sqn_of(card, autn, rand) >> 5)
        for card, answer in zip(order, answers, strict=True)
        for rand, _, autn, _ in vectors_of(answer)
    }
    assert len(seen) == 2 * 3 * 20


async def test_utran_vectors_have_keys_of_their_own(rows: Rows, mme: DiameterClient) -> None:
    rows.add_card(IMSI)

    answer = await mme.request(
        APPLICATION_S6A,
        COMMAND_AUTHENTICATION_INFORMATION,
        [
            *common(mme, IMSI),
            ("Requested-EUTRAN-Authentication-Info", [("Number-Of-Requested-Vectors", 1)]),
            ("Requested-UTRAN-GERAN-Authentication-Info", [("Number-Of-Requested-Vectors", 2)]),
            ("Visited-PLMN-Id", PLMN.encode()),
        ],
    )

    groups = answer.get_avp("Authentication-Info").members
    utran = [group.members for group in groups.list_avps("UTRAN-Vector")]
    assert len(groups.list_avps("E-UTRAN-Vector")) == 1
    assert [vector.get_int("Item-Number") for vector in utran] == [1, 2]
    assert {len(vector.get_octets("Confidentiality-Key")) for vector in utran} == {16}
    # The separation bit keeps a UTRAN vector from serving for E-UTRAN (TS 33.102 annex H).
    assert {vector.get_octets("AUTN")[6] & 0x80 for vector in utran} == {0}


@pytest.mark.parametrize(
    "fault",
    [
        "SET sealed_key = sealed_key || '\\x00'::bytea",
        "SET iccid = iccid || '1'",
        "SET sealed_key = ''",
        "SET sqn = 281474976710655",
    ],
)
async def test_a_fault_of_the_authentication_centre_is_answered_4181(
    rows: Rows, mme: DiameterClient, fault: str
) -> None:
    rows.add_card(IMSI)
    rows.add_card("001010000000002")
    with rows.database.admin() as connection:
        connection.execute(f"UPDATE hot_00.authentication {fault} WHERE imsi = %s", (IMSI,))

    answers = await asyncio.gather(
        air(mme, IMSI), air(mme, "001010000000002"), air(mme, IMSI, resync=bytes(range(30)))
    )

    assert [result_of(answer) for answer in answers] == [4181, 2001, 4181]


async def test_the_last_sequence_numbers_of_a_card_are_still_given(
    rows: Rows, mme: DiameterClient
) -> None:
    card = rows.add_card(IMSI)
    with rows.database.admin() as connection:
        connection.execute("UPDATE hot_00.authentication SET sqn = 281474976710655 - 64")

    answers = [await air(mme, IMSI, vectors=2), await air(mme, IMSI)]

    assert [result_of(answer) for answer in answers] == [2001, 4181]
    numbers = [sqn_of(card, autn, rand) >> 5 for rand, _, autn, _ in vectors_of(answers[0])]
    assert numbers == [(1 << 43) - 2, (1 << 43) - 1]


@pytest.mark.parametrize("partitions", [2], indirect=True)
async def test_a_card_that_moved_to_another_partition_is_found_there(
    rows: Rows, mme: DiameterClient, partitions: int
) -> None:
    rows.add_card(IMSI)
    before = [await air(mme, IMSI), await ulr(mme, IMSI)]
    with rows.database.admin() as connection:
        for table in ("authentication", "line", "registration"):
            connection.execute(f"INSERT INTO hot_00.{table} SELECT * FROM hot_01.{table}")  # noqa: S608 (our own names)
            connection.execute(f"DELETE FROM hot_01.{table}")  # noqa: S608 (our own names)
        connection.execute("UPDATE identity SET partition = 0")

    after = [await air(mme, IMSI), await ulr(mme, IMSI)]

    assert [result_of(answer) for answer in (*before, *after)] == [2001] * 4


@pytest.mark.parametrize("table", ["authentication", "line"])
async def test_rows_that_disagree_are_no_unknown_subscriber(
    rows: Rows, mme: DiameterClient, table: str
) -> None:
    rows.add_card(IMSI)
    with rows.database.admin() as connection:
        connection.execute(f"DELETE FROM hot_00.{table}")  # noqa: S608 (our own names)

    answers = [await air(mme, IMSI), await ulr(mme, IMSI)]

    assert [result_of(answer) for answer in answers] == [3004, 3004]


async def test_a_line_that_left_is_unknown_at_once(rows: Rows, mme: DiameterClient) -> None:
    rows.add_card(IMSI)
    await air(mme, IMSI)
    with rows.database.admin() as connection:
        connection.execute("DELETE FROM hot_00.authentication")
        connection.execute("DELETE FROM identity")

    answers = [await air(mme, IMSI), await ulr(mme, IMSI)]

    assert [result_of(answer) for answer in answers] == [5001, 5001]
