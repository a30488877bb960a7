"""Restrictions and addresses of a line, roaming zones among the settings."""

from django.test import Client

from tests.unit.web.console.conftest import text_of
from tests.unit.web.console.world import Seat, World


def test_a_line_is_restricted_with_a_preview_and_let_go(world: World, alpha: Seat, admin: Client):
    [card] = world.cards(alpha, 1)
    line_id = world.an_active_line(alpha, card, name="Ana Silva", msisdn="46701000000")
    slow = "profile=slow&reason=overdue&down=128 kbit/s&up=64 kbit/s"

    asked = text_of(admin.get(f"/lines/{line_id}/restrict/?{slow}"))
    admin.post(f"/lines/{line_id}/restrict/", {"profile": "no_roaming", "reason": "fraud"})
    restricted = text_of(admin.get(f"/lines/{line_id}/"))
    admin.post(f"/lines/{line_id}/unrestrict/", {"which": "no_roaming fraud"})
    lifted = text_of(admin.get(f"/lines/{line_id}/"))

    assert "At most 128 kbit/s down and 64 kbit/s up" in asked
    assert "Restricted no roaming" in restricted
    assert "Restricted" not in lifted


def test_what_is_wrong_with_a_restriction_is_said_by_field(
    world: World, alpha: Seat, admin: Client
):
    [card] = world.cards(alpha, 1)
    line_id = world.an_active_line(alpha, card, name="Ana Silva", msisdn="46701000000")

    garden = admin.get(f"/lines/{line_id}/restrict/?profile=walled_garden&reason=overdue&page=x")
    other = admin.get(f"/lines/{line_id}/restrict/?profile=slow&reason=no&down=fast&up=1 Mbit/s")
    unknown = admin.get(f"/lines/{line_id}/restrict/?profile=what&reason=fraud")
    address = admin.get(f"/lines/{line_id}/set_addresses/?addresses=internet 10.0.0.300")
    halves = admin.get(f"/lines/{line_id}/set_addresses/?addresses=10.0.0.3")

    faults = [
        {field.name for field in answer.context["fields"] if field.error}
        for answer in (garden, other, unknown, address, halves)
    ]
    assert faults == [{"page"}, {"reason", "down"}, {"profile"}, {"addresses"}, {"addresses"}]


def test_static_addresses_are_shown_and_taken_away(world: World, alpha: Seat, admin: Client):
    [card] = world.cards(alpha, 1)
    line_id = world.an_active_line(alpha, card, name="Ana Silva", msisdn="46701000000")

    asked = text_of(admin.get(f"/lines/{line_id}/set_addresses/?addresses=internet 10.9.0.7"))
    admin.post(f"/lines/{line_id}/set_addresses/", {"addresses": "internet 10.9.0.7"})
    pinned = text_of(admin.get(f"/lines/{line_id}/"))
    admin.post(f"/lines/{line_id}/set_addresses/", {"addresses": ""})

    assert "allows no static addresses" in asked
    assert "Addresses" in pinned
    assert "10.9.0.7" in pinned
    assert "Addresses" not in text_of(admin.get(f"/lines/{line_id}/"))


def test_a_roaming_zone_is_set_changed_and_removed(alpha: Seat, admin: Client):
    asked = text_of(admin.get("/settings/add_zone/?name=nordic&networks=244, 242-01"))
    admin.post("/settings/add_zone/", {"name": "nordic", "networks": "244, 242-01"})
    page = text_of(admin.get("/settings/"))
    wrong = admin.post("/settings/add_zone/", {"name": "nordic", "networks": "24"})
    admin.post("/settings/remove_zone/", {"name": "nordic"})

    assert "Add the zone nordic" in asked
    assert "24201, 244" in page
    assert wrong.status_code != 302
    assert "No roaming zone yet" in text_of(admin.get("/settings/"))
