"""The trace of a SIM: the whole activation on one page, each step with its record."""

from datetime import timedelta

import pytest

from tests.harness.databases import TestDatabase
from tests.scenario.test_online_and_charged import (  # noqa: F401 (fixtures)
    ICCID,
    WANTED,
    Story,
    _in_one_loop,
    api,
    epc,
    node,
    opening_key,
    story,
)
from tests.unit.business.world import World, iccid
from wispgate.simulator.epc import SimulatedEpc


@pytest.fixture
def dialect() -> str:
    return "generic3gpp"


async def test_a_trace_tells_an_activation_from_the_order_to_the_first_octet(
    story: Story,  # noqa: F811 (fixtures)
    epc: SimulatedEpc,  # noqa: F811
    business: TestDatabase,
) -> None:
    before = story.api.get(f"sims/{ICCID}/trace")["reached"]
    story.buy()
    story.act("msisdn", msisdn="15550100001")
    assert await epc.attach(story.phone)
    story.phone.traffic(WANTED)
    await epc.run(timedelta(seconds=20))
    story.act("suspend", reason="overdue")
    await story.until(lambda phone: not phone.is_attached, step=timedelta(seconds=5), steps=30)

    trace = story.api.get(f"sims/{ICCID}/trace")

    in_order = ["stocked", "ordered", "assigned", "plan", "activated"]
    in_order += ["first_air", "first_ulr", "first_ccr_gx", "first_ccr_gy", "first_usage"]
    reached = trace["reached"]
    assert [name for name in in_order if before[name]] == ["stocked", "ordered", "assigned"]
    assert all(reached[name] for name in in_order), reached
    assert reached["numbered"] is not None
    assert reached["approved"] is None
    times = [reached[name] for name in in_order[5:]]
    assert times == sorted(times)
    assert all(step["proof"] for step in trace["steps"])
    pushes = [step for step in trace["steps"] if step["proof"].startswith("push")]
    assert any(step["what"].endswith(": asked") for step in pushes)


def test_a_card_in_stock_has_a_short_trace_and_a_foreign_one_none(world: World) -> None:
    world.stock(1)

    trace = world.client().get(f"/sims/{iccid(1)}/trace").json

    assert [step["milestone"] for step in trace["steps"] if step["milestone"]] == ["stocked"]
    assert trace["line_id"] is None
    for address, client in ((iccid(2), world.client()), (iccid(1), world.client("admin", "south"))):
        assert client.get(f"/sims/{address}/trace").status == 404
