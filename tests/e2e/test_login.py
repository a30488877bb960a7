"""Logging in as people do, in a real browser: apps, security keys, passkeys, single sign-on.

The browser's own virtual authenticator (Chrome DevTools protocol) is the security key; the provider
of single sign-on is a small server of the tests.
"""

import re
from base64 import b32decode
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import pytest
from django.test import override_settings
from playwright.sync_api import Browser, Page, expect

from tests.e2e.survey import CONTRAST, TOO_WIDE, WIDTHS, take_picture
from tests.harness.provider import CLIENT_ID, CLIENT_SECRET, Provider, a_provider
from tests.unit.web.console.world import PASSWORD, Seat, World
from wispgate.domain.login import totp

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def people(world: World) -> dict[str, str]:
    """Made before the browser starts: its event loop forbids Django's database in this thread."""
    seat: Seat = world.an_operator("alpha", name="Alpha Mobile")
    names = ("app", "key", "passkey", "demanded", "removing")
    found = {
        name: world.a_member(f"{name}@alpha.example", "operator_admin", "alpha") for name in names
    }
    return found | {"admin": seat.admin}


@pytest.fixture(scope="module")
def story(world: World, people: dict[str, str]) -> Any:
    """Enough for the server to start; this module needs no lines."""
    return people


@pytest.fixture
def site(address: str) -> str:
    """Keys are made for names, so the console is opened by one."""
    return address.replace("127.0.0.1", "localhost")


