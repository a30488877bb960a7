"""The story of a SIM from activation to throttling and back, judged at the simulated phone."""

import secrets
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.harness.network import REALM, a_node_in_a_thread
from tests.scenario.test_activation import ICCID, Api, a_batch, opening_key
from wispgate.business.operators import scope as scopes
from wispgate.business.operators import services as operators
from wispgate.business.staff import services as staff
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.kernel.plmn import Plmn
from wispgate.network.transport.node import DiameterNode
from wispgate.simulator.clocks import VirtualTime
from wispgate.simulator.dialects import dialect_named
from wispgate.simulator.epc import EpcSettings, SimulatedEpc
from wispgate.simulator.ue import UE

__all__ = ["opening_key"]

PLMN = Plmn("001", "01")
IMSI = "001010000000001"
MB = 10**6
WANTED = 5 * MB  # octets per second: less than the plan's 50 Mbit/s
THROTTLED = 512_000 // 8


@pytest.fixture(autouse=True)
def _in_one_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(params=["generic3gpp", "open5gs"])
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def api(business: TestDatabase, clock: TravellingClock, dialect: str) -> Api:
    with scopes.within(scopes.Scope(now=clock.now(), is_platform=True)):
        operators.create_operator(slug="op", name="Op", currency="EUR", time_zone="UTC")
        operators.add_core(name="core", plmns=[PLMN])
        operators.serve_operator(core="core", operator="op")
        for identity, applications in (("mme.epc.test", ["s6a"]), ("smf.epc.test", ["gx", "gy"])):
            operators.add_peer(
                core="core",
                identity=identity,
                addresses=["127.0.0.1"],
                applications=applications,
                realm=REALM,
                profile=dialect,
            )
        return Api(staff.create_token(role="admin", name="integrator", operator="op"))


@pytest.fixture
def node(
    business: TestDatabase, opening_key: OpeningKey, api: Api, clock: TravellingClock
) -> Iterator[DiameterNode]:
    with a_node_in_a_thread(business, opening_key, clock=clock) as node:
        yield node


@pytest.fixture
async def epc(
    node: DiameterNode, clock: TravellingClock, dialect: str
) -> AsyncIterator[SimulatedEpc]:
    settings = EpcSettings(
        address="127.0.0.1",
        port=node.port,
        realm=REALM,
        mme_host="mme.epc.test",
        smf_host="smf.epc.test",
        plmn=PLMN,
        dialect=dialect_named(dialect),
    )
    random = Random(1)  # noqa: S311 (staggers phones)
    async with SimulatedEpc(settings, time=VirtualTime(clock), random=random) as epc:
        yield epc


class Story:
    """One subscriber with one phone."""

    def __init__(self, api: Api, epc: SimulatedEpc) -> None:
        self.api = api
        self.epc = epc
        k, opc = secrets.token_bytes(16), secrets.token_bytes(16)
        self.subscriber = api.post("subscribers", name="Ada Lovelace")["id"]
        api.upload("sims/import?name=b", a_batch((ICCID, IMSI, k, opc)))
        self.line = api.post("subscriptions", subscriber_id=self.subscriber)["id"]
        api.post(f"subscriptions/{self.line}/assign-sim", iccid=ICCID)
        self.phone: UE = epc.add_ue(IMSI, k, opc)

    def buy(self, **terms: Any) -> None:
        plan = {
            "code": "plan",
            "name": "Plan",
            "price": "10.00",
            "data_octets": 100 * MB,
            "speed_up_bps": 10 * MB,
            "speed_down_bps": 50 * MB,
            "slice_octets": 10 * MB,
            "validity_time_seconds": 60,
        }
        self.api.post("plans", **(plan | terms))
        self.api.post("plans/plan/launch")
        self.api.post(f"subscribers/{self.subscriber}/top-up", amount="25.00")
        self.api.post(f"subscriptions/{self.line}/plan", code="plan")
        self.api.post(f"subscriptions/{self.line}/activate")

    def act(self, verb: str, **body: Any) -> None:
        self.api.post(f"subscriptions/{self.line}/{verb}", **body)

    def remaining(self, unit: str) -> Decimal:
        items = self.api.get(f"subscribers/{self.subscriber}/balances")["items"]
        return sum((Decimal(i["remaining"]) for i in items if i["unit"] == unit), Decimal(0))

    async def until(self, seen: Any, *, step: timedelta, steps: int) -> None:
        """Lets time pass, and the network act, until something is seen at the phone."""
        for _ in range(steps):
            await self.epc.settle()
            if seen(self.phone):
                return
            try:
                await self.epc.until(lambda: bool(seen(self.phone)), within=0.7)
            except TimeoutError:
                await self.epc.run(step)
        phone = self.phone
        raise AssertionError(
            f"not seen: {phone.state}, {phone.octets_per_second} octets/s, {phone.diary[-12:]}"
        )


