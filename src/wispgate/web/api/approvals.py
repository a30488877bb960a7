"""/approvals and /approval-rules: what waits for a second person, and which acts do."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema
from pydantic import Field

from wispgate.business.approvals import queries, services
from wispgate.business.approvals.lifecycle import ApprovalState
from wispgate.business.operators import scope as scopes
from wispgate.web.api.door import BearerToken
from wispgate.web.api.paging import Page, page_of
from wispgate.web.api.plans import PriceText
from wispgate.web.api.schemas import Because, Closed, Text

router = Router(tags=["approvals"])


class ApprovalOut(Schema):
    """`words` say what will happen; who asked cannot decide."""

    id: UUID
    act: str
    title: str
    words: list[str]
    amount: str | None
    currency: str
    object_type: str
    object_id: str
    state: ApprovalState
    requested_by: str
    reason: str
    asked_at: datetime
    expires_at: datetime
    decided_by: str
    decided_at: datetime | None
    note: str
    failure: str

    @staticmethod
    def show(approval: Any, *, now: datetime) -> "ApprovalOut":
        plain = (
            *("id", "act", "title", "words", "currency", "object_type", "object_id", "reason"),
            *("requested_by", "asked_at", "expires_at", "decided_by", "decided_at", "note"),
        )
        return ApprovalOut(
            **{name: getattr(approval, name) for name in plain},
            amount=None if approval.amount is None else f"{approval.amount.normalize():f}",
            state=approval.state_at(now),
            failure=approval.failure,
        )


class ApprovalPage(Schema):
    items: list[ApprovalOut]
    next_cursor: str | None


class ApprovalFilter(Page):
    state: ApprovalState | None = None


class RuleOut(Schema):
    """`above`: amounts up to it need nobody."""

    act: str
    title: str
    permission: str
    has_amount: bool
    is_on: bool
    above: str | None
    currency: str
    valid_hours: int


class NewRule(Closed):
    is_on: bool
    above: PriceText | None = None
    valid_hours: Annotated[int, Field(ge=1, le=services.MAX_HOURS)] = 72


ActName = Path[Annotated[Text, Field(max_length=60, description="such as sim.swap")]]


@router.get(
    "/approvals", auth=BearerToken("approval.read", needs_operator=False), response=ApprovalPage
)
def list_approvals(request: HttpRequest, page: Query[ApprovalFilter]) -> dict[str, Any]:
    """The newest first."""
    rows = queries.list_approvals(
        state=page.state or "", after=page.uuid_key(), limit=page.limit + 1
    )
    return page_of(rows, page, key=lambda row: row.id, show=_show)


@router.get(
    "/approvals/{approval_id}",
    auth=BearerToken("approval.read", needs_operator=False),
    response=ApprovalOut,
)
def get_approval(request: HttpRequest, approval_id: UUID) -> ApprovalOut:
    return _show(queries.get_approval(approval_id))


@router.post(
    "/approvals/{approval_id}/approve",
    auth=BearerToken("approval.decide", needs_operator=False),
    response=ApprovalOut,
)
def approve(request: HttpRequest, approval_id: UUID, body: Because | None = None) -> ApprovalOut:
    """Does it now. `state` is "failed" where its service refused it, with the reason."""
    return _show(services.approve(approval_id, note=body.reason if body else ""))


@router.post(
    "/approvals/{approval_id}/refuse",
    auth=BearerToken("approval.decide", needs_operator=False),
    response=ApprovalOut,
)
def refuse(request: HttpRequest, approval_id: UUID, body: Because | None = None) -> ApprovalOut:
    """Ends somebody else's request without doing it."""
    return _show(services.refuse(approval_id, note=body.reason if body else ""))


@router.post(
    "/approvals/{approval_id}/withdraw",
    auth=BearerToken("approval.read", needs_operator=False),
    response=ApprovalOut,
)
def withdraw(request: HttpRequest, approval_id: UUID, body: Because | None = None) -> ApprovalOut:
    """Ends one's own request."""
    return _show(services.withdraw(approval_id, note=body.reason if body else ""))


@router.get(
    "/approval-rules",
    auth=BearerToken("approval.read", needs_operator=False),
    response=list[RuleOut],
)
def list_rules(request: HttpRequest) -> Sequence[RuleOut]:
    """Every act that can be made to need a second person, and whether it does."""
    return [_rule(rule) for rule in queries.list_rules()]


@router.put(
    "/approval-rules/{act}",
    auth=BearerToken("approval.rules", needs_operator=False),
    response=RuleOut,
)
def set_rule(request: HttpRequest, act: ActName, body: NewRule) -> RuleOut:
    """Switches four eyes for an act on or off. `above` is in the operator's currency."""
    above = None if body.above is None else Decimal(body.above)
    services.set_rule(act, is_on=body.is_on, above=above, valid_hours=body.valid_hours)
    return _rule(queries.get_rule(act))


def _show(approval: Any) -> ApprovalOut:
    return ApprovalOut.show(approval, now=scopes.current().now)


def _rule(rule: queries.Rule) -> RuleOut:
    return RuleOut(
        act=rule.act.name,
        title=rule.act.title,
        permission=rule.act.permission,
        has_amount=rule.act.has_amount,
        is_on=rule.is_on,
        above=f"{rule.above.amount.normalize():f}" if rule.above else None,
        currency=rule.above.currency if rule.above else "",
        valid_hours=rule.valid_hours,
    )
