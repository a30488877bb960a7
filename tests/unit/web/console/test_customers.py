"""New subscribers and new lines, and the page of a subscriber."""

from django.test import Client

from tests.unit.web.console.conftest import text_of
from tests.unit.web.console.world import Seat, World
from wispgate.business.crm import queries as crm
from wispgate.business.operators import scope as scopes
from wispgate.business.subscriptions import queries as subscriptions


def a_subscriber(admin: Client) -> str:
    given = {"name": "Ana Silva", "party": "person", "external_id": "C-17"}
    return admin.post("/subscribers/new/", given)["Location"]


def test_a_new_subscriber_leads_to_its_page(alpha: Seat, admin: Client):
    page = text_of(admin.get(a_subscriber(admin)))

    assert "Created Ana Silva." in page
    assert "No lines." in page
    assert "C-17" in page


def test_what_is_wrong_with_a_subscriber_is_told_at_its_field(alpha: Seat, admin: Client):
    given = {"name": "Ana", "party": "person", "email": "no address"}

    answer = admin.post("/subscribers/new/", given)

    errors = {field.name: field.error for field in answer.context["fields"] if field.error}
    assert errors == {"email": "not an e-mail address"}
    assert 'value="Ana"' in answer.content.decode()


def test_a_customer_number_in_use_is_refused(world: World, alpha: Seat, admin: Client):
    a_subscriber(admin)

    answer = admin.post(
        "/subscribers/new/", {"name": "B", "party": "person", "external_id": "C-17"}
    )

    assert "another subscriber has the customer number C-17" in text_of(answer)
    with scopes.within(world.tenant(alpha)):
        assert len(crm.list_subscribers()) == 1


def test_a_line_is_made_with_all_it_needs_in_one_step(world: World, alpha: Seat, admin: Client):
    [card] = world.cards(alpha, 1)
    world.a_plan(alpha, price="0")
    home = a_subscriber(admin)
    given = {"iccid": card, "msisdn": "46701000001", "plan": "gold", "activate": "yes"}

    answer = admin.post(f"{home}new-line/", given, follow=True)

    page = text_of(answer)
    assert "Activated 1 line." in page
    assert "0 B of 40 GB used, ends in 30 days" in page
    assert f"46701000001 Gold \N{MIDDLE DOT} SIM {card}" in text_of(admin.get(home))


def test_a_line_that_cannot_be_paid_is_not_made(world: World, alpha: Seat, admin: Client):
    [card] = world.cards(alpha, 1)
    world.a_plan(alpha)
    given = {"iccid": card, "msisdn": "46701000001", "plan": "gold", "activate": "yes"}

    answer = admin.post(f"{a_subscriber(admin)}new-line/", given)

    assert answer.status_code == 409
    assert "this costs 10.00 EUR" in text_of(answer)
    assert f'value="{card}"' in answer.content.decode()
    with scopes.within(world.tenant(alpha)):
        assert subscriptions.list_subscriptions() == []


def test_an_empty_form_makes_a_draft_line(alpha: Seat, admin: Client):
    answer = admin.post(f"{a_subscriber(admin)}new-line/", {}, follow=True)

    assert "Created 1 line." in text_of(answer)
    assert "It has no SIM yet: assign one." in text_of(answer)


def test_activation_without_a_sim_is_told_at_the_field(alpha: Seat, admin: Client):
    answer = admin.post(f"{a_subscriber(admin)}new-line/", {"activate": "yes", "msisdn": "12"})

    errors = {field.name for field in answer.context["fields"] if field.error}
    assert errors == {"iccid", "msisdn"}


def test_a_subscriber_shows_lines_wallet_and_ledger(world: World, alpha: Seat, admin: Client):
    [card] = world.cards(alpha, 1)
    line_id = world.an_active_line(alpha, card, name="Ana", msisdn="46701000001")
    world.a_plan(alpha)
    world.bought(alpha, line_id)

    page = text_of(admin.get(f"/subscribers/{world.subscriber_of(alpha, line_id)}/"))

    assert "1 line: 1 active; the wallet has 15.00 EUR." in page
    assert "40 GB left of 40 GB" in page
    assert "Bought Wallet \N{MINUS SIGN}10.00 EUR plan Gold" in page