@pytest.fixture
def keyed(browser: Browser) -> Iterator[Page]:
    """A page in a browser of its own with a security key plugged in."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    protocol = context.new_cdp_session(page)
    protocol.send("WebAuthn.enable")
    protocol.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    yield page
    context.close()


def knock(page: Page, site: str, email: str) -> None:
    page.goto(f"{site}/login/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def code_for(page: Page, world: World) -> str:
    """As the app computes it from the secret that the page shows."""
    secret = b32decode(page.locator(".wg-secret").inner_text().replace(" ", ""))
    return totp.code_of(secret, totp.step_at(world.clock.now()))


def test_an_app_is_set_up_and_asked_for_at_the_next_login(
    page: Page, site: str, world: World, people: dict[str, str]
):
    knock(page, site, people["app"])
    page.goto(f"{site}/me/factors/app/")
    secret = b32decode(page.locator(".wg-secret").inner_text().replace(" ", ""))
    expect(page.locator(".wg-qr svg")).to_be_visible()
    page.get_by_label("The six digits").fill(code_for(page, world))
    page.get_by_role("button", name="Set up the app").click()
    codes = page.locator(".wg-codes li").all_inner_texts()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.locator("#wg-answer")).to_contain_text("Protected by 1 second factor")
    page.context.clear_cookies()

    knock(page, site, people["app"])
    page.goto(f"{site}/sims/")
    expect(page).to_have_url(re.compile("/login/"))
    knock(page, site, people["app"])
    page.get_by_label("Code of your app").fill("000000")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_contain_text("not right")
    world.clock.advance(seconds=30)
    page.get_by_label("Code of your app").fill(
        totp.code_of(secret, totp.step_at(world.clock.now()))
    )
    page.get_by_role("button", name="Go on").click()
    expect(page).to_have_url(f"{site}/")
    page.context.clear_cookies()
    knock(page, site, people["app"])
    page.get_by_label("Code of your app").fill(codes[0])
    page.get_by_role("button", name="Go on").click()
    expect(page).to_have_url(f"{site}/")
    assert len(codes) == 10


def test_a_security_key_is_added_and_lets_in(keyed: Page, site: str, people: dict[str, str]):
    complaints: list[str] = []
    keyed.on("console", lambda said: complaints.append(said.text))
    knock(keyed, site, people["key"])
    keyed.goto(f"{site}/me/factors/key/")
    keyed.get_by_label("Name, by which").fill("Blue key")
    keyed.get_by_role("button", name="Add the key").click()
    keyed.get_by_role("link", name="I have kept them").click()
    expect(keyed.locator("main, #main").first).to_contain_text("Blue key")
    keyed.context.clear_cookies()

    knock(keyed, site, people["key"])
    keyed.get_by_role("button", name="Use your security key").click()

    expect(keyed).to_have_url(f"{site}/")
    assert complaints == []


def test_a_stolen_password_without_the_key_is_worth_nothing(
    page: Page, site: str, people: dict[str, str]
):
    knock(page, site, people["key"])
    expect(page.get_by_role("button", name="Use your security key")).to_be_visible()

    page.goto(f"{site}/me/")

    expect(page).to_have_url(re.compile(r"/login/\?next="))


def test_a_passkey_lets_in_without_address_and_password(
    keyed: Page, site: str, people: dict[str, str]
):
    knock(keyed, site, people["passkey"])
    keyed.goto(f"{site}/me/factors/key/")
    keyed.get_by_role("button", name="Add the key").click()
    keyed.get_by_role("link", name="I have kept them").click()
    expect(keyed.locator("#main")).to_contain_text("passkey for localhost")
    keyed.context.clear_cookies()

    keyed.goto(f"{site}/login/")
    keyed.get_by_role("link", name="Passkey").click()
    keyed.get_by_role("button", name="Use a passkey").click()

    expect(keyed).to_have_url(f"{site}/")
    keyed.goto(f"{site}/me/")
    expect(keyed.locator("#main")).to_contain_text("by passkey")


def test_a_key_is_removed_after_it_was_shown_again(
    keyed: Page, site: str, world: World, people: dict[str, str]
):
    knock(keyed, site, people["removing"])
    keyed.goto(f"{site}/me/factors/key/")
    keyed.get_by_role("button", name="Add the key").click()
    keyed.get_by_role("link", name="I have kept them").click()
    world.clock.advance(minutes=11)
    keyed.get_by_role("link", name="Remove…").first.click()
    expect(keyed.get_by_role("heading", level=1)).to_contain_text("Is it you?")
    keyed.get_by_role("button", name="Use your security key").click()

    keyed.get_by_role("button", name="Remove 1 factor").click()

    expect(keyed.locator("#wg-answer")).to_contain_text("Protected by a password only")


@pytest.fixture
def provider(world: World) -> Iterator[Provider]:
    networks = override_settings(WISPGATE_OUTGOING_NETWORKS=[ip_network("127.0.0.0/8")])
    with networks, a_provider(world.clock.now) as provider:
        yield provider


def test_single_sign_on_is_set_up_and_lets_somebody_new_in(
    page: Page, browser: Browser, site: str, provider: Provider, people: dict[str, str]
):
    knock(page, site, people["admin"])
    page.goto(f"{site}/logins/sso/")
    for label, value in (
        ("Name", "Alpha account"),
        ("Issuer", provider.issuer),
        ("Client ID", CLIENT_ID),
        ("Client secret", CLIENT_SECRET),
        ("Domains", "alpha.example"),
    ):
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_label("Who is new is taken on").select_option("viewer")
    page.get_by_role("button", name="Set up single sign-on").click()
    expect(page.locator("#main")).to_contain_text("/login/sso/alpha/")

    provider.email, provider.subject = "newcomer@alpha.example", "subject-9"
    other = browser.new_context().new_page()
    other.goto(f"{site}/login/?next=/sims/")
    other.get_by_role("link", name="Single sign-on").click()
    other.get_by_label("E-mail address, or").fill("newcomer@alpha.example")
    other.get_by_role("button", name="Go to the login provider").click()
    expect(other).to_have_url(re.compile(re.escape(provider.issuer)))
    other.get_by_role("link", name="Log in as Ada").click()

    expect(other).to_have_url(f"{site}/sims/")
    other.goto(f"{site}/me/")
    expect(other.locator("#main")).to_contain_text("newcomer@alpha.example")
    expect(other.locator("#main")).to_contain_text("none: you come in by single sign-on")
    expect(other.locator("#main")).to_contain_text("by sso")
    (asked,) = provider.asked
    assert asked["redirect_uri"] == f"{site}/login/sso/back/"
    assert asked["login_hint"] == "newcomer@alpha.example"

    # The provider's answer is good in the browser that asked, and once.
    provider.claims["nonce"] = "of another question"
    third = browser.new_context().new_page()
    third.goto(f"{site}/login/sso/alpha/")
    third.get_by_role("link", name="Log in as Ada").click()
    expect(third.get_by_role("alert")).to_contain_text("did not let you in")
    stray = browser.new_context().new_page()
    stray.goto(f"{site}/login/sso/back/?code=x&state=y")
    expect(stray.get_by_role("alert")).to_contain_text("did not let you in")
    for each in (other, third, stray):
        each.context.close()


DOORS = {
    "login": "/login/",
    "login-ended": "/login/?ended=idle",
    "passkey": "/login/passkey/",
    "forgotten": "/login/forgotten/",
    "sso": "/login/sso/",
    "reset-over": "/login/reset/nonsense/",
}
ROOMS = {
    "me": "/me/",
    "my-password": "/me/password/",
    "add-app": "/me/factors/app/",
    "add-key": "/me/factors/key/",
    "codes": "/me/factors/codes/",
    "my-token": "/me/tokens/new/",
    "programs": "/programs/",
    "new-account": "/programs/new/",
    "logins": "/logins/",
    "rules": "/logins/rules/",
    "provider": "/logins/sso/",
}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_of_the_login_fit_and_can_be_read(
    browser: Browser, site: str, people: dict[str, str], theme: str
):
    page = browser.new_page(color_scheme=theme)  # type: ignore[arg-type]
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(f"{page.url} {error}"))
    found = look(page, site, DOORS, theme)
    knock(page, site, people["admin"])
    expect(page).to_have_url(f"{site}/")

    found |= look(page, site, ROOMS, theme)

    assert {name: wrong for name, wrong in found.items() if wrong} == {}
    assert complaints == []
    page.close()


def look(page: Page, site: str, pages: dict[str, str], theme: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, path in pages.items():
        page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        page.goto(site + path)
        found[name] = page.evaluate(CONTRAST)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            if page.evaluate(TOO_WIDE):
                found[name].append(f"too wide at {width}")
            take_picture(page, f"{name}-{width}-{theme}.png")
    return found


def test_the_rules_demand_a_factor_of_whoever_has_none(
    page: Page, site: str, world: World, people: dict[str, str]
):
    knock(page, site, people["demanded"])
    page.goto(f"{site}/logins/rules/")
    page.get_by_label("Operator administrator").check()
    page.get_by_role("button", name="Set the rules").click()
    expect(page.locator("#main")).to_contain_text("Operator administrator")
    page.context.clear_cookies()
    knock(page, site, people["demanded"])
    expect(page.get_by_role("heading", level=1)).to_contain_text("Set up a second factor")
    page.get_by_label("The six digits").fill(code_for(page, world))
    page.get_by_role("button", name="Set up the app").click()

    page.get_by_role("link", name="I have kept them, go on").click()

    expect(page).to_have_url(f"{site}/")
