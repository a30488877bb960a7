"""/mvnos and /allotments: a host's MVNOs by their counts, and what it gave them."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema
from pydantic import Field

from wispgate.business.inventory.moving import Chosen
from wispgate.business.tenants import queries, services
from wispgate.web.api.door import BearerToken
from wispgate.web.api.paging import Page, page_of
from wispgate.web.api.schemas import Closed, IccidText, MsisdnText, Text

router = Router(tags=["allotments"])

SlugPath = Path[Annotated[Text, Field(max_length=40, description="short name of an MVNO")]]
SlugText = Annotated[Text, Field(min_length=1, max_length=40)]
Note = Annotated[Text, Field(max_length=200)]


class MvnoOut(Schema):
    """What a host sees of an MVNO. `lines` are those that are on."""

    slug: str
    name: str
    created_at: datetime
    is_suspended: bool
    sims: int
    sims_in_stock: int
    numbers: int
    numbers_in_use: int
    lines: int


class UsageOut(Schema):
    """On a UTC day; `paid_in` is the unit of what paid, for money of what was priced."""

    day: date
    paid_in: str
    used_units: int


class Days(Schema):
    first: date
    last: date


class NewSimAllotment(Closed):
    """Cards by one of three ways: named, of a batch, or from an ICCID to another."""

    mvno: SlugText
    iccids: Annotated[tuple[IccidText, ...], Field(max_length=10_000)] = ()
    batch_id: UUID | None = None
    first: IccidText | None = None
    last: IccidText | None = None
    note: Note = ""


class NewNumberAllotment(Closed):
    mvno: SlugText
    first: MsisdnText
    last: MsisdnText
    note: Note = ""


class TakenBack(Closed):
    """`iccids`: only these of the cards; all that is unused if left out."""

    iccids: Annotated[tuple[IccidText, ...], Field(max_length=10_000)] = ()


class AllotmentOut(Schema):
    """`side`: given to an MVNO, or received from the host. `partner` is the other one."""

    id: UUID
    side: str
    partner: str
    kind: str
    first: str
    last: str
    given: int
    returned: int
    note: str
    created_at: datetime
    created_by: str

    @staticmethod
    def show(row: Any) -> "AllotmentOut":
        names = AllotmentOut.model_fields.keys() - {"partner"}
        return AllotmentOut(
            partner=row.partner_name, **{name: getattr(row, name) for name in names}
        )


class AllotmentPage(Schema):
    items: list[AllotmentOut]
    next_cursor: str | None


@router.get("/mvnos", auth=BearerToken("allotment.read"), response=list[MvnoOut])
def list_mvnos(request: HttpRequest) -> list[MvnoOut]:
    """Those that hang under the token's operator, by their counts."""
    return [MvnoOut.from_orm(mvno) for mvno in queries.list_mvnos()]


@router.get("/mvnos/{slug}", auth=BearerToken("allotment.read"), response=MvnoOut)
def get_mvno(request: HttpRequest, slug: SlugPath) -> MvnoOut:
    return MvnoOut.from_orm(queries.get_mvno(slug))


@router.get("/mvnos/{slug}/usage", auth=BearerToken("allotment.read"), response=list[UsageOut])
def list_mvno_usage(request: HttpRequest, slug: SlugPath, days: Query[Days]) -> list[UsageOut]:
    """What its lines used, by day: what wholesale is settled by."""
    mvno = queries.get_mvno(slug)
    rows = queries.list_usage(mvno.operator_id, first=days.first, last=days.last)
    return [UsageOut.from_orm(row) for row in rows]


@router.get("/allotments", auth=BearerToken("allotment.read"), response=AllotmentPage)
def list_allotments(request: HttpRequest, page: Query[Page]) -> dict[str, Any]:
    """The newest first, given and received."""
    rows = queries.list_allotments(after=page.uuid_key(), limit=page.limit + 1)
    return page_of(rows, page, key=lambda row: row.id, show=AllotmentOut.show)


@router.post("/allotments/sims", auth=BearerToken("allotment.create"), response={201: AllotmentOut})
def allot_sims(request: HttpRequest, body: NewSimAllotment) -> AllotmentOut:
    """Gives cards from stock to an MVNO: its stock from now on, with their IMSIs."""
    chosen = Chosen(
        iccids=body.iccids,
        batch_id=body.batch_id,
        first=body.first or "",
        last=body.last or "",
    )
    made = services.allot_sims(mvno=body.mvno, chosen=chosen, note=body.note)
    return AllotmentOut.show(queries.get_allotment(made))


@router.post(
    "/allotments/numbers", auth=BearerToken("allotment.create"), response={201: AllotmentOut}
)
def allot_numbers(request: HttpRequest, body: NewNumberAllotment) -> AllotmentOut:
    """Gives free numbers of a range to an MVNO: its range from now on."""
    made = services.allot_numbers(mvno=body.mvno, first=body.first, last=body.last, note=body.note)
    return AllotmentOut.show(queries.get_allotment(made))


@router.get("/allotments/{allotment_id}", auth=BearerToken("allotment.read"), response=AllotmentOut)
def get_allotment(request: HttpRequest, allotment_id: UUID) -> AllotmentOut:
    return AllotmentOut.show(queries.get_allotment(allotment_id))


@router.post(
    "/allotments/{allotment_id}/take-back",
    auth=BearerToken("allotment.take_back"),
    response=AllotmentOut,
)
def take_back(
    request: HttpRequest, allotment_id: UUID, body: TakenBack | None = None
) -> AllotmentOut:
    """Takes back what the MVNO has not used."""
    services.take_back(allotment_id, iccids=body.iccids if body else ())
    return AllotmentOut.show(queries.get_allotment(allotment_id))
