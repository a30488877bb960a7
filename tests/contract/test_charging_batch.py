"""The batch statement against the domain: what it charges is what `decide_charge` decides.

Random accounts and requests run through the statement on a real database and through the domain
in memory; the seed stands in the test's id and is printed.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from tests.harness.charging import NOW, Line, Subscribers
from tests.harness.databases import TestDatabase
from tests.harness.network import until
from tests.unit.domain.charging.account import (
    KINDS,
    a_bucket,
    a_group,
    a_plan,
    a_request,
    a_wallet,
)
from wispgate.domain.charging.decisions import decide_charge
from wispgate.domain.charging.exhaustion import decide_exhaustion
from wispgate.domain.charging.outcome import ChargeDecision
from wispgate.domain.charging.planning import plan_charge
from wispgate.domain.charging.requests import ChargeRequest, RequestKind, ServiceGroup, UsedUnits
from wispgate.domain.charging.state import AccountState, Bucket, Cap, SessionState
from wispgate.domain.plan.compiled import Allowance, CompiledPlan, GrantRules
from wispgate.domain.plan.exhaustion import Block, NotifyOnly, Throttle
from wispgate.domain.plan.schedule import Window
from wispgate.domain.plan.speed import Speed
from wispgate.domain.plan.tariff import Band, TariffEntry, UnitKind, block_price
from wispgate.domain.policy.capabilities import GENERIC_3GPP
from wispgate.domain.policy.decisions import Refusal
from wispgate.kernel.events import Event
from wispgate.network.ocs.brief import Brief
from wispgate.network.ocs.complete import charge_completely
from wispgate.network.ocs.decided import answer_decision, answer_refusal
from wispgate.network.ocs.foreseen import Memory
from wispgate.network.ocs.simple import charge_simply
from wispgate.network.ocs.stored import StoredAnswer
from wispgate.network.ocs.translation import CreditControl
from wispgate.network.ocs.work import Work
from wispgate.store import loader, sync
from wispgate.store.charging_lines import ChargingLines
from wispgate.store.charging_rows import read_bucket, read_session
from wispgate.store.hot import PLANNER, HotStore
from wispgate.store.plans import PlanCache
from wispgate.store.profiles import ProfileCache

GROUPS = (None, 10, 20, 30)
UTC_ZONE = ZoneInfo("UTC")


@dataclass
class Model:
    """What the database should hold, kept by the domain."""

    buckets: dict[UUID, dict[UUID, Bucket]] = field(default_factory=dict)
    sessions: dict[str, SessionState] = field(default_factory=dict)
    exhausted: dict[UUID, bool] = field(default_factory=dict)
    answers: dict[tuple[str, int], StoredAnswer] = field(default_factory=dict)
    told: tuple[Event, ...] = ()

    def decide(self, line: Line, request: ChargeRequest, now: datetime) -> ChargeDecision:
        assert line.plan is not None
        state = AccountState(
            operator_id=UUID(int=1),
            account_id=line.account_id,
            line_id=line.line_id,
            buckets=tuple(self.buckets[line.account_id].values()),
            session=self.sessions.get(request.session_id),
            is_exhausted=self.exhausted.get(line.line_id, False),
        )
        return decide_charge(state, plan_charge(line.plan, request, now, time_zone=UTC_ZONE))

    def _is_blocked(self, line: Line, now: datetime) -> bool:
        """Admission refuses what is exhausted, where the plan blocks then."""
        assert line.plan is not None
        is_blocking = isinstance(line.plan.exhaustion, Block) and not line.plan.zero_rated_groups
        return is_blocking and decide_exhaustion(
            line.plan,
            self.buckets[line.account_id].values(),
            line_id=line.line_id,
            now=now,
            time_zone=UTC_ZONE,
        )

    def _refuse(self, line: Line, request: ChargeRequest) -> StoredAnswer:
        session = self.sessions.get(request.session_id)
        for held in session.reservations if session else ():
            bucket = self.buckets[line.account_id][held.bucket_id]
            released = bucket.changed_by(line.line_id, reserved=-held.amount)
            self.buckets[line.account_id][held.bucket_id] = released
        self.sessions[request.session_id] = SessionState(
            request.session_id, request.number, is_open=False
        )
        self.exhausted[line.line_id] = True
        answer = answer_refusal(Refusal.OUT_OF_CREDIT, request, GENERIC_3GPP)
        self.answers[request.session_id, request.number] = answer
        return answer

    def apply(self, line: Line, request: ChargeRequest, now: datetime) -> StoredAnswer:
        """The answer that is due."""
        key = (request.session_id, request.number)
        self.told = ()
        if key in self.answers:
            return self.answers[key]
        if request.kind is RequestKind.INITIAL and self._is_blocked(line, now):
            return self._refuse(line, request)
        decision = self.decide(line, request, now)
        self.told = decision.events
        for bucket in decision.buckets:
            self.buckets[line.account_id][bucket.bucket_id] = bucket
        if decision.session is not None:
            self.sessions[request.session_id] = decision.session
        self.exhausted[line.line_id] = decision.is_exhausted
        answer = answer_decision(decision, request, GENERIC_3GPP)
        self.answers[key] = answer
        return answer


def random_plan(dice: random.Random, number: int) -> CompiledPlan:
    price = block_price(Decimal("0.10"), 1000)
    night = Band("night", Window(time(0), time(6)), block_price(Decimal("0.05"), 1000))
    tariffs = [
        (),
        (TariffEntry(UnitKind.OCTETS, price),),
        (TariffEntry(UnitKind.OCTETS, price, bands=(night,)),),
        (TariffEntry(UnitKind.OCTETS, block_price(Decimal(0), 1)),),
    ]
    allowances = [(), (Allowance("data", UnitKind.OCTETS, 1),)]
    return a_plan(
        plan_id=UUID(int=1000 + number),
        tariff=dice.choice(tariffs),
        allowances=dice.choice(allowances),
        exhaustion=dice.choice([Block(), NotifyOnly(), Throttle(Speed(1, 1))]),
        grant=GrantRules(slice_octets=700, threshold_percent=dice.choice([0, 20])),
        notify_percents=dice.choice([(), (50, 80, 100), (10, 20, 30, 40, 50, 60, 70, 80, 90)]),
        zero_rated_groups=dice.choice([(), (30,)]),
    )


def random_bucket(dice: random.Random, number: int, line: Line) -> Bucket:
    if dice.random() < 0.1:
        return a_wallet("5.00", number, priority=dice.choice([1, 200]))
    changes: dict[str, Any] = {"priority": dice.randint(1, 3)}
    if dice.random() < 0.3:
        changes["rating_groups"] = (dice.choice([10, 20]),)
    if dice.random() < 0.2:
        changes["valid_until"] = NOW + timedelta(seconds=dice.randint(10, 5000))
    if dice.random() < 0.1:
        changes["owner_id"] = line.line_id
    if dice.random() < 0.1:
        changes["caps"] = (Cap(line.line_id, 5000),)
    if dice.random() < 0.1:
        changes["window"] = Window(time(6), time(18))
    return a_bucket(number, octets=dice.choice([3_000, 20_000, 60_000, 300_000]), **changes)


def random_request(dice: random.Random, model: Model, session_id: str) -> ChargeRequest:
    session = model.sessions.get(session_id)
    last = -1 if session is None else session.last_number
    kind = "I" if session is None else dice.choices("IUT", [1, 15, 3])[0]
    if session is None and dice.random() < 0.05:
        kind = "U"
    number = max(0, last + dice.choices([1, 2, 0, -1], [20, 2, 1, 1])[0])
    groups = []
    for rating_group in dice.sample(GROUPS, dice.choices([1, 2, 0], [8, 3, 1])[0]):
        wanted = dice.choices([None, 0, dice.randint(1, 900)], [1, 4, 4])[0]
        used = dice.randint(1, 600) if kind != "I" and dice.random() < 0.8 else 0
        groups.append(
            ServiceGroup(
                rating_group,
                None if kind == "T" else wanted,
                (UsedUnits(octets=used),) if used else (),
            )
        )
    return ChargeRequest(
        session_id=session_id, number=number, kind=KINDS[kind], groups=tuple(groups)
    )


@pytest.fixture
async def store(database: TestDatabase) -> AsyncIterator[HotStore]:
    async with HotStore(database.dsn("network")) as store:
        yield store


class Trial:
    """Random lines on a database, and the model beside them."""

    def __init__(self, database: TestDatabase, store: HotStore, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 (repeatable on purpose)
        self.wording = random.Random(seed)  # noqa: S311
        self.subscribers = Subscribers(database)
        self.partition = store.partitions[0]
        self.lines = ChargingLines(ProfileCache(), PlanCache(store))
        self.memory = Memory()
        self.model = Model()
        self.members = [self._add_line(n) for n in range(6)]
        self.members.append(self._add_member(self.members[0]))
        self.turns: dict[tuple[str, int], int] = {}
        self.simple = 0
        self.now = NOW

    def _add_line(self, number: int) -> Line:
        plan = random_plan(self.dice, number)
        line = self.subscribers.add_line(f"00101000000000{number}", plan)
        count = self.dice.choice([1, 1, 1, 2, 3])
        buckets = [random_bucket(self.dice, 10 * number + n, line) for n in range(count)]
        self.subscribers.add_buckets(line, buckets)
        self.model.buckets[line.account_id] = {b.bucket_id: b for b in buckets}
        return line

    def _add_member(self, of: Line) -> Line:
        return self.subscribers.add_line("001010000000009", of.plan, account=of)

    async def step(self) -> None:
        """One batch through the statement, what it flags through the locked path."""
        chosen = [
            (line, self._session_of(line, slot))
            for line in self.members
            for slot in range(3)
            if self.dice.random() < 0.4
        ]
        if self.dice.random() < 0.1:
            self._add_bucket(self.dice.choice(self.members))
        self.dice.shuffle(chosen)
        asked = [(line, random_request(self.dice, self.model, key)) for line, key in chosen]
        works = [self.work(line, request) for line, request in asked]
        answers: list[StoredAnswer | None] = [None] * len(works)
        try:
            left = await charge_simply(
                self.partition, self.lines, self.memory, works, answers, now=self.now
            )
        except asyncpg.UniqueViolationError:
            left = list(range(len(works)))  # a number that was booked in suspense
        for place, (line, request) in enumerate(asked):
            if place not in left:
                self.simple += 1
                before = dict(self.model.exhausted)
                assert answers[place] == self.model.apply(line, request, self.now), request
                assert self.model.told == ()
                assert self.model.exhausted.get(line.line_id, False) == before.get(
                    line.line_id, False
                )
        await self.compare()
        done = await charge_completely(
            self.partition, self.lines, [works[place] for place in left], now=self.now
        )
        for place, answer in zip(left, done, strict=True):
            line, request = asked[place]
            assert answer == self.model.apply(line, request, self.now), request
        await self.compare()
        self.now += timedelta(seconds=self.dice.randint(0, 120))

    async def ask(self, line: Line, request: ChargeRequest, now: datetime) -> list[int]:
        """The places that the statement flags of this one request."""
        work = self.work(line, request)
        return await charge_simply(self.partition, self.lines, self.memory, [work], [None], now=now)

    def _session_of(self, line: Line, slot: int) -> str:
        """The session of a slot; after its end mostly the next one."""
        key = f"{line.imsi};{slot};{self.turns.get((line.imsi, slot), 0)}"
        known = self.model.sessions.get(key)
        if known is not None and not known.is_open and self.dice.random() < 0.8:
            self.turns[line.imsi, slot] = self.turns.get((line.imsi, slot), 0) + 1
        return key

    def _add_bucket(self, line: Line) -> None:
        """A top-up, of any kind, between two batches."""
        bucket = random_bucket(self.dice, 500 + len(self.turns) + self.dice.randint(0, 10**6), line)
        if bucket.kind is UnitKind.MONEY or bucket.caps:
            return
        self.subscribers.add_buckets(line, [bucket])
        self.model.buckets[line.account_id][bucket.bucket_id] = bucket

    def work(self, line: Line, request: ChargeRequest) -> Work:
        kinds = {RequestKind.INITIAL: 1, RequestKind.UPDATE: 2, RequestKind.TERMINATION: 3}
        asked = CreditControl(
            type=kinds[request.kind], charge=request, identities=(), apn="internet"
        )
        work = Work(asked, line.line_id, self.subscribers.rows.core_id, "pgw", GENERIC_3GPP)
        if self.wording.random() < 0.7:
            work.brief = brief_of_charge(asked)
        return work

    async def compare(self) -> None:
        """Buckets, sessions and flags stand in the database as in the model."""
        rows = [_as_text(row) for row in self.subscribers.table("bucket")]
        buckets = {row["bucket_id"]: read_bucket(row) for row in rows}
        assert buckets == {k: b for of in self.model.buckets.values() for k, b in of.items()}
        sessions = self._read_sessions({k: b.kind for k, b in buckets.items()})
        assert sessions == {k: _sorted(s) for k, s in self.model.sessions.items()}
        flags = {r["line_id"]: r["is_exhausted"] for r in self.subscribers.table("line")}
        assert {k: v for k, v in flags.items() if v} == {
            k: v for k, v in self.model.exhausted.items() if v
        }

    def _read_sessions(self, units: dict[UUID, UnitKind]) -> dict[str, SessionState]:
        groups = self.subscribers.groups()
        found = {}
        for row in self.subscribers.table("charging_session"):
            key = row["session_id"]
            own = [group for group in groups if group["session_id"] == key]
            found[key] = _sorted(read_session(row, own, units).state)
        return found


def brief_of_charge(asked: CreditControl) -> Brief:
    """As if the hot codec had read it."""
    groups = tuple(
        (group.rating_group, group.wanted_units, tuple(asked.service_ids_of(group.rating_group)))
        for group in asked.charge.groups
    )
    used = tuple(sum(u.octets for u in group.used) for group in asked.charge.groups)
    return Brief((asked.type, "", groups), used, "", asked.apn, None)


def _as_text(row: dict[str, Any]) -> dict[str, Any]:
    """JSON as the network side's driver gives it."""
    texts = {k: json.dumps(row[k]) for k in ("time_window", "caps") if row[k] is not None}
    return row | texts


