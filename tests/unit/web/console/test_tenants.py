"""Operators for the platform's staff, settings for an operator's own, MVNOs for a host."""

import io
import re
from collections.abc import Iterator

import pytest
from django.test import Client

from tests.unit.web.console.conftest import logged_in, text_of
from tests.unit.web.console.world import Seat, World
from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.business.operators import services as operator_services
from wispgate.business.operators import settings as operator_settings
from wispgate.business.tenants import archive
from wispgate.business.tenants.services import deletion


@pytest.fixture
def root(world: World, alpha: Seat) -> Client:
    return logged_in(world.a_member("root@platform.example", "admin"))


@pytest.fixture
def guest(world: World, alpha: Seat) -> str:
    with scopes.within(world.platform()):
        operator_services.create_operator(
            slug="guest", name="Guest Mobile", currency="EUR", time_zone="UTC", kind="mvno",
            host="alpha",
        )  # fmt: skip
    return "guest"


def a_line(world: World, seat: Seat) -> str:
    [card] = world.cards(seat, 1)
    world.an_active_line(seat, card, name="Ana Silva", msisdn="46701000000")
    return card


def test_the_list_says_of_each_operator_what_it_is(
    world: World, alpha: Seat, root: Client, guest: str
) -> None:
    a_line(world, alpha)

    page = text_of(root.get("/operators/"))

    assert "2 operators with 1 active line, none suspended." in page
    assert "Alpha Mobile" in page
    assert "MVNO alpha" in page


def test_an_operators_page_opens_with_state_lines_cores_host_and_export(
    world: World, alpha: Seat, root: Client, guest: str
) -> None:
    a_line(world, alpha)

    assert "On, 1 active line of 1, served by " in text_of(root.get("/operators/alpha/"))
    page = text_of(root.get("/operators/guest/"))
    assert "On, 0 active lines of 0, served by no core yet, under alpha, never exported." in page


def test_an_operator_is_made_suspended_resumed_and_deleted(
    world: World, alpha: Seat, root: Client
) -> None:
    a_line(world, alpha)
    new = {"slug": "beta", "name": "Beta", "kind": "mvno", "host": "alpha", "currency": "EUR",
           "time_zone": "UTC"}  # fmt: skip
    assert root.post("/operators/_new/", new).status_code == 302

    asked = text_of(root.get("/operators/alpha/suspend/?reason=overdue"))
    assert "1 active line goes off" in asked
    assert root.post("/operators/alpha/suspend/", {"reason": "overdue"}).status_code == 302
    assert "Suspended for it has not paid since" in text_of(root.get("/operators/alpha/"))
    assert root.post("/operators/alpha/resume/", {"reason": "overdue"}).status_code == 302

    hosting = text_of(root.get("/operators/alpha/delete/?typed_slug=alpha"))
    assert "it is the host of beta: free or delete them first" in hosting
    assert root.post("/operators/beta/host/", {"host": ""}).status_code == 302
    wrong = root.post("/operators/alpha/delete/", {"typed_slug": "alph"})
    errors = {field.name: field.error for field in wrong.context["fields"]}
    assert (wrong.status_code, errors["typed_slug"]) == (409, "this is not alpha")
    typed = {"typed_slug": "alpha"}
    assert "it is on: suspend it first" in text_of(root.get("/operators/alpha/delete/", typed))
    assert root.post("/operators/alpha/delete/", typed).status_code == 409
    assert root.post("/operators/alpha/suspend/", {"reason": "overdue"}).status_code == 302
    assert root.post("/operators/alpha/delete/", typed).status_code == 302
    assert "0 rows are gone so far" in text_of(root.get("/operators/alpha/"))
    assert "(alpha): waits for the worker" in text_of(root.get("/operators/"))
    assert root.post("/operators/alpha/resume/", {"reason": "overdue"}).status_code == 409
    deletion.work_off(world.clock.now())
    assert root.get("/operators/alpha/").status_code == 404
    assert "Alpha Mobile (alpha): gone," in text_of(root.get("/operators/"))


def test_an_archive_is_downloaded_by_its_button_only(alpha: Seat, root: Client) -> None:
    assert root.get("/operators/alpha/archive/").status_code == 404

    answer = root.post("/operators/alpha/archive/")

    content: Iterator[bytes] = answer.streaming_content
    with archive.reading(io.BytesIO(b"".join(content))) as reader:
        assert reader.manifest.slug == "alpha"
    assert re.search(r'filename="alpha-\d{4}-\d\d-\d\d.zip"', answer["Content-Disposition"])


def test_operators_are_the_platforms_page(admin: Client, viewer: Client) -> None:
    for address in ("/operators/", "/operators/alpha/", "/operators/alpha/delete/"):
        assert admin.get(address).status_code == 403
        assert viewer.get(address).status_code == 403
    assert admin.post("/operators/alpha/archive/").status_code == 403


