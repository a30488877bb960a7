"""Several operators in the network: two on one core, and two cores that use the same IMSI.

The whole node (S6a, Gx, Gy) in front of simulated phones; each phone has another card, another plan
and another wallet, so that an answer for the wrong tenant would be seen.
"""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.harness.network import REALM, a_node_in_a_thread
from tests.scenario.test_activation import Api, a_batch, closing_connections, opening_key
from tests.unit.business.world import iccid
from wispgate.business.operators import scope as scopes
from wispgate.business.operators import services as operators
from wispgate.business.staff import services as staff
from wispgate.business.tenants import services as tenants
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.kernel.plmn import Plmn
from wispgate.network.transport.node import DiameterNode
from wispgate.simulator.clocks import VirtualTime
from wispgate.simulator.dialects import dialect_named
from wispgate.simulator.epc import EpcSettings, SimulatedEpc
from wispgate.simulator.ue import UE

__all__ = ["opening_key"]

PLMN = Plmn("001", "01")
MB = 10**6
SAME_IMSI = "001010000000001"
# Operators, the core that serves each, its IMSIs, and the card of its one phone.
OPERATORS = {
    "first": ("shared", ("001010000000000", "001010000499999"), SAME_IMSI, 1),
    "second": ("shared", ("001010000500000", "001010000999999"), "001010000500001", 2),
    "apart": ("private", ("001010000000000", "001010000999999"), SAME_IMSI, 3),
}
PLAN_MB = {"first": 100, "second": 200, "apart": 300}


@pytest.fixture(autouse=True)
def _in_one_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture
def apis(business: TestDatabase, clock: TravellingClock) -> dict[str, Api]:
    """A token of each operator's administrator."""
    with scopes.within(scopes.Scope(now=clock.now(), is_platform=True)):
        for core in ("shared", "private"):
            operators.add_core(name=core, plmns=[PLMN])
            for node, applications in (("mme", ["s6a"]), ("smf", ["gx", "gy"])):
                operators.add_peer(
                    core=core, identity=f"{node}.{core}.test", addresses=["127.0.0.1"],
                    applications=applications, realm=REALM,
                )  # fmt: skip
        for slug, (core, (first, last), _, _) in OPERATORS.items():
            operators.create_operator(slug=slug, name=slug, currency="EUR", time_zone="UTC")
            operators.serve_operator(core=core, operator=slug, first_imsi=first, last_imsi=last)
        return {
            slug: Api(staff.create_token(role="admin", name=slug, operator=slug))
            for slug in OPERATORS
        }


@pytest.fixture
def node(
    business: TestDatabase, opening_key: OpeningKey, apis: object, clock: TravellingClock
) -> Iterator[DiameterNode]:
    with a_node_in_a_thread(business, opening_key, clock=clock) as node:
        yield node


@pytest.fixture
async def epcs(
    node: DiameterNode, clock: TravellingClock
) -> AsyncIterator[dict[str, SimulatedEpc]]:
    """The two networks, connected each by peers of its own."""
    made = {
        core: SimulatedEpc(
            EpcSettings(
                address="127.0.0.1", port=node.port, realm=REALM, mme_host=f"mme.{core}.test",
                smf_host=f"smf.{core}.test", plmn=PLMN, dialect=dialect_named("generic3gpp"),
            ),
            time=VirtualTime(clock),
            random=Random(1),  # noqa: S311 (staggers phones)
        )
        for core in ("shared", "private")
    }  # fmt: skip
    async with made["shared"], made["private"]:
        yield made


@dataclass
class Customer:
    """One operator's only subscriber."""

    api: Api
    epc: SimulatedEpc
    phone: UE
    subscriber: str
    line: str

    def left(self) -> int:
        """Octets of data that are left."""
        items = self.api.get(f"subscribers/{self.subscriber}/balances")["items"]
        return sum(int(one["remaining"]) for one in items if one["unit"] == "octets")

    async def until(self, seen: Any, *, step: timedelta, steps: int) -> None:
        for _ in range(steps):
            await self.epc.settle()
            if seen(self.phone):
                return
            try:
                await self.epc.until(lambda: bool(seen(self.phone)), within=0.7)
            except TimeoutError:
                await self.epc.run(step)
        raise AssertionError(f"not seen: {self.phone.state}, {self.phone.diary[-12:]}")


