"""A real server on a free port and a real browser in front of it."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.test import override_settings
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import LOGIN_KEY
from tests.e2e.story import Story, tell
from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase, a_database
from tests.unit.web.console.world import PASSWORD, VAULT_KEY, World

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
# An operator's own domain is a name that leads to this machine too.
_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--host-resolver-rules=MAP *.example 127.0.0.1",
]  # fmt: skip


class _Server(ThreadingMixIn, WSGIServer):
    """A thread for each request: browsers open connections before they need them."""

    daemon_threads = True

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            connections.close_all()


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


# One database, one server and one browser for a module: its tests change different objects.
@pytest.fixture(scope="module")
def world(django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    clock = TravellingClock(datetime(2026, 2, 15, 8, 0, tzinfo=UTC))
    settings = override_settings(
        WISPGATE_CLOCK=clock,
        WISPGATE_VAULT_PUBLIC_KEY=VAULT_KEY,
        WISPGATE_LOGIN_KEY=LOGIN_KEY,
        STATIC_ROOT=str(tmp_path_factory.mktemp("static")),
        WHITENOISE_USE_FINDERS=True,
    )
    with a_database() as database, settings, django_db_blocker.unblock(), _as_web(database):
        yield World(database, clock)


@pytest.fixture(scope="module")
def story(world: World) -> Story:
    """Told before the browser starts: its event loop forbids Django's database in this thread."""
    return tell(world)


@pytest.fixture(scope="module")
def address(story: Story) -> Iterator[str]:
    with _serving() as address:
        yield address


@contextmanager
def _as_web(database: TestDatabase) -> Iterator[None]:
    """Django connected as the role `web`, as the console is."""
    connection, given = connections["default"], database.django("web")
    before = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(
        HOST=given["host"],
        PORT=given["port"],
        NAME=given["dbname"],
        USER=given["user"],
        PASSWORD=given["password"],
    )
    yield
    # The browser's event loop has ended by now, so that this thread may close its own again.
    connections.close_all()
    connection.settings_dict.update(before)


@contextmanager
def _serving() -> Iterator[str]:
    server = make_server(
        "127.0.0.1", 0, get_wsgi_application(), server_class=_Server, handler_class=_Quiet
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def browser(address: str) -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    yield page
    page.close()


def log_in(page: Page, address: str, email: str) -> None:
    page.goto(f"{address}/login/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{address}/")
