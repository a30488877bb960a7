"""Plans, wallet and top-ups over REST, on the one ledger."""

from decimal import Decimal
from typing import Any

import pytest

from tests.harness.databases import TestDatabase
from tests.scenario.test_activation import (
    ICCID,
    Api,
    a_batch,
    api,
    opening_key,
)

__all__ = ["api", "opening_key"]

GB = 10**9


@pytest.fixture
def line(api: Api, opening_key: object) -> dict[str, Any]:
    """A subscriber with a pending line that has a card."""
    subscriber = api.post("subscribers", name="Ada Lovelace")
    api.upload("sims/import?name=b", a_batch((ICCID, "001010000000001", b"\1" * 16, b"\2" * 16)))
    created = api.post("subscriptions", subscriber_id=subscriber["id"])
    api.post(f"subscriptions/{created['id']}/assign-sim", iccid=ICCID)
    return dict(created)


def a_plan(api: Api, code: str = "basic-40", **terms: Any) -> None:
    given = {
        "code": code,
        "name": "Basic 40",
        "price": "10.00",
        "data_octets": 40 * GB,
        "speed_up_bps": 10_000_000,
        "speed_down_bps": 50_000_000,
    }
    api.post("plans", **(given | terms))
    api.post(f"plans/{code}/launch")


def wallet_of(api: Api, subscriber: str) -> Decimal:
    items = api.get(f"subscribers/{subscriber}/balances")["items"]
    return sum((Decimal(i["remaining"]) for i in items if i["unit"] == "money"), Decimal(0))


def data_of(api: Api, subscriber: str) -> int:
    items = api.get(f"subscribers/{subscriber}/balances")["items"]
    return sum(int(i["remaining"]) for i in items if i["unit"] == "octets")


@pytest.mark.parametrize("partitions", [1, 3], indirect=True)
def test_activation_pays_the_plan_and_opens_its_data(api: Api, line: dict[str, Any]) -> None:
    a_plan(api)
    api.post(f"subscribers/{line['subscriber_id']}/top-up", amount="25.00")
    api.post(f"subscriptions/{line['id']}/plan", code="basic-40")
    before = wallet_of(api, line["subscriber_id"])

    active = api.post(f"subscriptions/{line['id']}/activate")

    assert before == Decimal("25.00"), "a line that is not active yet has paid nothing"
    assert active["state"] == "active"
    assert active["plan_version"] == 1
    assert wallet_of(api, line["subscriber_id"]) == Decimal("15.00")
    assert data_of(api, line["subscriber_id"]) == 40 * GB


def test_a_wallet_too_small_refuses_the_activation_and_keeps_all(
    api: Api, line: dict[str, Any]
) -> None:
    a_plan(api)
    api.post(f"subscribers/{line['subscriber_id']}/top-up", amount="9.99")
    api.post(f"subscriptions/{line['id']}/plan", code="basic-40")

    refusal = api.post(f"subscriptions/{line['id']}/activate", expected=409)

    assert refusal["code"] == "not_enough_money"
    assert api.get(f"subscriptions/{line['id']}")["state"] == "pending"
    assert wallet_of(api, line["subscriber_id"]) == Decimal("9.99")


def test_a_repeated_top_up_adds_once(api: Api, line: dict[str, Any]) -> None:
    api.with_key("tu-1").post(f"subscribers/{line['subscriber_id']}/top-up", amount="5.00")
    api.with_key("tu-1").post(f"subscribers/{line['subscriber_id']}/top-up", amount="5.00")

    assert wallet_of(api, line["subscriber_id"]) == Decimal("5.00")


def test_a_new_version_leaves_those_who_have_the_old_one(api: Api, line: dict[str, Any]) -> None:
    a_plan(api, price="0")
    api.post(f"subscriptions/{line['id']}/plan", code="basic-40")
    api.post(f"subscriptions/{line['id']}/activate")

    a_plan(api, price="0", data_octets=50 * GB)

    kept = api.get(f"subscriptions/{line['id']}")
    assert kept["plan_version"] == 1
    assert api.get("plans/basic-40")["version"] == 2


def test_a_change_of_plan_pays_and_replaces_the_allowance(api: Api, line: dict[str, Any]) -> None:
    a_plan(api, price="0")
    a_plan(api, "big", price="20.00", data_octets=100 * GB)
    api.post(f"subscribers/{line['subscriber_id']}/top-up", amount="25.00")
    api.post(f"subscriptions/{line['id']}/plan", code="basic-40")
    api.post(f"subscriptions/{line['id']}/activate")

    changed = api.post(f"subscriptions/{line['id']}/plan", code="big")

    assert changed["profile_version"] > 2
    assert wallet_of(api, line["subscriber_id"]) == Decimal("5.00")
    assert data_of(api, line["subscriber_id"]) == 100 * GB


def test_bought_data_comes_out_of_the_wallet(api: Api, line: dict[str, Any]) -> None:
    a_plan(api, price="0")
    api.post(f"subscribers/{line['subscriber_id']}/top-up", amount="6.00")
    api.post(f"subscriptions/{line['id']}/plan", code="basic-40")
    api.post(f"subscriptions/{line['id']}/activate")

    api.post(f"subscriptions/{line['id']}/top-up", octets=5 * GB, price="6.00")
    refusal = api.post(f"subscriptions/{line['id']}/top-up", 409, octets=5 * GB, price="0.01")

    assert refusal["code"] == "not_enough_money"
    assert data_of(api, line["subscriber_id"]) == 45 * GB
    assert wallet_of(api, line["subscriber_id"]) == 0


def test_the_ledger_adds_up_to_the_balances(
    api: Api, line: dict[str, Any], business: TestDatabase
) -> None:
    a_plan(api, price="3.50")
    api.post(f"subscribers/{line['subscriber_id']}/top-up", amount="10.00")
    api.post(f"subscriptions/{line['id']}/plan", code="basic-40")
    api.post(f"subscriptions/{line['id']}/activate")
    api.post(f"subscriptions/{line['id']}/top-up", octets=GB, price="1.25")

    with business.admin() as admin:
        differences = admin.execute(
            "SELECT b.bucket_id FROM hot_00.bucket b LEFT JOIN hot_00.ledger l USING (bucket_id) "
            "GROUP BY b.bucket_id, b.remaining HAVING b.remaining <> coalesce(sum(l.amount), 0)"
        ).fetchall()
        buckets = admin.execute("SELECT count(*) FROM hot_00.bucket").fetchone()

    assert differences == []
    assert buckets == (3,)
    kinds = {e["kind"] for e in api.get(f"subscribers/{line['subscriber_id']}/ledger")["items"]}
    assert kinds == {"credit", "purchase"}


@pytest.mark.parametrize(
    "terms",
    [
        {"at_exhaustion": "throttle"},
        {"throttled_up_bps": 1, "throttled_down_bps": 1},
        {"speed_up_bps": 0},
        {"data_octets": 0},
        {"apns": []},
        {"price": "-1"},
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(api: Api, terms: dict[str, Any]) -> None:
    given = {"code": "x", "name": "X", "speed_up_bps": 1000, "speed_down_bps": 1000}

    refusal = api.post("plans", expected=422, **(given | terms))

    assert refusal["code"] == "invalid_value"
    assert api.get("plans")["items"] == []
