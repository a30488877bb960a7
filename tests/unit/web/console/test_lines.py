"""The page of a line: its answer, what it holds, what the network was asked, how it is refreshed."""

from uuid import UUID

from django.test import Client

from tests.unit.web.console.conftest import text_of
from tests.unit.web.console.world import Seat, World

GB = 1_000_000_000


def a_line_online(world: World, seat: Seat) -> UUID:
    """With 40 GB bought, 18.2 of it used, a phone at an MME and a session."""
    [card] = world.cards(seat, 1)
    line_id = world.an_active_line(seat, card, name="Ana Silva", msisdn="46701000001")
    world.a_plan(seat)
    world.bought(seat, line_id)
    world.a_registration(line_id)
    world.clock.advance(minutes=14)
    world.used(world.a_session(line_id), 182 * GB // 10)
    return line_id


def test_the_answer_of_a_line_online_says_it_all(world: World, alpha: Seat, admin: Client):
    line_id = a_line_online(world, alpha)

    page = text_of(admin.get(f"/lines/{line_id}/"))

    assert (
        "Online since 1 Mar 12:14 on mme1, 18.2 GB of 40 GB used, ends in 29 days, nothing failed."
    ) in page


def test_a_registered_phone_without_session_is_not_called_online(
    world: World, alpha: Seat, admin: Client
):
    [card] = world.cards(alpha, 1)
    line_id = world.an_active_line(alpha, card, name="Ana")
    world.a_registration(line_id)

    page = text_of(admin.get(f"/lines/{line_id}/"))

    assert "Registered at mme1 since 1 Mar 12:00, no data session, no plan" in page


def test_a_bucket_shows_used_reserved_and_left(world: World, alpha: Seat, admin: Client):
    line_id = a_line_online(world, alpha)

    answer = admin.get(f"/lines/{line_id}/")

    assert "18.2 GB used50 MB reserved21.8 GB left of 40 GB" in text_of(answer)
    assert '<rect class="wg-bar-used" width="46"' in answer.content.decode()
    assert "18.2 GB of 40 GB used, 21.8 GB left" in answer.content.decode()


def test_the_plan_says_speed_and_what_comes_when_data_ends(
    world: World, alpha: Seat, admin: Client
):
    line_id = a_line_online(world, alpha)

    page = text_of(admin.get(f"/lines/{line_id}/"))

    assert "Gold, version 1" in page
    assert "Speed 50 Mbit/s down, 10 Mbit/s up" in page
    assert "When used up Blocked until there is more." in page


def test_a_line_whose_data_is_used_up_says_so(world: World, alpha: Seat, admin: Client):
    line_id = a_line_online(world, alpha)
    world.exhausted(line_id)

    page = text_of(admin.get(f"/lines/{line_id}/"))

    assert "its data is used up" in page
    assert "46701000001" in text_of(admin.get("/lines/?state=exhausted"))


def test_an_acknowledged_push_is_not_called_in_effect(world: World, alpha: Seat, admin: Client):
    line_id = a_line_online(world, alpha)
    world.a_push(line_id, state="acknowledged", effect="speed_up", means="gx_rules")

    page = text_of(admin.get(f"/lines/{line_id}/"))

    assert "1 change asked and not yet in effect." in page
    assert "acknowledged, not yet in effect Speed up by new rules for the gateway (Gx)" in page
    assert "asked 12:14:00 sent 12:14:01 acknowledged 12:14:02" in page
    assert "in effect 12:14" not in page


def test_a_failed_push_tells_its_reason_and_the_next_step(world: World, alpha: Seat, admin: Client):
    line_id = a_line_online(world, alpha)
    world.a_push(line_id, state="failed", effect="slow_down", evidence="no effect was seen")

    page = text_of(admin.get(f"/lines/{line_id}/"))

    assert "the network did not take this up: slow down (1 Mar 12:14)." in page
    assert "No effect was seen. Nothing else was left to try" in page


def test_what_was_brought_about_later_is_no_failure(world: World, alpha: Seat, admin: Client):
    line_id = a_line_online(world, alpha)
    world.a_push(line_id, state="failed", effect="slow_down")
    world.clock.advance(seconds=10)
    world.a_push(line_id, state="in_effect", effect="slow_down")

    page = text_of(admin.get(f"/lines/{line_id}/"))

    assert "nothing failed." in page
    assert "Another means was tried since." in page


def test_a_push_without_peer_says_what_it_waits_for(world: World, alpha: Seat, admin: Client):
    line_id = a_line_online(world, alpha)
    world.a_push(line_id, state="waiting_for_peer")

    page = text_of(admin.get(f"/lines/{line_id}/"))

    assert "Leaves when mme1.example.org is connected; check the peers." in page


def test_a_push_that_needs_the_phone_says_so(world: World, alpha: Seat, admin: Client):
    line_id = a_line_online(world, alpha)
    world.a_push(line_id, state="asked", effect="restore", means="next_attach")

    page = text_of(admin.get(f"/lines/{line_id}/"))

    assert "Waits for the phone to attach: some need to be switched off and on." in page


def test_a_suspension_tells_whether_the_network_took_it(world: World, alpha: Seat, admin: Client):
    line_id = a_line_online(world, alpha)
    world.suspended(alpha, line_id, "fraud")
    world.a_push(line_id, state="sent")

    page = text_of(admin.get(f"/lines/{line_id}/"))

    assert "In the network: 1 change asked and not yet in effect." in page


def test_a_suspension_in_effect_says_since_when(world: World, alpha: Seat, admin: Client):
    line_id = a_line_online(world, alpha)
    world.suspended(alpha, line_id, "fraud")
    world.clock.advance(minutes=6)
    world.a_push(line_id, state="in_effect", evidence="the session ended")

    page = text_of(admin.get(f"/lines/{line_id}/"))

    assert "In the network: in effect since 1 Mar 12:20." in page


def test_people_network_and_money_are_one_stream(world: World, alpha: Seat, admin: Client):
    line_id = a_line_online(world, alpha)
    world.a_push(line_id, state="in_effect", effect="speed_up")

    kinds = {event.kind for event in admin.get(f"/lines/{line_id}/").context["events"]}

    assert kinds == {"people", "network", "money"}


def test_the_ledger_tells_what_moved_and_why(world: World, alpha: Seat, admin: Client):
    line_id = a_line_online(world, alpha)

    page = text_of(admin.get(f"/lines/{line_id}/"))

    assert "Used Gold \N{MINUS SIGN}18.2 GB session" in page
    assert "Bought Wallet \N{MINUS SIGN}10.00 EUR plan Gold" in page
    assert "Credited Wallet +25.00 EUR cash" in page


def test_a_refresh_brings_the_parts_and_when_they_were_true(
    world: World, alpha: Seat, admin: Client
):
    line_id = a_line_online(world, alpha)
    world.clock.advance(seconds=5)

    answer = admin.get(f"/lines/{line_id}/", headers={"HX-Request": "true"})

    assert answer["X-Known-At"] == "12:14:05"
    assert "<html" not in answer.content.decode()
    assert 'id="wg-answer" class="wg-answer" hx-swap-oob="true"' in answer.content.decode()


def test_a_line_in_each_state_offers_what_its_state_allows(
    world: World, alpha: Seat, admin: Client
):
    one, two, three = world.cards(alpha, 3)
    pending = world.a_line(alpha, one, name="Ana")
    active = world.an_active_line(alpha, two, name="Bo")
    suspended = world.an_active_line(alpha, three, name="Cy")
    world.suspended(alpha, suspended, "overdue")

    offered = [
        [button.text for button in admin.get(f"/lines/{line_id}/").context["buttons"]]
        for line_id in (pending, active, suspended)
    ]

    plan_and_wallet = ["Change plan", "Top up wallet", "Set number"]
    network = ["Lock to devices", "Trace"]
    assert offered == [
        ["Activate", *plan_and_wallet, "Swap SIM", "Unassign SIM", *network, "Terminate"],
        ["Top up data", *plan_and_wallet, "Swap SIM", *network, "Suspend", "Terminate"],
        [
            "Resume",
            "Top up data",
            *plan_and_wallet,
            "Swap SIM",
            *network,
            "Suspend",
            "Terminate",
        ],
    ]


def test_a_viewer_sees_the_line_and_no_buttons(world: World, alpha: Seat, viewer: Client):
    line_id = a_line_online(world, alpha)

    answer = viewer.get(f"/lines/{line_id}/")

    assert answer.context["buttons"] == []
    assert "Online since" in text_of(answer)


def test_the_lines_own_pages_do_what_its_cards_pages_do(world: World, alpha: Seat, admin: Client):
    line_id = a_line_online(world, alpha)

    asked = text_of(admin.get(f"/lines/{line_id}/suspend/"))
    given = {"reason": "lost_sim", "kind": "hard", "note": "called"}
    answer = admin.post(f"/lines/{line_id}/suspend/", given)

    assert "Suspend line 46701000001" in asked
    assert answer["Location"] == f"/lines/{line_id}/"
    assert world.state_of(alpha, line_id) == "suspended"


def test_what_a_line_does_not_allow_is_told_and_not_done(world: World, alpha: Seat, admin: Client):
    line_id = a_line_online(world, alpha)

    codes = [
        admin.get(f"/lines/{line_id}/{name}/").status_code
        for name in ("activate", "resume", "unassign", "retire", "nothing")
    ]
    page = text_of(admin.get(f"/lines/{line_id}/assign_sim/"))

    assert codes == [409, 409, 409, 404, 404]
    assert "A line that is active does not allow this" in page


def test_an_unlimited_plan_and_an_empty_line_say_what_they_are(
    world: World, alpha: Seat, admin: Client
):
    one, two = world.cards(alpha, 2)
    world.a_plan(alpha, "open", data_octets=None)
    unlimited = world.an_active_line(alpha, one, name="Ana")
    world.bought(alpha, unlimited, "open")
    bare = world.an_active_line(alpha, two, name="Bo")

    pages = [text_of(admin.get(f"/lines/{line_id}/")) for line_id in (unlimited, bare)]

    assert ", unlimited data, nothing failed." in pages[0]
    assert "Data never runs out." in pages[0]
    assert "no plan: data is unlimited and free, nothing failed." in pages[1]
    assert "Nothing has moved yet" in pages[1]
