"""Home, live sessions, pushes and numbers: what is counted, listed and refreshed."""

import json
import re
from uuid import UUID

from django.test import Client

from tests.unit.web.console.conftest import logged_in, text_of
from tests.unit.web.console.world import Seat, World

GB = 1_000_000_000
LONG_ID = "smf.epc.mnc001.mcc001.3gppnetwork.org;1772366040;3/4;app gy"


def a_line(world: World, seat: Seat, number: int = 1) -> UUID:
    [card] = world.cards(seat, 1, start=number, batch=f"batch {number}")
    line_id = world.an_active_line(
        seat, card, name=f"Customer {number}", msisdn=f"4670100000{number}"
    )
    if number == 1:
        world.a_plan(seat)
    world.bought(seat, line_id)
    return line_id


def test_home_counts_what_is_online_and_what_failed(world: World, alpha: Seat, admin: Client):
    line_id = a_line(world, alpha)
    world.a_registration(line_id)
    world.a_session(line_id)
    world.a_push(line_id, state="failed")
    world.clock.advance(seconds=1)
    world.a_push(line_id, state="waiting_for_peer")
    world.a_peer("mme1.example.org")
    world.a_connection("mme1.example.org")

    page = text_of(admin.get("/"))

    assert (
        "1 line active, 1 phone registered, 1 online, 1 of 1 peer open; "
        "1 push failed in a day, 1 push under way."
    ) in page


def test_usage_of_the_day_is_charted_by_hour(world: World, alpha: Seat, admin: Client):
    session_id = world.a_session(a_line(world, alpha))
    world.used(session_id, 2 * GB)
    world.clock.advance(hours=3)
    admin = logged_in(alpha.admin)
    world.used(session_id, 3 * GB)

    answer = admin.get("/")

    assert "5 GB used in 24 hours, most after 15:00" in text_of(answer)
    data = re.search(
        r'id="c-hours" type="application/json">(.+?)</script>', answer.content.decode()
    )
    assert data is not None
    drawn = json.loads(data[1])
    assert (drawn["values"][20], drawn["values"][23]) == (2 * GB, 3 * GB)
    assert (drawn["labels"][20], drawn["shown"][23], drawn["unit"]) == ("12:00", "3 GB", "octets")


def test_a_day_is_the_operators_day(world: World):
    seat = world.an_operator("alpha", name="Alpha", zone="America/Sao_Paulo")
    session_id = world.a_session(a_line(world, seat))
    world.clock.advance(hours=14)
    world.used(session_id, GB)

    points = logged_in(seat.admin).get("/").context["charts"][1].points

    # 02:00 UTC on 2 March is 23:00 on 1 March there.
    assert (points[-1].label, points[-1].value) == ("1 Mar", GB)


def test_two_weeks_are_compared_in_the_title(world: World, alpha: Seat, admin: Client):
    session_id = world.a_session(a_line(world, alpha))
    world.used(session_id, 2 * GB)
    world.clock.advance(days=8)
    admin = logged_in(alpha.admin)
    world.used(session_id, 3 * GB)
    more = admin.get("/").context["charts"][1].title
    world.used(session_id, 2 * GB)
    many = admin.get("/").context["charts"][1].title

    assert more == "5 GB used in a fortnight, this week 50\u00a0% more than the week before"
    assert many == "7 GB used in a fortnight, this week 2.5 times the week before"


def test_activations_are_counted_by_day(world: World, alpha: Seat, admin: Client):
    a_line(world, alpha, 1)
    world.clock.advance(days=1)
    admin = logged_in(alpha.admin)
    a_line(world, alpha, 2)

    charts = admin.get("/").context["charts"]

    assert [point.value for point in charts[2].points[-2:]] == [1, 1]
    assert charts[2].title == "2 activations in a fortnight, all of it this week"


def test_charts_of_nothing_say_so(alpha: Seat, admin: Client):
    titles = [chart.title for chart in admin.get("/").context["charts"]]

    assert titles == [
        "Nothing was used in the last 24 hours",
        "Nothing was used in a fortnight",
        "No line was activated in a fortnight",
    ]


def test_a_chart_can_be_taken_as_a_file(world: World, alpha: Seat, admin: Client):
    world.used(world.a_session(a_line(world, alpha)), GB)

    answer = admin.get("/charts/days.csv")

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    lines = answer.content.decode().splitlines()
    assert (lines[0], lines[-1], len(lines)) == ("day,octets", "1 Mar,1000000000", 15)
    assert admin.get("/charts/other.csv").status_code == 404


def test_a_refresh_of_home_brings_the_counts_only(world: World, alpha: Seat, admin: Client):
    counts = admin.get("/", headers={"HX-Request": "true"})
    charts = admin.get("/?charts=1", headers={"HX-Request": "true"}).content.decode()

    assert counts["X-Known-At"] == "12:00:00"
    assert "wg-canvas" not in counts.content.decode()
    assert 'id="t-hours" hx-swap-oob="true"' in charts


