"""Gy through a real socket and the real database: sessions of a test gateway."""

from collections.abc import AsyncIterator
from datetime import time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.harness.charging import (
    IMSI,
    NOW,
    Gateway,
    Subscribers,
    a_charging_node,
    granted_of,
    groups_of,
    mscc,
    result_of,
    subscription,
)
from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.unit.domain.charging.account import a_bucket, a_plan, a_wallet
from wispgate.domain.plan.compiled import GrantRules
from wispgate.domain.plan.exhaustion import Block, FinalAction
from wispgate.domain.plan.schedule import Window
from wispgate.domain.plan.tariff import Band, TariffEntry, UnitKind, block_price


@pytest.fixture
def subscribers(database: TestDatabase) -> Subscribers:
    return Subscribers(database)


@pytest.fixture
def clock() -> TravellingClock:
    return TravellingClock(NOW)


@pytest.fixture
async def gateway(
    database: TestDatabase, subscribers: Subscribers, clock: TravellingClock
) -> AsyncIterator[Gateway]:
    async with a_charging_node(database.dsn("network"), clock=clock) as node:
        gateway = await Gateway.connect(node)
        yield gateway
        await gateway.close()


async def test_a_session_books_what_it_reports(subscribers: Subscribers, gateway: Gateway) -> None:
    bucket = a_bucket(octets=100_000_000)
    subscribers.add_line(IMSI, a_plan(), bucket)

    answers = [
        await gateway.ask("I", "s1", 0, mscc(want=20_000_000)),
        await gateway.ask("U", "s1", 1, mscc(want=20_000_000, used=15_000_000)),
        await gateway.ask("T", "s1", 2, mscc(used=5_000_000)),
    ]

    assert [result_of(answer) for answer in answers] == [2001, 2001, 2001]
    granted = [granted_of(groups_of(answer)[0]) for answer in answers]
    assert granted == [20_000_000, 20_000_000, None]
    assert subscribers.remaining(bucket) == 80_000_000
    assert subscribers.reserved() == 0
    ledger = subscribers.query(
        "SELECT kind, amount, number, used_units FROM every_ledger ORDER BY 3"
    )
    assert ledger == [
        ("debit", Decimal(-15_000_000), 1, 15_000_000),
        ("debit", Decimal(-5_000_000), 2, 5_000_000),
    ]
    assert subscribers.events() == ["charging.session_started", "charging.session_ended"]


async def test_a_duplicate_gets_the_same_answer_and_is_booked_once(
    subscribers: Subscribers, gateway: Gateway
) -> None:
    bucket = a_bucket(octets=100_000_000)
    subscribers.add_line(IMSI, a_plan(), bucket)
    await gateway.ask("I", "s1", 0, mscc(want=20_000_000))
    report = mscc(want=20_000_000, used=15_000_000)

    answers = [
        await gateway.ask("U", "s1", 1, report),
        await gateway.ask("U", "s1", 1, report, is_repeated=True),
        await gateway.ask("U", "s1", 1, report),
    ]

    assert len({answer.avps for answer in answers}) == 1
    assert subscribers.remaining(bucket) == 85_000_000


async def test_numbers_out_of_order_are_each_booked_once(
    subscribers: Subscribers, gateway: Gateway
) -> None:
    bucket = a_bucket(octets=100_000_000)
    subscribers.add_line(IMSI, a_plan(), bucket)
    await gateway.ask("I", "s1", 0, mscc(want=10_000_000))
    await gateway.ask("U", "s1", 3, mscc(want=10_000_000, used=3_000_000))

    late = await gateway.ask("U", "s1", 2, mscc(want=10_000_000, used=2_000_000))
    end = await gateway.ask("T", "s1", 4, mscc(used=4_000_000))
    after = await gateway.ask("U", "s1", 1, mscc(want=10_000_000, used=1_000_000))

    assert [result_of(answer) for answer in (late, end, after)] == [2001, 2001, 2001]
    assert subscribers.remaining(bucket) == 90_000_000
    assert subscribers.reserved() == 0
    assert granted_of(groups_of(after)[0]) is None


