"""Peers, lines, subscribers, home, activity, search and help."""

from django.test import Client

from tests.unit.web.console.conftest import logged_in, text_of
from tests.unit.web.console.world import Seat, World


def test_without_peers_the_page_says_how_to_add_one(alpha: Seat, admin: Client):
    page = text_of(admin.get("/peers/"))

    assert "No peer may connect yet." in page
    assert "wispgate peer add --core" in page


def test_an_open_peer_tells_since_when_and_who_holds_it(world: World, alpha: Seat, admin: Client):
    world.a_peer("mme1.example.org")
    world.a_connection("mme1.example.org")

    page = text_of(admin.get("/peers/"))

    assert "1 of 1 peer is connected; the newest opened 1 Mar 12:00." in page
    assert "since 1 Mar 12:00 from 127.0.0.1, freeDiameter, held by diameter@host1:4711" in page


def test_a_lease_that_ran_out_is_not_called_open(world: World, alpha: Seat, admin: Client):
    world.a_peer("mme1.example.org")
    world.a_connection("mme1.example.org", lease=30)
    world.clock.advance(seconds=31)

    page = text_of(admin.get("/peers/"))

    assert "None of 1 peer is connected: phones cannot attach now." in page
    assert "lost touch" in page


def test_a_closed_connection_tells_since_when(world: World, alpha: Seat, admin: Client):
    world.a_peer("mme1.example.org")
    world.a_connection("mme1.example.org", state="closed", lease=0)

    assert "closed 1 Mar 12:00" in text_of(admin.get("/peers/"))


def test_a_peer_that_never_came_is_said_to(world: World, alpha: Seat, admin: Client):
    world.a_peer("mme1.example.org")

    assert "never connected" in text_of(admin.get("/peers/"))


def test_only_the_platform_sees_who_was_turned_away(world: World, alpha: Seat, admin: Client):
    world.a_refused_connection("mme9.unknown.example")
    root = logged_in(world.a_member("root@platform.example", "admin"))

    assert "mme9.unknown.example" in text_of(root.get("/peers/"))
    assert "mme9.unknown.example" not in text_of(admin.get("/peers/"))


def test_home_says_first_whether_the_network_is_there(world: World, alpha: Seat, admin: Client):
    [card] = world.cards(alpha, 1)
    world.a_registration(world.an_active_line(alpha, card, name="Ana"))
    world.a_peer("mme1.example.org")

    page = text_of(admin.get("/"))

    assert (
        "1 line active, 1 phone registered, 0 online. No peer is connected: phones cannot" in page
    )


def test_every_number_of_home_leads_to_a_list_of_as_many(world: World, alpha: Seat, admin: Client):
    one, two, three, *_ = world.cards(alpha, 6)
    world.a_registration(world.an_active_line(alpha, one, name="Ana"))
    world.suspended(alpha, world.an_active_line(alpha, two, name="Bo"), "fraud")
    world.a_line(alpha, three, name="Cy")

    tiles = admin.get("/").context["network"][:4] + admin.get("/").context["sims"]

    counts = [(tile.count, admin.get(tile.address).context["pager"].total) for tile in tiles]
    assert [tile for tile, _ in counts] == [1, 1, 1, 0, 1, 1, 1, 3, 0]
    assert all(tile == total for tile, total in counts)


def test_a_line_is_found_by_its_number_and_by_its_id(world: World, alpha: Seat, admin: Client):
    [card] = world.cards(alpha, 1)
    line_id = world.an_active_line(alpha, card, name="Ana", msisdn="46701000001")

    by_number = admin.get("/lines/46701000001/")
    by_id = admin.get(f"/lines/{line_id}/")

    assert "Active since 1 Mar 12:00; not registered" in text_of(by_number)
    assert by_id.context["line"] == by_number.context["line"]


def test_what_is_not_there_is_not_found(alpha: Seat, admin: Client):
    keys = ("123", "nobody", "%00", "019ca945-0a00-7d9f-a6ef-cd2ee2181c0b")
    paths = [f"/{kind}/{key}/" for kind in ("sims", "lines", "subscribers") for key in keys]

    codes = {admin.get(path).status_code for path in paths}

    assert codes == {404}


def test_a_subscriber_counts_its_lines_by_state(world: World, alpha: Seat, admin: Client):
    one, _two = world.cards(alpha, 2)
    world.suspended(alpha, world.an_active_line(alpha, one, name="Ana Silva"), "overdue")

    row = text_of(admin.get("/subscribers/?q=silva"))

    assert "1 to 1 of 1" in row
    assert "Ana Silva person \N{EN DASH} 1 0 1 1 Mar 12:00" in row


