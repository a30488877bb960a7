"""/subscribers: who the customer is."""

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from wispgate.business.crm import queries
from wispgate.business.crm import services as crm
from wispgate.web.api.door import BearerToken
from wispgate.web.api.paging import Page, page_of
from wispgate.web.api.schemas import NewSubscriber, SubscriberOut, SubscriberPage, Text

router = Router(tags=["subscribers"])


class SubscriberFilter(Page):
    external_id: Annotated[Text, Field(max_length=64)] = ""


@router.post("", auth=BearerToken("subscriber.create"), response={201: SubscriberOut})
def create_subscriber(request: HttpRequest, body: NewSubscriber) -> SubscriberOut:
    """A new customer, a person or an organization, with a charging account."""
    return SubscriberOut.show(queries.get_subscriber(crm.create_subscriber(**body.dict())))


@router.get("", auth=BearerToken("subscriber.read"), response=SubscriberPage)
def list_subscribers(request: HttpRequest, page: Query[SubscriberFilter]) -> dict[str, Any]:
    """The newest first."""
    rows = queries.list_subscribers(
        external_id=page.external_id, after=page.uuid_key(), limit=page.limit + 1
    )
    return page_of(rows, page, key=lambda row: row.id, show=SubscriberOut.show)


@router.get("/{subscriber_id}", auth=BearerToken("subscriber.read"), response=SubscriberOut)
def get_subscriber(request: HttpRequest, subscriber_id: UUID) -> SubscriberOut:
    return SubscriberOut.show(queries.get_subscriber(subscriber_id))