async def test_an_unknown_session_is_told_so_and_its_usage_kept(
    subscribers: Subscribers, gateway: Gateway
) -> None:
    bucket = a_bucket(octets=100_000_000)
    subscribers.add_line(IMSI, a_plan(), bucket)

    answer = await gateway.ask("U", "nobody's", 4, mscc(want=0, used=7_000))

    assert result_of(answer) == 5002
    assert subscribers.remaining(bucket) == 100_000_000
    assert subscribers.query("SELECT kind, used_units, number FROM every_ledger") == [
        ("suspense", 7_000, 4)
    ]
    assert subscribers.events() == ["charging.usage_in_suspense"]


async def test_the_last_units_are_marked_and_then_credit_is_denied(
    subscribers: Subscribers, gateway: Gateway
) -> None:
    subscribers.add_line(IMSI, a_plan(), a_bucket(octets=3_000_000))
    first = await gateway.ask("I", "s1", 0, mscc(10, want=5_000_000))

    second = await gateway.ask("U", "s1", 1, mscc(10, want=5_000_000, used=3_000_000))

    group = groups_of(first)[0]
    assert granted_of(group) == 3_000_000
    assert group.get_avp("Final-Unit-Indication").members.get_int("Final-Unit-Action") == 0
    assert group.get_int("Rating-Group") == 10
    assert result_of(second) == 4012
    assert groups_of(second)[0].get_int("Result-Code") == 4012
    assert "charging.quota_exhausted" in subscribers.events()
    assert subscribers.query("SELECT is_exhausted FROM every_line") == [(True,)]


async def test_an_exhausted_line_is_not_admitted_until_it_has_data_again(
    subscribers: Subscribers, gateway: Gateway
) -> None:
    line = subscribers.add_line(IMSI, a_plan(), a_bucket(octets=1_000))
    await gateway.ask("I", "s1", 0, mscc(want=1_000))
    await gateway.ask("T", "s1", 1, mscc(used=1_000))
    refused = await gateway.ask("I", "s2", 0, mscc(want=0))
    ended = await gateway.ask("T", "s2", 1)
    subscribers.add_buckets(line, [a_bucket(2, octets=50_000_000)])

    answer = await gateway.ask("I", "s3", 0, mscc(want=0))

    assert [result_of(a) for a in (refused, ended, answer)] == [4012, 2001, 2001]
    assert subscribers.query("SELECT is_exhausted FROM every_line") == [(False,)]
    assert "charging.quota_restored" in subscribers.events()


@pytest.mark.parametrize("kind", ["I", "E"])
async def test_a_suspended_line_is_refused(
    subscribers: Subscribers, gateway: Gateway, kind: str
) -> None:
    subscribers.add_line(IMSI, a_plan(), a_bucket(), is_suspended=True)
    action = [("Requested-Action", 0)] if kind == "E" else []

    answer = await gateway.ask(kind, "s1", 0, mscc(want=0), *action)

    assert result_of(answer) == 4010
    assert subscribers.reserved() == 0


async def test_a_line_suspended_in_mid_session_is_booked_and_gets_no_more(
    subscribers: Subscribers, gateway: Gateway
) -> None:
    bucket = a_bucket(octets=100_000_000)
    line = subscribers.add_line(IMSI, a_plan(), bucket)
    await gateway.ask("I", "s1", 0, mscc(want=20_000_000))
    subscribers.put_line(line, is_suspended=True)

    update = await gateway.ask("U", "s1", 1, mscc(want=20_000_000, used=5_000_000))
    end = await gateway.ask("T", "s1", 2, mscc(used=1_000_000))

    assert [result_of(update), result_of(end)] == [4010, 2001]
    assert granted_of(groups_of(update)[0]) is None
    assert subscribers.remaining(bucket) == 94_000_000
    assert subscribers.reserved() == 0


async def test_nobody_s_subscriber_is_unknown(subscribers: Subscribers, gateway: Gateway) -> None:
    answer = await gateway.ask("I", "s1", 0, mscc(want=0), imsi="999999999999999")

    assert result_of(answer) == 5030


