"""Operators as the platform's staff see them: the list, and one with what can be done to it."""

import tempfile
from collections.abc import Sequence
from datetime import datetime
from typing import IO, cast

from django.http import FileResponse, HttpResponse
from django.urls import reverse

from wispgate.business.tenants import queries
from wispgate.business.tenants import services as tenant_services
from wispgate.business.tenants.queries import Tenant
from wispgate.kernel.errors import NotFound
from wispgate.web.console import acting, ordering, tenantorders, timeline
from wispgate.web.console.pages import page, show
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import Link, Piece, Sentence, counted

# The last ones stand below the list; all of them are in the API and the audit.
_DELETIONS = 10


@page("operator.create", of_operator=False)
def tenants(visit: Visit) -> HttpResponse:
    shown = queries.list_tenants()
    return show(
        visit,
        "tenants.html",
        title="Operators",
        answer=_answer(shown),
        tenants=shown,
        deletions=queries.list_deletions(limit=_DELETIONS),
    )


@page("operator.create", of_operator=False)
def new_tenant(visit: Visit) -> HttpResponse:
    def scene() -> acting.Scene:
        home = reverse("console:tenants")
        place = acting.Place("operator", "", "", home, [Link("Operators", home)],
                             "operators_operator", "")  # fmt: skip
        return acting.Scene(None, place, [])

    return ordering.order(visit, tenantorders.CREATE, scene)


@page("operator.create", of_operator=False)
def tenant(visit: Visit, slug: str) -> HttpResponse:
    shown = queries.get_tenant(slug)
    return show(
        visit,
        "tenant.html",
        title=shown.operator.name,
        tenant=shown,
        answer=_answer_of_one(shown),
        orders=ordering.offered(visit, tenantorders.ORDERS, shown),
        events=timeline.of_objects([("operators_operator", str(shown.operator.id))]),
    )


@page("operator.create", of_operator=False)
def tenant_order(visit: Visit, slug: str, name: str) -> HttpResponse:
    if name not in tenantorders.ORDERS:
        raise NotFound("action", name)
    return ordering.order(visit, tenantorders.ORDERS[name], lambda: _scene(slug, name))


@page("operator.export", of_operator=False)
def archive(visit: Visit, slug: str) -> HttpResponse:
    """Everything that the operator has, as a download. By POST: it is written into the audit."""
    if visit.request.method != "POST":
        raise NotFound("page", "an archive is made by its button")
    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    tenant_services.export(slug, file)
    file.seek(0)
    name = f"{slug}-{visit.now:%Y-%m-%d}.zip"
    download = FileResponse(file, content_type="application/zip", as_attachment=True, filename=name)
    # Sent piece by piece; whoever handles answers needs nothing that it lacks.
    return cast(HttpResponse, download)


def _scene(slug: str, name: str) -> acting.Scene:
    shown = queries.get_tenant(slug)
    trail = [
        Link("Operators", reverse("console:tenants")),
        Link(slug, reverse("console:tenant", kwargs={"slug": slug})),
    ]
    # Nobody comes back to the page of one that is gone.
    home = trail[0].address if name == "delete" else trail[1].address
    place = acting.Place(
        "operator", slug, shown.state, home, trail, "operators_operator", str(shown.operator.id)
    )
    return acting.Scene(shown, place, _answer_of_one(shown))


def _answer(shown: Sequence[Tenant]) -> Sentence:
    if not shown:
        return ["There is no operator yet."]
    off = sum(one.state == "suspended" for one in shown)
    lines = sum(one.lines_on for one in shown)
    said = f"{counted(len(shown), 'operator')} with {counted(lines, 'active line')}"
    return [f"{said}, {off} suspended." if off else f"{said}, none suspended."]


def _answer_of_one(shown: Tenant) -> Sentence:
    """State, lines, cores, host, last export."""
    if shown.suspensions:
        first = shown.suspensions[0]
        state: list[Piece] = [f"Suspended for {_reasons(shown)} since ", first.since]
    else:
        state = ["On"]
    cores = ", ".join(shown.cores) or "no core yet"
    host = f", under {shown.host}" if shown.host else ""
    lines = f"{counted(shown.lines_on, 'active line')} of {shown.lines}"
    exported: Piece | datetime = shown.exported_at or "never exported"
    before = ", last exported " if shown.exported_at else ", "
    return [*state, f", {lines}, served by {cores}{host}{before}", exported, "."]


def _reasons(shown: Tenant) -> str:
    return " and ".join(one.get_reason_display() for one in shown.suspensions)
