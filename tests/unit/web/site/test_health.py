"""What the supervisor and Prometheus are told."""

import pytest
from django.db import OperationalError, connection
from django.test import Client

from tests.unit.business.world import World
from wispgate.web.site import health


def test_a_process_with_its_database_is_well(world: World) -> None:
    answer = Client().get("/healthz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "checks": {"database": "ok"}}
    assert answer["Cache-Control"] == "no-store"


def test_a_process_without_its_database_is_not_well(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise OperationalError("password of wispgate_web is wrong")

    monkeypatch.setattr(health.connection, "cursor", fail)
    answer = Client().get("/healthz")

    assert answer.status_code == 503
    assert answer.json() == {"status": "failing", "checks": {"database": "failing"}}
    assert connection is not None
