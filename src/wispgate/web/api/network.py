"""/operators, /lines: who we are, and where a line is in the network."""

from collections.abc import Sequence
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Router
from pydantic import Field

from wispgate.business.operators import queries as operators
from wispgate.business.subscriptions import queries as subscriptions
from wispgate.web.api.door import BearerToken
from wispgate.web.api.schemas import LineOut, OperatorOut, Text

router = Router(tags=["network"])


@router.get(
    "/operators",
    auth=BearerToken("operator.read", needs_operator=False),
    response=list[OperatorOut],
)
def list_operators(request: HttpRequest) -> Sequence[Any]:
    """The token's operator; all of them for a token of the platform."""
    return operators.list_operators()


@router.get("/lines/{key}", auth=BearerToken("line.read"), response=LineOut)
def get_line(
    request: HttpRequest,
    key: Path[Annotated[Text, Field(max_length=40, description="IMSI or sub-service id")]],
) -> LineOut:
    """A line as the network sees it: state, authentication, registration."""
    return LineOut.show(subscriptions.get_line(key))
