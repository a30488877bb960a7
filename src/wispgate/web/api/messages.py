"""/messages: what was told, to whom, and of which event."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema

from wispgate.business.crm import queries as crm
from wispgate.business.notifications import queries
from wispgate.web.api.door import BearerToken
from wispgate.web.api.paging import Page, page_of

router = Router(tags=["messages"])


class MessageFilter(Page):
    line_id: UUID | None = None
    subscriber_id: UUID | None = None


class MessageOut(Schema):
    """`line_id` is null where it concerns the whole account; `kind` is its event's."""

    id: UUID
    account_id: UUID
    line_id: UUID | None
    kind: str
    channel: str
    subject: str
    text: str
    created_at: datetime
    source_event_id: UUID


class MessagePage(Schema):
    items: list[MessageOut]
    next_cursor: str | None


@router.get("", auth=BearerToken("message.read"), response=MessagePage)
def list_messages(request: HttpRequest, page: Query[MessageFilter]) -> dict[str, Any]:
    """The newest first; of one line, of one subscriber, or all."""
    subscriber = page.subscriber_id
    rows = queries.list_messages(
        line_id=page.line_id,
        account_id=crm.account_of(subscriber).account_id if subscriber else None,
        after=page.uuid_key(),
        limit=page.limit + 1,
    )
    return page_of(rows, page, key=lambda row: row.id, show=MessageOut.from_orm)
