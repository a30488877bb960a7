"""Reading requests and rules, as far as the scope sees them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from wispgate.business.approvals import acts
from wispgate.business.approvals.lifecycle import ApprovalState
from wispgate.business.approvals.models import Approval, ApprovalRule
from wispgate.business.operators import scope as scopes
from wispgate.kernel.errors import NotFound
from wispgate.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Rule:
    """An act and whether it needs a second person here."""

    act: acts.Act
    is_on: bool = False
    above: Money | None = None
    valid_hours: int = ApprovalRule.DEFAULT_HOURS

    def applies_to(self, amount: Money | None) -> bool:
        """A small amount is spared; one that is not known or of another currency is not."""
        if not self.is_on or self.above is None:
            return self.is_on
        return amount is None or amount.currency != self.above.currency or not amount <= self.above


def get_approval(approval_id: UUID) -> Approval:
    found = _visible().filter(id=approval_id).first()
    if found is None:
        raise NotFound("request", approval_id)
    return found


def list_approvals(
    *, state: str = "", after: UUID | None = None, limit: int = 50
) -> Sequence[Approval]:
    """The newest first; `after` is the last id of the page before."""
    found = _in_state(state) if state else _visible()
    if after is not None:
        found = found.filter(id__lt=after)
    return list(found.order_by("-id")[:limit])


def count_waiting(person: str) -> int:
    """How many requests wait for somebody who is not the one that asked."""
    return _in_state(ApprovalState.ASKED).exclude(requester=person).count()


def list_waiting_arguments(act: str) -> Sequence[dict[str, Any]]:
    """What was asked for and may still be approved: secrets in it are sealed."""
    found: list[dict[str, Any]] = list(
        _in_state(ApprovalState.ASKED).filter(act=act).values_list("arguments", flat=True)
    )
    return found


def home_of(act: acts.Act) -> UUID | None:
    """Whose an act is: the scope's operator's, or the platform's, whichever operator is looked at."""
    return None if act.is_of_platform else scopes.current().operator_id


def is_of_platform(approval_id: UUID) -> bool:
    """Whether a request is the platform's own, which outlives every operator."""
    return _visible().filter(id=approval_id, operator_id__isnull=True).exists()


def get_rule(act: str) -> Rule:
    known = acts.get_act(act)
    row = ApprovalRule.objects.filter(operator_id=home_of(known), act=act).first()  # type: ignore[misc]  # None is IS NULL
    return _rule(known, row)


def list_rules() -> Sequence[Rule]:
    """Every act with its rule, off where the operator said nothing."""
    scope = scopes.current()
    wanted = Q(operator_id=scope.operator_id) | Q(operator_id__isnull=True)
    rows = {(row.operator_id, row.act): row for row in ApprovalRule.objects.filter(wanted)}
    known = acts.list_acts(is_platform=scope.is_platform)
    return [_rule(act, rows.get((home_of(act), act.name))) for act in known]


def _rule(act: acts.Act, row: ApprovalRule | None) -> Rule:
    if row is None:
        return Rule(act)
    above = None if row.above is None else Money(row.above, row.currency)
    return Rule(act, row.is_on, above, row.valid_hours)


def _visible() -> QuerySet[Approval]:
    """Of the operator that the scope works for; the platform's people see its own beside them."""
    scope = scopes.current()
    of_operator = Q(operator_id=scope.operator_id)
    return Approval.objects.filter(
        of_operator | Q(operator_id__isnull=True) if scope.is_platform else of_operator
    )


def _in_state(state: str) -> QuerySet[Approval]:
    now = scopes.current().now
    if state == ApprovalState.EXPIRED:
        return _visible().filter(state=ApprovalState.ASKED, expires_at__lte=now)
    if state == ApprovalState.ASKED:
        return _visible().filter(state=state, expires_at__gt=now)
    return _visible().filter(state=state)
