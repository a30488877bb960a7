"""/reveals: one hidden field, with a reason that the audit keeps."""

from typing import Annotated, Literal

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from wispgate.business.subscriptions import revealing
from wispgate.web.api.door import BearerToken
from wispgate.web.api.schemas import Closed, Text

router = Router(tags=["staff"])


class NewReveal(Closed):
    object_type: Literal["subscriber", "subscription"]
    object_id: Annotated[Text, Field(min_length=1, max_length=60)]
    field: Literal["email", "phone", "msisdn"]
    reason: Annotated[Text, Field(min_length=revealing.MIN_REASON_LENGTH, max_length=200)]


class RevealOut(Schema):
    field: str
    value: str


@router.post("/reveals", auth=BearerToken("field.reveal"), response=RevealOut)
def reveal(request: HttpRequest, body: NewReveal) -> RevealOut:
    """Shows a field that the role hides. Who looked, at what and why is in the audit."""
    value = revealing.reveal(body.object_type, body.object_id, body.field, reason=body.reason)
    return RevealOut(field=body.field, value=value)
