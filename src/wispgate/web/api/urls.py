"""The addresses of the API. What is not one of them is told in the API's own way."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from wispgate.kernel.errors import NotFound
from wispgate.web.api import errors
from wispgate.web.api.application import build

View = Callable[..., HttpResponse]

_ROOT = "api-root"


def _with_problems(view: View) -> View:
    """The framework answers a wrong method in plain text; here it becomes a problem."""

    @wraps(view)
    def answer(request: HttpRequest, **arguments: Any) -> HttpResponse:
        given = view(request, **arguments)
        if given.status_code != 405:
            return given
        error = errors.MethodNotAllowed(f"{request.method} is not for this address")
        problem = errors.problem_of(request, error)
        problem["Allow"] = ", ".join(sorted(given["Allow"].split(", ")))
        return problem

    return answer


def no_such_address(request: HttpRequest, rest: str = "") -> HttpResponse:
    return errors.problem_of(request, NotFound("address", request.path))


no_such_address.csrf_exempt = True  # type: ignore[attr-defined]  # a Django convention


def _addresses() -> list[URLPattern]:
    patterns = [pattern for pattern in build().urls[0] if isinstance(pattern, URLPattern)]
    for pattern in patterns:
        pattern.callback = _with_problems(pattern.callback)
    known = [pattern for pattern in patterns if pattern.name != _ROOT]
    # The framework asks for the root by its name, to write addresses into the description.
    nowhere = [path("", no_such_address, name=_ROOT), path("<path:rest>", no_such_address)]
    return [*known, *nowhere]


app_name = "api"
urlpatterns = _addresses()
