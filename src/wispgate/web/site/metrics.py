"""/metrics: what this web process did, in Prometheus' text form. No ids, no tenants.

`MetricsMiddleware` stands first among the middleware, so that what others refuse counts too.
"""

import time
from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from wispgate.business.audit import queries as audit
from wispgate.business.login import meters

_log = structlog.get_logger(__name__)

View = Callable[[HttpRequest], HttpResponse]

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
REQUESTS = Counter(
    "wispgate_http_requests",
    "Requests answered, by method, route and status.",
    ("method", "route", "status"),
    registry=REGISTRY,
)
SECONDS = Histogram(
    "wispgate_http_request_seconds",
    "Time from request to answer, by method and route.",
    ("method", "route"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)


SEALING_LAG = Gauge(
    "wispgate_sealing_lag_seconds",
    "How far the sealing of a source is behind.",
    ("source",),
    registry=REGISTRY,
)


class MetricsMiddleware:
    """Counts and times every request by the route that served it."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        start = time.perf_counter()
        response = self.get_response(request)
        # Clients choose their methods and addresses: only known ones may become a time series.
        method = request.method if request.method in _METHODS else "other"
        match = request.resolver_match
        route = match.route if match else "unknown"
        REQUESTS.labels(method, route, str(response.status_code)).inc()
        SECONDS.labels(method, route).observe(time.perf_counter() - start)
        return response


def metrics(request: HttpRequest) -> HttpResponse:
    _measure_sealing()
    text = generate_latest(REGISTRY) + generate_latest(meters.REGISTRY)
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


def _measure_sealing() -> None:
    """The other numbers are told even while the database is away."""
    try:
        lags = audit.sealing_lag(settings.WISPGATE_CLOCK.now())
    except (DatabaseError, InterfaceError) as error:
        _log.warning("the database does not answer", error=str(error))
        SEALING_LAG.clear()
        return
    for source, lag in lags.items():
        SEALING_LAG.labels(source).set(lag.total_seconds())
