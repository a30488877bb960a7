"""By which name a browser came, and whose name that is.

An operator's own domain (`operators.settings.add_domain`) is a door of that operator alone: it
shows its brand, and nobody else's staff is anybody there. Names that the settings allow are the
installation's, whatever operators add; any other name is refused. Who owns a name is remembered for some seconds, per process and for so many names:
anybody may send any.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from threading import Lock
from typing import Final
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port, validate_host

from wispgate.business.operators import queries as operators
from wispgate.business.staff.models import StaffMember

View = Callable[[HttpRequest], HttpResponse]

REMEMBERED_SECONDS: Final = 10.0
MOST_NAMES: Final = 1000
_OWNER = "wispgate.domain_owner"
# What monitors ask for, also when there is no database.
_OF_NOBODY = ("/healthz", "/metrics", "/static/")


@dataclass(slots=True)
class Owners:
    """Whose a name is, as it was known some seconds ago."""

    _known: OrderedDict[str, tuple[UUID | None, float]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def of(self, name: str, *, at: float) -> UUID | None:
        """The operator whose domain it is; `at` in seconds of a clock that only goes forward."""
        with self._lock:
            owner, until = self._known.get(name, (None, at))
        if at < until:
            return owner
        owner = operators.find_operator_of_domain(name, now=settings.WISPGATE_CLOCK.now())
        with self._lock:
            self._known[name] = (owner, at + REMEMBERED_SECONDS)
            self._known.move_to_end(name)
            while len(self._known) > MOST_NAMES:
                self._known.popitem(last=False)
        return owner

    def forget(self) -> None:
        with self._lock:
            self._known.clear()


OWNERS: Final = Owners()


def owner_of(request: HttpRequest) -> UUID | None:
    """The operator by whose own domain this request came; None for the installation's names."""
    owner: UUID | None = request.META.get(_OWNER)
    return owner


class HostMiddleware:
    """Finds whose name was asked for. Raises DisallowedHost (answered 400) for an unknown one."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Django's own check lets every name through (`ALLOWED_HOSTS`): this is the check.
        name, _port = split_domain_port(request.get_host())
        if not _is_of_installation(name):
            owner = _find_owner(name, request.path)
            if owner is None and "*" not in settings.WISPGATE_ALLOWED_HOSTS:
                raise DisallowedHost(f"neither allowed_hosts nor an operator has it: {name!r}")
            request.META[_OWNER] = owner
        return self.get_response(request)


class OwnStaffMiddleware:
    """On an operator's own domain a session of anybody else's staff is nobody's."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        owner = owner_of(request)
        if owner is not None:
            user = request.user
            if isinstance(user, StaffMember) and user.operator_id != owner:
                request.user = AnonymousUser()
        return self.get_response(request)


def _is_of_installation(name: str) -> bool:
    """Named by the settings: whatever domains operators add, it stays everybody's."""
    named = [each for each in settings.WISPGATE_ALLOWED_HOSTS if each != "*"]
    return bool(validate_host(name, named))


def _find_owner(name: str, path: str) -> UUID | None:
    if path.startswith(_OF_NOBODY) or not _may_be_a_domain(name):
        return None
    return OWNERS.of(name, at=time.monotonic())


def _may_be_a_domain(name: str) -> bool:
    if "." not in name or len(name) > 253:
        return False
    try:
        ip_address(name)
    except ValueError:
        return True
    return False
