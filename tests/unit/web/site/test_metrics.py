"""What the web process tells of itself."""

import pytest
from django.conf import settings as django_settings
from django.test import Client

from tests.unit.business.world import World

MIDDLEWARE = "wispgate.web.site.metrics.MetricsMiddleware"


@pytest.fixture
def measured(world: World, settings: object) -> World:
    others = [name for name in django_settings.MIDDLEWARE if name != MIDDLEWARE]
    settings.MIDDLEWARE = [MIDDLEWARE, *others]  # type: ignore[attr-defined]
    return world


def test_requests_are_counted_by_route_and_not_by_id(measured: World) -> None:
    line = measured.line(1)

    measured.client().get(f"/subscriptions/{line}")
    told = Client().get("/metrics")

    text = told.content.decode()
    assert told["Content-Type"].startswith("text/plain")
    assert (
        'wispgate_http_requests_total{method="GET",'
        'route="api/v1/subscriptions/<subscription_id>",status="200"}'
    ) in text
    assert "wispgate_http_request_seconds_bucket" in text
    assert str(line) not in text


def test_what_clients_invent_is_no_time_series(measured: World) -> None:
    Client().generic("BREW", "/healthz")
    Client().get("/api/v1/made/up")

    text = Client().get("/metrics").content.decode()
    assert 'method="other"' in text
    assert "BREW" not in text
    assert "made/up" not in text
