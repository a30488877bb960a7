"""Two people before the console: a swap waits for the second one, and a role is written."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import log_in
from tests.e2e.story import Story
from tests.unit.web.console.world import Seat, World

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def seat(story: Story, world: World) -> Seat:
    """An operator with two administrators and a line whose card can be swapped."""
    made = world.an_operator("omega", name="Omega Mobile", range_="001014")
    world.a_member("second@omega.example", "admin", "omega")
    return made


def picture(page: Page, name: str) -> None:
    folder = os.environ.get("E2E_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_money_above_the_limit_waits_for_another_person(
    seat: Seat, browser: Browser, address: str
) -> None:
    first, second = (browser.new_context().new_page() for _ in range(2))
    log_in(first, address, seat.admin)
    log_in(second, address, "second@omega.example")

    first.goto(f"{address}/approvals/")
    first.get_by_role("link", name="Change Add money to a wallet").click()
    first.get_by_label("A second person is needed").check()
    first.get_by_label("Only above this amount").fill("100")
    first.get_by_role("button", name="See what will happen").click()
    first.get_by_role("button", name="Change 1 rule").click()
    first.goto(f"{address}/subscribers/new/")
    first.get_by_label("Name", exact=True).fill("Ana Example")
    first.get_by_role("button", name="Create 1 subscriber").click()
    first.get_by_role("link", name="Top up").first.click()
    first.get_by_label("Amount in EUR").fill("150")
    first.get_by_role("button", name="See what will happen").click()
    first.locator("form[method=post] button.wg-primary").last.click()
    picture(first, "request-own")
    assert "somebody else" in first.locator("#main").inner_text()

    second.goto(address)
    picture(second, "badge")
    second.get_by_role("link", name="1 to decide").click()
    picture(second, "inbox")
    second.get_by_role("link", name="Add 150.00 EUR to the wallet of Ana Example").click()
    picture(second, "request")
    second.get_by_role("link", name="Approve").click()
    picture(second, "approve")
    second.get_by_role("button", name="Approve 1 request").click()
    picture(second, "approved")
    assert "and it was done" in second.locator("#main").inner_text()


def test_a_role_is_written_with_a_limit(seat: Seat, browser: Browser, address: str) -> None:
    page = browser.new_context().new_page()
    log_in(page, address, seat.admin)

    page.goto(f"{address}/roles/biller/edit/")
    page.get_by_text("within limits").locator("visible=true").last.click()
    page.get_by_label("Title").fill("Cashier")
    page.locator('input[name="per_act wallet.top_up"]').evaluate("each => each.value = '50'")
    page.get_by_role("button", name="Save 1 role").click()
    picture(page, "role-changed")

    shown = page.locator("#main").inner_text()
    assert "Cashier" in shown
    assert "up to 50.00 EUR at a time" in shown
