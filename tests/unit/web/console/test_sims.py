"""The SIM list, the SIM page and what can be done there."""

from datetime import timedelta

import pytest
from django.test import Client

from tests.unit.web.console.conftest import logged_in, text_of
from tests.unit.web.console.world import Seat, World
from wispgate.business.audit import queries as audit
from wispgate.business.inventory import queries as inventory
from wispgate.business.operators import scope as scopes


def test_the_list_shows_cards_with_state_line_and_subscriber(
    world: World, alpha: Seat, admin: Client
):
    cards = world.cards(alpha, 3)
    world.an_active_line(alpha, cards[0], name="Ana Silva", msisdn="46701000001")

    page = text_of(admin.get("/sims/"))

    assert all(card in page for card in cards)
    assert "activated 1 Mar 12:00 46701000001 Ana Silva 2026-03" in page


def test_a_tab_shows_the_cards_of_its_state(world: World, alpha: Seat, admin: Client):
    cards = world.cards(alpha, 3)
    world.a_line(alpha, cards[1], name="Bo")

    page = text_of(admin.get("/sims/?state=assigned"))

    assert "all 3 stock 2 assigned 1" in page
    assert cards[1] in page
    assert cards[0] not in page


def test_a_search_takes_the_last_digits_of_a_number(world: World, alpha: Seat, admin: Client):
    cards = world.cards(alpha, 12)

    page = text_of(admin.get(f"/sims/?q={cards[10][-4:]}"))

    assert cards[10] in page
    assert cards[3] not in page


def test_an_odd_address_of_the_list_is_no_error(alpha: Seat, admin: Client):
    odd = ("?page=9999", "?page=x", "?page=-1", "?state=gone", "?q=%00abc", "?q=%F0")

    codes = {admin.get(f"/sims/{query}").status_code for query in odd}

    assert codes == {200}


def test_the_second_page_goes_on_where_the_first_ended(world: World, alpha: Seat, admin: Client):
    cards = world.cards(alpha, 60)

    page = text_of(admin.get("/sims/?page=2"))

    assert "51 to 60 of 60" in page
    assert cards[50] in page
    assert cards[49] not in page


def test_an_empty_stock_offers_the_import(alpha: Seat, admin: Client):
    page = text_of(admin.get("/sims/"))

    assert "No SIMs yet" in page
    assert 'href="/sims/import/"' in admin.get("/sims/").content.decode()


def test_a_viewer_is_offered_no_import(alpha: Seat, viewer: Client):
    assert 'href="/sims/import/"' not in viewer.get("/sims/").content.decode()


def test_a_card_in_stock_says_so_first(world: World, alpha: Seat, admin: Client):
    [card] = world.cards(alpha, 1)

    assert "In stock since 1 Mar 12:00. It belongs to no line." in text_of(
        admin.get(f"/sims/{card}/")
    )


def test_an_activated_card_says_where_its_phone_is(world: World, alpha: Seat, admin: Client):
    [card] = world.cards(alpha, 1)
    line_id = world.an_active_line(alpha, card, name="Ana")
    world.clock.advance(minutes=4)
    world.a_registration(line_id)

    page = text_of(admin.get(f"/sims/{card}/"))

    assert (
        "Activated since 1 Mar 12:00; registered at mme1.example.org in 001-01 since 1 Mar 12:04."
    ) in page


def test_a_phone_that_only_authenticated_is_not_called_registered(
    world: World, alpha: Seat, admin: Client
):
    [card] = world.cards(alpha, 1)
    world.an_authentication(world.an_active_line(alpha, card, name="Ana"))

    page = text_of(admin.get(f"/sims/{card}/"))

    assert "Activated since 1 Mar 12:00; not registered, last authenticated 1 Mar 12:00." in page


def test_a_suspended_card_tells_reason_and_effect(world: World, alpha: Seat, admin: Client):
    [card] = world.cards(alpha, 1)
    line_id = world.an_active_line(alpha, card, name="Ana")
    world.suspended(alpha, line_id, "overdue")

    page = text_of(admin.get(f"/sims/{card}/"))

    assert "Suspended (overdue invoice) since 1 Mar 12:00; refused at attach." in page


