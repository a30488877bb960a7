"""Enrolling a second factor: an app by its first code, a key by its first answer.

Used on the doorstep, where an operator demands one, and on the page about oneself.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import segno
from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe

from wispgate.business.login import sealing
from wispgate.business.login.services import factors, keys
from wispgate.business.login.services.keys import Site
from wispgate.business.staff.models import StaffMember
from wispgate.domain.login import totp
from wispgate.kernel.errors import WispgateError
from wispgate.web.console import branding
from wispgate.web.site import addresses

_APP = "enrolling_app"
_CHALLENGE = "key_challenge"
_LONGEST_ANSWER = 64 * 1024


@dataclass(frozen=True, slots=True)
class AppToEnrol:
    """What the page shows: a picture for the phone, the secret for typing."""

    picture: SafeString
    secret: str


def site_of(request: HttpRequest) -> Site:
    """Keys are made for the host name that the browser shows, and named as its door is."""
    host = request.get_host().rpartition(":")[0] or request.get_host()
    return Site(host, addresses.base_url_of(request), branding.of_door(request).name)


def can_use_keys(request: HttpRequest) -> bool:
    """Browsers make keys for names only, not for bare addresses, and over TLS or on localhost."""
    site = site_of(request)
    is_name = not site.host.replace(".", "").isdigit() and "[" not in site.host
    is_local = site.host == "localhost" or site.host.endswith(".localhost")
    return is_name and (site.origin.startswith("https://") or is_local)


def show_app(request: HttpRequest, member: StaffMember) -> AppToEnrol:
    """The secret stays the same while the page is shown again; sealed, since sessions are kept."""
    secret = _secret_under_way(request, member) or factors.new_app_secret()
    request.session[_APP] = b64encode(sealing.seal(secret, bound_to=_bond(member))).decode()
    address = totp.address(secret, issuer=branding.of_door(request).name, account=member.email)
    return AppToEnrol(_picture(address), totp.shown(secret))


def take_app(request: HttpRequest, member: StaffMember) -> None:
    """Raises FactorRefused, InvalidValue. In the member's scope."""
    secret = _secret_under_way(request, member) or factors.new_app_secret()
    code, name = request.POST.get("code", ""), request.POST.get("name", "") or "Authenticator app"
    factors.enrol_app(member, secret=secret, code=code, name=name)
    request.session.pop(_APP, None)


def ask_key(request: HttpRequest, asked: keys.Asked | None) -> Mapping[str, Any] | None:
    """Keeps the challenge for the answer, and gives what the browser needs."""
    if asked is None:
        return None
    request.session[_CHALLENGE] = dict(asked.state)
    return asked.options


def answered(request: HttpRequest) -> tuple[Mapping[str, Any], Any]:
    """The challenge, which is good for one answer, and the answer. Never raises: what is missing
    or no JSON is refused like any other wrong answer."""
    state = request.session.pop(_CHALLENGE, None) or {}
    text = request.POST.get("answer", "")
    try:
        answer = json.loads(text) if len(text) <= _LONGEST_ANSWER else None
    except ValueError:
        answer = None
    return state, answer


def take_key(request: HttpRequest, member: StaffMember) -> None:
    """Raises FactorRefused, FactorExists, InvalidValue. In the member's scope."""
    state, answer = answered(request)
    name = request.POST.get("name", "") or "Security key"
    keys.enrol(member, site_of(request), state=state, answer=answer, name=name)


def trying(act: Callable[[], object]) -> WispgateError | None:
    """Why it was refused, None when it was done."""
    try:
        act()
    except WispgateError as error:
        return error
    return None


def _secret_under_way(request: HttpRequest, member: StaffMember) -> bytes | None:
    text = request.session.get(_APP)
    return sealing.unseal(b64decode(text), bound_to=_bond(member)) if text else None


def _bond(member: StaffMember) -> str:
    return f"enrolling {member.id}"


def _picture(address: str) -> SafeString:
    """A QR code as SVG in the page: the secret goes through no other address and no cache."""
    code = segno.make(address, error="m", micro=False)
    drawn: str = code.svg_inline(scale=5, border=4, dark="#000", light="#fff", omitsize=True)
    return mark_safe(drawn)  # noqa: S308 (drawn by the library from squares, no text of ours in it)
