"""The console over an empty database: a world to look at and a browser without a screen."""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.http import HttpResponse
from django.test import Client

from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase, a_database
from tests.unit.web.console.shared import SharedDatabase
from tests.unit.web.console.world import PASSWORD, VAULT_KEY, Seat, World


class QuickHasher(Argon2PasswordHasher):
    """The same algorithm at its least cost: here nobody guesses passwords."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1


@pytest.fixture(scope="session")
def shared() -> Iterator[SharedDatabase]:
    with a_database() as database:
        yield SharedDatabase(database)


@pytest.fixture
def database(shared: SharedDatabase) -> Iterator[TestDatabase]:
    """In place of a copy of its own, each test of the console gets the shared database empty."""
    yield shared.database
    shared.empty()


@pytest.fixture
def world(business: TestDatabase, clock: TravellingClock, settings: Any, tmp_path: Path) -> World:
    settings.WISPGATE_VAULT_PUBLIC_KEY = VAULT_KEY
    settings.STATIC_ROOT = str(tmp_path)
    settings.PASSWORD_HASHERS = [f"{__name__}.QuickHasher"]
    return World(business, clock)


@pytest.fixture
def alpha(world: World) -> Seat:
    return world.an_operator("alpha", name="Alpha Mobile")


@pytest.fixture
def admin(alpha: Seat) -> Client:
    return logged_in(alpha.admin)


@pytest.fixture
def viewer(alpha: Seat) -> Client:
    return logged_in(alpha.viewer)


def logged_in(email: str) -> Client:
    """Through the login page, as people come in."""
    client = Client()
    answer = client.post("/login/", {"email": email, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def text_of(answer: HttpResponse) -> str:
    """What a reader of the page's main part sees, blanks folded; symbols are no text."""
    page = answer.content.decode()
    page = re.sub(r'<span class="material-symbols[^>]*>[^<]*</span>', "", page)
    page = page.partition('id="main"')[2]
    # Shown on a line of its own.
    page = page.replace('<span class="wg-under">', " ")
    bare = re.sub(r"<(br|/?(?:div|p|li|td|th|tr|dt|dd|h1|h2|section))[^>]*>", " ", page)
    bare = re.sub(r"<[^>]+>", "", bare)
    return re.sub(r"\s+", " ", html.unescape(bare))