def test_a_profile_that_the_mme_has_not_heard_of_is_shown(world: World, alpha: Seat, admin: Client):
    [card] = world.cards(alpha, 1)
    line_id = world.an_active_line(alpha, card, name="Ana")
    world.a_registration(line_id)
    world.suspended(alpha, line_id, "fraud")

    page = text_of(admin.get(f"/sims/{card}/"))

    assert "the MME knows version" in page
    assert "The HSS still knows it as registered at mme1.example.org" in page


def test_instants_are_in_the_operators_zone(world: World, admin: Client, alpha: Seat):
    tokyo = world.an_operator("tokyo", name="Tokyo", zone="Asia/Tokyo", range_="001012")
    [card] = world.cards(tokyo, 1)

    page = logged_in(tokyo.admin).get(f"/sims/{card}/").content.decode()

    assert '2026-03-01 21:00:00 JST, 2026-03-01 12:00:00 UTC">1 Mar 21:00</time>' in page


def test_no_page_of_a_card_holds_its_secrets(world: World, alpha: Seat, admin: Client):
    [card] = world.cards(alpha, 1, start=123456789)

    page = admin.get(f"/sims/{card}/").content.decode()

    assert f"{123456789:032x}" not in page
    assert "sealed" in page


def test_the_card_of_another_operator_is_not_found(world: World, alpha: Seat, admin: Client):
    beta = world.an_operator("beta", name="Beta", range_="001012")
    [card] = world.cards(beta, 1)

    answer = admin.get(f"/sims/{card}/")

    assert answer.status_code == 404
    assert "No such SIM" in text_of(answer)


@pytest.mark.parametrize(
    ("state", "verbs"),
    [
        ("stock", ["retire"]),
        ("assigned", ["activate", "swap", "unassign", "retire"]),
        ("activated", ["suspend", "swap", "retire"]),
        ("suspended", ["resume", "suspend", "swap", "retire"]),
    ],
)
def test_only_what_the_life_cycle_allows_is_offered(
    world: World, alpha: Seat, admin: Client, state: str, verbs: list[str]
):
    card = a_card(world, alpha, state)

    page = admin.get(f"/sims/{card}/").content.decode()

    assert [verb for verb in ALL_VERBS if f'href="/sims/{card}/{verb}/"' in page] == sorted(
        verbs, key=ALL_VERBS.index
    )


def test_a_viewer_is_offered_nothing(world: World, alpha: Seat, viewer: Client):
    card = a_card(world, alpha, "suspended")

    page = viewer.get(f"/sims/{card}/").content.decode()

    assert not [verb for verb in ALL_VERBS if f"/sims/{card}/{verb}/" in page]


def test_a_viewer_cannot_act_past_the_buttons(world: World, alpha: Seat, viewer: Client):
    card = a_card(world, alpha, "assigned")
    given = {"reason": "fraud", "kind": "hard"}

    codes = {viewer.post(f"/sims/{card}/{verb}/", given).status_code for verb in ALL_VERBS}

    assert codes == {403}
    assert state_of(world, alpha, card) == "assigned"


def test_the_page_that_asks_tells_what_will_happen(world: World, alpha: Seat, admin: Client):
    [card] = world.cards(alpha, 1)
    world.a_registration(world.an_active_line(alpha, card, name="Ana Silva"))

    page = text_of(admin.get(f"/sims/{card}/suspend/"))

    assert "It is registered at mme1.example.org now" in page
    assert "Nothing is charged or credited." in page
    assert "A message to Ana Silva is written" in page
    assert "Suspend 1 line" in page


def test_asking_changes_nothing(world: World, alpha: Seat, admin: Client):
    card = a_card(world, alpha, "activated")

    admin.get(f"/sims/{card}/suspend/")

    assert state_of(world, alpha, card) == "activated"


@pytest.mark.parametrize(
    "story",
    [
        ("assigned", "activate", {}, "activated"),
        ("activated", "suspend", {"reason": "fraud", "kind": "soft"}, "suspended"),
        ("suspended", "resume", {"reason": "overdue"}, "activated"),
        ("assigned", "unassign", {}, "stock"),
        ("activated", "retire", {}, "retired"),
        ("stock", "retire", {}, "retired"),
    ],
)
def test_an_action_does_what_its_button_says(
    world: World, alpha: Seat, admin: Client, story: tuple[str, str, dict[str, str], str]
):
    before, verb, given, after = story
    card = a_card(world, alpha, before)

    answer = admin.post(f"/sims/{card}/{verb}/", given, follow=True)

    assert f"1 {'line' if verb in ('suspend', 'resume') else 'SIM'}." in text_of(answer)
    assert state_of(world, alpha, card) == after


