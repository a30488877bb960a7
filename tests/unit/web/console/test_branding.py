"""An operator's own name, colours and picture, and its own domain as its own door."""

import base64
import json
import re
from datetime import datetime
from typing import Any

import pytest
import segno
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.harness.clock import TravellingClock
from tests.harness.pictures import a_png
from tests.unit.web.console.conftest import logged_in
from tests.unit.web.console.world import PASSWORD, Seat, World
from wispgate.business.audit import queries as audit
from wispgate.business.login.services import passwords
from wispgate.business.operators import scope as scopes
from wispgate.business.operators import settings as operator_settings
from wispgate.domain.brand.colours import scale_of
from wispgate.domain.login import totp
from wispgate.web.site import hosts

OWN = "console.beta.example"
RED, LOGO = "#b3261e", a_png(40, 20, (179, 38, 30))


@pytest.fixture
def beta(world: World, alpha: Seat, settings: Any) -> Seat:
    """Besides Alpha, which has no brand: an operator with one, and a domain."""
    settings.WISPGATE_ALLOWED_HOSTS = ["testserver"]
    hosts.OWNERS.forget()
    seat = world.an_operator("beta", name="Beta Wireless Ltd", range_="001012")
    with scopes.within(world.tenant(seat)):
        operator_settings.set_brand(
            display_name="Bèta & Co", main_colour=RED, support_email="help@beta.example"
        )
        operator_settings.set_logo(LOGO)
        operator_settings.add_domain(OWN)
    return seat


def at_home(email: str) -> Client:
    client = Client(HTTP_HOST=OWN)
    client.post("/login/", {"email": email, "password": PASSWORD})
    return client


def test_on_its_own_domain_an_operators_brand_is_at_the_door(world: World, beta: Seat):
    own = Client(HTTP_HOST=OWN).get("/login/").content.decode()
    common = Client().get("/login/").content.decode()

    assert "Log in · Bèta &amp; Co</title>" in own
    assert f'src="/brand/{beta.operator_id}/logo"' in own
    assert f"--color-primary-700: {scale_of(RED)['700']};" in own
    assert "help@beta.example" in own
    assert "Log in · WISPGate</title>" in common
    for told in ("Bèta", "/brand/", scale_of(RED)["700"], "help@beta.example"):
        assert told not in common


def test_a_picture_is_shown_on_its_operators_domain_and_to_its_staff(world: World, beta: Seat):
    path = f"/brand/{beta.operator_id}/logo"

    shown = Client(HTTP_HOST=OWN).get(path)

    assert (shown.content, shown["Content-Type"]) == (LOGO, "image/png")
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in shown["Content-Security-Policy"]
    assert logged_in(beta.admin).get(path).content == LOGO
    assert Client().get(path).status_code == 404
    assert logged_in("admin@alpha.example").get(path).status_code == 404


def test_the_console_wears_the_brand_of_the_operator_that_is_looked_at(world: World, beta: Seat):
    of_beta = logged_in(beta.admin).get("/").content.decode()
    of_alpha = logged_in("admin@alpha.example").get("/").content.decode()

    assert "· Bèta &amp; Co</title>" in of_beta
    assert "Beta Wireless Ltd" in of_beta
    assert f"--color-primary-600: {RED};" in of_beta
    assert "· WISPGate</title>" in of_alpha
    assert RED not in of_alpha


def test_only_its_own_staff_comes_in_by_an_operators_domain(world: World, beta: Seat):
    root = world.a_member("root@platform.example", "admin")

    refused = {
        email: Client(HTTP_HOST=OWN).post("/login/", {"email": email, "password": PASSWORD})
        for email in ("admin@alpha.example", root)
    }

    assert at_home(beta.admin).get("/").status_code == 200
    for email, answer in refused.items():
        assert answer.status_code == 200
        assert "The address or the password is wrong." in answer.content.decode(), email
    with scopes.within(world.platform()):
        entries = audit.list_entries(object_type="staff")
    assert {each.actor for each in entries if each.action == "refused"} == set(refused)


def test_a_session_of_somebody_else_is_nobodys_on_that_domain(world: World, beta: Seat):
    client = logged_in("admin@alpha.example")
    assert client.get("/").status_code == 200

    answer = client.get("/", HTTP_HOST=OWN)

    assert (answer.status_code, answer["Location"]) == (302, "/login/")


def test_a_name_that_nobody_has_is_refused_before_any_page(world: World, beta: Seat):
    answers = [Client(HTTP_HOST=name).get("/login/") for name in ("evil.example", "x", "192.0.2.1")]

    assert [answer.status_code for answer in answers] == [400, 400, 400]
    assert Client().get("/login/").status_code == 200


def test_an_operator_cannot_take_the_installations_own_name(
    world: World, beta: Seat, settings: Any
):
    settings.WISPGATE_ALLOWED_HOSTS = ["testserver", OWN]

    page = Client(HTTP_HOST=OWN).get("/login/").content.decode()

    assert "Log in · WISPGate</title>" in page
    assert at_home("admin@alpha.example").get("/").status_code == 200


def test_monitors_of_a_domain_need_an_allowed_name(world: World, beta: Seat):
    assert Client().get("/healthz").status_code == 200
    assert Client(HTTP_HOST=OWN).get("/healthz").status_code == 400


