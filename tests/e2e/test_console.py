"""The console as people use it, in a real browser."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import log_in
from tests.e2e.story import MB, OWN_DOMAIN, PIN, PUK, Story
from tests.e2e.survey import (
    CONTRAST,
    OF_EMPTY,
    OF_ONE,
    OF_PLATFORM,
    OF_VIEWER,
    PAGES,
    TOO_WIDE,
    Survey,
    a_page,
    listen,
    survey,
    take_picture,
)
from tests.harness.node_process import a_node
from tests.unit.web.console.world import PASSWORD, VAULT_OPENS, World

pytestmark = pytest.mark.browser

# A node on a busy machine.
NODE_STARTS_MS = 60_000
REFRESH = "htmx.trigger('#wg-refresh', 'wg:refresh')"


@pytest.fixture(scope="module", params=["light", "dark"])
def surveyed(
    request: pytest.FixtureRequest, browser: Browser, address: str, story: Story
) -> tuple[Survey, str]:
    """The walk over all pages, as the theme shows them."""
    found = Survey()
    # What an empty and a short list look like does not hang on the colours.
    lists = [(story.empty.admin, OF_EMPTY), (story.beta.admin, OF_ONE)]
    for email, pages in (
        (story.alpha.admin, PAGES), (story.platform, OF_PLATFORM), (story.alpha.viewer, OF_VIEWER),
        *(lists if request.param == "light" else []),
    ):  # fmt: skip
        page = a_page(browser, request.param)
        listen(page, found)
        log_in(page, address, email)
        survey(page, address, story, found, pages, theme=request.param)
        page.close()
    return found, address


def test_no_page_is_wider_than_its_screen(surveyed: tuple[Survey, str]):
    assert surveyed[0].too_wide == []


def test_every_text_stands_out_from_its_ground(surveyed: tuple[Survey, str]):
    assert {name: texts for name, texts in surveyed[0].weak.items() if texts} == {}


def test_every_control_has_a_name(surveyed: tuple[Survey, str]):
    assert {name: found for name, found in surveyed[0].nameless.items() if found} == {}


def test_every_page_has_headings_in_order_and_shows_where_the_keyboard_is(
    surveyed: tuple[Survey, str],
):
    assert {name: wrong for name, wrong in surveyed[0].shape.items() if wrong} == {}


def test_no_page_makes_the_browser_complain(surveyed: tuple[Survey, str]):
    assert surveyed[0].complaints == []


def test_no_request_leaves_the_machine(surveyed: tuple[Survey, str]):
    found, address = surveyed

    assert len(found.requests) > 20
    assert [url for url in found.requests if not url.startswith((address, "data:"))] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_login_page_can_be_read(browser: Browser, address: str, theme: str):
    page = a_page(browser, theme)

    page.goto(f"{address}/login/")

    assert page.evaluate(CONTRAST) == []
    page.close()


def test_a_page_refreshes_its_numbers_in_place(
    page: Page, address: str, story: Story, world: World
):
    log_in(page, address, story.alpha.admin)
    page.goto(f"{address}/lines/{story.online}/")
    page.evaluate("window.same = document.querySelector('h1')")
    world.used(story.session, 100 * MB)

    page.evaluate(REFRESH)

    expect(page.locator("#wg-answer")).to_contain_text("18.3 GB of 40 GB used")
    expect(page.locator(".wg-bucket")).to_contain_text("18.3 GB used")
    assert page.evaluate("window.same === document.querySelector('h1')")


def test_a_page_says_when_it_lost_touch_and_when_it_is_back(page: Page, address: str, story: Story):
    log_in(page, address, story.alpha.admin)
    page.goto(f"{address}/sessions/")
    page.route("**/sessions/", lambda route: route.abort())
    page.evaluate(REFRESH)
    expect(page.locator("#wg-known")).to_contain_text("Lost touch. Shown is what was known at")

    page.unroute("**/sessions/")
    page.evaluate(REFRESH)

    expect(page.locator("#wg-known")).to_contain_text("as of")


def test_a_page_of_somebody_logged_out_keeps_what_it_knew(page: Page, address: str, story: Story):
    log_in(page, address, story.alpha.admin)
    page.goto(f"{address}/sessions/")
    page.context.clear_cookies()

    page.evaluate(REFRESH)

    expect(page.locator("#wg-known")).to_contain_text("Lost touch")
    expect(page.locator("#wg-refresh")).to_contain_text("351910000000")


def test_charts_are_drawn_and_have_their_table(page: Page, address: str, story: Story):
    log_in(page, address, story.alpha.admin)
    page.goto(address)

    page.get_by_text("Table").first.click()

    expect(page.locator(".wg-chart canvas")).to_have_count(3)
    assert page.evaluate("Object.keys(Chart.instances).length") == 3
    expect(page.locator("#d-hours")).to_contain_text("16:00")


def test_a_stream_can_be_narrowed_to_money(page: Page, address: str, story: Story):
    log_in(page, address, story.alpha.admin)
    page.goto(f"{address}/lines/{story.online}/")

    page.locator(".wg-stream").get_by_text("money", exact=True).click()

    expect(page.locator('.wg-event[data-kind="money"]:visible')).to_have_count(3)
    expect(page.locator('.wg-event[data-kind="people"]:visible')).to_have_count(0)


def test_a_new_customer_gets_a_plan_and_a_line(page: Page, address: str, story: Story):
    log_in(page, address, story.alpha.admin)
    page.get_by_role("link", name="Subscribers", exact=True).click()
    page.get_by_role("link", name="New subscriber").click()
    page.get_by_role("textbox", name="Name").fill("Grete Holm")
    page.get_by_role("button", name="Create 1 subscriber").click()
    page.get_by_role("link", name="Top up wallet…").click()
    page.get_by_label("Amount in EUR").fill("10.00")
    page.get_by_role("button", name="See what will happen").click()
    page.get_by_role("button", name="Top up 10.00 EUR").click()
    page.get_by_role("link", name="New line…").click()
    page.get_by_role("combobox", name="ICCID of the SIM").fill(story.cards[40])
    page.get_by_role("textbox", name="Number").fill("351930000001")
    page.get_by_label("Gold 40").check()

    page.get_by_role("button", name="Create 1 line").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("active")
    expect(page.locator("#wg-answer")).to_contain_text("0 B of 40 GB used, ends in 30 days")


def test_a_change_of_plan_is_shown_then_done(page: Page, address: str, story: Story):
    log_in(page, address, story.alpha.admin)
    page.goto(f"{address}/lines/{story.changing}/")
    page.get_by_role("link", name="Change plan…").click()
    page.get_by_label("Gold 40").check()
    page.get_by_role("button", name="See what will happen").click()
    expect(page.locator(".wg-preview")).to_contain_text("16.00 EUR becomes 6.00 EUR")

    page.get_by_role("button", name="Change to Gold 40 for 10.00 EUR").click()

    expect(page.get_by_role("status").first).to_contain_text("The plan is Gold 40 now.")
    expect(page.locator("#wg-refresh")).to_contain_text("Gold 40, version 1")


def test_a_plan_says_what_it_gives_while_it_is_typed(page: Page, address: str, story: Story):
    log_in(page, address, story.alpha.admin)
    page.goto(f"{address}/plans/_new/")
    page.get_by_role("textbox", name="Name").fill("Night owl")
    page.get_by_role("textbox", name="Code").fill("night-owl")

    page.get_by_role("textbox", name="Data").fill("80 GB")
    page.keyboard.press("Tab")

    expect(page.locator("#plan-preview")).to_contain_text("80 GB for 30 days.")
    page.get_by_role("button", name="Save 1 draft").click()
    page.wait_for_url(f"{address}/plans/night-owl/")


def test_the_shell_shows_sandbox_and_tenants(page: Page, address: str, story: Story, settings: Any):
    settings.WISPGATE_IS_SANDBOX = True
    log_in(page, address, story.platform)
    page.get_by_role("button", name="Alpha Mobile").click()

    page.goto(f"{address}/peers/")

    expect(page.get_by_text("sandbox, 1 Mar")).to_be_visible()
    expect(page.get_by_text("mme9.unknown.example").first).to_be_visible()


def test_suspending_a_line_shows_in_its_badge(page: Page, address: str, story: Story):
    log_in(page, address, story.alpha.admin)
    page.get_by_role("link", name="SIMs", exact=True).click()
    page.get_by_role("link", name=story.cards[0]).click()
    page.get_by_role("link", name="Suspend…").click()
    page.get_by_label("lost or stolen SIM").check()
    page.get_by_label("Note for the log").fill("called from home")

    page.get_by_role("button", name="Suspend 1 line").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("suspended")
    expect(page.locator(".wg-answer")).to_contain_text("Suspended (lost or stolen SIM) since")
    expect(page.get_by_text("called from home").first).to_be_visible()


def test_a_viewer_sees_no_buttons(page: Page, address: str, story: Story):
    log_in(page, address, story.alpha.viewer)

    page.goto(f"{address}/sims/{story.cards[0]}/")

    expect(page.get_by_role("heading", level=1)).to_contain_text(story.cards[0])
    expect(page.locator(".wg-actions a")).to_have_count(0)


def test_another_operator_sees_nothing_of_it(page: Page, address: str, story: Story):
    log_in(page, address, story.beta.admin)

    page.goto(f"{address}/sims/")

    rows = page.locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("00101200")
    expect(page.get_by_text(story.cards[0])).to_have_count(0)
    assert page.goto(f"{address}/sims/{story.cards[0]}/").status == 404


def test_platform_staff_go_from_operator_to_operator(page: Page, address: str, story: Story):
    log_in(page, address, story.platform)
    page.get_by_role("button", name="Alpha Mobile").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Alpha Mobile")

    page.get_by_label("Operator").select_option("beta")

    expect(page.get_by_role("heading", level=1)).to_have_text("Beta Fibre & Mobile")


def test_the_platform_turns_an_operator_off_and_on(page: Page, address: str, story: Story):
    log_in(page, address, story.platform)
    page.goto(f"{address}/operators/")
    page.get_by_role("link", name="Beta Fibre & Mobile").click()

    page.get_by_role("link", name="Suspend…").click()
    page.get_by_role("button", name="See what will happen").click()
    page.get_by_role("button", name=re.compile("^Suspend ")).click()
    expect(page.locator("h1")).to_contain_text("suspended")
    expect(page.locator("#wg-answer")).to_contain_text("Suspended for it has not paid")
    page.get_by_role("link", name="Resume…").click()
    page.get_by_role("button", name="See what will happen").click()
    page.get_by_role("button", name=re.compile("^Resume ")).click()

    expect(page.locator("#wg-answer")).to_contain_text("On, ")


def test_keys_search_and_jump(page: Page, address: str, story: Story):
    log_in(page, address, story.alpha.admin)

    page.keyboard.press("/")
    page.keyboard.type(story.cards[7])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/sims/{story.cards[7]}/")
    page.keyboard.press("g")
    page.keyboard.press("p")

    page.wait_for_url(f"{address}/peers/")


def test_an_action_can_be_done_by_keyboard_alone(page: Page, address: str, story: Story):
    log_in(page, address, story.alpha.admin)
    page.goto(f"{address}/sims/{story.cards[5]}/activate/")

    for _ in range(60):
        page.keyboard.press("Tab")
        if "Activate 1 SIM" in page.evaluate("document.activeElement.textContent"):
            break
    page.keyboard.press("Enter")

    expect(page.get_by_role("status")).to_contain_text("Activated 1 SIM.")


def test_a_copy_button_says_what_it_copied(page: Page, address: str, story: Story):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    log_in(page, address, story.alpha.admin)
    page.goto(f"{address}/sims/{story.cards[0]}/")

    page.get_by_label(f"Copy {story.cards[0]}").first.click()

    expect(page.locator("#wg-live")).to_have_text(f"{story.cards[0]} copied")
    assert page.evaluate("navigator.clipboard.readText()") == story.cards[0]


def test_a_file_is_checked_and_then_imported(
    page: Page, address: str, story: Story, tmp_path: Path
):
    file = tmp_path / "cards.csv"
    file.write_text(
        f"iccid,imsi,ki,opc\n8949110000009999990,001010000099999,{'1f' * 16},{'2e' * 16}"
    )
    log_in(page, address, story.alpha.admin)
    page.goto(f"{address}/sims/import/")
    page.get_by_label("Batch name").fill("order 4711")
    page.get_by_label("CSV file").set_input_files(file)

    page.get_by_role("button", name="Check the file").click()
    page.get_by_role("button", name="Import 1 SIM").click()

    expect(page.get_by_role("status")).to_contain_text("Imported 1 SIM as order 4711.")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_its_own_domain_an_operator_has_its_own_door_and_colours(
    browser: Browser, address: str, story: Story, theme: str
):
    page, own = a_page(browser, theme), address.replace("127.0.0.1", OWN_DOMAIN)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{own}/login/")
    take_picture(page, f"own-door-{theme}.png")
    door = page.evaluate(CONTRAST)
    page.get_by_label("E-mail address").fill(story.alpha.admin)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("The address or the password is wrong.")

    log_in(page, own, story.beta.admin)

    expect(page).to_have_title("Beta Fibre & Mobile · Bèta Fibra & Móvil")
    logo = page.locator(".wg-brand-logo img")
    assert logo.evaluate("each => each.naturalWidth") == 160
    take_picture(page, f"own-home-{theme}.png")
    assert door + page.evaluate(CONTRAST) == []
    for path in ("/settings/", "/subscribers/new/", "/settings/logo/"):
        page.goto(own + path)
        take_picture(page, f"own{path.replace('/', '-')}{theme}.png")
        assert page.evaluate(CONTRAST) == []
        assert page.evaluate(TOO_WIDE) is False
    # Of a header that browsers heed over TLS only; there is none here.
    assert [one for one in complaints if "Cross-Origin-Opener-Policy" not in one] == []
    page.close()


def test_a_customer_at_the_phone_gets_the_puk(page: Page, address: str, story: Story, world: World):
    log_in(page, address, story.alpha.admin)
    page.goto(f"{address}/sims/{story.coded}/")
    page.get_by_role("link", name="Show PIN and PUK…").click()
    take_picture(page, "codes-form.png")
    page.get_by_label("Why do you need to see them?").fill("ticket 4711: PIN mistyped")
    page.get_by_role("button", name="Show PIN and PUK of 1 SIM").click()
    answer = page.locator("#wg-codes")

    # Nobody is there to answer: it says so, and what was asked waits.
    expect(answer).to_contain_text("Asking the authentication function")
    world.clock.advance(seconds=7)
    expect(answer).to_contain_text("does not answer. Your question is kept")
    take_picture(page, "codes-late.png")

    # The process that holds the key comes up, and answers what was asked before.
    with a_node(world.database, VAULT_OPENS.octets, now=world.clock.now()):
        expect(answer.get_by_text(PUK)).to_be_visible(timeout=NODE_STARTS_MS)
    expect(answer).to_contain_text(f"{PIN}content_copy")
    take_picture(page, "codes-shown.png")
    kept = page.evaluate("JSON.stringify([localStorage, sessionStorage, location.href])")
    assert PUK not in kept

    # Hidden, and not there again for who goes back.
    page.get_by_role("button", name="Hide now").click()
    expect(answer).to_contain_text("Hidden again")
    take_picture(page, "codes-hidden.png")
    assert PUK not in page.content()
    page.goto(f"{address}/activity/?action=read")
    expect(page.locator(".wg-timeline")).to_contain_text("looked at the PIN and PUK")
    expect(page.locator(".wg-timeline")).to_contain_text("ticket 4711: PIN mistyped")
    page.go_back()
    expect(page.locator("body")).not_to_contain_text(PUK)


def test_the_keyboard_alone_reaches_everything(page: Page, address: str, story: Story):
    log_in(page, address, story.alpha.admin)
    page.goto(f"{address}/lines/")

    # Past the menu with two keys.
    page.keyboard.press("Tab")
    expect(page.locator(".wg-skip")).to_be_focused()
    expect(page.locator(".wg-skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#content') !== null")

    # A form without a mouse.
    page.goto(f"{address}/subscribers/new/")
    page.get_by_label("Name", exact=True).focus()
    page.keyboard.type("Keyboard Only")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Keyboard Only")

    # The search from anywhere, also from a box that was just ticked.
    page.goto(f"{address}/roles/_new/")
    page.get_by_role("checkbox").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("/")
    expect(page.locator("#wg-search")).to_be_focused()
    page.keyboard.type("Keyboard Only")
    page.keyboard.press("Enter")
    # One hit: its page at once.
    expect(page).to_have_url(re.compile("/subscribers/[0-9a-f-]{36}/"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Keyboard Only")


def test_on_a_phone_the_menu_opens_and_closes_by_keys(page: Page, address: str, story: Story):
    log_in(page, address, story.alpha.admin)
    page.set_viewport_size({"width": 390, "height": 844})
    opener = page.get_by_role("button", name="Menu", exact=True)

    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    expect(opener).to_have_attribute("aria-expanded", "true")
    assert page.evaluate("document.activeElement.closest('#wg-rail') !== null")
    page.keyboard.press("Escape")

    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    expect(opener).to_be_focused()
    expect(opener).to_have_attribute("aria-expanded", "false")
