"""Asking for an act, deciding about it, and the rules.

A service that may need a second person calls `require_second_person` before it changes anything.
Whoever called it gets `ApprovalNeeded` and asks. Approving calls the same service again with what
was asked for, in the approver's transaction: it checks everything anew.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from wispgate.business.approvals import acts, events, queries
from wispgate.business.approvals.acts import Asked
from wispgate.business.approvals.errors import ApprovalNeeded, NotAPerson, NotOwnRequest, OwnRequest
from wispgate.business.approvals.lifecycle import ApprovalAction, ApprovalState, next_state
from wispgate.business.approvals.models import Approval, ApprovalRule
from wispgate.business.operators import ids, locks, outbox
from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import guards
from wispgate.business.staff import queries as staff_queries
from wispgate.business.staff import services as staff
from wispgate.business.staff.errors import PermissionMissing
from wispgate.business.staff.principals import Principal
from wispgate.kernel.errors import Forbidden, InvalidValue, NotFound, WispgateError
from wispgate.kernel.money import Money

MAX_HOURS = 24 * 30

# The digest of the request that is being carried out in this transaction.
_carrying_out: ContextVar[str] = ContextVar("carrying_out", default="")


def require_second_person(asked: Asked) -> None:
    """Raises ApprovalNeeded where the rule says so, unless this very act was approved just now.

    The system's own work and commands at a shell ask nobody.
    """
    if guards.acting() is None or _carrying_out.get() == _digest(asked):
        return
    if queries.get_rule(asked.act).applies_to(asked.amount):
        raise ApprovalNeeded(replace(asked, reason=scopes.current().reason))


def was_approved(asked: Asked, *, since: datetime) -> bool:
    """Whether somebody allowed the one who acts this very thing since then: for acts that nobody
    else can do in their place, such as looking."""
    principal = guards.acting()
    return (
        principal is not None
        and Approval.objects.filter(
            operator_id=scopes.current().operator_id,  # type: ignore[misc]  # None is IS NULL
            requester=principal.person,
            digest=_digest(asked),
            state=ApprovalState.DONE,
            decided_at__gte=since,
        ).exists()
    )


def ask(asked: Asked) -> Approval:
    """Keeps a request. The same one again, while it waits, is the one that waits."""
    principal, scope = _principal(), scopes.current()
    rule, digest = queries.get_rule(asked.act), _digest(asked)
    home = queries.home_of(rule.act)
    with transaction.atomic():
        locks.hold(f"approval:{home}:{principal.person}:{digest}")
        waiting = Approval.objects.filter(
            operator_id=home,  # type: ignore[misc]  # None is IS NULL
            requester=principal.person,
            digest=digest,
            state=ApprovalState.ASKED,
        )
        # One whose time is over makes room for the new one.
        waiting.filter(expires_at__lte=scope.now).update(state=ApprovalState.EXPIRED)
        found = waiting.first()
        if found is not None:
            return found
        approval = _approval(asked, principal, digest, home)
        approval.expires_at = scope.now + timedelta(hours=rule.valid_hours)
        approval.save(force_insert=True)
        _publish_asked(approval)
    return approval


def approve(approval_id: UUID, *, note: str = "") -> Approval:
    """Does what was asked for. Where the service refuses it, the request has failed.

    Raises OwnRequest, PermissionMissing and IllegalTransition; nothing was done then.
    """
    with transaction.atomic():
        approval, principal = _locked(approval_id), _principal()
        act = acts.get_act(approval.act)
        _enter(approval, ApprovalAction.APPROVE)
        _require_another(approval, principal)
        principal.require(act.permission)
        _decide(approval, principal, note)
        failure = _require_requester(approval, act) or _carry_out(approval, act)
        approval.failure = failure[:500]
        _enter(approval, ApprovalAction.FAIL if failure else ApprovalAction.FINISH)
        _finish(approval)
    return approval


def refuse(approval_id: UUID, *, note: str = "") -> Approval:
    """Ends somebody else's request without doing anything."""
    return _end(approval_id, ApprovalAction.REFUSE, note)


def withdraw(approval_id: UUID, *, note: str = "") -> Approval:
    """Ends one's own request. Raises NotOwnRequest."""
    return _end(approval_id, ApprovalAction.WITHDRAW, note)


def _end(approval_id: UUID, action: ApprovalAction, note: str) -> Approval:
    with transaction.atomic():
        approval, principal = _locked(approval_id), _principal()
        if action is ApprovalAction.REFUSE:
            _require_another(approval, principal)
        elif approval.requester != principal.person:
            raise NotOwnRequest("only whoever asked can withdraw: refuse it instead")
        _enter(approval, action)
        _decide(approval, principal, note)
        _finish(approval)
    return approval