@pytest.fixture
def story(api: Api, epc: SimulatedEpc) -> Story:
    return Story(api, epc)


THROTTLING = {
    "at_exhaustion": "throttle",
    "throttled_up_bps": 256_000,
    "throttled_down_bps": 512_000,
}


async def test_a_phone_is_throttled_at_the_end_of_its_quota_and_restored_by_a_top_up(
    story: Story, epc: SimulatedEpc
) -> None:
    story.buy(**THROTTLING)
    assert await epc.attach(story.phone)
    story.phone.traffic(WANTED)
    await epc.run(timedelta(seconds=5))
    first = story.phone.octets_per_second

    await epc.run(timedelta(seconds=20))
    await story.until(
        lambda phone: phone.is_attached and 0 < phone.octets_per_second <= THROTTLED,
        step=timedelta(seconds=5),
        steps=30,
    )
    at_the_end = story.remaining("octets")
    story.act("top-up", octets=100_000 * MB, price="5.00")
    await story.until(
        lambda phone: phone.is_attached and phone.octets_per_second == WANTED,
        step=timedelta(seconds=5),
        steps=60,
    )

    assert first == WANTED
    assert at_the_end <= 0
    assert story.remaining("money") == Decimal("10.00")


async def test_a_plan_that_blocks_ends_the_session_until_there_is_data(
    story: Story, epc: SimulatedEpc
) -> None:
    story.buy(at_exhaustion="block")
    assert await epc.attach(story.phone)
    story.phone.traffic(WANTED)

    await epc.run(timedelta(seconds=40))
    await story.until(
        lambda phone: phone.octets_per_second == 0, step=timedelta(seconds=5), steps=30
    )
    used = story.phone.octets
    story.act("top-up", octets=100_000 * MB, price="5.00")
    await story.until(
        lambda phone: phone.octets_per_second == WANTED, step=timedelta(minutes=2), steps=60
    )

    assert 100 * MB <= used <= 110 * MB


async def test_suspended_means_off_and_resumed_comes_back_when_it_tries_again(
    story: Story, epc: SimulatedEpc
) -> None:
    story.buy(data_octets=10**15)
    assert await epc.attach(story.phone)
    story.phone.traffic(MB)
    await epc.run(timedelta(seconds=5))

    story.act("suspend", reason="overdue")
    await story.until(lambda phone: not phone.is_attached, step=timedelta(seconds=5), steps=30)
    await epc.run(timedelta(hours=13))
    still_off, cause = not story.phone.is_attached, story.phone.last_cause
    story.act("resume", reason="overdue")
    await story.until(
        lambda phone: phone.is_attached and phone.octets_per_second == MB,
        step=timedelta(hours=1),
        steps=30,
    )

    assert still_off
    assert cause == 15, "the phone looked elsewhere; it was not silenced for good"


async def test_what_the_phone_used_is_what_was_charged(story: Story, epc: SimulatedEpc) -> None:
    story.buy(data_octets=10_000 * MB)
    assert await epc.attach(story.phone)
    story.phone.traffic(WANTED)
    await epc.run(timedelta(seconds=77))

    await epc.switch_off(story.phone)
    await epc.settle()

    assert 10_000 * MB - story.remaining("octets") == story.phone.octets == 77 * WANTED