@pytest.mark.parametrize(
    "identity",
    [
        subscription(0, "+15550100001"),
        subscription(2, "sip:+15550100001@ims.epc.test;user=phone"),
        subscription(3, f"0{IMSI}@nai.epc.mnc001.mcc001.3gppnetwork.org"),
        ("User-Name", IMSI),
    ],
)
async def test_a_subscriber_is_found_by_every_kind_of_name(
    subscribers: Subscribers, gateway: Gateway, identity: tuple[str, object]
) -> None:
    subscribers.add_line(IMSI, a_plan(), a_bucket(), msisdn="15550100001")

    answer = await gateway.ask("I", "s1", 0, mscc(want=0), identity, imsi="")

    assert result_of(answer) == 2001


@pytest.mark.parametrize("partitions", [1, 3], indirect=True)
async def test_a_session_outlives_the_identity_that_began_it(
    subscribers: Subscribers, gateway: Gateway
) -> None:
    bucket = a_bucket(octets=100_000_000)
    subscribers.add_line(IMSI, a_plan(), bucket)
    await gateway.ask("I", "s1", 0, mscc(want=20_000_000))

    answer = await gateway.ask("T", "s1", 1, mscc(used=5_000_000), imsi="001010000000077")

    assert result_of(answer) == 2001
    assert subscribers.remaining(bucket) == 95_000_000


async def test_units_at_command_level_are_answered_there(
    subscribers: Subscribers, gateway: Gateway
) -> None:
    bucket = a_bucket(octets=100_000_000)
    subscribers.add_line(IMSI, a_plan(), bucket)
    asked = ("Requested-Service-Unit", [("CC-Total-Octets", 7_000_000)])
    used = ("Used-Service-Unit", [("CC-Input-Octets", 1_000), ("CC-Output-Octets", 2_000)])

    first = await gateway.ask("I", "s1", 0, asked)
    second = await gateway.ask("U", "s1", 1, asked, used)

    assert [granted_of(first), granted_of(second)] == [7_000_000, 7_000_000]
    assert second.get_int("Validity-Time") == 3600
    assert groups_of(second) == []
    assert subscribers.remaining(bucket) == 99_997_000


async def test_units_of_a_service_are_granted_and_charged_in_its_kind(
    subscribers: Subscribers, gateway: Gateway
) -> None:
    kinds = {"kind": UnitKind.SECONDS, "remaining": 600, "initial": 600}
    minutes = a_bucket(1, **kinds)
    subscribers.add_line(IMSI, a_plan(), minutes)
    asked = ("Requested-Service-Unit", [("CC-Time", 60)])

    first = await gateway.ask("I", "call", 0, asked, context="8.32260@3gpp.org")
    await gateway.ask(
        "T", "call", 1, ("Used-Service-Unit", [("CC-Time", 45), ("CC-Total-Octets", 99)]),
        context="8.32260@3gpp.org",
    )  # fmt: skip

    assert granted_of(first, "CC-Time") == 60
    assert subscribers.remaining(minutes) == 555


async def test_an_event_debits_at_once_and_only_once(
    subscribers: Subscribers, gateway: Gateway
) -> None:
    messages = a_bucket(1, kind=UnitKind.MESSAGES, remaining=2, initial=2)
    subscribers.add_line(IMSI, a_plan(), messages)
    event = [
        ("Requested-Action", 0),
        ("Requested-Service-Unit", [("CC-Service-Specific-Units", 1)]),
    ]

    answers = [
        await gateway.ask("E", session, 0, *event, context="32274@3gpp.org")
        for session in ("e1", "e1", "e2", "e3")
    ]

    assert [result_of(answer) for answer in answers] == [2001, 2001, 2001, 4012]
    assert granted_of(answers[0], "CC-Service-Specific-Units") == 1
    assert subscribers.remaining(messages) == 0


