"""/mass-acts: one act over many lines, its progress, and which lines refused it and why."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from wispgate.business.operators import scope as scopes
from wispgate.business.subscriptions import mass
from wispgate.business.subscriptions.lifecycle import SubscriptionState
from wispgate.business.subscriptions.services import SuspensionKind, SuspensionReason
from wispgate.domain.policy.restrictions import RestrictionName
from wispgate.web.api.door import BearerToken
from wispgate.web.api.paging import Page, page_of
from wispgate.web.api.schemas import Closed, Text
from wispgate.web.site import spreadsheets

router = Router(tags=["mass acts"])


class NewMassAct(Closed):
    """`line_ids`, or what the lines have in common: `state`, `plan_id`, `subscriber_id`, `dealer`.

    `reason` and `kind` are the suspension's; `profile` with `reason`, and as it needs them `speed_up`
    and `speed_down` ("64 kbit/s") and `page`, the restriction's; `plan` is a code; `why` is for the audit.
    """

    verb: Annotated[Text, Field(max_length=20, description=", ".join(mass.VERBS))]
    line_ids: Annotated[tuple[UUID, ...], Field(max_length=mass.MOST_NAMED)] = ()
    state: SubscriptionState | None = None
    plan_id: UUID | None = None
    subscriber_id: UUID | None = None
    dealer: Annotated[Text, Field(max_length=40)] = ""
    reason: SuspensionReason | None = None
    kind: SuspensionKind | None = None
    note: Annotated[Text, Field(max_length=200)] = ""
    profile: RestrictionName | None = None
    speed_up: Annotated[Text, Field(max_length=40)] = ""
    speed_down: Annotated[Text, Field(max_length=40)] = ""
    page: Annotated[Text, Field(max_length=500)] = ""
    plan: Annotated[Text, Field(max_length=40)] = ""
    why: Annotated[Text, Field(max_length=200)] = ""


_ARGUMENTS = ("reason", "kind", "note", "profile", "speed_up", "speed_down", "page", "plan")


class MassActOut(Schema):
    """`state` is draft, queued, running, stopped, done or discarded.

    `done` and `refused` count up to `total`; `source` says where the lines are from.
    """

    id: UUID
    verb: str
    arguments: dict[str, Any]
    reason: str
    state: str
    source: str
    asked_by: str
    approved_by: str
    total: int
    done: int
    refused: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class MassActPage(Schema):
    items: list[MassActOut]
    next_cursor: str | None


class MassRowOut(Schema):
    """`code` and `why` are of a refusal."""

    line_id: UUID
    outcome: str
    code: str
    why: str


class MassRowPage(Schema):
    items: list[MassRowOut]
    next_cursor: str | None


class RowFilter(Page):
    outcome: Literal["waiting", "done", "refused"] | None = None


@router.post("", auth=BearerToken(mass.MASS), response={201: MassActOut})
def begin(request: HttpRequest, body: NewMassAct) -> MassActOut:
    """Puts the act down; the worker does it line by line, and this answers at once."""
    chosen = mass.Chosen(
        line_ids=body.line_ids,
        state=body.state or "",
        plan_id=body.plan_id,
        subscriber_id=body.subscriber_id,
        dealer=body.dealer,
    )
    given = {name: str(value) for name in _ARGUMENTS if (value := getattr(body, name))}
    with scopes.because(body.why):
        act_id = mass.begin(body.verb, chosen, given)
    return MassActOut.from_orm(mass.get_act(act_id))


@router.get("", auth=BearerToken(mass.MASS), response=MassActPage)
def list_acts(request: HttpRequest, page: Query[Page]) -> dict[str, Any]:
    """The newest first."""
    rows = mass.list_acts(after=page.uuid_key(), limit=page.limit + 1)
    return page_of(rows, page, key=lambda row: row.id, show=MassActOut.from_orm)


@router.get("/{act_id}", auth=BearerToken(mass.MASS), response=MassActOut)
def get_act(request: HttpRequest, act_id: UUID) -> MassActOut:
    return MassActOut.from_orm(mass.get_act(act_id))


@router.get("/{act_id}/rows", auth=BearerToken(mass.MASS), response=MassRowPage)
def list_rows(request: HttpRequest, act_id: UUID, page: Query[RowFilter]) -> dict[str, Any]:
    """What became of each line, in the order in which they are done."""
    rows = mass.list_rows(
        act_id, outcome=page.outcome or "", after=page.int_key(), limit=page.limit + 1
    )
    return page_of(rows, page, key=lambda row: row.position, show=MassRowOut.from_orm)


@router.post("/{act_id}/stop", auth=BearerToken(mass.MASS), response=MassActOut)
def stop(request: HttpRequest, act_id: UUID) -> MassActOut:
    """Leaves the rest as it is; what is done stays done."""
    return MassActOut.from_orm(mass.stop(act_id))


@router.post("/{act_id}/resume", auth=BearerToken(mass.MASS), response=MassActOut)
def resume(request: HttpRequest, act_id: UUID) -> MassActOut:
    """Goes on with what was left when it was stopped."""
    return MassActOut.from_orm(mass.resume(act_id))


@router.get(
    "/{act_id}/report.csv",
    auth=BearerToken(mass.MASS),
    openapi_extra={
        "responses": {
            200: {
                "description": "One row for each line.",
                "content": {"text/csv": {"schema": {"type": "string"}}},
            }
        }
    },
)
def report(request: HttpRequest, act_id: UUID) -> HttpResponse:
    """Every line with what became of it, as CSV that a spreadsheet opens without running anything."""
    mass.get_act(act_id)
    lines = spreadsheets.lines(mass.REPORT_COLUMNS, mass.report(act_id))
    return HttpResponse("".join(lines), content_type="text/csv; charset=utf-8")