def _sorted(state: SessionState) -> SessionState:
    return replace(
        state,
        groups=tuple(sorted(state.groups, key=lambda g: str(g.rating_group))),
        reservations=tuple(
            sorted(state.reservations, key=lambda r: (str(r.rating_group), r.bucket_id))
        ),
    )


@pytest.mark.parametrize("seed", range(4))
async def test_the_statement_charges_as_the_domain_decides(
    database: TestDatabase, store: HotStore, seed: int
) -> None:
    print(f"seed {seed}")  # noqa: T201 (a random test tells its seed)
    trial = Trial(database, store, seed)

    for _ in range(40):
        await trial.step()

    booked = trial.subscribers.query("SELECT count(*) FROM hot_00.charging_request")[0][0]
    assert booked == len(trial.model.answers)
    assert trial.simple > 60


async def test_a_session_that_changed_meanwhile_is_charged_as_it_is_then(
    database: TestDatabase, store: HotStore
) -> None:
    trial = Trial(database, store, seed=1)
    bucket = a_bucket(99, octets=5_000)
    line = trial.subscribers.add_line("001010000000008", a_plan(), bucket)

    async def ask(kind: str, number: int, **units: int) -> list[int]:
        group = a_group(**units)
        return await trial.ask(line, a_request(kind, number, group, session_id="raced"), NOW)

    assert await ask("I", 0, want=100) == []

    with database.connect("network") as other:
        other.execute("UPDATE hot_00.bucket SET reserved = 70 WHERE reserved = 100")
        other.execute("UPDATE hot_00.charging_session SET groups[1].held_amounts = ARRAY[70]")
        waiting = asyncio.ensure_future(ask("U", 1, want=200, used=10))
        await until(lambda: database_waits(database))
        other.commit()
    flagged = await waiting

    assert flagged == []
    assert trial.subscribers.reserved() == 200
    assert trial.subscribers.remaining(bucket) == 4_990


