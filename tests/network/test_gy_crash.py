"""Five hundred sessions, and the node or its database killed under them: nothing lost, nothing twice.

The clients send until they have an answer: over lost connections with the T flag, after 3004
without; reports of one session in any order, some of them twice.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.harness.charging import (
    ChargingProcess,
    Gateway,
    Line,
    Subscribers,
    granted_of,
    groups_of,
    mscc,
    result_of,
)
from tests.harness.databases import TestDatabase, a_database
from tests.harness.network import until
from tests.network.test_gy_together import assert_books_are_right
from tests.unit.domain.charging.account import a_bucket, a_plan
from wispgate.domain.charging.state import Bucket
from wispgate.domain.plan.compiled import GrantRules
from wispgate.main.postgres import Cluster
from wispgate.simulator.diameter import NotConnected
from wispgate.wire.diameter.message import Message

SESSIONS = 500
LINES = 50
SEED = 20261123
PLAN = a_plan(grant=GrantRules(slice_octets=10_000), notify_percents=(50,))
# For one request to be answered, over whatever happens meanwhile.
_PATIENCE = 120.0

Said = tuple[int, tuple[int | None, ...]]


def said(answer: Message) -> Said:
    return result_of(answer), tuple(granted_of(group) for group in groups_of(answer))


@dataclass
class Client:
    """Asks until it is answered, and remembers all that it was answered."""

    process: ChargingProcess
    answers: dict[tuple[str, int], list[Said]] = field(default_factory=dict)
    turned_away: Counter[int] = field(default_factory=Counter)
    resent: int = 0
    is_over: bool = False
    gateway: Gateway | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def answered(self) -> int:
        return sum(map(len, self.answers.values()))

    async def connected(self) -> Gateway:
        async with self.lock:
            while self.gateway is None or self.gateway.client.closed.is_set():
                try:
                    self.gateway = await Gateway.connect(self.process.port)
                except NotConnected:
                    await asyncio.sleep(0.05)
            return self.gateway

    async def ask(self, line: Line, kind: str, session: str, number: int, *avps: object) -> None:
        async with asyncio.timeout(_PATIENCE):
            await self._ask_until_answered(line, kind, session, number, *avps)

    async def _ask_until_answered(
        self, line: Line, kind: str, session: str, number: int, *avps: object
    ) -> None:
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
            if result_of(answer) != 2001:
                self.turned_away[result_of(answer)] += 1
                await asyncio.sleep(0.1)
                continue
            self.answers.setdefault((session, number), []).append(said(answer))
            return

    async def run(self, line: Line, name: str) -> int:
        """Sessions one after the other until it is over; the octets reported."""
        dice = random.Random(f"{SEED}{name}")  # noqa: S311 (repeatable on purpose)
        total, count = 0, 0
        while not self.is_over:
            session = f"{name};{count}"
            count += 1
            total += await self._live(line, session, dice)
        return total

    async def _live(self, line: Line, session: str, dice: random.Random) -> int:
        """One session: its reports all at once, in any order, some of them twice."""
        used = {number: dice.randint(1, 5_000) for number in range(1, 5)}
        sent = [*used, *(number for number in used if dice.random() < 0.2)]
        dice.shuffle(sent)
        await self.ask(line, "I", session, 0, mscc(want=0))
        await asyncio.gather(
            *(self.ask(line, "U", session, n, mscc(want=0, used=used[n])) for n in sent)
        )
        await self.ask(line, "T", session, 5, mscc(used=0))
        return sum(used.values())


async def live_through(
    subscribers: Subscribers,
    process: ChargingProcess,
    accidents: Callable[[Client], Awaitable[None]],
) -> tuple[Client, list[Bucket], int]:
    """Sessions on all lines while accidents happen; what was reported in all."""
    print(f"seed {SEED}")  # noqa: T201 (a random test tells its seed)
    buckets = [a_bucket(n, octets=10**12) for n in range(1, LINES + 1)]
    lines = [
        subscribers.add_line(f"00101000000{2000 + n}", PLAN, bucket)
        for n, bucket in enumerate(buckets)
    ]
    client = Client(await process.start())
    runs = [asyncio.ensure_future(client.run(lines[n % LINES], f"c{n}")) for n in range(SESSIONS)]
    await accidents(client)
    client.is_over = True
    used = sum(await asyncio.gather(*runs))
    assert client.gateway is not None
    await client.gateway.close()
    return client, buckets, used


def assert_all_was_booked_once(
    subscribers: Subscribers, client: Client, buckets: list[Bucket], *, used: int
) -> None:
    assert client.answered > SESSIONS * 6
    assert all(len(set(answers)) == 1 for answers in client.answers.values())
    assert any(len(answers) > 1 for answers in client.answers.values())
    booked = subscribers.query("SELECT session_id, number FROM hot_00.charging_request")
    assert len(booked) == len(set(booked))
    assert set(booked) == client.answers.keys()
    assert_books_are_right(subscribers, *buckets, used=used)
    open_sessions = "SELECT count(*) FROM every_charging_session WHERE is_open"
    assert subscribers.query(open_sessions) == [(0,)]


async def more_answers(client: Client, count: int) -> None:
    enough = client.answered + count
    await until(lambda: client.answered >= enough)


async def test_killed_nodes_lose_and_repeat_nothing(database: TestDatabase) -> None:
    subscribers = Subscribers(database)
    process = ChargingProcess(database.dsn("network"))

    async def kill_the_node(client: Client) -> None:
        for _ in range(4):
            await more_answers(client, SESSIONS)
            await process.end()
            await process.start()

    try:
        client, buckets, used = await live_through(subscribers, process, kill_the_node)
    finally:
        await process.end()

    assert client.resent > 0
    assert set(client.turned_away) <= {3004}
    assert_all_was_booked_once(subscribers, client, buckets, used=used)


async def test_killed_databases_lose_and_repeat_nothing_and_the_node_finds_back(
    server: Cluster,
) -> None:
    with a_database() as database:
        subscribers = Subscribers(database)
        process = ChargingProcess(database.dsn("network"))
        pids: set[int] = set()

        async def kill_the_database(client: Client) -> None:
            for _ in range(4):
                await more_answers(client, SESSIONS)
                pids.add(process.pid)
                away = client.turned_away.total()
                await asyncio.to_thread(server.kill)
                await until(lambda away=away: client.turned_away.total() > away)
                await asyncio.to_thread(server.start)
            await more_answers(client, SESSIONS)

        try:
            client, buckets, used = await live_through(subscribers, process, kill_the_database)
        finally:
            await process.end()

        assert len(pids) == 1
        # Too busy, ask again: nobody is told that the subscriber or the session is unknown.
        assert set(client.turned_away) == {3004}
        assert_all_was_booked_once(subscribers, client, buckets, used=used)
