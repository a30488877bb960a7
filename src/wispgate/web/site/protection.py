"""What browsers are told not to do with our answers.

Scripts and styles come from our own files only: no inline script, no eval, nothing from elsewhere.
The one style that a page makes itself (the brand's colours) carries the request's nonce.
"""

import secrets
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

View = Callable[[HttpRequest], HttpResponse]

_API = "/api/"
_PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"


def allow_form_to(request: HttpRequest, origin: str) -> None:
    """Lets this page's forms lead to another origin, such as a login provider's."""
    request.META.setdefault("wispgate.form_origins", []).append(origin)


class ProtectionMiddleware:
    """Puts the headers on every answer, errors and static files included."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        nonce = secrets.token_urlsafe(16)
        request.csp_nonce = nonce  # type: ignore[attr-defined]  # read by the outermost layout
        response = self.get_response(request)
        is_api = request.path.startswith(_API)
        policy = (
            _NOTHING if is_api else _policy(nonce, request.META.get("wispgate.form_origins", []))
        )
        response.setdefault("Content-Security-Policy", policy)
        response.setdefault("Permissions-Policy", _PERMISSIONS)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if is_api:
            response.setdefault("Cache-Control", "no-store")
        return response


_NOTHING = "default-src 'none'; frame-ancestors 'none'"


def _policy(nonce: str, form_origins: list[str]) -> str:
    directives = (
        "default-src 'none'",
        "script-src 'self'",
        f"style-src 'self' 'nonce-{nonce}'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        " ".join(["form-action 'self'", *form_origins]),
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
    return "; ".join(directives)
