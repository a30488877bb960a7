"""What makes a function a page of the console: login, permission, tenant, time zone, refusals."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from wispgate.business.audit import services as audit
from wispgate.business.staff import looking
from wispgate.business.staff.errors import PermissionMissing
from wispgate.business.staff.permissions import CATALOGUE
from wispgate.domain.login.lifetimes import is_fresh
from wispgate.kernel.errors import NotFound
from wispgate.web.console import shell
from wispgate.web.console.visits import Visit, visit_of
from wispgate.web.site import login
from wispgate.web.site.sessions import store_of

KNOWN_AT = "X-Known-At"

View = Callable[..., HttpResponse]
PageFunction = Callable[..., HttpResponse]


def page(
    permission: str = "", *, of_operator: bool = True, is_risky: bool = False
) -> Callable[[PageFunction], View]:
    """A view that gets a `Visit` first, then what its address says.

    One that `is_risky` asks who it is once more where the last proof is older than ten minutes.
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
                if refusal is None and is_risky and not _is_fresh(visit):
                    refusal = _prove_again(request)
                response = refusal or _answer(function, visit, address)
            add_never_cache_headers(response)
            return response

        # For those who walk all addresses: the access tests.
        view.permission = permission  # type: ignore[attr-defined]
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
    """Says so to the visitor, and to the audit."""
    refusal = PermissionMissing(permission)
    audit.record_refusal(refusal, object_type="page", object_id=visit.request.path[:200])
    known = CATALOGUE.get(permission)
    return show(
        visit,
        "forbidden.html",
        status=403,
        title="Not allowed",
        permission=permission,
        meaning=known.meaning if known else "do this",
    )


def go_to(name: str, **address: str) -> HttpResponseRedirect:
    """To another page of the console."""
    return HttpResponseRedirect(reverse(f"console:{name}", kwargs=address))


def _answer(function: PageFunction, visit: Visit, address: dict[str, str]) -> HttpResponse:
    try:
        _require_plain(address)
        with looking.looking():
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


def _is_fresh(visit: Visit) -> bool:
    text = visit.request.session.get(login.PROVED_AT)
    return is_fresh(datetime.fromisoformat(text) if text else None, now=visit.now)


def _prove_again(request: HttpRequest) -> HttpResponse:
    """A form that was sent too late is filled in again: what it wanted may not be done by a link."""
    query = urlencode({"next": request.get_full_path()})
    return HttpResponseRedirect(f"{reverse('console:prove_again')}?{query}")


def _login_address(request: HttpRequest) -> str:
    told: dict[str, str] = {}
    if ended := store_of(request).end_cause:
        told["ended"] = ended
    if request.method == "GET" and request.path != "/":
        told["next"] = request.get_full_path()
    return reverse("console:login") + (f"?{urlencode(told)}" if told else "")