@pytest.mark.parametrize(("action", "price"), [(2, None), (3, (30, -2, 978))])
async def test_balance_and_price_are_told_and_nothing_is_taken(
    subscribers: Subscribers,
    gateway: Gateway,
    action: int,
    price: tuple[int, int, int] | None,
) -> None:
    entry = TariffEntry(UnitKind.MESSAGES, block_price(Decimal("0.10"), 1))
    wallet = a_wallet("1.00")
    subscribers.add_line(IMSI, a_plan(tariff=(entry,)), wallet)

    answer = await gateway.ask(
        "E", "e1", 0, ("Requested-Action", action),
        ("Requested-Service-Unit", [("CC-Service-Specific-Units", 3)]),
        context="32274@3gpp.org",
    )  # fmt: skip

    assert result_of(answer) == 2001
    assert answer.find_int("Check-Balance-Result") == (0 if price is None else None)
    if price is not None:
        cost = answer.get_avp("Cost-Information").members
        value = cost.get_avp("Unit-Value").members
        digits = value.get_int("Value-Digits") * 10 ** (value.get_int("Exponent") + 2)
        assert (digits, cost.get_int("Currency-Code")) == (price[0], price[2])
    assert subscribers.remaining(wallet) == 1


async def test_a_price_that_nobody_knows_is_refused_and_none_is_named(
    subscribers: Subscribers, gateway: Gateway
) -> None:
    subscribers.add_line(IMSI, a_plan(), a_bucket())

    answer = await gateway.ask("E", "e1", 0, ("Requested-Action", 3), mscc(1, want=100))

    assert result_of(answer) == 5031
    assert answer.find_avp("Cost-Information") is None


async def test_groups_are_judged_each_by_itself(subscribers: Subscribers, gateway: Gateway) -> None:
    subscribers.add_line(IMSI, a_plan(), a_bucket(octets=1_000_000, rating_groups=(10,)))

    answer = await gateway.ask("I", "s1", 0, mscc(10, want=0), mscc(777, want=0))

    assert result_of(answer) == 2001
    codes = {g.get_int("Rating-Group"): g.get_int("Result-Code") for g in groups_of(answer)}
    assert codes == {10: 2001, 777: 5031}


async def test_services_of_one_rating_group_share_its_quota(
    subscribers: Subscribers, gateway: Gateway
) -> None:
    bucket = a_bucket(octets=100_000_000)
    subscribers.add_line(IMSI, a_plan(), bucket)
    both = [
        mscc(10, want=1_000, used=10, extra=[("Service-Identifier", 1)]),
        mscc(10, want=2_000, used=20, extra=[("Service-Identifier", 2)]),
    ]
    await gateway.ask("I", "s1", 0)

    answer = await gateway.ask("U", "s1", 1, *both)

    (group,) = groups_of(answer)
    assert granted_of(group) == 3_000
    assert group.list("Service-Identifier") == [1, 2]
    assert subscribers.remaining(bucket) == 99_999_970


async def test_thresholds_redirection_and_tariff_change_reach_the_gateway(
    subscribers: Subscribers, gateway: Gateway
) -> None:
    night = Band("night", Window(time(20), time(6)), block_price(Decimal("0.01"), 1_000_000))
    day = TariffEntry(UnitKind.OCTETS, block_price(Decimal("0.10"), 1_000_000), bands=(night,))
    plan = a_plan(
        tariff=(day,),
        exhaustion=Block(FinalAction.REDIRECT, "http://topup.example/"),
        grant=GrantRules(announces_tariff_change=True),
    )
    subscribers.add_line(IMSI, plan, a_wallet("1.00"))

    first = await gateway.ask("I", "s1", 0, mscc(10, want=5_000_000))
    last = await gateway.ask("U", "s1", 1, mscc(10, want=20_000_000, used=5_000_000))

    group = groups_of(first)[0]
    assert group.get_int("Volume-Quota-Threshold") == 1_000_000
    change = group.get_avp("Granted-Service-Unit").members.get("Tariff-Time-Change")
    assert change == NOW.replace(hour=20)
    final = groups_of(last)[0].get_avp("Final-Unit-Indication").members
    assert final.get_int("Final-Unit-Action") == 1
    server = final.get_avp("Redirect-Server").members
    assert server.get_text("Redirect-Server-Address") == "http://topup.example/"


