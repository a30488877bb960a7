"""A visit: one person looking at one page of the console."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest

from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.business.operators.models import Operator
from wispgate.business.staff.services import Principal
from wispgate.kernel.errors import NotFound
from wispgate.web.site import requests


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks for what, when, and whose rows they see. Made inside the request's transaction."""

    request: HttpRequest
    principal: Principal
    now: datetime
    operator: Operator | None
    is_platform: bool

    def may(self, permission: str) -> bool:
        return self.principal.may(permission)

    def given(self, name: str) -> str:
        """A field of the form that was sent, as text that the database can hold."""
        return plain_text(self.request.POST.get(name, ""))

    def everything_given(self) -> dict[str, str]:
        """All fields that were sent, by a form or in the address, as such text."""
        request = self.request
        sent = request.POST if request.method == "POST" else request.GET
        return {name: plain_text(sent.get(name, "")) for name in sent}

    @property
    def zone(self) -> tzinfo:
        """The operator's time zone: all instants are shown in it."""
        return ZoneInfo(self.operator.time_zone if self.operator else "UTC")


def plain_text(value: str) -> str:
    """Without NUL and other characters that nobody types on purpose."""
    return "".join(character for character in value if character.isprintable()).strip()


def visit_of(request: HttpRequest) -> Visit | None:
    """The visit that a request is, or None where nobody is logged in."""
    principal = requests.principal_of(request)
    if principal is None:
        return None
    scope = scopes.current()
    return Visit(
        request=request,
        principal=principal,
        now=scope.now,
        operator=_operator(principal.operator_id),
        is_platform=scope.is_platform,
    )


def _operator(operator_id: UUID | None) -> Operator | None:
    """None too for a tenant that was chosen and is not there any more."""
    if operator_id is None:
        return None
    try:
        return operators.get_operator_by_id(operator_id)
    except NotFound:
        return None