def test_an_operators_own_admin_fills_in_its_settings(
    world: World, alpha: Seat, admin: Client
) -> None:
    assert "Still to set: a brand, a tax rate" in text_of(admin.get("/settings/"))
    orders = {
        "names": {"name": "Alpha", "currency": "NOK", "time_zone": "Europe/Oslo",
                  "languages": "no, en"},
        "brand": {"display_name": "Alpha", "main_colour": "#123456"},
        "suspension": {"kind": "soft"},
        "add_domain": {"name": "my.alpha.example"},
        "add_tax": {"code": "vat", "name": "VAT", "percent": "25", "valid_from": "2026-01-01"},
        "series": {"kind": "invoice", "prefix": "A-", "digits": "5", "first_number": "1",
                   "is_yearly": "on"},
    }  # fmt: skip

    for name, given in orders.items():
        assert admin.post(f"/settings/{name}/", given).status_code == 302, name

    page = text_of(admin.get("/settings/"))
    assert "Alpha, MNO, in NOK, Europe/Oslo, 1 domain" in page
    assert "the first is A-" in page
    assert "soft: attaches, gets no session" in page
    with scopes.within(world.tenant(alpha)):
        (rate,) = operators.list_tax_rates(alpha.operator_id)
    ended = {"rate": str(rate.id), "valid_until": "2026-07-01"}
    assert admin.post("/settings/end_tax/", ended).status_code == 302
    assert admin.post("/settings/remove_domain/", {"name": "my.alpha.example"}).status_code == 302


@pytest.mark.parametrize(
    ("order", "given", "wrong"),
    [
        ("names", {"name": "", "currency": "euro", "time_zone": "Mars"},
         {"name", "currency", "time_zone"}),
        ("brand", {"display_name": "", "main_colour": "red", "support_url": "x"},
         {"display_name", "main_colour", "support_url"}),
        ("suspension", {"kind": "gentle"}, {"kind"}),
        ("add_domain", {"name": ""}, {"name"}),
        ("add_tax", {"code": "vat", "percent": "much", "valid_from": "soon", "valid_until": "x"},
         {"percent", "valid_from", "valid_until"}),
        ("add_tax", {"code": "vat", "percent": "101", "valid_from": "2026-01-01"}, {"percent"}),
        ("series", {"kind": "invoice", "digits": "x", "first_number": "0"},
         {"digits", "first_number"}),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_form_is_told_by_field(
    admin: Client, order: str, given: dict, wrong: set
) -> None:
    answer = admin.get(f"/settings/{order}/", given)

    assert {field.name for field in answer.context["fields"] if field.error} == wrong


def test_a_viewer_reads_the_settings_and_no_secret_is_on_the_page(
    world: World, alpha: Seat, viewer: Client
) -> None:
    with scopes.within(world.tenant(alpha)):
        operator_settings.put_gateway(
            name="cards", kind="stripe", public={}, credentials={"api_key": "sk_live_1"}
        )

    page = viewer.get("/settings/")

    assert "sealed: api_key" in text_of(page)
    assert b"sk_live_1" not in page.content
    assert viewer.post("/settings/brand/", {"display_name": "X"}).status_code == 403


def test_a_host_gives_sims_and_numbers_and_takes_them_back(
    world: World, alpha: Seat, admin: Client, guest: str
) -> None:
    first, second = sorted(world.cards(alpha, 2))
    admin.post("/numbers/add_range/", {"first": "46701000000", "last": "46701000099",
                                       "number_class": "ordinary"})  # fmt: skip
    sims = {"mvno": "guest", "first": first, "last": second}
    numbers = {"mvno": "guest", "first": "46701000010", "last": "46701000019"}

    asked = admin.get("/mvnos/allot_sims/", sims)
    assert asked.context["title"] == "Give SIMs"
    assert "to Guest Mobile" in text_of(asked)
    assert admin.post("/mvnos/allot_sims/", sims).status_code == 302
    assert "Give 10 numbers" in text_of(admin.get("/mvnos/allot_numbers/", numbers))
    assert admin.post("/mvnos/allot_numbers/", numbers).status_code == 302

    answer = admin.get("/mvnos/")
    assert "1 MVNO with 0 active lines, 2 SIMs still in stock there." in text_of(answer)
    given = answer.context["allotments"]
    for allotment in given:
        page = text_of(admin.get(f"/allotments/{allotment.id}/take_back/"))
        assert "Take back" in page
        assert admin.post(f"/allotments/{allotment.id}/take_back/").status_code == 302
    assert "0 SIMs still in stock there." in text_of(admin.get("/mvnos/"))
    assert admin.get("/allotments/nonsense/take_back/").status_code == 404


def test_wrong_ends_of_an_allotment_are_told(admin: Client, guest: str) -> None:
    numbers = {"mvno": "guest", "first": "46701000019", "last": "46701000010"}
    sims = {"mvno": "guest", "first": "8946", "last": ""}

    for order, given in (("allot_numbers", numbers), ("allot_sims", sims)):
        answer = admin.get(f"/mvnos/{order}/", given)
        assert {field.name for field in answer.context["fields"] if field.error} == {"last"}
