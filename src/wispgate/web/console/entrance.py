"""Logging in and out, and which tenant a member of the platform's staff looks at."""

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from wispgate.business.audit import services as audit
from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.business.staff.errors import LoginRefused
from wispgate.business.staff.models import StaffMember
from wispgate.web.console import shell
from wispgate.web.console.pages import go_to, page
from wispgate.web.console.visits import Visit, plain_text
from wispgate.web.site import requests

# Neutral on purpose: it never says which of the two was wrong.
REFUSAL = "The address or the password is wrong."


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def log_in(request: HttpRequest) -> HttpResponse:
    """The login page. Asked for by somebody who is logged in, it leads on."""
    if isinstance(request.user, StaffMember):
        return _onward(request)
    if request.method != "POST":
        return _form(request)
    email = plain_text(request.POST.get("email", "")).lower()
    member = _authenticate(request, email)
    if not isinstance(member, StaffMember):
        _record_refused(request, email)
        return _form(request, email=email, refusal=REFUSAL)
    _enter(request, member)
    return _onward(request)


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    auth.logout(request)
    return go_to("login")


@page(of_operator=False)
def choose_operator(visit: Visit) -> HttpResponse:
    """Looks at another tenant from now on. Staff of an operator have nothing to choose."""
    wanted = visit.request.POST.get("operator", "")
    if visit.request.method == "POST" and visit.is_platform and wanted:
        operator = operators.get_operator(wanted)
        visit.request.session[requests.SESSION_OPERATOR] = str(operator.id)
    return go_to("home")


def _authenticate(request: HttpRequest, email: str) -> AbstractBaseUser | None:
    if "@" not in email:
        return None
    password = request.POST.get("password", "")
    return auth.authenticate(request, username=email, password=password)


def _enter(request: HttpRequest, member: StaffMember) -> None:
    with scopes.within(_scope(request, member)):
        auth.login(request, member)
        audit.record_login(object_id=str(member.id), message="logged in to the console")
        if member.operator_id is None:
            _choose_the_only_operator(request)


def _scope(request: HttpRequest, member: StaffMember) -> scopes.Scope:
    return scopes.Scope(
        now=settings.WISPGATE_CLOCK.now(),
        actor=scopes.Actor("staff", member.email, requests.address_of(request)),
        operator_id=member.operator_id,
        is_platform=member.operator_id is None,
        login=str(member.id),
        request_id=requests.request_id_of(request),
    )


def _choose_the_only_operator(request: HttpRequest) -> None:
    """Most installations have one tenant: nobody should have to choose it."""
    known = operators.list_operators()
    if len(known) == 1:
        request.session[requests.SESSION_OPERATOR] = str(known[0].id)


def _record_refused(request: HttpRequest, email: str) -> None:
    # People type passwords into the wrong field: only what looks like an address is kept.
    name = email if "@" in email else ""
    scope = scopes.Scope(
        now=settings.WISPGATE_CLOCK.now(),
        actor=scopes.Actor("staff", name, requests.address_of(request)),
        # The entry belongs to no tenant, so only this scope may write and read it back.
        is_platform=True,
        request_id=requests.request_id_of(request),
    )
    with scopes.within(scope):
        audit.record_refusal(
            LoginRefused("a login was refused"), object_type="staff", object_id=name
        )


def _form(request: HttpRequest, **context: object) -> HttpResponse:
    given = {"title": "Log in", "next": request.POST.get("next") or request.GET.get("next", "")}
    return render(request, "console/login.html", shell.bare(request) | given | context)


def _onward(request: HttpRequest) -> HttpResponse:
    wanted = request.POST.get("next") or request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        return HttpResponseRedirect(wanted)
    return go_to("home")
