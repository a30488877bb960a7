from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from wispgate.web.site import limiting
from wispgate.web.site.limiting import Limiter, LimitMiddleware


def test_half_a_minutes_requests_may_come_at_once_and_no_more() -> None:
    limiter = Limiter(per_minute=60)

    waits = [limiter.take("x", now=0) for _ in range(31)]

    assert waits[:30] == [0.0] * 30
    assert waits[30] == pytest.approx(1.0)


def test_time_gives_requests_back_up_to_the_size() -> None:
    limiter = Limiter(per_minute=60)
    for _ in range(30):
        limiter.take("x", now=0)

    assert limiter.take("x", now=0.5) == pytest.approx(0.5)
    assert limiter.take("x", now=1) == 0
    waits = [limiter.take("x", now=1000) for _ in range(31)]
    assert (waits[29], waits[30]) == (0.0, pytest.approx(1.0))


def test_keys_do_not_pay_for_each_other() -> None:
    limiter = Limiter(per_minute=2)

    assert limiter.take("a", now=0) == 0
    assert limiter.take("a", now=0) > 0
    assert limiter.take("b", now=0) == 0


def test_no_limit_counts_nothing() -> None:
    limiter = Limiter(per_minute=0)

    assert [limiter.take("x", now=0) for _ in range(100)] == [0.0] * 100
    assert limiter.wait_of("x", now=0) == 0


def test_memory_is_bounded_and_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiting, "MOST_BUCKETS", 3)
    limiter = Limiter(per_minute=2)
    for key in ("a", "b", "c", "d"):
        limiter.take(key, now=0)

    assert limiter.take("d", now=0) > 0
    assert limiter.take("a", now=0) == 0


@pytest.fixture
def middleware(settings: Any) -> LimitMiddleware:
    """Answers 401 to wrong tokens and 200 to everything else."""
    settings.WISPGATE_TOKEN_REQUESTS_PER_MINUTE = 10
    settings.WISPGATE_ADDRESS_REQUESTS_PER_MINUTE = 4
    settings.WISPGATE_REFUSALS_PER_MINUTE = 6

    def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse(
            status=401 if "wrong" in request.headers.get("Authorization", "") else 200
        )

    return LimitMiddleware(answer)


def ask(
    middleware: LimitMiddleware, path: str, *, token: str = "", address: str = "192.0.2.1"
) -> HttpResponse:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return middleware(RequestFactory().get(path, headers=headers, REMOTE_ADDR=address))


def test_a_token_that_asks_too_often_is_told_when_to_come_back(
    middleware: LimitMiddleware,
) -> None:
    answers = [ask(middleware, "/api/v1/sims", token="a") for _ in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert 1 <= int(answers[5]["Retry-After"]) <= 6
    assert answers[5]["Content-Type"] == "application/problem+json"
    assert ask(middleware, "/api/v1/sims", token="b").status_code == 200


def test_an_address_that_asks_too_often_without_token_is_held_up(
    middleware: LimitMiddleware,
) -> None:
    answers = [ask(middleware, "/login/").status_code for _ in range(3)]

    assert answers == [200, 200, 429]
    assert ask(middleware, "/login/", address="192.0.2.2").status_code == 200


def test_who_tries_tokens_is_held_up_whatever_he_tries_next(
    middleware: LimitMiddleware,
) -> None:
    tried = [ask(middleware, "/api/v1/sims", token=f"wrong {n}").status_code for n in range(4)]

    assert tried == [401, 401, 401, 429]
    assert ask(middleware, "/api/v1/sims", token="right").status_code == 429
    assert ask(middleware, "/api/v1/sims", token="right", address="192.0.2.2").status_code == 200


def test_monitors_and_static_files_are_never_held_up(middleware: LimitMiddleware) -> None:
    for path in ("/healthz", "/metrics", "/static/console/console.css"):
        assert {ask(middleware, path).status_code for _ in range(20)} == {200}