def test_a_swap_leads_from_the_old_card_to_the_new(world: World, alpha: Seat, admin: Client):
    old, new = world.cards(alpha, 2)
    world.an_active_line(alpha, old, name="Ana", msisdn="46701000001")

    answer = admin.post(f"/sims/{old}/swap/", {"iccid": f" {new} "}, follow=True)

    assert f"Retired 1 Mar 12:00; replaced by {new}." in text_of(answer)
    assert state_of(world, alpha, new) == "activated"


def test_a_note_becomes_the_reason_in_the_timeline(world: World, alpha: Seat, admin: Client):
    card = a_card(world, alpha, "activated")
    given = {"reason": "lost_sim", "kind": "hard", "note": "called from 555-0100"}

    answer = admin.post(f"/sims/{card}/suspend/", given, follow=True)

    assert "admin@alpha.example · 127.0.0.1 · called from 555-0100" in text_of(answer)


def test_a_reason_stands_once(world: World, alpha: Seat, admin: Client):
    card = a_card(world, alpha, "suspended")

    answer = admin.post(f"/sims/{card}/suspend/", {"reason": "overdue", "kind": "hard"})

    assert answer.status_code == 409
    assert "This was refused" in text_of(answer)
    assert "Nothing was changed. Reference" in text_of(answer)


def test_what_was_typed_is_kept_after_a_refusal(world: World, alpha: Seat, admin: Client):
    card = a_card(world, alpha, "activated")

    answer = admin.post(f"/sims/{card}/swap/", {"iccid": "123", "note": "customer at the desk"})

    assert 'value="123"' in answer.content.decode()
    assert 'value="customer at the desk"' in answer.content.decode()
    assert "not an ICCID" in text_of(answer)


def test_a_refused_action_is_in_the_audit_and_undone(world: World, alpha: Seat, admin: Client):
    card = a_card(world, alpha, "stock")

    answer = admin.post(f"/sims/{card}/activate/")

    assert answer.status_code == 409
    assert "A SIM that is stock cannot be activated" in text_of(answer)
    assert state_of(world, alpha, card) == "stock"
    with scopes.within(world.tenant(alpha)):
        [entry] = [
            e for e in audit.list_entries(object_type="inventory_sim") if e.action == "refused"
        ]
    assert entry.actor == alpha.admin


def test_the_timeline_tells_refusals_too(world: World, alpha: Seat, admin: Client):
    card = a_card(world, alpha, "stock")
    admin.post(f"/sims/{card}/activate/")

    page = text_of(admin.get(f"/sims/{card}/"))

    assert "a SIM that is stock cannot be activated" in page


def test_characters_that_no_database_holds_are_left_out(world: World, alpha: Seat, admin: Client):
    card = a_card(world, alpha, "assigned")

    answer = admin.post(f"/sims/{card}/activate/", {"note": "by\x00phone"}, follow=True)

    assert "byphone" in text_of(answer)


def test_an_unknown_action_is_not_found(world: World, alpha: Seat, admin: Client):
    card = a_card(world, alpha, "stock")

    assert admin.get(f"/sims/{card}/explode/").status_code == 404


def test_the_sandboxs_clock_is_shown(world: World, alpha: Seat, settings):
    settings.WISPGATE_IS_SANDBOX = True
    world.clock.advance(days=timedelta(days=2).days)

    # Sessions follow the clock too: who was logged in before is not any more.
    assert "sandbox, 3 Mar 12:00" in text_of(logged_in(alpha.admin).get("/sims/"))


ALL_VERBS = ["activate", "resume", "suspend", "swap", "unassign", "retire"]


def a_card(world: World, seat: Seat, state: str) -> str:
    [card] = world.cards(seat, 1)
    if state == "assigned":
        world.a_line(seat, card, name="Ana")
    if state in ("activated", "suspended"):
        line_id = world.an_active_line(seat, card, name="Ana")
    if state == "suspended":
        world.suspended(seat, line_id, "overdue")
    return card


def state_of(world: World, seat: Seat, card: str) -> str:
    with scopes.within(world.tenant(seat)):
        return str(inventory.get_sim(card).state)