def test_a_session_shows_line_usage_grant_and_speed(world: World, alpha: Seat, admin: Client):
    session_id = world.a_session(a_line(world, alpha))
    world.clock.advance(minutes=5)
    world.used(session_id, GB)

    page = text_of(admin.get("/sessions/"))

    assert "1 session open; the newest began 1 Mar 12:00." in page
    assert (
        "46701000001 Customer 1 001010000000001 internet 12:00:00 1 GB 50 MB "
        "50 Mbit/s down, 10 Mbit/s up 12:05:00 pgw1"
    ) in page


def test_sessions_are_filtered_by_line_apn_and_peer(world: World, alpha: Seat, admin: Client):
    for number in (1, 2):
        world.a_session(a_line(world, alpha, number), session_id=f"pgw1;{number}")
    texts = ("46701000002", "001010000000001", "INTERNET", "pgw1", "10.45.0.2", "ims")

    found = [len(admin.get("/sessions/", {"q": text}).context["rows"]) for text in texts]

    assert found == [1, 1, 2, 2, 2, 0]


def test_a_session_without_reports_is_called_silent(world: World, alpha: Seat, admin: Client):
    world.a_session(a_line(world, alpha))
    world.clock.advance(hours=2, seconds=1)
    admin = logged_in(alpha.admin)

    page = text_of(admin.get("/sessions/?state=silent"))

    assert "1 session open; 1 without a report for two hours" in page
    assert "46701000001" in page


def test_ended_sessions_are_shown_for_a_day(world: World, alpha: Seat, admin: Client):
    world.ended(world.a_session(a_line(world, alpha)))

    before = len(admin.get("/sessions/?state=ended").context["rows"])
    world.clock.advance(hours=25)
    admin = logged_in(alpha.admin)

    assert before == 1
    assert len(admin.get("/sessions/?state=ended").context["rows"]) == 0
    assert "Nobody is online." in text_of(admin.get("/sessions/"))


def test_the_page_of_a_session_shows_groups_and_ledger(world: World, alpha: Seat, admin: Client):
    session_id = world.a_session(a_line(world, alpha), session_id=LONG_ID)
    world.used(session_id, GB)

    address = re.search(r'"(/sessions/smf[^"]+)"', admin.get("/sessions/").content.decode())
    assert address is not None
    page = text_of(admin.get(address[1]))

    assert LONG_ID in page
    assert "Open since 1 Mar 12:00; 1 GB used, last report 1 Mar 12:00." in page
    assert "all traffic 50 MB" in page
    assert "Used Gold \N{MINUS SIGN}1 GB request 1" in page


def test_the_page_of_an_ended_session_says_how_long_it_was(
    world: World, alpha: Seat, admin: Client
):
    session_id = world.a_session(a_line(world, alpha))
    world.clock.advance(minutes=95)
    world.ended(session_id)

    page = text_of(admin.get(f"/sessions/{session_id}/"))

    assert "Ended 1 Mar 13:35 after 1 h 35 min; 0 B used." in page


def test_every_push_of_a_tab_is_listed(world: World, alpha: Seat, admin: Client):
    line_id = a_line(world, alpha)
    for state in ("asked", "sent", "acknowledged", "in_effect", "failed", "superseded"):
        world.clock.advance(seconds=1)
        world.a_push(line_id, state=state)

    tabs = {tab.title: tab for tab in admin.get("/pushes/").context["tabs"]}

    counts = {title: tab.count for title, tab in tabs.items()}
    assert counts == {"all": 6, "under way": 3, "in effect": 1, "failed": 1, "superseded": 1}
    assert len(admin.get(f"/pushes/{tabs['under way'].address}").context["rows"]) == 3


def test_empty_lists_say_what_belongs_there(alpha: Seat, admin: Client):
    paths = ("/sessions/", "/pushes/", "/numbers/", "/plans/")

    pages = [text_of(admin.get(path)) for path in paths]

    said = ("Nobody is online", "Nothing was pushed yet", "No number is in use", "No plans yet")
    assert all(words in page for words, page in zip(said, pages, strict=True))


def test_a_number_is_in_use_until_its_line_ends(world: World, alpha: Seat, admin: Client):
    line_id = a_line(world, alpha)
    before = text_of(admin.get("/numbers/"))

    admin.post(f"/lines/{line_id}/terminate/", {})

    assert "1 number in use." in before
    assert "46701000001 active Customer 1" in before
    assert "No number is in use" in text_of(admin.get("/numbers/"))


def test_another_operator_sees_no_session_and_no_push(world: World, alpha: Seat):
    line_id = a_line(world, alpha)
    world.used(world.a_session(line_id), GB)
    world.a_push(line_id, state="failed")
    beta = world.an_operator("beta", name="Beta", range_="001012")
    client = logged_in(beta.admin)

    rows = [client.get(path).context["rows"] for path in ("/sessions/", "/pushes/", "/numbers/")]
    charts = client.get("/").context["charts"]

    assert rows == [[], [], []]
    assert all(chart.is_empty for chart in charts)
