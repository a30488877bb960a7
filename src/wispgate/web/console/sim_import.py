"""Importing a vendor's file of SIMs: a dry run tells what is wrong, then the file is taken.

The file holds keys in clear, so it is never kept: between the steps it stays in the browser, and
the digest of what was checked makes sure that the same file is imported.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.views.decorators.debug import sensitive_variables

from wispgate.business.approvals.errors import ApprovalNeeded
from wispgate.business.audit import services as audit
from wispgate.business.inventory import services as inventory
from wispgate.business.inventory.cardcolumns import PROFILE
from wispgate.business.inventory.errors import ImportRefused
from wispgate.business.staff import looking
from wispgate.kernel.errors import InvalidValue, WispgateError
from wispgate.web.console import waiting
from wispgate.web.console.pages import go_to, page, show, show_part
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import counted
from wispgate.web.site import requests, uploads

MAX_OCTETS = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Checked:
    """What a dry run found: a report of a good file, or why it would be refused."""

    name: str
    digest: str = ""
    report: inventory.ImportReport | None = None
    refusal: WispgateError | None = None

    @property
    def problems(self) -> ImportRefused | None:
        return self.refusal if isinstance(self.refusal, ImportRefused) else None


@page("sim.import")
def sim_import(visit: Visit) -> HttpResponse:
    if visit.request.method != "POST":
        return show(visit, "sim_import.html", title="Import SIMs")
    if visit.given("step") == "import":
        return _import(visit)
    return _show(visit, _check(visit))


@sensitive_variables("content")
def _check(visit: Visit) -> Checked:
    name = visit.given("name")
    try:
        content = _content(visit)
        with looking.doing(), transaction.atomic():
            report = inventory.import_sims(
                content, name=name, is_dry_run=True, profile=_profile(visit)
            )
    except WispgateError as error:
        return Checked(name, refusal=error)
    return Checked(name, hashlib.sha256(content).hexdigest(), report)


@sensitive_variables("content")
def _import(visit: Visit) -> HttpResponse:
    name = visit.given("name")
    try:
        content = _content(visit)
        if hashlib.sha256(content).hexdigest() != visit.given("digest"):
            raise InvalidValue("this is not the file that was checked; check it first")
        with looking.doing(), transaction.atomic():
            report = inventory.import_sims(content, name=name, profile=_profile(visit))
    except ApprovalNeeded as needed:
        return waiting.ask(visit, needed)
    except WispgateError as error:
        audit.record_refusal(error, object_type="inventory_simbatch", object_id=name)
        return _show(visit, Checked(name, refusal=error))
    already = f", {report.duplicates} were in stock already" if report.duplicates else ""
    messages.success(
        visit.request, f"Imported {counted(report.imported, 'SIM')} as {name}{already}."
    )
    return go_to("sims")


def _profile(visit: Visit) -> dict[str, str]:
    return {name: visit.given(name) for name in PROFILE}


def _content(visit: Visit) -> bytes:
    file = visit.request.FILES.get("file")
    if file is None:
        raise InvalidValue("choose a file", field="file")
    if file.size is None or file.size > MAX_OCTETS:
        raise InvalidValue("a file has at most 64 MiB", field="file")
    content = bytes(file.read())
    uploads.require_text_file(file.name or "", content)
    return content


def _show(visit: Visit, checked: Checked) -> HttpResponse:
    """The report alone where htmx asked for it, so that the chosen file stays chosen."""
    context: dict[str, Any] = {
        "checked": checked,
        "reference": requests.request_id_of(visit.request),
        "keeps_file": "HX-Request" in visit.request.headers,
    }
    if context["keeps_file"]:
        return show_part(visit, "part/import_report.html", **context)
    return show(visit, "sim_import.html", title="Import SIMs", **context)
