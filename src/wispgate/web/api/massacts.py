"""/mass-acts: one act over many lines, its progress, and which lines refused it and why."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from wispgate.business.operators import scope as scopes
from wispgate.business.subscriptions import mass
from wispgate.business.subscriptions.lifecycle import SubscriptionState
from wispgate.business.subscriptions.services import SuspensionKind, SuspensionReason
from wispgate.web.api.door import BearerToken
from wispgate.web.api.paging import Page, page_of
from wispgate.web.api.schemas import Closed, Text

router = Router(tags=["mass acts"])


class NewMassAct(Closed):
    """`line_ids`, or what the lines have in common: `state`, `plan_id`, `subscriber_id`, `dealer`.

    `reason` and `kind` are the suspension's; `why` is for the audit.
    """

    verb: Annotated[
        Text, Field(max_length=20, description="suspend, resume, terminate, retire_sim")
    ]
    line_ids: Annotated[tuple[UUID, ...], Field(max_length=mass.MOST_NAMED)] = ()
    state: SubscriptionState | None = None
    plan_id: UUID | None = None
    subscriber_id: UUID | None = None
    dealer: Annotated[Text, Field(max_length=40)] = ""
    reason: SuspensionReason | None = None
    kind: SuspensionKind | None = None
    note: Annotated[Text, Field(max_length=200)] = ""
    why: Annotated[Text, Field(max_length=200)] = ""


class MassActOut(Schema):
    """`state` is queued, done or stopped; `done` and `refused` count up to `total`."""

    id: UUID
    verb: str
    arguments: dict[str, Any]
    reason: str
    state: str
    asked_by: str
    total: int
    done: int
    refused: int
    created_at: datetime
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
    offered = {"reason": body.reason, "kind": body.kind, "note": body.note}
    given = {name: str(value) for name, value in offered.items() if value}
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