async def test_a_session_that_was_closed_meanwhile_is_flagged(
    database: TestDatabase, store: HotStore
) -> None:
    trial = Trial(database, store, seed=1)
    line = trial.subscribers.add_line("001010000000008", a_plan(), a_bucket(99))

    async def ask(kind: str, number: int, **units: int) -> list[int]:
        group = a_group(**units)
        return await trial.ask(line, a_request(kind, number, group, session_id="raced"), NOW)

    assert await ask("I", 0, want=100) == []

    with database.connect("network") as other:
        other.execute("UPDATE hot_00.charging_session SET is_open = false")
        waiting = asyncio.ensure_future(ask("U", 1, want=100, used=10))
        await until(lambda: database_waits(database))
        other.commit()
    flagged = await waiting

    assert flagged == [0]
    requests = trial.subscribers.query("SELECT number FROM hot_00.charging_request")
    assert requests == [(0,)]


def database_waits(database: TestDatabase) -> bool:
    with database.admin() as admin:
        row = admin.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'",
            (database.name,),
        ).fetchone()
    return row is not None and row[0] > 0


async def test_usage_without_reservation_is_flagged(
    database: TestDatabase, store: HotStore
) -> None:
    """It may belong to a bucket that has ended since: the first of now is not asked."""
    trial = Trial(database, store, seed=3)
    ending = a_bucket(98, priority=1, valid_until=NOW + timedelta(hours=2))
    line = trial.subscribers.add_line("001010000000008", a_plan(), ending, a_bucket(99))

    first = await trial.ask(line, a_request("I", 0, a_group(want=100)), NOW)
    second = await trial.ask(line, a_request("U", 1, a_group()), NOW)
    third = await trial.ask(
        line, a_request("U", 2, a_group(want=100, used=10)), NOW + timedelta(hours=3)
    )

    assert [first, second, third] == [[], [], [0]]


