"""A tenant gone for good: the rules, four eyes, and the worker's job that can be cut off anywhere.

The removal itself is `operators.removal`'s; here stands what is asked before, who is told how far
it is, and what a removal by tables does not see. Everything of a deletion is the platform's: its
record, its request and its audit outlive the tenant.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from wispgate.business.approvals import services as approvals
from wispgate.business.approvals.acts import Act, Arguments, Asked
from wispgate.business.hotplane.models import EveryChargingSession, EveryPolicySession
from wispgate.business.operators import ids, queries, removal
from wispgate.business.operators import scope as scopes
from wispgate.business.operators.models import Operator
from wispgate.business.staff import guards
from wispgate.business.tenants.errors import BeingDeleted, HasMvnos, NotSuspended, SessionsLive
from wispgate.business.tenants.models import TenantDeletion
from wispgate.business.tenants.queries import find_deletion_under_way
from wispgate.kernel.errors import InvalidValue, Unavailable, WispgateError

DELETE: Final = "operator.delete"

# What the platform was answered about the tenant, kept for repeated calls.
_FORGET_ANSWERS: Final = """
DELETE FROM staff_idempotentrequest
WHERE operator_id IS NULL AND position(convert_to(%s, 'UTF8') IN body) > 0
"""
# One removal at a time, by whichever process; gone with the connection of one that is killed.
_LOCK: Final = "tenant deletion"

State = TenantDeletion.State


class Interrupted(Exception):
    """The worker is told to stop: the chunk under way is undone, the next worker goes on."""


def begin(slug: str, *, typed_slug: str, is_forced: bool = False) -> UUID:
    """Puts the deletion of a tenant down for the worker; its id. May need a second person.

    Raises InvalidValue where the slug was not typed, HasMvnos for a host, NotSuspended for one that
    is on and SessionsLive while phones are online, both unless forced, BeingDeleted the second time.
    """
    with scopes.within(_platform(scopes.current())):
        guards.require(DELETE)
        operator = _require_deletable(slug, typed_slug=typed_slug, is_forced=is_forced)
        _require_idle(operator)
        approvals.require_second_person(_to_approve(operator, is_forced=is_forced))
        return _put_down(operator, is_forced=is_forced)


def delete(
    slug: str, *, typed_slug: str, scope: scopes.Scope, is_forced: bool = False
) -> Mapping[str, int]:
    """Removes a tenant here and now, by the same rules; how many rows of which table went.

    For a command at the shell, which is in no transaction: the removal makes its own.
    """
    acting = _platform(scope)
    with _alone(acting) as is_alone:
        with scopes.within(acting):
            operator = _require_deletable(slug, typed_slug=typed_slug, is_forced=is_forced)
            if not is_alone:
                raise BeingDeleted("another deletion is under way: try again when it is over")
            _require_idle(operator)
        gone = removal.remove_operator(acting, operator.id)
        _forget_answers(acting, operator.id)
    return gone


def work_off(now: datetime, *, should_stop: Callable[[], bool] = lambda: False) -> bool:
    """Carries out the oldest deletion that waits, from wherever it was; whether there was one.

    For the worker. Opens its own transactions. Raises Interrupted when `should_stop` says so.
    """
    acting = scopes.Scope(now=now, is_platform=True)
    with scopes.within(acting):
        waiting = TenantDeletion.objects.filter(state=State.QUEUED).order_by("id").first()
    if waiting is None:
        return False
    with _alone(acting) as is_alone:
        if is_alone:
            _carry_out(waiting.id, acting, should_stop)
    return is_alone


def count_live_sessions() -> int:
    """Open data sessions of the scope's tenant, as charging or policy knows them."""
    charged = EveryChargingSession.objects.filter(is_open=True)
    ruled = EveryPolicySession.objects.filter(is_open=True)
    return max(charged.count(), ruled.count())


def acts() -> list[Act]:
    """Registered when the app is ready."""
    return [Act(DELETE, "Delete an operator", DELETE, _approved, is_of_platform=True)]


def _approved(given: Arguments) -> None:
    """The very operator that was meant, not a new one of the same short name."""
    operator = queries.get_operator_by_id(UUID(given["operator_id"]))
    begin(operator.slug, typed_slug=operator.slug, is_forced=given["is_forced"])


def _to_approve(operator: Operator, *, is_forced: bool) -> Asked:
    return Asked(
        act=DELETE,
        arguments={"operator_id": str(operator.id), "is_forced": is_forced},
        title=f"Delete operator {operator.slug}",
        words=[
            f"{operator.name} ({operator.slug}) goes with everything it has, for good.",
            "Also while it is on and phones of it are online."
            if is_forced
            else "Not while it is on or phones of it are online.",
            "The worker does it; how far it is stands on the operators page.",
        ],
        object_type="operators_operator",
        object_id=str(operator.id),
    )


def _require_deletable(slug: str, *, typed_slug: str, is_forced: bool) -> Operator:
    """The rules that every door asks for."""
    operator = queries.get_operator(slug)
    if typed_slug != slug:
        raise InvalidValue(f"to delete it, type its short name: {slug}", field="typed_slug")
    _require_off(operator, is_forced=is_forced)
    return operator