@contextmanager
def as_platform(clock: TravellingClock) -> Iterator[None]:
    with closing_connections(), scopes.within(scopes.Scope(now=clock.now(), is_platform=True)):
        yield


def a_customer(slug: str, api: Api, epcs: dict[str, SimulatedEpc]) -> Customer:
    core, _, imsi, card = OPERATORS[slug]
    k, opc = secrets.token_bytes(16), secrets.token_bytes(16)
    subscriber = api.post("subscribers", name=slug)["id"]
    api.upload("sims/import?name=b", a_batch((iccid(card), imsi, k, opc)))
    line = api.post("subscriptions", subscriber_id=subscriber)["id"]
    api.post(f"subscriptions/{line}/assign-sim", iccid=iccid(card))
    api.post(
        "plans", code="plan", name="Plan", price="10.00", data_octets=PLAN_MB[slug] * MB,
        speed_up_bps=10 * MB, speed_down_bps=50 * MB, slice_octets=10 * MB,
    )  # fmt: skip
    api.post("plans/plan/launch")
    api.post(f"subscribers/{subscriber}/top-up", amount="25.00")
    api.post(f"subscriptions/{line}/plan", code="plan")
    api.post(f"subscriptions/{line}/activate")
    return Customer(api, epcs[core], epcs[core].add_ue(imsi, k, opc), subscriber, line)


@pytest.fixture
def customers(apis: dict[str, Api], epcs: dict[str, SimulatedEpc]) -> dict[str, Customer]:
    return {slug: a_customer(slug, api, epcs) for slug, api in apis.items()}


@pytest.mark.parametrize("partitions", [1, 3], indirect=True)
async def test_each_phone_is_authenticated_and_charged_as_its_own_operators(
    customers: dict[str, Customer],
) -> None:
    used = {"first": 3, "second": 5, "apart": 7}

    for slug, customer in customers.items():
        # The right card's vectors, or the phone would refuse the network.
        assert await customer.epc.attach(customer.phone), customer.phone.diary
        customer.phone.traffic(MB)
        await customer.epc.run(timedelta(seconds=used[slug]))
        await customer.epc.switch_off(customer.phone)
        await customer.epc.settle()

    left = {slug: customer.left() for slug, customer in customers.items()}
    assert left == {slug: (PLAN_MB[slug] - used[slug]) * MB for slug in OPERATORS}


async def test_each_operator_sees_its_own_session_only(customers: dict[str, Customer]) -> None:
    for customer in customers.values():
        assert await customer.epc.attach(customer.phone)

    for slug, customer in customers.items():
        imsi = OPERATORS[slug][2]
        seen = customer.api.get(f"lines/{imsi}")
        assert seen["registration"]["mme_host"] == f"mme.{OPERATORS[slug][0]}.test"
        assert seen["id"] == customer.line


async def test_a_suspended_operator_is_off_while_those_beside_it_stay_online(
    customers: dict[str, Customer], clock: TravellingClock
) -> None:
    for customer in customers.values():
        assert await customer.epc.attach(customer.phone)
        customer.phone.traffic(MB)
    suspended = customers["first"]

    with as_platform(clock):
        tenants.suspend("first", reason="overdue")
    await suspended.until(lambda phone: not phone.is_attached, step=timedelta(seconds=5), steps=30)
    refused = await suspended.epc.attach(suspended.phone)
    beside = [customers[slug].phone.is_attached for slug in ("second", "apart")]
    with as_platform(clock):
        tenants.resume("first", reason="overdue")
    await suspended.until(lambda phone: phone.is_attached, step=timedelta(hours=1), steps=30)

    assert not refused
    assert beside == [True, True]
