"""The Gx cases of examples_policy_hss.json, as far as we have what they speak of."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.clock import TravellingClock
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
    until,
)
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.domain.plan.speed import Speed

DATA = Path(__file__).parents[1] / "data" / "cases" / "examples_policy_hss.json"
CASES = {case["id"]: case for case in json.loads(DATA.read_text())["cases"]}
SESSION = "pgw.epc.test;1;1"
TRIGGERS = {"RAT_CHANGE": 2, "PLMN_CHANGE": 4}
# Without what they need: static rules and base names, which are the gateway's own (POL-050 asks
# for them beside a dynamic rule).
ELSEWHERE = {"POL-050"}


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
    async with a_policy_node(database, opening_key, clock=TravellingClock(NOW)) as node:
        yield node


@pytest.fixture
async def pgw(node: Node) -> AsyncIterator[Client]:
    client = await Client(PGW_HOST).connect(node)
    yield client
    await client.close()


def expected(case_id: str) -> dict[str, Any]:
    return CASES[case_id]["expect"]


def test_all_gx_cases_are_looked_at() -> None:
    gx = {case_id for case_id, case in CASES.items() if case["area"] == "gx"}

    assert gx == ELSEWHERE | {"POL-053", "POL-056", "POL-059", "POL-062"}


async def test_missing_packet_network_is_an_error_of_initial_parameters(
    lines: Lines, pgw: Client
) -> None:
    lines.add_card(IMSI)

    missing = CASES["POL-053"]["given"]["missing"]
    answer = await pgw.ccr(1, 0, SESSION, leaves_out=(missing,))

    group = answer.get_avp("Experimental-Result").members
    wanted = expected("POL-053")["experimental_result"]
    assert group.get_int("Experimental-Result-Code") == wanted


async def test_usage_without_a_new_grant_ends_its_monitoring(lines: Lines, pgw: Client) -> None:
    lines.add_card(IMSI)
    await pgw.ccr(1, 0, SESSION)
    used = CASES["POL-056"]["events"][0]["usage"]["mkey"]

    answer = await pgw.ccr(
        2, 1, SESSION,
        more=[
            ("Event-Trigger", 33),
            (
                "Usage-Monitoring-Information",
                [
                    ("Monitoring-Key", b"mkey"),
                    ("Used-Service-Unit", [("CC-Total-Octets", used)]),
                ],
            ),
        ],
    )  # fmt: skip

    assert result_of(answer) == 2001
    assert answer.list("Usage-Monitoring-Information") == []
    assert expected("POL-056")["answer_monitors"] == {}


async def test_the_triggers_that_are_needed_are_asked_for(lines: Lines, pgw: Client) -> None:
    lines.add_card(IMSI)

    answer = await pgw.ccr(1, 0, SESSION)

    needed = [TRIGGERS[name] for name in CASES["POL-062"]["given"]["need"]]
    assert needed == expected("POL-062")["event_trigger_avps"]
    assert set(needed) <= set(answer.list("Event-Trigger"))


async def test_a_restricted_policy_is_pushed_and_taken_back(
    lines: Lines, node: Node, pgw: Client
) -> None:
    card = lines.add_card(IMSI)
    plan, restricted = Speed(50_000_000, 50_000_000), Speed(64_000, 64_000)
    names = {plan.down_bps: "p50", restricted.down_bps: "restricted"}
    history = [speed_of(await pgw.ccr(1, 0, SESSION))]

    for number, speed in enumerate((restricted, plan), start=1):
        lines.change(card, speed=speed)
        await until(lambda number=number: len(pgw.asked) == number)
        history.append(speed_of(pgw.asked[-1]))
        await pgw.ccr(2, number, SESSION)
        await until(lambda: {p["state"] for p in lines.pushes(card)} == {"in_effect"})

    assert [names[down] for down in history] == expected("POL-059")["policy_history"]


def speed_of(message: Any) -> int:
    return message.get_avp("QoS-Information").members.get_int("APN-Aggregate-Max-Bitrate-DL")
