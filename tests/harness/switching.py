"""Django at another database for a while: two installations in one test."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

from tests.harness.databases import TestDatabase


@contextmanager
def connected_to(database: TestDatabase, *, role: str = "web") -> Iterator[None]:
    """Services run against `database` inside."""
    connection = connections["default"]
    before, given = dict(connection.settings_dict), database.django(role)
    connection.close()
    connection.settings_dict.update(
        HOST=given["host"],
        PORT=given["port"],
        NAME=given["dbname"],
        USER=given["user"],
        PASSWORD=given["password"],
    )
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)
