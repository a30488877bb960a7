"""The one way in: what somebody has shown so far, kept in a session that is nobody's yet.

Password, passkey and single sign-on all end in `begin`; `proceed` asks `domain.login.steps` what
comes next and lets in whoever has nothing left to show. No other page logs anybody in.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme

from wispgate.business.login.services import entering
from wispgate.business.login.services.entering import Caller
from wispgate.business.operators import ids
from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import services as staff
from wispgate.business.staff.models import StaffMember
from wispgate.domain.login.lifetimes import ON_THE_DOORSTEP
from wispgate.domain.login.steps import Proof, Step
from wispgate.web.console.pages import go_to
from wispgate.web.site import hosts, login, requests

_KEY = "doorstep"
_DEVICES_COOKIE = "wispgate-devices"
_DEVICES_SALT = "wispgate.login.devices"
_DEVICES_LAST = timedelta(days=180)
# Several people may share a browser; more than that is no browser of theirs.
_MOST_DEVICES = 5
# Where each step is taken; `enter` has no page.
_PAGES = {
    Step.FACTOR: "login_factor",
    Step.ENROL: "login_enrol",
    Step.NEW_PASSWORD: "login_new_password",
}


@dataclass(frozen=True, slots=True)
class Door:
    """Who stands there, and what they have shown."""

    member: StaffMember
    proof: Proof
    is_factor_shown: bool
    wanted: str


def caller_of(request: HttpRequest, email: str = "") -> Caller:
    return Caller(
        address=requests.address_of(request),
        request_id=requests.request_id_of(request),
        now=settings.WISPGATE_CLOCK.now(),
        known_device=_devices(request).get(_digest(email), "") if email else "",
        house=hosts.owner_of(request),
    )


def begin(
    request: HttpRequest, member: StaffMember, proof: Proof, *,
    is_factor_shown: bool = False, wanted: str = "",
) -> HttpResponse:  # fmt: skip
    """The first proof was given: a session of its own begins, and the next step is asked for."""
    request.session.flush()
    door = Door(member, proof, is_factor_shown, wanted)
    _write(request, door, settings.WISPGATE_CLOCK.now())
    return proceed(request, door)


def find(request: HttpRequest) -> Door | None:
    """Who stands at the door; None for who was never there or took too long."""
    known: dict[str, Any] | None = request.session.get(_KEY)
    if not known:
        return None
    now = settings.WISPGATE_CLOCK.now()
    member = staff.find_staff_by_login(known["member"], now=now)
    came_at = datetime.fromisoformat(known["at"])
    if member is None or not member.is_active or now - came_at >= ON_THE_DOORSTEP:
        return None
    if member.get_session_auth_hash() != known["hash"]:
        return None
    return Door(member, Proof(known["proof"]), known["factor"], known["wanted"])


def factor_shown(request: HttpRequest, door: Door) -> Door:
    """The second factor was right."""
    proved = replace(door, is_factor_shown=True)
    came_at = datetime.fromisoformat(request.session[_KEY]["at"])
    _write(request, proved, came_at)
    return proved


def password_changed(request: HttpRequest, door: Door) -> Door:
    """The new password ended all sessions, also this one's claim to be in time."""
    _write(request, door, settings.WISPGATE_CLOCK.now())
    return door


def proceed(request: HttpRequest, door: Door) -> HttpResponse:
    """To the next step, or in."""
    caller = caller_of(request)
    step = entering.what_is_next(
        door.member, door.proof, caller, is_factor_shown=door.is_factor_shown
    )
    if step in _PAGES:
        return go_to(_PAGES[step])
    return _let_in(request, door, caller)


def step_at(request: HttpRequest, door: Door) -> Step:
    """What is asked now: a page for another step leads on."""
    return entering.what_is_next(
        door.member, door.proof, caller_of(request), is_factor_shown=door.is_factor_shown
    )


def onward(request: HttpRequest, wanted: str) -> HttpResponse:
    """To the page that was wanted, if it is one of ours."""
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        return HttpResponseRedirect(wanted)
    return go_to("home")


def _let_in(request: HttpRequest, door: Door, caller: Caller) -> HttpResponse:
    member = door.member
    with scopes.within(caller.scope(member)):
        login.enter(request, member, door.proof)
        if member.operator_id is None:
            _choose_the_only_operator(request)
    response = onward(request, door.wanted)
    _remember_device(request, response, member)
    return response


def _choose_the_only_operator(request: HttpRequest) -> None:
    """Most installations have one tenant: nobody should have to choose it."""
    known = operators.list_operators()
    if len(known) == 1:
        request.session[requests.SESSION_OPERATOR] = str(known[0].id)


def _write(request: HttpRequest, door: Door, came_at: datetime) -> None:
    request.session[_KEY] = {
        "member": str(door.member.id),
        "hash": door.member.get_session_auth_hash(),
        "proof": door.proof.value,
        "factor": door.is_factor_shown,
        "wanted": door.wanted[:1000],
        "at": came_at.isoformat(),
    }


def _devices(request: HttpRequest) -> dict[str, str]:
    """The accounts that this browser has logged in to before, by hash, with its name for each."""
    text = request.COOKIES.get(_cookie_name(), "")
    try:
        known = signing.Signer(salt=_DEVICES_SALT).unsign_object(text) if text else {}
    except (signing.BadSignature, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _remember_device(request: HttpRequest, response: HttpResponse, member: StaffMember) -> None:
    """Others' failures do not slow down an account on a browser that its owner has used."""
    known, digest = _devices(request), _digest(member.email)
    name = known.pop(digest, "") or str(ids.new_id(settings.WISPGATE_CLOCK.now()))
    kept = dict(list(known.items())[-(_MOST_DEVICES - 1) :]) | {digest: name}
    response.set_cookie(
        _cookie_name(),
        signing.Signer(salt=_DEVICES_SALT).sign_object(kept),
        max_age=_DEVICES_LAST,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _digest(email: str) -> str:
    return sha256(email.strip().lower().encode()).hexdigest()[:16]


def _cookie_name() -> str:
    return ("__Host-" if settings.SESSION_COOKIE_SECURE else "") + _DEVICES_COOKIE
