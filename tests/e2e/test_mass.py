"""Many lines at once in the browser: ticked, previewed, begun, followed live, reported; at three widths."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import log_in
from tests.e2e.story import Story
from tests.e2e.survey import Survey, a_page, survey
from tests.unit.web.console.world import Seat, World, iccid
from wispgate.business.crm import services as crm
from wispgate.business.inventory import services as inventory
from wispgate.business.operators import scope as scopes
from wispgate.business.subscriptions import mass
from wispgate.business.subscriptions import services as subscriptions

pytestmark = pytest.mark.browser
LONG = "Søren Æbleskiver-Østergård of the Very Long Name that Goes On and On until Eighty"


@pytest.fixture(scope="module")
def seat(story: Story, world: World) -> Seat:
    """An operator with two lines that are on, and fifty that have no card yet."""
    made = world.an_operator("mass", name="Mass Mobile", range_="001015")
    numbers = (501, 502)
    rows = [f"{iccid(made, n)},001015{n:09},{n:032x},{n + 9:032x}" for n in numbers]
    with scopes.within(world.tenant(made)):
        inventory.import_sims("\n".join(["iccid,imsi,ki,opc", *rows]).encode(), name="two")
    for number in numbers:
        world.an_active_line(made, iccid(made, number), name=LONG, msisdn=f"46720000{number}")
    with scopes.within(world.tenant(made)):
        subscriber = crm.create_subscriber(name="Factory")
        for _ in range(50):
            subscriptions.create_subscription(subscriber_id=subscriber)
    return made


def test_ticked_lines_are_suspended_and_the_page_follows(
    seat: Seat, world: World, browser: Browser, address: str
) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    log_in(page, address, seat.admin)

    page.goto(f"{address}/mass-acts/")
    expect(page.get_by_role("heading", name="No mass acts yet")).to_be_visible()
    page.goto(f"{address}/lines/")
    expect(page.get_by_role("button", name="Act on the ticked lines…")).to_be_disabled()
    page.get_by_label("Tick all lines of this page").check()
    page.get_by_role("button", name="Act on 50 ticked lines…").click()
    page.get_by_role("link", name="Suspend…").click()
    page.get_by_role("button", name="See what will happen").click()
    page.get_by_label("Note for the log").fill("strike")
    expect(page.locator("#main")).to_contain_text("will be refused and left as they are")
    home = page.url.partition("suspend/")[0]
    page.goto(home)
    expect(page.get_by_role("heading", name="What is to be done to 50 lines?")).to_be_visible()

    whole = begun(page, address)
    expect(page.locator("#main")).to_contain_text("Waits for its turn")
    work_off(world)
    expect(page.locator("#main")).to_contain_text("Under way since", timeout=20_000)
    work_off(world)
    expect(page.locator("#main")).to_contain_text("2 done, 50 refused.", timeout=20_000)
    with page.expect_download() as download:
        page.get_by_role("link", name="Report (CSV)").click()
    assert download.value.path().read_text().count("\n") == 53
    for theme in ("light", "dark"):
        found = looked_at(browser, address, seat, whole, home, theme=theme)
        assert found.too_wide == []
        assert [texts for texts in found.weak.values() if texts] == []
        assert [controls for controls in found.nameless.values() if controls] == []
        assert found.complaints == []


def work_off(world: World) -> None:
    """One batch as the worker does it; the browser's thread may not ask the database."""

    def batch() -> None:
        mass.work_off(world.clock.now())
        connection.close()

    with ThreadPoolExecutor(1) as worker:
        worker.submit(batch).result(60)


def begun(page: Page, address: str) -> str:
    """All lines of the operator; the address of the act."""
    page.goto(f"{address}/lines/")
    page.get_by_role("button", name="Act on all 52 lines…").click()
    page.get_by_role("link", name="Suspend…").click()
    page.get_by_role("button", name="See what will happen").click()
    page.get_by_role("button", name="Suspend 2 lines").click()
    return page.url


def looked_at(
    browser: Browser, address: str, seat: Seat, act: str, draft: str, *, theme: str
) -> Survey:
    page, found = a_page(browser, theme), Survey()
    log_in(page, address, seat.admin)
    nothing: Any = type("Names", (), {"names": {}})
    pages = {
        "mass-lines": "/lines/",
        "mass-acts": "/mass-acts/",
        "mass-act": act.removeprefix(address),
        "mass-draft": draft.removeprefix(address),
        "mass-preview": draft.removeprefix(address) + "suspend/?reason=fraud&kind=hard",
        "mass-form": draft.removeprefix(address) + "restrict/",
        "mass-file": "/mass-acts/_file/",
    }
    return survey(page, address, nothing, found, pages, theme=theme)
