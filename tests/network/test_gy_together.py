"""Many sessions at once: on one pool, in two nodes, and over killed processes. Sums stay exact."""

import asyncio
import random
from collections import Counter

import pytest

from tests.harness.charging import (
    NOW,
    Gateway,
    Line,
    Subscribers,
    a_charging_node,
    granted_of,
    groups_of,
    mscc,
    result_of,
)
from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.unit.domain.charging.account import a_bucket, a_plan
from wispgate.domain.charging.state import Bucket
from wispgate.domain.plan.compiled import GrantRules
from wispgate.wire.diameter.message import Message

SECOND_GATEWAY = "pgw2.epc.test"
PLAN = a_plan(grant=GrantRules(slice_octets=10_000), notify_percents=(50,))


@pytest.fixture
def subscribers(database: TestDatabase) -> Subscribers:
    subscribers = Subscribers(database)
    subscribers.add_gateway(SECOND_GATEWAY)
    return subscribers


def add_pool(subscribers: Subscribers, members: int, bucket: Bucket) -> list[Line]:
    """Lines that are all charged to the first one's account."""
    first = subscribers.add_line("001010000001000", PLAN, bucket)
    others = [
        subscribers.add_line(f"00101000000{1000 + n}", PLAN, account=first)
        for n in range(1, members)
    ]
    return [first, *others]


async def run_session(gateway: Gateway, line: Line, session: str, seed: int) -> int:
    """Opens, reports three times, ends; the octets that were reported."""
    dice = random.Random(seed)  # noqa: S311 (repeatable on purpose)
    used = [dice.randint(0, 20_000) for _ in range(4)]
    await gateway.ask("I", session, 0, mscc(want=0), imsi=line.imsi)
    for number, octets in enumerate(used[:-1], 1):
        await gateway.ask("U", session, number, mscc(want=0, used=octets), imsi=line.imsi)
    await gateway.ask("T", session, 4, mscc(used=used[-1]), imsi=line.imsi)
    return sum(used)


def assert_books_are_right(subscribers: Subscribers, *buckets: Bucket, used: int) -> None:
    """The ledger explains the balances, and each report stands there once."""
    assert sum(bucket.initial - subscribers.remaining(bucket) for bucket in buckets) == used
    assert subscribers.query("SELECT -sum(amount), sum(used_units) FROM every_ledger") == [
        (used, used)
    ]
    repeated = "SELECT session_id, number FROM every_ledger GROUP BY 1, 2 HAVING count(*) > 1"
    assert subscribers.query(repeated) == []
    assert subscribers.reserved() == 0


async def test_two_hundred_sessions_share_one_bucket_to_the_octet(
    database: TestDatabase, subscribers: Subscribers
) -> None:
    bucket = a_bucket(octets=9_000_000)
    lines = add_pool(subscribers, 20, bucket)
    async with a_charging_node(database.dsn("network"), clock=TravellingClock(NOW)) as node:
        gateway = await Gateway.connect(node)

        used = await asyncio.gather(
            *(run_session(gateway, lines[n % 20], f"s{n}", n) for n in range(200))
        )

        await gateway.close()
    assert_books_are_right(subscribers, bucket, used=sum(used))
    assert Counter(subscribers.events())["charging.quota_threshold_reached"] == 1


async def test_two_nodes_share_a_pool_and_its_sessions(
    database: TestDatabase, subscribers: Subscribers
) -> None:
    bucket = a_bucket(octets=100_000_000)
    lines = add_pool(subscribers, 10, bucket)
    dsn = database.dsn("network")
    async with (
        a_charging_node(dsn, clock=TravellingClock(NOW)) as one,
        a_charging_node(dsn, clock=TravellingClock(NOW), name="ocs2.epc.test") as two,
    ):
        gateways = [await Gateway.connect(one), await Gateway.connect(two, SECOND_GATEWAY)]

        sums = await asyncio.gather(
            *(run_session_twice(gateways, lines[n % 10], f"s{n}", seed=n) for n in range(60))
        )

        for gateway in gateways:
            await gateway.close()
    assert_books_are_right(subscribers, bucket, used=sum(sums))


async def run_session_twice(gateways: list[Gateway], line: Line, session: str, *, seed: int) -> int:
    """Each request goes to both nodes at the same time: both give the same answer."""
    dice = random.Random(seed)  # noqa: S311 (repeatable on purpose)
    used = [dice.randint(1, 20_000) for _ in range(3)]
    steps = [
        ("I", 0, mscc(want=0)),
        ("U", 1, mscc(want=0, used=used[0])),
        ("U", 2, mscc(want=0, used=used[1])),
        ("T", 3, mscc(used=used[2])),
    ]
    for kind, number, group in steps:
        one, two = await asyncio.gather(
            *(g.ask(kind, session, number, group, imsi=line.imsi) for g in gateways)
        )
        assert said(one) == said(two)
        assert result_of(one) == 2001
    return sum(used)


def said(answer: Message) -> tuple[int, list[int | None]]:
    return result_of(answer), [granted_of(group) for group in groups_of(answer)]
