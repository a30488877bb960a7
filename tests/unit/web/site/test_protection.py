import re

from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from wispgate.web.site.protection import ProtectionMiddleware, allow_form_to


def answer_to(path: str, *origins: str) -> tuple[HttpRequest, HttpResponse]:
    request = RequestFactory().get(path)

    def page(given: HttpRequest) -> HttpResponse:
        for origin in origins:
            allow_form_to(given, origin)
        return HttpResponse("x")

    return request, ProtectionMiddleware(page)(request)


def test_pages_run_our_own_scripts_only() -> None:
    request, answer = answer_to("/sims/")

    policy = answer["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert f"'nonce-{request.csp_nonce}'" in policy  # type: ignore[attr-defined]


def test_each_request_has_a_nonce_of_its_own() -> None:
    nonces = {
        re.search("nonce-[^']+", answer_to("/")[1]["Content-Security-Policy"])[0]  # type: ignore[index]
        for _ in range(3)
    }

    assert len(nonces) == 3


def test_a_form_leads_elsewhere_only_where_its_page_says_so() -> None:
    _, plain = answer_to("/login/")
    _, single_sign_on = answer_to("/login/", "https://id.example")

    assert "form-action 'self';" in plain["Content-Security-Policy"]
    assert "form-action 'self' https://id.example;" in single_sign_on["Content-Security-Policy"]


def test_answers_of_the_api_are_no_pages_and_are_not_kept() -> None:
    _, answer = answer_to("/api/v1/sims")

    assert answer["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert answer["Cache-Control"] == "no-store"


def test_powerful_features_of_browsers_are_off() -> None:
    _, answer = answer_to("/")

    assert "camera=()" in answer["Permissions-Policy"]
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
