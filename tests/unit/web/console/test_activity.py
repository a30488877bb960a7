"""The search of the audit: kinds of objects in plain words, and links to what entries are about."""

import re
from uuid import uuid4

from django.test import Client

from tests.unit.web.console.conftest import text_of
from tests.unit.web.console.world import Seat, World
from wispgate.business.operators import scope as scopes
from wispgate.business.subscriptions import queries as subscriptions
from wispgate.web.console import objects


def test_every_kind_has_words_of_its_own_and_a_place_that_exists():
    words = [kind.word for kind in objects.KINDS.values()]

    assert len(words) > 40
    assert len(set(words)) == len(words)
    assert all("_" not in word for word in words)
    for table in objects.KINDS:
        for is_there in (True, False):
            address = objects.address_of(table, str(uuid4()), is_there=is_there)
            assert address == "" or address.startswith("/")


def test_the_kind_is_chosen_by_words_and_the_export_keeps_it(
    world: World, alpha: Seat, admin: Client
):
    card = world.cards(alpha, 1)[0]
    world.an_active_line(alpha, card, name="Ana Silva", msisdn="46701000001")

    page = admin.get("/activity/?object_type=inventory_sim").content.decode()
    export = re.search(r'href="(/activity/export.csv[^"]*)"', page)
    assert export is not None
    exported = admin.get(export[1]).content.decode()

    assert '<option value="inventory_sim" selected>SIM</option>' in page
    assert "Line: " not in page.partition("wg-timeline")[2]
    assert "inventory_sim" in exported
    assert "subscriptions_subscription" not in exported


def test_a_kind_that_was_typed_into_the_address_stays_chosen(alpha: Seat, admin: Client):
    page = admin.get("/activity/?object_type=some_table").content.decode()

    assert '<option value="some_table" selected>some_table</option>' in page


def test_entries_lead_to_what_they_are_about(world: World, alpha: Seat, admin: Client):
    card = world.cards(alpha, 1)[0]
    line_id = world.an_active_line(alpha, card, name="Ana Silva", msisdn="46701000001")
    world.suspended(alpha, line_id, "overdue")
    world.a_plan(alpha, "gold")
    with scopes.within(world.tenant(alpha)):
        sim_id = subscriptions.get_subscription(line_id).sim_id

    page = admin.get("/activity/").content.decode()
    linked = {
        table: re.findall(rf'href="(/objects/{table}/[^"]+)"', page)
        for table in ("subscriptions_suspension", "catalogue_plan", "crm_contact")
    }
    led = {table: admin.get(links[0])["Location"] for table, links in linked.items()}

    assert f'href="/lines/{line_id}/"' in page
    assert f'href="/sims/{sim_id}/"' in page
    assert led["subscriptions_suspension"] == f"/lines/{line_id}/"
    assert led["catalogue_plan"] == "/plans/gold/"
    assert led["crm_contact"].startswith("/subscribers/")


def test_what_is_not_there_any_more_is_said(alpha: Seat, admin: Client):
    gone = admin.get(f"/objects/catalogue_plan/{uuid4()}/")
    odd = [
        admin.get(f"/objects/{path}/") for path in ("x/y", f"page/{uuid4()}", "catalogue_plan/1")
    ]

    assert gone.status_code == 404
    assert "plan" in text_of(gone)
    assert {one.status_code for one in odd} == {404}


def test_the_trace_of_a_card_tells_its_steps_in_their_order_and_words(
    world: World, alpha: Seat, admin: Client
):
    card = world.cards(alpha, 1)[0]
    line_id = world.an_active_line(alpha, card, name="Ana Silva", msisdn="46701000001")
    world.a_plan(alpha, "gold")
    world.bought(alpha, line_id, "gold")
    session = world.a_session(line_id)
    world.used(session, 50_109_536)

    answer = admin.get(f"/sims/{card}/trace/")
    page, steps = answer.content.decode(), text_of(answer).partition("Every step")[2]

    told = ["card taken into stock", "line ordered", "card assigned", "line activated", "50.1 MB"]
    places = [steps.index(one) for one in told]
    assert places == sorted(places)
    assert "Approved was not needed" in text_of(answer)
    assert "First AIR not yet" in text_of(answer)
    assert f'href="/sessions/{session}/"' in page
    assert f'href="/lines/{line_id}/"' in page
