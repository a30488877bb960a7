"""Plans: drafting with a preview, launching, retiring, versions and who has them."""

from django.test import Client

from tests.unit.web.console.conftest import text_of
from tests.unit.web.console.world import Seat, World

GOOD = {
    "name": "Gold",
    "code": "gold",
    "price": "10.00",
    "data": "40 GB",
    "days": "30",
    "down": "50 Mbit/s",
    "up": "10 Mbit/s",
    "exhaustion": "throttle",
    "slow_down": "1 Mbit/s",
    "slow_up": "256 kbit/s",
    "apns": "internet, ims",
    "qci": "9",
    "arp": "9",
    "free_groups": "100, 200",
    "slice": "50 MB",
    "validity": "3600",
    "zones": "",
    "barred": "geran, utran",
    "pdn": "ipv4v6",
    "static": "yes",
}


def test_a_plan_is_drafted_launched_and_retired(world: World, alpha: Seat, admin: Client):
    drafted = admin.post("/plans/_new/", GOOD | {"step": "draft"})
    draft = text_of(admin.get("/plans/gold/"))
    admin.post("/plans/gold/launch/", {})
    on_sale = text_of(admin.get("/plans/gold/"))
    admin.post("/plans/gold/retire/", {})

    assert drafted["Location"] == "/plans/gold/"
    assert "A draft since 1 Mar 12:00 for 10.00 EUR; 0 lines have it." in draft
    assert "On sale since 1 Mar 12:00 for 10.00 EUR; 0 lines have it." in on_sale
    assert "Retired since 1 Mar 12:00" in text_of(admin.get("/plans/gold/"))


def test_a_draft_says_in_words_what_a_customer_gets(world: World, alpha: Seat, admin: Client):
    part = admin.post("/plans/_new/", GOOD, headers={"HX-Request": "true"}).content.decode()

    assert "40 GB for 30 days." in part
    assert "When the data is used up: slowed to 1 Mbit/s down, 256 kbit/s up." in part
    assert "Opens internet, ims; class of service 9, priority 9 of 15." in part
    assert "At home only: no roaming." in part
    assert "Rating groups 100, 200 cost nothing." in part


def test_checking_a_draft_saves_nothing(alpha: Seat, admin: Client):
    answer = admin.post("/plans/_new/", GOOD | {"step": "check"})

    assert answer.status_code == 200
    assert "40 GB for 30 days." in text_of(answer)
    assert admin.get("/plans/gold/").status_code == 404


def test_every_wrong_field_is_told_at_once(alpha: Seat, admin: Client):
    wrong = {
        "code": "Gold 40",
        "price": "cheap",
        "data": "lots",
        "days": "0",
        "down": "fast",
        "exhaustion": "explode",
        "apns": "*",
        "qci": "0",
        "arp": "16",
        "slice": "0",
    }

    answer = admin.post("/plans/_new/", GOOD | wrong | {"step": "draft"})

    fields = [*answer.context["fields"], *answer.context["network_fields"]]
    assert {field.name for field in fields if field.error} == set(wrong)
    assert answer.status_code == 409
    assert "10 fields to look at" in text_of(answer)


def test_slowing_down_needs_its_speeds(alpha: Seat, admin: Client):
    answer = admin.post("/plans/_new/", GOOD | {"slow_down": "", "step": "draft"})

    errors = {field.name: field.error for field in answer.context["fields"] if field.error}
    assert set(errors) == {"slow_down"}


def test_the_next_version_begins_as_the_last_one_was(world: World, alpha: Seat, admin: Client):
    admin.post("/plans/_new/", GOOD | {"step": "draft"})

    answer = admin.get("/plans/_new/?from=gold")

    fields = [*answer.context["fields"], *answer.context["network_fields"]]
    values = {field.name: field.value for field in fields}
    assert values == GOOD | {"roaming": ""}


def test_lines_keep_their_version_and_are_counted_by_it(world: World, alpha: Seat, admin: Client):
    [card] = world.cards(alpha, 1)
    world.a_plan(alpha)
    world.bought(alpha, world.an_active_line(alpha, card, name="Ana"))
    world.a_plan(alpha, data_octets=60_000_000_000, name="Gold 60")

    page = text_of(admin.get("/plans/gold/"))

    assert "On sale since 1 Mar 12:00 for 10.00 EUR; 1 line has it." in page
    assert "2, Gold 60 on sale since 1 Mar 12:00 60 GB for 30 days" in page
    assert [version.holders for version in admin.get("/plans/gold/").context["plan"].versions] == [
        0,
        1,
    ]


def test_a_launch_says_what_it_replaces(world: World, alpha: Seat, admin: Client):
    world.a_plan(alpha)
    world.a_draft(alpha, name="Gold 60")

    page = text_of(admin.get("/plans/gold/launch/"))

    assert "Version 2 can be bought from now on" in page
    assert "Version 1 is not sold any more." in page
    assert "Launch Gold 60" in page


def test_what_is_retired_cannot_be_launched_again(world: World, alpha: Seat, admin: Client):
    world.a_plan(alpha)
    admin.post("/plans/gold/retire/", {})

    answer = admin.post("/plans/gold/launch/", {})

    assert answer.status_code == 409
    assert "Retired since" in text_of(admin.get("/plans/gold/"))


def test_a_viewer_reads_plans_and_changes_none(world: World, alpha: Seat, viewer: Client):
    world.a_plan(alpha)

    page = viewer.get("/plans/gold/")

    assert page.context["orders"] == []
    assert "Draft" not in text_of(page)
    assert "Draft a plan" not in text_of(viewer.get("/plans/"))
