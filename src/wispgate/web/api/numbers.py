"""/number-ranges and /numbers: the operator's numbers, and what can be done to one."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema
from pydantic import AwareDatetime, Field

from wispgate.business.inventory import number_queries as queries
from wispgate.business.inventory import numbers
from wispgate.business.inventory.number_lifecycle import NumberClass, NumberOrigin, NumberState
from wispgate.business.operators import scope as scopes
from wispgate.business.subscriptions import numbering
from wispgate.kernel.errors import NotFound
from wispgate.kernel.identifiers import Msisdn
from wispgate.web.api.door import BearerToken
from wispgate.web.api.paging import Page, page_of
from wispgate.web.api.schemas import Because, Closed, MsisdnText

router = Router(tags=["numbers"])

# A reservation whose end nobody names.
_USUAL_RESERVATION = timedelta(days=1)

MsisdnPath = Path[MsisdnText]


class NewRange(Closed):
    first: MsisdnText
    last: MsisdnText
    number_class: NumberClass = NumberClass.ORDINARY


class RangeOut(Schema):
    id: UUID
    first: str
    last: str
    size: int
    number_class: NumberClass
    created_at: datetime


class RangePage(Schema):
    items: list[RangeOut]
    next_cursor: str | None


class NumberFilter(Page):
    state: NumberState | None = None


class NumberOut(Schema):
    """`until` is the end of a reservation or of a quarantine; null in the other states."""

    msisdn: str
    state: NumberState
    until: datetime | None
    number_class: NumberClass
    origin: NumberOrigin
    subscription_id: UUID | None
    state_changed_at: datetime | None
    state_cause: str


class NumberPage(Schema):
    items: list[NumberOut]
    next_cursor: str | None


class Reservation(Closed):
    until: AwareDatetime | None = None


class NumberPolicyOut(Schema):
    quarantine_days: int


class NewNumberPolicy(Closed):
    quarantine_days: Annotated[int, Field(ge=0, le=3660)]


@router.post("/number-ranges", auth=BearerToken("number.range"), response={201: RangeOut})
def add_number_range(request: HttpRequest, body: NewRange) -> RangeOut:
    """Numbers of the operator's own. From the first range on, only numbers of ranges can be used."""
    range_id = numbering.add_range(first=body.first, last=body.last, number_class=body.number_class)
    return RangeOut.from_orm(queries.get_range(range_id))


@router.get("/number-ranges", auth=BearerToken("number.read"), response=RangePage)
def list_number_ranges(request: HttpRequest, page: Query[Page]) -> dict[str, Any]:
    """By the first number."""
    rows = queries.list_ranges(after=page.digits_key(), limit=page.limit + 1)
    return page_of(rows, page, key=lambda row: row.first, show=RangeOut.from_orm)


@router.get("/number-policy", auth=BearerToken("number.read"), response=NumberPolicyOut)
def get_number_policy(request: HttpRequest) -> NumberPolicyOut:
    """How long a number rests after somebody had it."""
    return NumberPolicyOut(quarantine_days=queries.quarantine_days())


@router.post("/number-policy", auth=BearerToken("number.range"), response=NumberPolicyOut)
def set_number_policy(request: HttpRequest, body: NewNumberPolicy) -> NumberPolicyOut:
    """From now on; numbers that rest already do so as long as they were told to."""
    numbers.set_quarantine_days(body.quarantine_days)
    return NumberPolicyOut(quarantine_days=queries.quarantine_days())


@router.get("/numbers", auth=BearerToken("number.read"), response=NumberPage)
def list_numbers(request: HttpRequest, page: Query[NumberFilter]) -> dict[str, Any]:
    """Numbers that were ever touched; the others of a range are available."""
    rows = queries.list_numbers(
        state=page.state or "", after=page.digits_key(), limit=page.limit + 1
    )
    return page_of(rows, page, key=lambda row: row.msisdn, show=NumberOut.from_orm)


@router.get("/numbers/next-available", auth=BearerToken("number.read"), response=NumberOut)
def get_next_available_number(
    request: HttpRequest, number_class: NumberClass = NumberClass.ORDINARY
) -> NumberOut:
    """The lowest free number of a class. It is nobody's until it is reserved or given."""
    msisdn = queries.find_next_available(number_class)
    if msisdn is None:
        raise NotFound("available number of class", number_class.value)
    return _show(msisdn)


@router.get("/numbers/{msisdn}", auth=BearerToken("number.read"), response=NumberOut)
def get_number(request: HttpRequest, msisdn: MsisdnPath) -> NumberOut:
    """A number of a range, touched or not, or one that was ported in."""
    return _show(_digits(msisdn))


@router.post("/numbers/{msisdn}/reserve", auth=BearerToken("number.reserve"), response=NumberOut)
def reserve_number(
    request: HttpRequest, msisdn: MsisdnPath, body: Reservation | None = None
) -> NumberOut:
    """Keeps a free number from being offered or reserved again; for a day unless told."""
    until = body.until if body else None
    numbers.reserve(_digits(msisdn), until=until or scopes.current().now + _USUAL_RESERVATION)
    return _show(_digits(msisdn))


@router.post("/numbers/{msisdn}/release", auth=BearerToken("number.release"), response=NumberOut)
def release_number(
    request: HttpRequest, msisdn: MsisdnPath, body: Because | None = None
) -> NumberOut:
    """Gives up a reservation; takes the number from its sub-service and lets it rest."""
    with scopes.because(body.reason if body else ""):
        numbering.release(_digits(msisdn))
    return _show(_digits(msisdn))


@router.post("/numbers/{msisdn}/port-in", auth=BearerToken("number.port_in"), response=NumberOut)
def port_in_number(
    request: HttpRequest, msisdn: MsisdnPath, body: Because | None = None
) -> NumberOut:
    """Takes the number over from another network; it can be given to a sub-service then."""
    with scopes.because(body.reason if body else ""):
        numbering.port_in(_digits(msisdn))
    return _show(_digits(msisdn))


@router.post("/numbers/{msisdn}/port-out", auth=BearerToken("number.port_out"), response=NumberOut)
def port_out_number(
    request: HttpRequest, msisdn: MsisdnPath, body: Because | None = None
) -> NumberOut:
    """Gives the number to another network; its sub-service, if it has one, stays without."""
    with scopes.because(body.reason if body else ""):
        numbering.port_out(_digits(msisdn))
    return _show(_digits(msisdn))


def _digits(msisdn: str) -> str:
    return str(Msisdn.parse(msisdn))


def _show(msisdn: str) -> NumberOut:
    return NumberOut.from_orm(queries.get_number(msisdn))