def test_the_newest_subscriber_comes_first(world: World, alpha: Seat, admin: Client):
    for card, name in zip(world.cards(alpha, 3), ("Ana", "Bo", "Cy"), strict=True):
        world.clock.advance(minutes=1)
        world.a_line(alpha, card, name=name)

    rows = admin.get("/subscribers/").context["rows"]

    assert [row.name for row in rows] == ["Cy", "Bo", "Ana"]


def test_a_single_hit_of_the_search_is_gone_to(world: World, alpha: Seat, admin: Client):
    cards = world.cards(alpha, 2)

    answer = admin.get(f"/search/?q={cards[1]}")

    assert answer["Location"] == f"/sims/{cards[1]}/"


def test_one_box_finds_lines_names_and_cards(world: World, alpha: Seat, admin: Client):
    first, second = world.cards(alpha, 2)
    world.an_active_line(alpha, first, name="Ana Silva", msisdn="46701000001")
    world.an_active_line(alpha, second, name="Susana Lima", msisdn="46701000002")
    texts = ("46 701-000", "ana", "00101000000", "894911")

    found = [len(admin.get("/search/", {"q": text}).context["found"]) for text in texts]

    assert found == [2, 2, 2, 2]


def test_the_search_sees_no_other_operator(world: World, alpha: Seat, admin: Client):
    beta = world.an_operator("beta", name="Beta", range_="001012")
    world.an_active_line(beta, world.cards(beta, 1)[0], name="Ana", msisdn="46701000001")

    assert "Nothing matches" in text_of(admin.get("/search/?q=4670"))
    assert "Nothing matches" in text_of(admin.get("/search/?q=ana"))


def test_two_letters_are_too_few_to_search(alpha: Seat, admin: Client):
    assert "Search takes 3 characters or more" in text_of(admin.get("/search/?q=ab"))


def test_the_palette_gets_its_results(world: World, alpha: Seat, admin: Client):
    cards = world.cards(alpha, 2)

    part = admin.get(f"/search/?extended=1&s={cards[0]}").content.decode()

    assert f'href="/sims/{cards[0]}/"' in part


def test_the_activity_links_to_what_it_tells_of(world: World, alpha: Seat, admin: Client):
    [card] = world.cards(alpha, 1)
    line_id = world.an_active_line(alpha, card, name="Ana")

    page = admin.get("/activity/").content.decode()

    assert f'<a href="/lines/{line_id}/">Line</a>: pending → active' in page


def test_text_of_others_is_never_markup(world: World, alpha: Seat, admin: Client):
    [card] = world.cards(alpha, 1, batch="<script>alert(1)</script>")
    world.an_active_line(alpha, card, name="<img src=x onerror=alert(1)>")

    pages = [
        admin.get(path).content.decode() for path in ("/", "/sims/", f"/sims/{card}/", "/lines/")
    ]

    assert not any("<script>alert" in page or "<img src=x" in page for page in pages)


def test_help_explains_the_words_and_the_keys(alpha: Seat, admin: Client):
    page = text_of(admin.get("/help/"))

    assert "The number printed on the SIM card" in page
    assert "g s SIMs" in page


def test_what_passes_is_told_per_application(world: World, alpha: Seat, admin: Client):
    world.a_peer("mme1.example.org")
    world.a_connection("mme1.example.org")
    world.a_tally("mme1.example.org", 16777251, {"2001": 7, "3gpp 5001": 30}, per_second=2.5)

    page = text_of(admin.get("/peers/"))

    assert "3gpp 5001 \N{MULTIPLICATION SIGN} 30" in page
    assert "2001 \N{MULTIPLICATION SIGN} 7" in page
    assert "most fail" in page
    assert "2.5" in page


def test_a_rate_of_which_nothing_was_heard_lately_is_nothing(
    world: World, alpha: Seat, admin: Client
):
    world.a_peer("mme1.example.org")
    world.a_tally("mme1.example.org", 4, {"2001": 7}, per_second=2.5)
    world.clock.advance(seconds=31)

    page = text_of(admin.get("/peers/"))

    assert "2.5" not in page
    assert "2001 \N{MULTIPLICATION SIGN} 7" in page


def test_two_connections_of_a_peer_are_told_apart_by_our_names(
    world: World, alpha: Seat, admin: Client
):
    world.a_peer("mme1.example.org")
    world.a_connection("mme1.example.org", state="closed", lease=0)
    world.a_connection("mme1.example.org", local="hss2.example.org")

    page = text_of(admin.get("/peers/"))

    assert "1 of 1 peer is connected" in page
    assert "as hss2" in page
    assert "closed 1 Mar 12:00" in page
