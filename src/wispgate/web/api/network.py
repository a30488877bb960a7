"""/lines, /registrations, /authentications: where lines are, and what phones were refused."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema
from pydantic import Field

from wispgate.business.diagnosis import queries as diagnosis
from wispgate.business.subscriptions import queries as subscriptions
from wispgate.web.api.door import BearerToken
from wispgate.web.api.paging import Page, page_of
from wispgate.web.api.schemas import LineOut, RegistrationOut, Text

router = Router(tags=["network"])


@router.get("/lines/{key}", auth=BearerToken("line.read"), response=LineOut)
def get_line(
    request: HttpRequest,
    key: Path[Annotated[Text, Field(max_length=40, description="IMSI or sub-service id")]],
) -> LineOut:
    """A line as the network sees it: state, authentication, registration."""
    return LineOut.show(subscriptions.get_line(key))


class RegistrationFilter(Page):
    mme_host: Annotated[Text, Field(max_length=255)] = ""
    imsi: Annotated[Text, Field(max_length=15)] = ""


class RegisteredOut(RegistrationOut):
    imsi: str
    line_id: UUID


class RegistrationPage(Schema):
    items: list[RegisteredOut]
    next_cursor: str | None


class AccessFilter(Page):
    imsi: Annotated[Text, Field(max_length=15)] = ""


class AccessOut(Schema):
    """One kind of refusal, or of resynchronisation, of a phone: how often, and when last.

    `procedure` is authentication, registration, session (Gx) or charging (Gy); `line_id` is null where no line has it.
    """

    imsi: str
    line_id: UUID | None
    procedure: str
    result: str
    peer: str
    visited_plmn: str
    apn: str
    times: int
    first_at: datetime
    last_at: datetime


class AccessPage(Schema):
    items: list[AccessOut]
    next_cursor: str | None


@router.get("/registrations", auth=BearerToken("line.read"), response=RegistrationPage)
def list_registrations(request: HttpRequest, page: Query[RegistrationFilter]) -> dict[str, Any]:
    """Who is where, by IMSI; also phones that were purged, with when."""
    rows = diagnosis.list_registrations(
        mme_host=page.mme_host, imsi=page.imsi, after=page.digits_key(), limit=page.limit + 1
    )
    return page_of(rows, page, key=diagnosis.place_of, show=RegisteredOut.from_orm)


@router.get("/authentications", auth=BearerToken("line.read"), response=AccessPage)
def list_authentications(request: HttpRequest, page: Query[AccessFilter]) -> dict[str, Any]:
    """The authentication log: refusals and resynchronisations, the newest first."""
    place = page.int_key() or 0
    rows = diagnosis.list_access(imsi=page.imsi, offset=place, limit=page.limit + 1)
    following = place + page.limit
    return page_of(rows, page, key=lambda _row: following, show=AccessOut.from_orm)