async def test_a_grant_from_another_bucket_than_before_is_flagged(
    database: TestDatabase, store: HotStore
) -> None:
    trial = Trial(database, store, seed=3)
    line = trial.subscribers.add_line("001010000000008", a_plan(), a_bucket(99, priority=5))
    opened = await trial.ask(line, a_request("I", 0, a_group(want=100)), NOW)
    trial.subscribers.add_buckets(line, [a_bucket(98, priority=1)])

    granted = await trial.ask(line, a_request("U", 1, a_group(want=100, used=10)), NOW)
    ended = await trial.ask(line, a_request("T", 2, a_group(used=10)), NOW)

    assert [opened, granted, ended] == [[], [0], []]


async def test_settling_gives_back_what_open_sessions_hold(
    database: TestDatabase, store: HotStore
) -> None:
    trial = Trial(database, store, seed=2)
    plan = a_plan()
    line = trial.subscribers.add_line("001010000000008", plan)
    capped = a_bucket(98, octets=1_000, caps=(Cap(line.line_id, 800),))
    trial.subscribers.add_buckets(line, [capped, a_bucket(99, octets=5_000)])
    work = trial.work(line, a_request("I", 0, a_group(want=2_000)))
    await charge_completely(store.partitions[0], trial.lines, [work], now=NOW)
    before = trial.subscribers.reserved()

    with trial.subscribers.rows.connect() as connection, connection.cursor() as cursor:
        who = {"line_id": line.line_id}
        sync.run(cursor, "lock_open_sessions", who, partition=0)
        settled = sync.run(cursor, "settle_open_sessions", who | {"now": NOW}, partition=0)

    assert before == 2_000
    assert [row["session_id"] for row in settled] == ["s1"]
    assert trial.subscribers.reserved() == 0
    caps = trial.subscribers.query(
        "SELECT caps->0->>'reserved' FROM every_bucket WHERE bucket_id = %s", capped.bucket_id
    )
    assert caps == [("0",)]