def test_names_are_remembered_for_some_seconds_and_not_without_end(
    clock: TravellingClock, settings: Any, monkeypatch: pytest.MonkeyPatch
):
    settings.WISPGATE_CLOCK = clock
    asked: list[str] = []

    def find(name: str, *, now: datetime) -> None:
        assert now == clock.now()
        asked.append(name)

    monkeypatch.setattr(hosts.operators, "find_operator_of_domain", find)
    monkeypatch.setattr(hosts, "MOST_NAMES", 2)
    owners = hosts.Owners()

    for at in (0.0, hosts.REMEMBERED_SECONDS - 1, hosts.REMEMBERED_SECONDS):
        owners.of("a.example", at=at)
    assert asked == ["a.example"] * 2
    for name in ("b.example", "c.example", "b.example", "c.example", "a.example"):
        owners.of(name, at=hosts.REMEMBERED_SECONDS)
    assert asked[2:] == ["b.example", "c.example", "a.example"]


def test_forms_are_taken_from_the_domain_itself_and_from_no_other(
    world: World, beta: Seat, settings: Any
):
    settings.WISPGATE_PUBLIC_URL = "https://console.example.net"

    def sent(origin: str) -> int:
        client = Client(HTTP_HOST=OWN, enforce_csrf_checks=True)
        page = client.get("/login/").content.decode()
        token = page.partition('csrfmiddlewaretoken" value="')[2].partition('"')[0]
        given = {"email": beta.admin, "password": PASSWORD, "csrfmiddlewaretoken": token}
        return client.post("/login/", given, HTTP_ORIGIN=origin).status_code

    assert sent(f"https://{OWN}") == 302
    assert sent("https://evil.example") == 403


def test_a_logo_is_sent_looked_at_and_taken_away(world: World, alpha: Seat, admin: Client):
    def send(content: bytes) -> str:
        file = SimpleUploadedFile("logo.png", content, content_type="image/png")
        answer = admin.post("/settings/logo/", {"step": "set", "file": file}, follow=True)
        return answer.content.decode()

    svg, behind = send(b"<svg onload='alert(1)'/>"), send(LOGO + b"<script>")
    large = send(LOGO + b"0" * operator_settings.LARGEST_LOGO_OCTETS)
    nothing = admin.post("/settings/logo/", {"step": "set"}).content.decode()

    assert "neither a PNG nor a JPEG" in svg
    assert "the picture is broken" in behind.lower()
    assert "256 KiB at most" in large
    assert "Choose a file." in nothing
    path = f"/brand/{alpha.operator_id}/logo"
    assert admin.get(path).status_code == 404
    assert "The logo is set." in send(LOGO)
    assert admin.get(path).content == LOGO
    admin.post("/settings/logo/", {"step": "remove"})
    assert admin.get(path).status_code == 404


def test_a_mail_with_a_link_is_signed_with_the_brand(world: World, beta: Seat):
    mails: list[passwords.Mail] = []
    for email in (beta.admin, "admin@alpha.example"):
        Client().post("/login/forgotten/", {"email": email})
    passwords.answer_requests(world.clock.now(), mails.append)

    by_recipient = {mail.to: mail for mail in mails}
    assert by_recipient[beta.admin].subject == "A new password for Bèta & Co"
    assert by_recipient[beta.admin].text.endswith("-- \nBèta & Co\nHelp: help@beta.example\n")
    assert by_recipient["admin@alpha.example"].subject == "A new password for WISPGate"


@pytest.mark.parametrize(("host", "name"), [(OWN, "Bèta & Co"), ("testserver", "WISPGate")])
def test_passkeys_and_codes_carry_the_name_of_the_door(
    world: World, beta: Seat, host: str, name: str
):
    client = Client(HTTP_HOST=host)
    client.post("/login/", {"email": beta.admin, "password": PASSWORD}, secure=True)

    of_key = client.get("/me/factors/key/", secure=True).content.decode()
    of_app = client.get("/me/factors/app/", secure=True).content.decode()

    asked = re.search(
        r'<script[^>]*type="application/json"[^>]*>(\{"publicKey.*?)</script>', of_key
    )
    secret = re.search(r'class="wg-secret">([A-Z2-7 ]{16,})<', of_app)
    assert asked is not None
    assert secret is not None
    assert json.loads(asked[1])["publicKey"]["rp"] == {"id": host, "name": name}
    address = totp.address(
        base64.b32decode(secret[1].replace(" ", "")), issuer=name, account=beta.admin
    )
    drawn = segno.make(address, error="m", micro=False).svg_inline(
        scale=5, border=4, dark="#000", light="#fff", omitsize=True
    )
    assert drawn in of_app


def test_the_accent_is_drawn_in_shades_that_can_be_seen(world: World, beta: Seat):
    with scopes.within(world.tenant(beta)):
        operator_settings.set_brand(accent_colour="#ffe600")

    page = logged_in(beta.admin).get("/").content.decode()

    assert f"--color-accent-600: {scale_of('#ffe600')['600']};" in page
    assert "--color-accent" not in logged_in("admin@alpha.example").get("/").content.decode()
