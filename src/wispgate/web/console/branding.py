"""How the console looks: the product's own face, or that of the operator whose pages they are.

Where nobody is logged in the host name says whose: an operator's own domain shows its brand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.domain.brand import colours
from wispgate.web.console.visits import Visit, visit_of
from wispgate.web.site import hosts

PRODUCT = "WISPGate"
_LOGO_LASTS = "private, max-age=300"


@dataclass(frozen=True, slots=True)
class Face:
    """A name, a picture's address and shades by weight; empty where the product's own are shown.

    `accents` draw what is no text: bars, charts, the frame around what the keyboard is on.
    """

    name: str = PRODUCT
    logo: str = ""
    shades: Mapping[str, str] | None = None
    accents: Mapping[str, str] | None = None
    support_email: str = ""
    support_phone: str = ""
    support_url: str = ""


def of_visit(visit: Visit) -> Face:
    """Of the operator that is looked at."""
    return _of(visit.operator.id) if visit.operator is not None else Face()


def of_door(request: HttpRequest) -> Face:
    """Of the operator whose own domain was asked for."""
    owner = hosts.owner_of(request)
    if owner is None:
        return Face()
    with scopes.within(scopes.Scope(now=settings.WISPGATE_CLOCK.now(), operator_id=owner)):
        return _of(owner)


@require_safe
def logo(request: HttpRequest, operator: UUID) -> HttpResponse:
    """The picture of the operator that is looked at, or whose domain this is; of no other."""
    found = _logo(request, operator)
    if found is None:
        return HttpResponse("no such picture", status=404, content_type="text/plain")
    response = HttpResponse(found[0], content_type=found[1])
    response["Cache-Control"] = _LOGO_LASTS
    # Asked for by itself a picture is a document: nothing in it may do anything.
    response["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    return response


def _logo(request: HttpRequest, operator: UUID) -> tuple[bytes, str] | None:
    if hosts.owner_of(request) == operator:
        now = settings.WISPGATE_CLOCK.now()
        with scopes.within(scopes.Scope(now=now, operator_id=operator)):
            return operators.find_logo(operator)
    visit = visit_of(request)
    is_seen = visit is not None and visit.operator is not None and visit.operator.id == operator
    return operators.find_logo(operator) if is_seen else None


def _of(operator_id: UUID) -> Face:
    brand = operators.find_brand(operator_id)
    if brand is None:
        return Face()
    has_logo = bool(brand.logo_type)
    return Face(
        name=brand.display_name,
        logo=reverse("console:brand_logo", args=[operator_id]) if has_logo else "",
        shades=_shades(brand.main_colour) if brand.main_colour else None,
        accents=_shades(brand.accent_colour) if brand.accent_colour else None,
        support_email=brand.support_email,
        support_phone=brand.support_phone,
        support_url=brand.support_url,
    )


@lru_cache(maxsize=256)
def _shades(colour: str) -> Mapping[str, str]:
    return colours.scale_of(colour)
