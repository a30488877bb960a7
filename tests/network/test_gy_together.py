"""Many sessions at once: on one pool, in two nodes, and over killed processes. Sums stay exact."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from tests.harness.charging import (
    NOW,
    ChargingProcess,
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
from wispgate.simulator.diameter import NotConnected
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


@dataclass
class Client:
    """Sends until it has an answer, over lost connections; remembers what it was answered."""

    process: ChargingProcess
    seed: int
    answers: dict[tuple[str, int], set[tuple[int, tuple[int | None, ...]]]] = field(
        default_factory=dict
    )
    resent: int = 0
    is_over: bool = False
    gateway: Gateway | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def connected(self) -> Gateway:
        async with self.lock:
            while self.gateway is None or self.gateway.client.closed.is_set():
                try:
                    self.gateway = await Gateway.connect(self.process.port)
                except NotConnected:
                    await asyncio.sleep(0.05)
            return self.gateway

    async def ask(self, line: Line, kind: str, session: str, number: int, *avps: object) -> None:
        is_repeated = False
        while True:
            gateway = await self.connected()
            try:
                answer = await gateway.ask(
                    kind, session, number, *avps, imsi=line.imsi, is_repeated=is_repeated
                )
            except (NotConnected, TimeoutError):
                is_repeated = True
                self.resent += 1
                continue
            if result_of(answer) == 3004:
                continue
            code, granted = said(answer)
            self.answers.setdefault((session, number), set()).add((code, tuple(granted)))
            return

    async def run(self, line: Line, name: str) -> int:
        """Sessions one after the other until it is over; the octets reported."""
        dice = random.Random(f"{self.seed}{name}")  # noqa: S311 (repeatable on purpose)
        total, count = 0, 0
        while not self.is_over:
            session = f"{name};{count}"
            count += 1
            await self.ask(line, "I", session, 0, mscc(want=0))
            for number in range(1, 5):
                used = dice.randint(1, 5_000)
                total += used
                await self.ask(line, "U", session, number, mscc(want=0, used=used))
                if dice.random() < 0.2:  # an answer that the client did not see
                    await self.ask(line, "U", session, number, mscc(want=0, used=used))
            await self.ask(line, "T", session, 5, mscc(used=0))
        return total


@pytest.fixture
async def process(database: TestDatabase) -> AsyncIterator[ChargingProcess]:
    process = ChargingProcess(database.dsn("network"))
    yield process
    await process.end()


async def test_killed_processes_lose_and_repeat_nothing(
    subscribers: Subscribers, process: ChargingProcess
) -> None:
    seed = 20261123
    print(f"seed {seed}")  # noqa: T201 (a random test tells its seed)
    buckets = [a_bucket(n, octets=10**12) for n in range(1, 11)]
    lines = [
        subscribers.add_line(f"00101000000{2000 + n}", PLAN, bucket)
        for n, bucket in enumerate(buckets)
    ]
    client = Client(await process.start(), seed)
    dice = random.Random(seed)  # noqa: S311 (repeatable on purpose)

    runs = [asyncio.ensure_future(client.run(lines[n % len(lines)], f"c{n}")) for n in range(40)]
    for _ in range(4):
        await asyncio.sleep(dice.uniform(1.0, 3.0))
        await process.end()
        await process.start()
    client.is_over = True
    used = sum(await asyncio.gather(*runs))

    assert client.gateway is not None
    await client.gateway.close()
    assert client.resent > 0
    assert all(len(answers) == 1 for answers in client.answers.values())
    booked = subscribers.query("SELECT session_id, number FROM hot_00.charging_request")
    assert len(booked) == len(set(booked)) == len(client.answers)
    assert_books_are_right(subscribers, *buckets, used=used)
    open_sessions = "SELECT count(*) FROM every_charging_session WHERE is_open"
    assert subscribers.query(open_sessions) == [(0,)]
