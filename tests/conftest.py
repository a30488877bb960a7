"""Fixtures of all suites. Suites that need no database never start one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from hypothesis import settings as hypothesis_settings

from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase, a_database, the_cluster
from wispgate.domain.authentication.sealing import OpeningKey

# Time is never asserted: a busy machine is no failure. A failing example is printed with its seed.
hypothesis_settings.register_profile("wispgate", deadline=None, print_blob=True)
hypothesis_settings.register_profile("nightly", deadline=None, print_blob=True, max_examples=5000)
hypothesis_settings.load_profile("wispgate")

# Opens the secrets of authenticator apps and login providers, for this run only.
LOGIN_KEY = OpeningKey(b"\x09" * 32).to_text()


def pytest_configure(config: pytest.Config) -> None:
    """The controller of a parallel run starts the cluster that its workers share."""
    if getattr(config.option, "numprocesses", None):
        the_cluster()


@pytest.fixture
def clock(settings: object) -> TravellingClock:
    """A travelling clock that the web side follows too."""
    travelling = TravellingClock()
    settings.WISPGATE_CLOCK = travelling  # type: ignore[attr-defined]
    return travelling


@pytest.fixture(params=[1])
def partitions(request: pytest.FixtureRequest) -> int:
    """Hot partitions of the test's database; parametrise indirectly to run with more."""
    return int(request.param)


@pytest.fixture
def database(partitions: int) -> Iterator[TestDatabase]:
    """A fresh migrated database."""
    with a_database(partitions=partitions) as database:
        yield database


@pytest.fixture
def business(
    database: TestDatabase, django_db_blocker: object, settings: Any, tmp_path: Path
) -> Iterator[TestDatabase]:
    """The database with Django connected to it as the role `web`, as the console and API are."""
    settings.STATIC_ROOT = str(tmp_path)
    settings.WISPGATE_LOGIN_KEY = LOGIN_KEY
    connection = connections["default"]
    given = database.django("web")
    before = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(
        HOST=given["host"],
        PORT=given["port"],
        NAME=given["dbname"],
        USER=given["user"],
        PASSWORD=given["password"],
    )
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        yield database
        connections.close_all()
    connection.settings_dict.update(before)
