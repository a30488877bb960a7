"""How many requests one token, and one address, may make: more are answered 429.

Counted per process and in memory, since this is to keep work away from the database: with several
web processes the sum is up to that many times the setting. The memory is bounded: the buckets that
were used longest ago are forgotten first, and a forgotten one is a full one.
"""

import hashlib
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from wispgate.web.site.requests import address_of, request_id_of

View = Callable[[HttpRequest], HttpResponse]

MOST_BUCKETS = 10_000
# What monitors and browsers ask for all the time and what costs nothing.
_FREE = ("/healthz", "/metrics", "/static/")
_API = "/api/"


@dataclass(slots=True)
class Limiter:
    """Token buckets by key: `per_minute` requests, of which half a minute's may come at once.

    `per_minute` 0 is no limit.
    """

    per_minute: int
    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    @property
    def _size(self) -> float:
        return max(self.per_minute / 2, 1.0)

    def take(self, key: str, *, now: float) -> float:
        """Counts a request at `now` (seconds); 0 if it may go on, else the seconds to wait."""
        if not self.per_minute:
            return 0.0
        with self._lock:
            left = self._left(key, now)
            wait = 0.0 if left >= 1 else (1 - left) * 60 / self.per_minute
            self._keep(key, left - 1 if left >= 1 else left, now)
        return wait

    def wait_of(self, key: str, *, now: float) -> float:
        """The seconds that this key has to wait, without counting anything."""
        if not self.per_minute:
            return 0.0
        with self._lock:
            left = self._left(key, now)
        return 0.0 if left >= 1 else (1 - left) * 60 / self.per_minute

    def _left(self, key: str, now: float) -> float:
        left, at = self._buckets.get(key, (self._size, now))
        return min(self._size, left + max(now - at, 0.0) * self.per_minute / 60)

    def _keep(self, key: str, left: float, now: float) -> None:
        self._buckets[key] = (left, now)
        self._buckets.move_to_end(key)
        while len(self._buckets) > MOST_BUCKETS:
            self._buckets.popitem(last=False)


class LimitMiddleware:
    """Three counts: a token's calls, an address's requests, and an address's wrong tokens."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response
        self.by_token = Limiter(settings.WISPGATE_TOKEN_REQUESTS_PER_MINUTE)
        self.by_address = Limiter(settings.WISPGATE_ADDRESS_REQUESTS_PER_MINUTE)
        self.refused = Limiter(settings.WISPGATE_REFUSALS_PER_MINUTE)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(_FREE):
            return self.get_response(request)
        now, address = time.monotonic(), address_of(request)
        wait = self._wait(request, address, now)
        if wait:
            return _too_many(request, wait)
        response = self.get_response(request)
        if response.status_code == 401:
            self.refused.take(address, now=now)
        return response

    def _wait(self, request: HttpRequest, address: str, now: float) -> float:
        wait = self.refused.wait_of(address, now=now)
        given = request.headers.get("Authorization", "")
        if wait or not (given and request.path.startswith(_API)):
            return wait or self.by_address.take(address, now=now)
        # Many programs may stand behind one address: those with a token are counted by it.
        return self.by_token.take(hashlib.sha256(given.encode()).hexdigest(), now=now)


def _too_many(request: HttpRequest, wait: float) -> HttpResponse:
    seconds = math.ceil(wait)
    words = f"too many requests; try again in {seconds} s"
    if request.path.startswith(_API):
        body = {
            "type": "about:blank",
            "title": "Too Many Requests",
            "status": 429,
            "code": "too_many_requests",
            "detail": words,
            "instance": request_id_of(request),
        }
        response: HttpResponse = JsonResponse(
            body, status=429, content_type="application/problem+json"
        )
    else:
        response = HttpResponse(words, status=429, content_type="text/plain")
    response["Retry-After"] = str(seconds)
    return response
