"""One walk over all pages in a theme: what is wrong with each, at three widths.

With E2E_PICTURES=folder it leaves a picture of every page at every width there.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.e2e.story import Story

WIDTHS = (1440, 768, 390)
SHAPE = (Path(__file__).parent / "shape.js").read_text()
CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
# Controls of our pages without a label, a text or an aria-label.
NAMELESS = """() => [...document.querySelectorAll(
    "#main :is(input:not([type=hidden], [hidden]), select, textarea, button, summary, a), #nav-sidebar :is(button, a)")]
  .filter((each) => !(each.labels?.length || each.ariaLabel || each.textContent.trim()))
  .map((each) => each.outerHTML.slice(0, 120))"""
# What lies beyond the left edge, where nobody can scroll to.
BEYOND = """() => [...document.querySelectorAll("#main :is(h1, h2, p, td, dd, a, button, input)")]
  .filter((each) => each.checkVisibility() && !each.closest(".wg-tabs, .wg-sr, .wg-wide, .wg-command"))
  .some((each) => { const box = each.getBoundingClientRect(); return box.width > 2 && box.right < -1; })"""
TOO_WIDE = "document.documentElement.scrollWidth > window.innerWidth"

PAGES = {
    "home": "/",
    "sims": "/sims/",
    "sim": "/sims/{registered}/",
    "suspended": "/sims/{suspended}/",
    "suspend": "/sims/{registered}/suspend/",
    "card-codes": "/sims/{coded}/codes/",
    "card-codes-none": "/sims/{registered}/codes/",
    "import": "/sims/import/",
    "empty": "/sims/?state=retired",
    "peers": "/peers/",
    "traces": "/traces/",
    "lines": "/lines/",
    "line": "/lines/{online}/",
    "used-up": "/lines/{throttled}/",
    "line-suspended": "/lines/351910000002/",
    "change-plan": "/lines/{online}/change_plan/?plan=open",
    "top-up": "/lines/{online}/top_up_data/?data=5+GB&days=30&price=4.00",
    "wallet": "/subscribers/{subscriber}/top_up_wallet/",
    "new-line": "/subscribers/{subscriber}/new-line/",
    "new-subscriber": "/subscribers/new/",
    "subscriber": "/subscribers/{subscriber}/",
    "sessions": "/sessions/",
    "session": "/sessions/{session}/",
    "pushes": "/pushes/",
    "numbers": "/numbers/",
    "range": "/numbers/add_range/?first=351940000000&last=351949999999&number_class=silver",
    "messages": "/messages/",
    "plans": "/plans/",
    "plan": "/plans/gold/",
    "plan-form": "/plans/_new/?from=starter",
    "launch": "/plans/gold/launch/",
    "subscribers": "/subscribers/",
    "search": "/search/?q=35191",
    "settings": "/settings/",
    "tax": "/settings/add_tax/?code=vat&name=VAT&percent=25&valid_from=2026-01-01",
    "mvnos": "/mvnos/",
    "activity": "/activity/",
    "trace": "/sims/{registered}/trace/",
    "staff": "/staff/",
    "new-member": "/staff/new/",
    "roles": "/roles/",
    "role": "/roles/agent/",
    "role-form": "/roles/agent/edit/",
    "new-role": "/roles/_new/",
    "requests": "/approvals/",
    "request": "/approvals/{request}/",
    "request-refuse": "/approvals/{request}/refuse/",
    "rule": "/approvals/rules/wallet.top_up/",
    "help": "/help/",
    "registrations": "/registrations/",
    "registrations-none": "/registrations/?q=nobody",
    "authentications": "/authentications/",
    "authentications-none": "/authentications/?q=nobody",
    "devices": "/devices/",
    "devices-none": "/devices/?q=nothing",
    "device-form": "/devices/put/",
    "device-off": "/devices/{entry}/take-off/",
    "connection-test": "/peers/test/",
    "connection-test-phone": "/peers/test/?imsi=001010000000001",
    "connection-test-wrong": "/peers/test/?imsi=12x",
    "messages-recorded": "/traces/{trace}/",
    "trace-form": "/traces/_new/",
    "trace-wrong": "/traces/_new/?kind=imsi&subject=12x&minutes=10",
    "trace-stop": "/traces/{trace}/stop/",
    "activity-none": "/activity/?who=nobody",
    "logins": "/logins/",
    "login-rules": "/logins/rules/",
    "login-provider": "/logins/sso/",
    "programs": "/programs/",
    "new-account": "/programs/new/",
    "me": "/me/",
    "my-password": "/me/password/",
    "add-app": "/me/factors/app/",
    "add-key": "/me/factors/key/",
    "codes": "/me/factors/codes/",
    "my-token": "/me/tokens/new/",
    "brand": "/settings/brand/",
    "logo": "/settings/logo/",
    "domain": "/settings/add_domain/",
    "search-none": "/search/?q=nothing+of+that+name",
    "missing": "/sims/8900000000000000000/",
    "missing-action": "/settings/nonsense/",
}
# What the platform's staff have besides.
OF_PLATFORM = {
    "operators": "/operators/",
    "operator": "/operators/beta/",
    "new-operator": "/operators/_new/",
    "operator-suspend": "/operators/beta/suspend/",
    "of-platform-peers": "/peers/",
    "of-platform-traces": "/traces/_new/",
}
# The lists of an operator that has just begun, and of one that has one of each.
LISTS = {
    name: f"/{path}/" if path else "/"
    for name, path in {
        "home": "", "sims": "sims", "lines": "lines", "subscribers": "subscribers",
        "sessions": "sessions", "pushes": "pushes", "numbers": "numbers", "messages": "messages",
        "plans": "plans", "devices": "devices", "traces": "traces", "peers": "peers",
        "registrations": "registrations", "authentications": "authentications",
        "requests": "approvals", "activity": "activity", "programs": "programs",
        "logins": "logins", "staff": "staff", "settings": "settings", "mvnos": "mvnos",
    }.items()
}  # fmt: skip
OF_EMPTY = {f"empty-{name}": path for name, path in LISTS.items()}
OF_ONE = {f"one-{name}": path for name, path in LISTS.items()}
# What a role that may little sees of a page that it may not.
OF_VIEWER = {"forbidden": "/roles/_new/", "of-viewer": "/", "of-viewer-line": "/lines/{online}/"}
# Their answer is an error, of which the browser tells in its console.
_ERRORS = {"missing", "missing-action", "forbidden"}
_PICTURED_FROM_THE_RIGHT = {"home", "sims", "sim", "line", "activity", "trace", "top-up", "plans"}
_LOADING_FAILED = "Failed to load resource"


@dataclass
class Survey:
    """What was found, by page; empty is good."""

    too_wide: list[str] = field(default_factory=list)
    weak: dict[str, list[str]] = field(default_factory=dict)
    nameless: dict[str, list[str]] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    shape: dict[str, list[str]] = field(default_factory=dict)


def listen(page: Page, found: Survey) -> None:
    """Whatever the browser asks for or complains about, violations of the content policy too."""
    page.on("request", lambda request: found.requests.append(request.url))
    page.on("console", lambda said: found.complaints.append(f"{page.url} {said.text}"))
    page.on("pageerror", lambda error: found.complaints.append(f"{page.url} {error}"))


def survey(
    page: Page, address: str, story: Story, found: Survey, pages: Mapping[str, str], *, theme: str
) -> Survey:
    for name, path in pages.items():
        page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        page.goto(address + path.format(**story.names))
        if name in _ERRORS:
            found.complaints = [one for one in found.complaints if _LOADING_FAILED not in one]
        found.weak[name] = page.evaluate(CONTRAST)
        found.nameless[name] = page.evaluate(NAMELESS)
        found.shape[name] = page.evaluate(SHAPE)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            if page.evaluate(TOO_WIDE):
                found.too_wide.append(f"{name} {width}")
            take_picture(page, f"{name}-{width}-{theme}.png")
        if theme == "light":
            _look_from_the_right(page, name, found)
    return found


def _look_from_the_right(page: Page, name: str, found: Survey) -> None:
    """As for an operator whose language is written from right to left."""
    page.evaluate("document.documentElement.dir = 'rtl'")
    for width in (WIDTHS[-1], WIDTHS[0]):
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate(TOO_WIDE):
            found.too_wide.append(f"{name} {width} from the right")
        if page.evaluate(BEYOND):
            found.too_wide.append(f"{name} {width} beyond the edge from the right")
        if name in _PICTURED_FROM_THE_RIGHT:
            take_picture(page, f"{name}-{width}-rtl.png")


def take_picture(page: Page, name: str) -> None:
    folder = os.environ.get("E2E_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / name, full_page=True)


def a_page(browser: Browser, theme: str) -> Page:
    return browser.new_page(viewport={"width": WIDTHS[0], "height": 900}, color_scheme=theme)  # type: ignore[arg-type]
