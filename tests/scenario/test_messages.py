"""What a customer is told: from the deed over the worker's delivery to the list of messages."""

import time

import pytest
from django.db import connections

from tests.harness.databases import TestDatabase
from tests.scenario.test_activation import let_the_worker_deliver
from tests.unit.business.world import Api, World

GB = 10**9


def told_in_the_end(api: Api, database: TestDatabase, count: int) -> list[str]:
    """All messages once the worker has told so many.

    Events are read below the oldest transaction of the whole server, other tests' included.
    """
    for _ in range(200):
        # The worker connects as its own role.
        connections.close_all()
        let_the_worker_deliver(database)
        if len(told(api)) >= count:
            break
        time.sleep(0.05)
    return told(api)


@pytest.fixture
def api(world: World) -> Api:
    return world.client()


def a_plan(api: Api, code: str, name: str) -> None:
    terms = {"speed_up_bps": 10**7, "speed_down_bps": 10**7, "data_octets": 40 * GB}
    assert api.post("/plans", {"code": code, "name": name, "price": "10.00", **terms}).status == 201
    assert api.post(f"/plans/{code}/launch").status == 200


def told(api: Api, question: str = "") -> list[str]:
    return [one["text"] for one in api.get(f"/messages{question}").json["items"]]


def test_a_customer_is_told_what_happens_to_line_and_money(
    world: World, api: Api, business: TestDatabase
) -> None:
    line, other = str(world.line(1)), str(world.line(2))
    owner = api.get(f"/subscriptions/{line}").json["subscriber_id"]
    a_plan(api, "basic-40", "Basic 40")

    for path, body in (
        (f"/subscribers/{owner}/top-up", {"amount": "25.00"}),
        (f"/subscriptions/{line}/msisdn", {"msisdn": "15550100001"}),
        (f"/subscriptions/{line}/plan", {"code": "basic-40"}),
        (f"/subscriptions/{line}/top-up", {"octets": 5 * GB, "price": "6.00"}),
        (f"/subscriptions/{line}/suspend", {"reason": "overdue"}),
        (f"/subscriptions/{line}/suspend", {"reason": "fraud"}),
        (f"/subscriptions/{line}/resume", {"reason": "overdue"}),
        (f"/subscriptions/{line}/resume", {"reason": "fraud"}),
        (f"/subscriptions/{other}/suspend", {"reason": "lost_sim", "kind": "soft"}),
    ):
        assert api.post(path, body).status == 200, path
        world.clock.advance(minutes=1)
    everything = told_in_the_end(api, business, 8)

    mine = "our line 15550100001"
    assert told(api, f"?subscriber_id={owner}") == [
        f"Y{mine} is not suspended any more.",
        f"One reason is settled (an invoice is overdue), but y{mine} stays suspended "
        "because we saw unusual use.",
        f"Y{mine} stays suspended, now also because we saw unusual use.",
        f"Y{mine} is suspended because an invoice is overdue: it cannot connect.",
        f"Y{mine} got 5 GB of data.",
        f"Y{mine} has the plan Basic 40 now.",
        "Your wallet got 25.00 EUR.",
    ]
    assert len(told(api, f"?line_id={line}")) == 6
    assert len(everything) == 8
    assert told(api, f"?line_id={other}") == [
        "Your line is suspended because its SIM was reported lost or stolen: it gets no data."
    ]
