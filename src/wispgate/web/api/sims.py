"""/sims: the stock, its import, and a card's end."""

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema
from pydantic import Field

from wispgate.business.inventory import puks, queries
from wispgate.business.inventory import services as inventory
from wispgate.business.inventory.lifecycle import SimState
from wispgate.business.operators import scope as scopes
from wispgate.business.subscriptions import services as subscriptions
from wispgate.business.subscriptions import swapguard, trace
from wispgate.web.api import bodies
from wispgate.web.api.door import BearerToken
from wispgate.web.api.paging import Page, page_of
from wispgate.web.api.schemas import (
    Because,
    Closed,
    ImportOut,
    ImsiText,
    SimOut,
    SimPage,
    Text,
    TraceOut,
)

router = Router(tags=["sims"])

Iccid = Path[Annotated[Text, Field(max_length=30, description="as printed on the card")]]

_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "CSV with a header; the columns are described in the import guide.",
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "op": {"type": "string", "description": "OP or TOP of all cards"},
                    },
                    "required": ["file"],
                }
            },
        },
    }
}


class SimFilter(Page):
    state: SimState | None = None
    imsi: ImsiText | None = None


class HandOver(Closed):
    """To a dealer, to a department, or with neither back into the operator's own store."""

    iccids: Annotated[
        list[Annotated[Text, Field(max_length=30)]],
        Field(min_length=1, max_length=inventory.MOST_HANDED_OVER),
    ]
    dealer: Annotated[Text, Field(max_length=40)] = ""
    department_id: UUID | None = None


class HandedOver(Schema):
    changed: int


class ImportOptions(Schema):
    """`name` is the batch's, `dry_run` only checks; the rest holds for rows that do not say it.

    OP is no option: it would stand in the logs of proxies. It is a column, or the part `op` of a form.
    """

    name: Annotated[Text, Field(min_length=1, max_length=120)] = "import"
    dry_run: bool = False
    algorithm: Annotated[Text, Field(max_length=20)] = ""
    amf: Annotated[Text, Field(max_length=10)] = ""
    res_octets: Annotated[Text, Field(max_length=3)] = ""
    iterations: Annotated[Text, Field(max_length=3)] = ""

    def profile(self, op: str) -> dict[str, str]:
        return {
            "algorithm": self.algorithm,
            "amf": self.amf,
            "res_octets": self.res_octets,
            "iterations": self.iterations,
            "op": op,
        }


@router.get("", auth=BearerToken("sim.read"), response=SimPage)
def list_sims(request: HttpRequest, page: Query[SimFilter]) -> dict[str, Any]:
    """By ICCID."""
    rows = queries.list_sims(
        state=page.state or "",
        imsi=page.imsi or "",
        after=page.digits_key(),
        limit=page.limit + 1,
    )
    return page_of(rows, page, key=lambda row: row.iccid, show=SimOut.show)


@router.post(
    "/import", auth=BearerToken("sim.import"), response={201: ImportOut}, openapi_extra=_FILE
)
def import_sims(request: HttpRequest, options: Query[ImportOptions]) -> ImportOut:
    """Takes a vendor's file into stock: all of it or nothing. Keys are sealed as they arrive."""
    content = bodies.read_file(request)
    report = inventory.import_sims(
        content,
        name=options.name,
        is_dry_run=options.dry_run,
        profile=options.profile(bodies.read_part(request, "op")),
    )
    return ImportOut.show(report)


@router.post("/hand-over", auth=BearerToken("sim.hand_over"), response=HandedOver)
def hand_over(request: HttpRequest, body: HandOver) -> dict[str, int]:
    """Cards in stock become a dealer's or a department's own: all of them or none."""
    keeper = inventory.Keeper(body.dealer, body.department_id)
    return {"changed": inventory.hand_over(body.iccids, keeper)}


class SwapPolicyOut(Schema):
    """0: nothing is held back after a swap."""

    cool_off_hours: int


class NewSwapPolicy(Closed):
    cool_off_hours: Annotated[int, Field(ge=0, le=swapguard.MOST_HOURS)]


@router.get("/swap-policy", auth=BearerToken("sim.read"), response=SwapPolicyOut)
def get_swap_policy(request: HttpRequest) -> dict[str, int]:
    """How many hours another swap, another number and porting out are held back after a swap."""
    return {"cool_off_hours": swapguard.cool_off_hours()}


@router.put("/swap-policy", auth=BearerToken("sim.swap_rules"), response=SwapPolicyOut)
def set_swap_policy(request: HttpRequest, body: NewSwapPolicy) -> dict[str, int]:
    """From now on, for lines that were swapped already too."""
    swapguard.set_cool_off(body.cool_off_hours)
    return {"cool_off_hours": swapguard.cool_off_hours()}


@router.get("/{iccid}", auth=BearerToken("sim.read"), response=SimOut)
def get_sim(request: HttpRequest, iccid: Iccid) -> SimOut:
    return SimOut.show(queries.get_sim(iccid))


@router.get("/{iccid}/trace", auth=BearerToken("audit.read"), response=TraceOut)
def get_sim_trace(request: HttpRequest, iccid: Iccid) -> TraceOut:
    """How the card came into service: order, approvals, pushes with receipts, the first AIR, ULR,
    CCR and usage."""
    return TraceOut.show(trace.of_sim(iccid))


class PukReason(Closed):
    reason: Annotated[Text, Field(min_length=puks.MIN_REASON_LENGTH, max_length=200)]


class PukAsked(Schema):
    request_id: UUID


class PukOut(Schema):
    """One of a card's codes: `name` is pin1, puk1, pin2 or puk2."""

    name: str
    value: str


class PuksOut(Schema):
    is_ready: bool
    codes: list[PukOut]


@router.post("/{iccid}/puk", auth=BearerToken("field.reveal"), response={201: PukAsked})
def ask_for_puk(request: HttpRequest, iccid: Iccid, body: PukReason) -> PukAsked:
    """Asks the authentication function for a card's PIN and PUK. Who asked, and why, is in the audit."""
    return PukAsked(request_id=puks.ask(iccid, reason=body.reason))


@router.get("/{iccid}/puk/{request_id}", auth=BearerToken("field.reveal"), response=PuksOut)
def get_puk(request: HttpRequest, iccid: Iccid, request_id: UUID) -> PuksOut:
    """The codes for who asked, once; ask again after a second while `is_ready` is false."""
    found = puks.answer(iccid, request_id)
    codes = [PukOut(name=name, value=value) for name, value in sorted(found.codes.items())]
    return PuksOut(is_ready=found.is_ready, codes=codes)


@router.post("/{iccid}/retire", auth=BearerToken("sim.retire"), response=SimOut)
def retire_sim(request: HttpRequest, iccid: Iccid, body: Because | None = None) -> SimOut:
    """Ends a card for good. Its sub-service, if it has one, stays without card and number."""
    with scopes.because(body.reason if body else ""):
        subscriptions.retire_sim(iccid)
    return SimOut.show(queries.get_sim(iccid))