@pytest.mark.parametrize("lines", [0, 5])
def test_no_plan_of_the_statement_reads_a_whole_table(database: TestDatabase, lines: int) -> None:
    """Whatever is known of the tables' sizes: the plan is made early, and kept."""
    subscribers = Subscribers(database)
    for n in range(lines):
        subscribers.add_line(f"00101000000001{n}", a_plan(), a_bucket(n))
    with database.admin() as admin:
        admin.execute("VACUUM ANALYZE")

    plan = generic_plan_of("charge_simple", database)

    accesses = [n for n, line in enumerate(plan) if "Index" in line and "Scan using" in line]
    assert not [line for line in plan if "Seq Scan" in line or "Bitmap Heap" in line]
    assert len(accesses) >= 10
    assert all("Index Cond" in plan[n + 1] for n in accesses)


def generic_plan_of(name: str, database: TestDatabase) -> list[str]:
    """The plan for any arguments, under the settings of the network's connections."""
    statement = loader.statement(name)
    arguments = ", ".join(["NULL"] * len(statement.parameters))
    with database.connect("network") as connection:
        for setting, value in PLANNER.items():
            connection.execute(f"SET {setting} = {value}".encode())
        connection.execute("SET search_path = hot_00, public")
        connection.execute("SET plan_cache_mode = force_generic_plan")
        connection.execute(f"PREPARE asked AS {statement.for_asyncpg}".encode())
        rows = connection.execute(f"EXPLAIN EXECUTE asked ({arguments})".encode()).fetchall()
    return [line for (line,) in rows]
