"""Restrictions, roaming zones and addresses, from the office to the line's network profile."""

from tests.harness.databases import TestDatabase
from tests.scenario.test_activation_rest import activate_a_line
from tests.unit.business.world import World, card_file, imsi
from wispgate.domain.plan.speed import Speed
from wispgate.domain.policy.access import OperatorBar
from wispgate.domain.policy.profile import NetworkProfile

TERMS = {
    "code": "nordic-10",
    "name": "Nordic 10",
    "speed_up_bps": 5_000_000_000,
    "speed_down_bps": 10_000_000_000,
    "apns": ["internet", "m2m"],
    "roaming_zones": ["nordic"],
    "barred_rats": ["geran", "utran"],
    "pdn_type": "ipv4v6",
    "has_static_addresses": True,
}


def profile_of(database: TestDatabase, card: str) -> NetworkProfile:
    with database.admin() as admin:
        row = admin.execute(
            "SELECT profile::text FROM hot_00.line WHERE imsi = %s", [card]
        ).fetchone()
    assert row is not None
    return NetworkProfile.decode(row[0])


def test_restrictions_stack_and_are_lifted_singly(world: World, database: TestDatabase) -> None:
    api = world.client()
    api.upload("/sims/import", card_file(1))
    line = activate_a_line(api, number=1)
    slow = {"speed_up_bps": 64_000, "speed_down_bps": 128_000}

    api.post(f"/subscriptions/{line}/restrict", {"profile": "slow", "reason": "overdue", **slow})
    both = api.post(
        f"/subscriptions/{line}/restrict", {"profile": "no_roaming", "reason": "customer_request"}
    )
    again = api.post(f"/subscriptions/{line}/restrict", {"profile": "no_roaming",
                                                         "reason": "customer_request"})  # fmt: skip
    restricted = profile_of(database, imsi(1))
    left = api.post(f"/subscriptions/{line}/unrestrict", {"profile": "slow", "reason": "overdue"})
    lifted = profile_of(database, imsi(1))
    missing = api.post(f"/subscriptions/{line}/unrestrict", {"profile": "slow", "reason": "fraud"})

    assert [one["profile"] for one in both.json["restrictions"]] == ["slow", "no_roaming"]
    assert both.json["state"] == "active"
    assert (again.status, missing.status) == (409, 409)
    assert restricted.speed_now == Speed(64_000, 128_000)
    assert restricted.operator_bars == (OperatorBar.ROAMING_OUTSIDE_HPLMN,)
    assert [one["profile"] for one in left.json["restrictions"]] == ["no_roaming"]
    assert lifted.speed_now == Speed(50_000_000, 50_000_000)
    with database.admin() as admin:
        kinds = admin.execute(
            "SELECT kind FROM hot_00.outbox WHERE kind LIKE 'subscription.%restricted'"
            " ORDER BY event_id"
        ).fetchall()
    assert sorted(kind for (kind,) in kinds) == [
        "subscription.restricted", "subscription.restricted", "subscription.unrestricted"
    ]  # fmt: skip


def test_what_a_restriction_needs_is_named(world: World) -> None:
    api = world.client()
    api.upload("/sims/import", card_file(1))
    line = activate_a_line(api, number=1)
    path = f"/subscriptions/{line}/restrict"

    refused = [
        api.post(path, {"reason": "overdue", **given})
        for given in (
            {"profile": "slow"},
            {"profile": "slow", "speed_up_bps": 1},
            {"profile": "no_data", "walled_garden_url": "http://pay.test/"},
            {"profile": "walled_garden", "walled_garden_url": "pay.test"},
            {"profile": "unheard-of"},
        )
    ]
    addresses = api.post(
        f"/subscriptions/{line}/static-addresses", {"addresses": {"internet": "10.0.0.300"}}
    )

    assert [answer.status for answer in refused] == [422] * 5
    assert addresses.status == 422
    assert "10.0.0.300" in str(addresses.json)


def test_a_plan_names_zones_and_lines_follow_them(world: World, database: TestDatabase) -> None:
    api = world.client()
    api.upload("/sims/import", card_file(1))
    line = activate_a_line(api, number=1)
    unknown = api.post("/plans", TERMS)
    zones = api.post("/operator/roaming-zones", {"name": "nordic", "networks": ["244", "242-01"]})
    drafted = api.post("/plans", TERMS)
    api.post("/plans/nordic-10/launch")
    api.post(f"/subscriptions/{line}/plan", {"code": "nordic-10"})
    api.post(f"/subscriptions/{line}/static-addresses", {"addresses": {"M2M": "10.9.0.7"}})
    bought = profile_of(database, imsi(1))

    api.post("/operator/roaming-zones", {"name": "nordic", "networks": ["240"]})
    changed = profile_of(database, imsi(1))
    api.post("/operator/roaming-zones/nordic/remove")
    closed = profile_of(database, imsi(1))

    assert (unknown.status, drafted.status) == (422, 201)
    assert zones.json["roaming_zones"] == [{"name": "nordic", "networks": ["24201", "244"]}]
    assert drafted.json["terms"]["roaming_zones"] == ["nordic"]
    assert bought.roaming_networks == ("24201", "244")
    assert bought.barred_rats == (1000, 1001)
    assert [apn.static_address for apn in bought.apns] == [None, "10.9.0.7"]
    assert {apn.pdn_type.value for apn in bought.apns} == {"ipv4v6"}
    assert bought.speed_now == Speed(5_000_000_000, 10_000_000_000)
    assert changed.roaming_networks == ("240",)
    assert closed.roaming_networks == ()
    assert closed.version > changed.version > bought.version
