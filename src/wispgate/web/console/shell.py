"""The shell around every page: Unfold's, without the admin's model forms.

States are changed by actions only, so no model is registered. Unfold's templates ask for the
namespace `admin`, which `urls` answers as the instance `console`.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from unfold.sites import UnfoldAdminSite

from wispgate.business.approvals import queries as approvals
from wispgate.business.operators import queries as operators
from wispgate.business.operators.models import Operator
from wispgate.web.console import branding, rail
from wispgate.web.console.branding import Face
from wispgate.web.console.visits import Visit

_SITE = UnfoldAdminSite(name="console")


def bare(request: HttpRequest) -> dict[str, Any]:
    """What Unfold's templates need where nobody is logged in."""
    return _dressed(request, branding.of_door(request))


def _dressed(request: HttpRequest, face: Face) -> dict[str, Any]:
    """Unfold's shell with a face: its name, and its shades in place of the product's."""
    context: dict[str, Any] = _SITE.each_context(request)
    colors = dict(context["colors"])
    if face.shades:
        colors["primary"] = face.shades
    if face.accents:
        colors["accent"] = face.accents
    return context | {"face": face, "colors": colors}


def around(visit: Visit) -> dict[str, Any]:
    """What a page of the shell needs: rail, tenant, clock, who looks."""
    groups = rail.shown(visit.request.path, visit.may)
    return _dressed(visit.request, branding.of_visit(visit)) | {
        "templates": {"navigation": "console/part/rail.html"},
        "rail": groups,
        "jumps": {shown.item.key: shown.address for group in groups for shown in group.items},
        "visit": visit,
        "operators": _operators_to_choose(visit),
        "waiting": _count_waiting(visit),
        "sandbox_now": visit.now if settings.WISPGATE_IS_SANDBOX else None,
    }


def _count_waiting(visit: Visit) -> int:
    """Requests that wait for this person's decision."""
    return approvals.count_waiting(visit.principal.person) if visit.may("approval.decide") else 0


def _operators_to_choose(visit: Visit) -> list[Operator]:
    """Only the platform's staff go from tenant to tenant."""
    return list(operators.list_operators()) if visit.is_platform else []
