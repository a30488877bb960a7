"""What makes a function a page of the console: login, permission, tenant, time zone, refusals."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from wispgate.kernel.errors import NotFound
from wispgate.web.console import shell
from wispgate.web.console.visits import Visit, visit_of

KNOWN_AT = "X-Known-At"

View = Callable[..., HttpResponse]
PageFunction = Callable[..., HttpResponse]


def page(permission: str = "", *, of_operator: bool = True) -> Callable[[PageFunction], View]:
    """A view that gets a `Visit` first, then what its address says.

    Without a login it leads to the login page; without the permission, and where a tenant is
    needed and none chosen, it says so. `NotFound` becomes a page with status 404.
    """

    def decorate(function: PageFunction) -> View:
        @wraps(function)
        def view(request: HttpRequest, **address: str) -> HttpResponse:
            visit = visit_of(request)
            if visit is None:
                return HttpResponseRedirect(_login_address(request))
            with timezone.override(visit.zone):
                refusal = _refusal(visit, permission, of_operator=of_operator)
                response = refusal or _answer(function, visit, address)
            add_never_cache_headers(response)
            return response

        return view

    return decorate


def show(visit: Visit, template: str, /, *, status: int = 200, **context: object) -> HttpResponse:
    """A page inside the shell."""
    everything = shell.around(visit) | context
    return render(visit.request, f"console/{template}", everything, status=status)


def show_part(visit: Visit, template: str, /, **context: object) -> HttpResponse:
    """A piece of a page, which htmx puts in its place."""
    return render(visit.request, f"console/{template}", {"visit": visit, **context})


def show_live(visit: Visit, template: str, part: str, context: Mapping[str, Any]) -> HttpResponse:
    """A page that keeps itself up to date: htmx asks for its address again and gets `part`.

    The header says when it was true; an answer without it is no answer of this page.
    """
    everything = {**context, "part": f"console/{part}", "is_live": True}
    if "HX-Request" in visit.request.headers:
        response = show_part(visit, "part/live.html", **everything)
    else:
        response = show(visit, template, **everything)
    response[KNOWN_AT] = f"{timezone.localtime(visit.now):%H:%M:%S}"
    return response


def forbidden(visit: Visit, permission: str) -> HttpResponse:
    return show(visit, "forbidden.html", status=403, title="Not allowed", permission=permission)


def go_to(name: str, **address: str) -> HttpResponseRedirect:
    """To another page of the console."""
    return HttpResponseRedirect(reverse(f"console:{name}", kwargs=address))


def _answer(function: PageFunction, visit: Visit, address: dict[str, str]) -> HttpResponse:
    try:
        _require_plain(address)
        return function(visit, **address)
    except NotFound as error:
        return show(visit, "missing.html", status=404, title="Not found", error=error)


def _require_plain(address: dict[str, str]) -> None:
    """No object has a name that the database cannot even compare."""
    if not all(part.isprintable() for part in address.values()):
        raise NotFound("page", "its address has characters that no name has")


def _refusal(visit: Visit, permission: str, *, of_operator: bool) -> HttpResponse | None:
    if permission and not visit.may(permission):
        return forbidden(visit, permission)
    if of_operator and visit.operator is None:
        return show(visit, "choose_operator.html", title="Choose an operator")
    return None


def _login_address(request: HttpRequest) -> str:
    query = urlencode({"next": request.get_full_path()}) if request.method == "GET" else ""
    return reverse("console:login") + (f"?{query}" if query and request.path != "/" else "")
