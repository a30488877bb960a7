"""/audit: who did what, when, from where and why; its export with proof; how long it is kept."""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from wispgate.business.audit import exporting, queries, retention
from wispgate.business.audit import services as audit
from wispgate.business.audit.models import AuditEntry
from wispgate.business.audit.queries import Search
from wispgate.business.operators import scope as scopes
from wispgate.web.api.door import BearerToken
from wispgate.web.api.paging import Page, page_of
from wispgate.web.api.schemas import AuditEntryOut, AuditPage, RetentionOut, Text
from wispgate.web.site import spreadsheets

router = Router(tags=["audit"])

Words = Annotated[Text, Field(max_length=120)]


class AuditFilter(Schema):
    """`who` is a part of an actor's name, or an address; `text` stands in what was and became."""

    who: Words = ""
    action: AuditEntry.Action | None = None
    object_type: Annotated[Text, Field(max_length=60)] = ""
    object_id: Annotated[Text, Field(max_length=60)] = ""
    text: Words = ""
    request_id: Annotated[Text, Field(max_length=60)] = ""
    since: datetime | None = None
    until: datetime | None = None

    def search(self) -> Search:
        given = self.model_dump(include=set(Search.__slots__))
        return Search(**{name: value for name, value in given.items() if value is not None})


class AuditPageFilter(AuditFilter, Page):
    pass


class ExportFilter(AuditFilter):
    form: Literal["jsonl", "csv"] = "jsonl"


class RetentionIn(Schema):
    """`keep_days` null: for ever."""

    keep_days: Annotated[int, Field(ge=1, le=retention.MOST_DAYS)] | None
    reason: Words = ""


_FILE: dict[str, Any] = {
    "responses": {
        200: {
            "description": "The file",
            "content": {
                "application/x-ndjson": {"schema": {"type": "string"}},
                "text/csv": {"schema": {"type": "string"}},
            },
        }
    }
}


@router.get("", auth=BearerToken("audit.read", needs_operator=False), response=AuditPage)
def list_audit(request: HttpRequest, page: Query[AuditPageFilter]) -> dict[str, Any]:
    """The newest first."""
    rows = queries.find_entries(page.search(), before=page.int_key(), limit=page.limit + 1)
    return page_of(rows, page, key=lambda row: row.id, show=AuditEntryOut.from_orm)


@router.get("/export", auth=BearerToken("audit.export", needs_operator=False), openapi_extra=_FILE)
def export_audit(request: HttpRequest, wanted: Query[ExportFilter]) -> HttpResponse:
    """JSON lines with the blocks that prove them, or CSV. Nothing is masked in it."""
    audit.record_read(
        object_type="audit_auditentry", object_id="", what=f"exported the audit as {wanted.form}"
    )
    if wanted.form == "csv":
        lines = spreadsheets.lines(exporting.COLUMNS, exporting.rows(wanted.search()))
        return HttpResponse("".join(lines), content_type="text/csv; charset=utf-8")
    proof = exporting.json_lines(wanted.search())
    return HttpResponse("".join(proof), content_type="application/x-ndjson; charset=utf-8")


@router.get("/retention", auth=BearerToken("audit.read"), response=RetentionOut)
def get_retention(request: HttpRequest) -> RetentionOut:
    """How long the operator's audit is kept, and how long it must be."""
    return _retention()


@router.post("/retention", auth=BearerToken("audit.retention"), response=RetentionOut)
def set_retention(request: HttpRequest, body: RetentionIn) -> RetentionOut:
    with scopes.because(body.reason):
        retention.set_keep_days(body.keep_days)
    return _retention()


def _retention() -> RetentionOut:
    return RetentionOut(keep_days=retention.find_keep_days(), minimum_days=retention.minimum_days())
