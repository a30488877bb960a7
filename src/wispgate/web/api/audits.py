"""/audit: who did what, when, from where and why."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from wispgate.business.audit import queries
from wispgate.web.api.door import BearerToken
from wispgate.web.api.paging import Page, page_of
from wispgate.web.api.schemas import AuditEntryOut, AuditPage, Text

router = Router(tags=["audit"])


class AuditFilter(Page):
    object_type: Annotated[Text, Field(max_length=60)] = ""
    object_id: Annotated[Text, Field(max_length=60)] = ""


@router.get("", auth=BearerToken("audit.read", needs_operator=False), response=AuditPage)
def list_audit(request: HttpRequest, page: Query[AuditFilter]) -> dict[str, Any]:
    """The newest first."""
    rows = queries.list_entries(
        object_type=page.object_type,
        object_id=page.object_id,
        before=page.int_key(),
        limit=page.limit + 1,
    )
    return page_of(rows, page, key=lambda row: row.id, show=AuditEntryOut.from_orm)
