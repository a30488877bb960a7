"""Captured requests of an Open5GS SMF, answered AVP by AVP; source: `open5gs.jsonl`."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.harness.charging import NOW, Gateway, Line, Subscribers, a_charging_node
from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.unit.domain.charging.account import a_bucket, a_plan
from wispgate.domain.charging.state import Bucket
from wispgate.domain.plan.compiled import CompiledPlan
from wispgate.domain.plan.exhaustion import Block, FinalAction, Throttle
from wispgate.domain.plan.speed import Speed
from wispgate.wire.diameter.avp import Avp, AvpSequence
from wispgate.wire.diameter.message import Message, decode_message, encode_message

CAPTURE = Path(__file__).parents[1] / "data/diameter/open5gs.jsonl"
REALM = "localdomain"
REQUESTS = [
    decode_message(bytes.fromhex(row["hex"]))
    for row in map(json.loads, CAPTURE.read_text().splitlines())
    if (row["interface"], row["command"]) == ("Gy", "CCR")
]
OPENING = next(m for m in REQUESTS if m.get_int("CC-Request-Type") == 1)
REPORTS = [m for m in REQUESTS if m.get_int("CC-Request-Type") != 1]


def imsi_of(message: Message) -> str:
    for avp in message.list_avps("Subscription-Id"):
        if avp.members.get_int("Subscription-Id-Type") == 1:
            return avp.members.get_text("Subscription-Id-Data")
    raise AssertionError("every one names its IMSI")


def octets_of(message: Message) -> int:
    units = message.get_avp("Multiple-Services-Credit-Control").members.find_avp(
        "Used-Service-Unit"
    )
    if units is None:
        return 0
    return units.members.get_int("CC-Input-Octets") + units.members.get_int("CC-Output-Octets")


def opening_of(report: Message) -> bytes:
    """The captured opening, as of the session and subscriber of a captured report."""
    changed = {"Session-Id", "Subscription-Id"}
    others = [avp for avp in OPENING.avps if avp.name not in changed]
    own = [avp for avp in report.avps if avp.name in changed]
    return encode_message(OPENING.header, [own[0], *others, *own[1:]])


def shown(sequence: AvpSequence) -> list[tuple[str, Any]]:
    """Names and values, groups as lists of the same."""
    return [(avp.name, _shown_value(avp)) for avp in sequence.avps]


def _shown_value(avp: Avp) -> Any:
    definition = avp.definition
    is_group = definition is not None and definition.is_grouped
    return shown(avp.members) if is_group else avp.value


def answer_of(request: Message, group: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    kind = request.get_int("CC-Request-Type")
    return [
        ("Session-Id", request.get_text("Session-Id")),
        ("Result-Code", 2001),
        ("Origin-Host", "ocs.localdomain"),
        ("Origin-Realm", REALM),
        ("Auth-Application-Id", 4),
        ("CC-Request-Type", kind),
        ("CC-Request-Number", request.get_int("CC-Request-Number")),
        *([("CC-Session-Failover", 1)] if kind == 1 else []),
        ("Multiple-Services-Credit-Control", group),
    ]


# It asks for 1 MB, as always; it gets the plan's slice.
GRANT = [
    ("Granted-Service-Unit", [("CC-Total-Octets", 10_000_000)]),
    ("Validity-Time", 300),
    ("Volume-Quota-Threshold", 2_000_000),
    ("Result-Code", 2001),
]


@dataclass
class Smf:
    """The gateway and who its subscribers are."""

    gateway: Gateway
    subscribers: Subscribers

    async def send(self, octets: bytes) -> Message:
        return await self.gateway.client.exchange(octets)

    def add_line(self, message: Message, plan: CompiledPlan, *buckets: Bucket) -> Line:
        return self.subscribers.add_line(imsi_of(message), plan, *buckets)


@pytest.fixture
async def smf(database: TestDatabase) -> AsyncIterator[Smf]:
    subscribers = Subscribers(database, profile="open5gs")
    subscribers.add_gateway("smf.localdomain", profile="open5gs", realm=REALM)
    clock = TravellingClock(NOW)
    async with a_charging_node(
        database.dsn("network"), clock=clock, name="ocs.localdomain", realm=REALM
    ) as node:
        gateway = await Gateway.connect(node, "smf.localdomain", REALM)
        yield Smf(gateway, subscribers)
        await gateway.close()


@pytest.mark.parametrize("report", REPORTS, ids=lambda m: m.get_text("Session-Id"))
async def test_a_captured_dialogue_is_answered_and_charged(smf: Smf, report: Message) -> None:
    bucket = a_bucket(octets=100_000_000)
    smf.add_line(report, a_plan(), bucket)
    opening = decode_message(opening_of(report))

    first = await smf.send(opening_of(report))
    second = await smf.send(encode_message(report.header, report.avps))

    assert shown(first) == answer_of(opening, GRANT)
    is_update = report.get_int("CC-Request-Type") == 2
    assert shown(second) == answer_of(report, GRANT if is_update else [("Result-Code", 2001)])
    # CC-Time holds the time of day in seconds since 1970: nobody granted it, nobody pays for it.
    assert smf.subscribers.remaining(bucket) == 100_000_000 - octets_of(report)
    assert smf.subscribers.reserved() == (10_000_000 if is_update else 0)


@pytest.mark.parametrize(("is_suspended", "code"), [(False, 4012), (True, 4010)])
async def test_a_refusal_stands_at_command_level_alone(
    smf: Smf, is_suspended: bool, code: int
) -> None:
    line = smf.add_line(OPENING, a_plan(), a_bucket(octets=10))
    smf.subscribers.execute("UPDATE hot_00.bucket SET remaining = 0")
    smf.subscribers.put_line(line, is_suspended=is_suspended)

    answer = await smf.send(encode_message(OPENING.header, OPENING.avps))

    assert answer.get_int("Result-Code") == code
    assert answer.find_avp("Multiple-Services-Credit-Control") is None


async def test_the_end_of_credit_is_told_in_the_group_of_a_report(smf: Smf) -> None:
    report = next(m for m in REPORTS if m.get_int("CC-Request-Type") == 2)
    smf.add_line(report, a_plan(), a_bucket(octets=octets_of(report)))
    first = await smf.send(opening_of(report))

    second = await smf.send(encode_message(report.header, report.avps))

    group = first.get_avp("Multiple-Services-Credit-Control").members
    assert group.get_avp("Final-Unit-Indication").members.get_int("Final-Unit-Action") == 0
    assert shown(second) == answer_of(report, [("Result-Code", 4012)])


@pytest.mark.parametrize(
    "exhaustion",
    [Throttle(Speed(64_000, 64_000)), Block(FinalAction.REDIRECT, "http://topup.example/")],
)
async def test_no_final_unit_ends_a_session_that_could_go_on(
    smf: Smf, exhaustion: Throttle | Block
) -> None:
    report = next(m for m in REPORTS if m.get_int("CC-Request-Type") == 2)
    smf.add_line(report, a_plan(exhaustion=exhaustion), a_bucket(octets=octets_of(report)))

    first = await smf.send(opening_of(report))
    second = await smf.send(encode_message(report.header, report.avps))

    for answer in (first, second):
        group = answer.get_avp("Multiple-Services-Credit-Control").members
        assert group.find_avp("Final-Unit-Indication") is None
    is_throttled = isinstance(exhaustion, Throttle)
    group = second.get_avp("Multiple-Services-Credit-Control").members
    assert group.get_int("Result-Code") == (2001 if is_throttled else 4012)
