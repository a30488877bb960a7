"""/lines: where a line is in the network."""

from typing import Annotated

from django.http import HttpRequest
from ninja import Path, Router
from pydantic import Field

from wispgate.business.subscriptions import queries as subscriptions
from wispgate.web.api.door import BearerToken
from wispgate.web.api.schemas import LineOut, Text

router = Router(tags=["network"])


@router.get("/lines/{key}", auth=BearerToken("line.read"), response=LineOut)
def get_line(
    request: HttpRequest,
    key: Path[Annotated[Text, Field(max_length=40, description="IMSI or sub-service id")]],
) -> LineOut:
    """A line as the network sees it: state, authentication, registration."""
    return LineOut.show(subscriptions.get_line(key))