def set_rule(
    act: str,
    *,
    is_on: bool,
    above: Decimal | None = None,
    valid_hours: int = ApprovalRule.DEFAULT_HOURS,
) -> None:
    """Switches four eyes for an act on or off. `above` is in the operator's currency."""
    scope, known = scopes.current(), acts.get_act(act)
    if known.is_of_platform and not scope.is_platform:
        raise NotFound("act", act)
    home = queries.home_of(known)
    locks.hold(f"approval rule:{home}:{act}")
    if not 1 <= valid_hours <= MAX_HOURS:
        raise InvalidValue(f"a request waits for 1 to {MAX_HOURS} hours", field="valid_hours")
    if above is not None and not known.has_amount:
        raise InvalidValue(f"{known.title} has no amount", field="above")
    limit = None if above is None else _money(above)
    ApprovalRule.objects.filter(operator_id=home, act=act).delete()  # type: ignore[misc]  # None is IS NULL
    ApprovalRule.objects.create(
        id=ids.new_id(scope.now),
        operator_id=home,
        act=act,
        is_on=is_on,
        above=limit.amount if limit else None,
        currency=limit.currency if limit else "",
        valid_hours=valid_hours,
    )


def _money(above: Decimal) -> Money:
    if above < 0:
        raise InvalidValue("a limit is not negative", field="above")
    return Money(above, operators.get_operator_by_id(scopes.current_operator_id()).currency)


def _principal() -> Principal:
    principal = guards.acting()
    if principal is None:
        raise Forbidden("only somebody who is known can ask or decide")
    return principal


def _digest(asked: Asked) -> str:
    told = json.dumps([asked.act, asked.identity or dict(asked.arguments)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def _approval(asked: Asked, principal: Principal, digest: str, home: UUID | None) -> Approval:
    scope = scopes.current()
    return Approval(
        id=ids.new_id(scope.now),
        operator_id=home,
        act=asked.act,
        title=asked.title[:200],
        arguments=dict(asked.arguments),
        digest=digest,
        words=list(asked.words),
        amount=asked.amount.amount if asked.amount else None,
        currency=asked.amount.currency if asked.amount else "",
        object_type=asked.object_type,
        object_id=asked.object_id,
        requester=principal.person,
        requested_by=principal.actor.name,
        reason=asked.reason[:200],
        asked_at=scope.now,
    )


def _locked(approval_id: UUID) -> Approval:
    queries.get_approval(approval_id)
    return Approval.objects.select_for_update().get(id=approval_id)


def _enter(approval: Approval, action: ApprovalAction) -> None:
    approval.state = next_state(approval.state_at(scopes.current().now), action)


def _require_another(approval: Approval, principal: Principal) -> None:
    principal.require("approval.decide")
    if approval.requester == principal.person:
        raise OwnRequest(approval.act)
    # What a program's account asks for, whoever holds a secret of it asks for.
    if principal.person in staff_queries.makers_of(approval.requester):
        raise OwnRequest(approval.act)
    # Whoever made the account could approve with it what they asked for themselves.
    if staff_queries.is_service_account(principal.person):
        raise NotAPerson("a program's account cannot decide: this needs a person")


def _require_requester(approval: Approval, act: acts.Act) -> str:
    """Why the one who asked may not do it any more; nothing where they still may."""
    requester = staff.find_principal(approval.requester)
    if requester is not None and not requester.may(act.permission):
        return f"{approval.requested_by}: {PermissionMissing(act.permission).message}"
    return ""


def _carry_out(approval: Approval, act: acts.Act) -> str:
    """Runs the service; what it refused, or nothing."""
    because = f"asked for by {approval.requested_by}: {approval.reason}"
    try:
        with _approved(approval.digest), transaction.atomic(), scopes.because(because[:200]):
            act.perform(approval.arguments)
    except WispgateError as error:
        return error.message
    return ""


@contextmanager
def _approved(digest: str) -> Iterator[None]:
    token = _carrying_out.set(digest)
    try:
        yield
    finally:
        _carrying_out.reset(token)


def _decide(approval: Approval, principal: Principal, note: str) -> None:
    approval.decider = principal.person
    approval.decided_by = principal.actor.name
    approval.decided_at = scopes.current().now
    approval.note = note[:200]


def _finish(approval: Approval) -> None:
    """What was asked for is kept no longer than needed: it can hold a file's sealed keys."""
    approval.arguments = {}
    approval.save()
    if approval.operator_id is not None:
        outbox.publish(
            events.ApprovalDecided(
                operator_id=approval.operator_id,
                occurred_at=scopes.current().now,
                approval_id=approval.id,
                act=approval.act,
                state=approval.state,
                decided_by=approval.decided_by,
            )
        )


def _publish_asked(approval: Approval) -> None:
    # An event is some operator's; the platform's own requests are seen in the inbox.
    if approval.operator_id is not None:
        outbox.publish(
            events.ApprovalAsked(
                operator_id=approval.operator_id,
                occurred_at=approval.asked_at,
                approval_id=approval.id,
                act=approval.act,
                requested_by=approval.requested_by,
            )
        )
