"""What every request has: an id, a principal, and one transaction in the principal's scope.

A page of the console runs as the session's member of staff, a call of the API as its token. The
transaction is the tenant's: without a principal no row of any tenant is visible.
"""

import secrets
from collections.abc import Callable
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from wispgate.business.operators import scope as scopes
from wispgate.business.staff import guards
from wispgate.business.staff import services as staff
from wispgate.business.staff.models import StaffMember
from wispgate.web.site.forwarding import client_address

View = Callable[[HttpRequest], HttpResponse]

REQUEST_ID_HEADER = "X-Request-Id"
SESSION_OPERATOR = "operator_id"
_PRINCIPAL = "wispgate.staff"


def request_id_of(request: HttpRequest) -> str:
    return str(request.META.get("wispgate.request_id", ""))


def address_of(request: HttpRequest) -> str:
    """From where: the connection's other end, or whom a trusted proxy names."""
    remote = str(request.META.get("REMOTE_ADDR", ""))
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
    return client_address(remote, forwarded, settings.WISPGATE_TRUSTED_PROXIES)


def principal_of(request: HttpRequest) -> staff.Principal | None:
    """Who asks: the session's member of staff, or None. Tokens are the API's own matter."""
    user = request.user
    if not isinstance(user, StaffMember):
        return None
    actor = scopes.Actor("staff", user.email, address_of(request))
    known = request.META.get(_PRINCIPAL)
    operator_id = user.operator_id or _chosen_operator(request)
    if isinstance(known, staff.Principal) and known.operator_id == operator_id:
        return known
    principal = staff.Principal(
        actor,
        operator_id,
        user.role,
        is_platform=user.operator_id is None,
        standing=staff.standing_of(user),
    )
    request.META[_PRINCIPAL] = principal
    return principal


def scope_of(principal: staff.Principal, request: HttpRequest) -> scopes.Scope:
    """The scope of a principal's request. Staff of no operator are the platform's."""
    return scopes.Scope(
        now=settings.WISPGATE_CLOCK.now(),
        actor=principal.actor,
        operator_id=principal.operator_id,
        is_platform=principal.is_platform,
        request_id=request_id_of(request),
        authority=principal,
    )


class RequestIdMiddleware:
    """Gives each request an id that its log lines, its audit entries and its answer carry."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = secrets.token_hex(8)
        request.META["wispgate.request_id"] = request_id
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
        response[REQUEST_ID_HEADER] = request_id
        return response


class ScopeMiddleware:
    """Runs what a logged-in member of staff asks for in one transaction of their scope.

    An answer of 500 or more undoes the transaction. A refusal (4xx) does not: its service's
    savepoint is undone already, and what the audit says of it must stay.
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        principal = principal_of(request)
        if principal is None:
            return self.get_response(request)
        with scopes.within(scope_of(principal, request)):
            guards.narrow(principal)
            response = self.get_response(request)
            if response.status_code >= 500:
                transaction.set_rollback(True)
        return response


def _chosen_operator(request: HttpRequest) -> UUID | None:
    """The tenant that a member of the platform's staff looks at."""
    chosen = request.session.get(SESSION_OPERATOR)
    return UUID(chosen) if chosen else None
