"""Number ranges, numbers that are kept back, and what subscribers were told."""

from datetime import timedelta
from uuid import UUID

from django.test import Client

from tests.unit.web.console.conftest import logged_in, text_of
from tests.unit.web.console.world import Seat, World
from wispgate.business.inventory import numbers
from wispgate.business.operators import scope as scopes


def a_line(world: World, seat: Seat) -> UUID:
    [card] = world.cards(seat, 1)
    return world.an_active_line(seat, card, name="Ana Silva", msisdn="46701000000")


def a_range(admin: Client) -> None:
    given = {"first": "46701000000", "last": "46701000099", "number_class": "ordinary"}
    assert admin.post("/numbers/add_range/", given).status_code == 302


def test_a_range_is_added_and_counts_what_is_free(world: World, alpha: Seat, admin: Client):
    asked = admin.get("/numbers/add_range/?first=46701000000&last=46701000099&number_class=gold")
    a_range(admin)
    a_line(world, alpha)

    page = text_of(admin.get("/numbers/"))

    assert "Add 100 numbers" in text_of(asked)
    assert "1 number in use, 99 free." in page
    assert "46701000000 to 46701000099" in page


def test_a_range_that_overlaps_is_refused(alpha: Seat, admin: Client):
    a_range(admin)
    given = {"first": "46701000050", "last": "46701000150", "number_class": "ordinary"}

    answer = admin.post("/numbers/add_range/", given)

    assert answer.status_code == 409
    assert "overlaps a range that is there" in text_of(answer)


def test_ends_of_a_range_are_checked_by_field(alpha: Seat, admin: Client):
    answer = admin.get("/numbers/add_range/?first=46701000099&last=46701000000&number_class=tin")

    errors = {field.name for field in answer.context["fields"] if field.error}
    assert errors == {"last", "number_class"}


def test_a_number_that_was_given_up_rests_until_its_time(world: World, alpha: Seat, admin: Client):
    a_range(admin)
    line_id = a_line(world, alpha)
    admin.post(f"/lines/{line_id}/terminate/", {})

    resting = text_of(admin.get("/numbers/?state=quarantine"))
    world.clock.advance(days=91)
    later = text_of(logged_in(alpha.admin).get("/numbers/"))

    assert "46701000000 quarantine 30 May 12:00" in resting
    assert "0 numbers in use, 100 free." in later


def test_a_reserved_number_is_shown_with_its_end(world: World, alpha: Seat, admin: Client):
    a_range(admin)
    with scopes.within(world.tenant(alpha)):
        numbers.reserve("46701000007", until=world.clock.now() + timedelta(days=3))

    answer = admin.get("/numbers/?state=reserved")

    assert "46701000007 reserved 4 Mar 12:00" in text_of(answer)
    assert [(tab.title, tab.count) for tab in answer.context["tabs"]] == [
        ("in use", 0),
        ("reserved", 1),
        ("quarantine", 0),
        ("ported out", 0),
    ]


def test_a_new_line_is_offered_the_next_free_number(world: World, alpha: Seat, admin: Client):
    a_range(admin)
    subscriber_id = world.subscriber_of(alpha, a_line(world, alpha))

    fields = admin.get(f"/subscribers/{subscriber_id}/new-line/").context["fields"]

    assert {field.name: field.value for field in fields}["msisdn"] == "46701000001"


def test_messages_are_listed_with_line_and_subscriber(world: World, alpha: Seat, admin: Client):
    world.told(alpha, a_line(world, alpha))

    page = text_of(admin.get("/messages/"))

    assert "1 message. They stand here" in page
    assert "5 GB of data added Your line 46701000000 got 5 GB of data. 46701000000" in page
    assert len(admin.get("/messages/?q=46701").context["rows"]) == 1
    assert len(admin.get("/messages/?q=invoice").context["rows"]) == 0


def test_what_was_told_is_in_the_stream_of_its_line(world: World, alpha: Seat, admin: Client):
    line_id = a_line(world, alpha)
    world.told(alpha, line_id)

    events = admin.get(f"/lines/{line_id}/").context["events"]

    told = [event.what for event in events if event.kind == "messages"]
    assert told == ["Your line 46701000000 got 5 GB of data."]


def test_another_operator_sees_no_message_and_no_range(world: World, alpha: Seat, admin: Client):
    a_range(admin)
    world.told(alpha, a_line(world, alpha))
    beta = world.an_operator("beta", name="Beta", range_="001012")
    client = logged_in(beta.admin)

    assert client.get("/messages/").context["rows"] == []
    assert client.get("/numbers/").context["ranges"] == []


def test_a_viewer_adds_no_range(alpha: Seat, viewer: Client):
    page = viewer.get("/numbers/")

    assert page.context["orders"] == []
    assert viewer.post("/numbers/add_range/", {}).status_code == 403