async def test_grants_end_with_their_bucket(subscribers: Subscribers, gateway: Gateway) -> None:
    bucket = a_bucket(octets=100_000_000, valid_until=NOW + timedelta(seconds=600))
    subscribers.add_line(IMSI, a_plan(), bucket)

    answer = await gateway.ask("I", "s1", 0, mscc(want=10_000_000))

    assert groups_of(answer)[0].get_int("Validity-Time") == 600


async def test_a_client_that_lost_its_session_begins_it_anew(
    subscribers: Subscribers, gateway: Gateway
) -> None:
    subscribers.add_line(IMSI, a_plan(), a_bucket(octets=100_000_000))
    await gateway.ask("I", "s1", 0, mscc(10, want=20_000_000), mscc(20, want=20_000_000))

    answer = await gateway.ask("I", "s1", 7, mscc(10, want=5_000_000))

    assert result_of(answer) == 2001
    assert subscribers.reserved() == 5_000_000
    assert subscribers.query("SELECT rating_group FROM every_session_group") == [(10,)]


@pytest.mark.parametrize(
    ("avps", "code", "failed"),
    [
        ([("Requested-Action", 1)], 5012, "Requested-Action"),
        ([("Requested-Action", 7)], 5004, "Requested-Action"),
        ([], 5005, "Requested-Action"),
    ],
)
async def test_an_event_that_cannot_be_served_names_its_fault(
    subscribers: Subscribers, gateway: Gateway, avps: list[Any], code: int, failed: str
) -> None:
    subscribers.add_line(IMSI, a_plan(), a_bucket())

    answer = await gateway.ask("E", "e1", 0, *avps)

    assert result_of(answer) == code
    assert answer.get_avp("Failed-AVP").members.avps[0].name == failed


async def test_a_service_that_nobody_rates_is_named(
    subscribers: Subscribers, gateway: Gateway
) -> None:
    subscribers.add_line(IMSI, a_plan(), a_bucket())

    answer = await gateway.ask("I", "s1", 0, mscc(want=0), context="weather@example.com")

    assert result_of(answer) == 5031
    assert answer.get_avp("Failed-AVP").members.avps[0].name == "Service-Context-Id"


async def test_nonsense_usage_is_refused_and_not_booked(
    subscribers: Subscribers, gateway: Gateway
) -> None:
    bucket = a_bucket(octets=10_000_000)
    subscribers.add_line(IMSI, a_plan(), bucket)
    await gateway.ask("I", "s1", 0, mscc(want=0))

    answer = await gateway.ask("U", "s1", 1, mscc(used=2**64 - 5))

    assert result_of(answer) == 5004
    assert answer.get_avp("Failed-AVP").members.avps[0].name == "Used-Service-Unit"
    assert subscribers.remaining(bucket) == 10_000_000


async def test_a_line_without_plan_uses_data_for_nothing(
    subscribers: Subscribers, gateway: Gateway
) -> None:
    subscribers.add_line(IMSI)

    answers = [
        await gateway.ask("I", "s1", 0, mscc(want=0)),
        await gateway.ask("U", "s1", 1, mscc(want=0, used=1_234)),
    ]

    assert [granted_of(groups_of(answer)[0]) for answer in answers] == [50_000_000] * 2
    assert subscribers.query("SELECT kind, amount, used_units FROM every_ledger") == [
        ("free", 0, 1_234)
    ]


async def test_another_core_cannot_touch_a_session(
    subscribers: Subscribers, gateway: Gateway
) -> None:
    bucket = a_bucket(octets=10_000_000)
    subscribers.add_line(IMSI, a_plan(), bucket)
    await gateway.ask("I", "s1", 0, mscc(want=0))
    subscribers.execute("UPDATE hot_00.charging_session SET core_id = gen_random_uuid()")

    answers = [
        await gateway.ask("U", "s1", 1, mscc(used=1_000)),
        await gateway.ask("I", "s1", 2, mscc(want=0)),
    ]

    assert [result_of(answer) for answer in answers] == [5002, 5012]
    assert subscribers.remaining(bucket) == 10_000_000