def _require_off(operator: Operator, *, is_forced: bool) -> None:
    mvnos = queries.list_mvnos(operator.id)
    if mvnos:
        raise HasMvnos(
            f"it is the host of {', '.join(one.slug for one in mvnos)}: free or delete them first"
        )
    if is_forced:
        return
    if not queries.suspension_reasons(operator.id):
        raise NotSuspended(f"{operator.slug} is on: suspend it first, or force it")
    with scopes.within(replace(scopes.current(), operator_id=operator.id)):
        live = count_live_sessions()
    if live:
        raise SessionsLive(
            f"{live} sessions of its phones are open: wait until they have ended, or force it",
            sessions=live,
        )


def _require_idle(operator: Operator) -> None:
    if find_deletion_under_way(operator.id):
        raise BeingDeleted(f"{operator.slug} is being deleted already")


def _put_down(operator: Operator, *, is_forced: bool) -> UUID:
    scope, principal = scopes.current(), guards.acting()
    deletion = TenantDeletion(
        id=ids.new_id(scope.now),
        tenant_id=operator.id,
        slug=operator.slug,
        name=operator.name,
        is_forced=is_forced,
        reason=scope.reason[:200],
        person=principal.person if principal else "",
        ordered_by=scope.actor.name,
        ordered_at=scope.now,
    )
    try:
        with transaction.atomic():
            deletion.save(force_insert=True)
    except IntegrityError:
        raise BeingDeleted(f"{operator.slug} is being deleted already") from None
    return deletion.id


def _carry_out(deletion_id: UUID, acting: scopes.Scope, should_stop: Callable[[], bool]) -> None:
    with scopes.within(acting):
        deletion = TenantDeletion.objects.get(id=deletion_id)
    if deletion.state != State.QUEUED:
        return
    scope = _scope_of(deletion, acting.now)
    try:
        _start(deletion, scope)
        _remove(deletion, scope, should_stop)
    except Unavailable:
        # Rows that somebody holds: the next turn goes on.
        raise
    except WispgateError as error:
        _end(deletion, scope, State.FAILED, failure=error.message[:300])
    else:
        _end(deletion, scope, State.DONE)


def _start(deletion: TenantDeletion, scope: scopes.Scope) -> None:
    """What may have changed since it was ordered is asked again; of one that was begun, nothing."""
    if deletion.began_at is not None:
        return
    with scopes.within(scope):
        operator = queries.get_operator_by_id(deletion.tenant_id)
        _require_off(operator, is_forced=deletion.is_forced)
        TenantDeletion.objects.filter(id=deletion.id).update(began_at=scope.now)


def _remove(deletion: TenantDeletion, scope: scopes.Scope, should_stop: Callable[[], bool]) -> None:
    def note(table: str, count: int) -> None:
        if should_stop():
            raise Interrupted
        _count(deletion.id, table, count)

    if not removal.finish_removal(scope, deletion.tenant_id, note=note):
        removal.remove_operator(scope, deletion.tenant_id, note=note)
    _forget_answers(scope, deletion.tenant_id)


def _count(deletion_id: UUID, table: str, count: int) -> None:
    """In the transaction in which the rows go: a kill counts nothing twice."""
    deletion = TenantDeletion.objects.get(id=deletion_id)
    deletion.tables[table] = deletion.tables.get(table, 0) + count
    deletion.rows += count
    deletion.save(update_fields=["tables", "rows"])


def _end(
    deletion: TenantDeletion, scope: scopes.Scope, state: TenantDeletion.State, failure: str = ""
) -> None:
    with scopes.within(scope):
        TenantDeletion.objects.filter(id=deletion.id).update(
            state=state, failure=failure, ended_at=scope.now
        )


def _scope_of(deletion: TenantDeletion, now: datetime) -> scopes.Scope:
    """In the name of whoever ordered it, under the deletion's id."""
    kind = deletion.person.partition(":")[0] or scopes.SYSTEM.kind
    return scopes.Scope(
        now=now,
        actor=scopes.Actor(kind, deletion.ordered_by),
        is_platform=True,
        request_id=str(deletion.id),
        reason=deletion.reason,
    )


def _platform(scope: scopes.Scope) -> scopes.Scope:
    return replace(scope, operator_id=None, is_platform=True)


def _forget_answers(scope: scopes.Scope, operator_id: UUID) -> None:
    with scopes.within(scope), connection.cursor() as cursor:
        cursor.execute(_FORGET_ANSWERS, [str(operator_id)])


@contextmanager
def _alone(scope: scopes.Scope) -> Iterator[bool]:
    """Whether nobody else removes a tenant meanwhile. A lock of the connection, not of a transaction."""
    with scopes.within(scope), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [_LOCK])
        is_alone = bool(cursor.fetchone()[0])
    try:
        yield is_alone
    finally:
        if is_alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [_LOCK])
