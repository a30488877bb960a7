"""Removing a tenant with everything that is its own, from the control plane and every partition.

Several transactions, and one that is cut off is simply done again:

1. nobody can reach the tenant any more: its networks are sent away, its identities forgotten;
2. the hot partitions are emptied in chunks;
3. the control plane goes in one transaction, the operator's own row and its audit with it;
4. what may only go when the tenant is gone (ledgers) or was written late goes in chunks again,
   and last the seals, which a sealer may have added up to here.

Others' rows are out of reach: the database shows this scope the rows of the one operator only.
What stays is a `Removal` and one entry in the platform's audit: who removed whom, when and why,
and how many rows of what.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import sleep
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, connection

from wispgate.business.operators import footprint, queries
from wispgate.business.operators.errors import OperatorInUse
from wispgate.business.operators.footprint import Place
from wispgate.business.operators.models import Core, CoreService, Operator, Peer, Removal
from wispgate.business.operators.scope import Scope, within
from wispgate.kernel.errors import Unavailable

_CHUNK: Final = 10_000
# Rows that somebody holds are tried again: for about five seconds without any progress.
_ATTEMPTS: Final = 100
_PAUSE_SECONDS: Final = 0.05

# Rows that others hold are passed over, so that a chunk never waits while it holds rows itself:
# charging cannot run into a deadlock with it.
_DELETE: Final = """
DELETE FROM {table} WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM {table} WHERE operator_id = %s LIMIT %s FOR UPDATE SKIP LOCKED))
"""

_ENTRY: Final = """
INSERT INTO audit_auditentry (operator_id, at, actor_kind, actor, address, request_id, reason,
    action, object_type, object_id, before, message)
VALUES (NULL, %s, %s, %s, %s, %s, %s, 'delete', 'operators_operator', %s, %s::jsonb, %s)
"""

# Told of the rows of a table that went, inside the transaction in which they go: what it raises
# undoes that one and ends the removal, which can be done again.
Note = Callable[[str, int], None]


def _say_nothing(_table: str, _count: int) -> None:
    """For who waits for the end of it."""


@dataclass(slots=True)
class _Gone:
    """What went so far, and who wants to know."""

    note: Note
    rows: Counter[str] = field(default_factory=Counter)

    def add(self, table: str, count: int) -> None:
        if count:
            self.rows[table] += count
            self.note(table, count)


def remove_operator(
    scope: Scope, operator_id: UUID, *, note: Note = _say_nothing
) -> Mapping[str, int]:
    """Removes the operator for good; how many rows of which table went.

    `scope` says who does it, when and why. It opens its own transactions: inside another one it
    would hold every row until that one's end. Raises NotFound, OperatorInUse, Unavailable.
    """
    both = replace(scope, operator_id=operator_id, is_platform=True)
    gone = _Gone(note)
    with within(both):
        operator = queries.get_operator_by_id(operator_id)
        _refuse_if_used(operator_id)
        gone.add("identity", _cut_off(operator_id))
        places = footprint.list_places()
    _empty(both, [place for place in places if place.is_hot and place.is_open], gone)
    with within(both):
        _remove_control_plane(operator, [place for place in places if not place.is_hot], gone)
        _forget_audit(scope, operator, gone)
    _finish(scope, operator_id, gone)
    return dict(sorted(gone.rows.items()))


def finish_removal(scope: Scope, operator_id: UUID, *, note: Note = _say_nothing) -> bool:
    """Takes away what the removal of an operator that is gone has left; False if it is not gone."""
    with within(replace(scope, operator_id=None, is_platform=True)):
        removal = Removal.objects.filter(id=operator_id).first()
    if removal is not None and removal.finished_at is None:
        _finish(scope, operator_id, _Gone(note))
    return removal is not None


def finish_removals(scope: Scope) -> Sequence[str]:
    """Takes away what removals that were cut off have left; the slugs of those operators."""
    with within(replace(scope, operator_id=None, is_platform=True)):
        unfinished = list(Removal.objects.filter(finished_at=None))
    for removal in unfinished:
        _finish(scope, removal.id, _Gone(_say_nothing))
    return [removal.slug for removal in unfinished]


def _refuse_if_used(operator_id: UUID) -> None:
    """Another operator's rows that refer to this one (an MVNO under its host) stand in the way."""
    for reference in footprint.list_references():
        if reference.target != footprint.OPERATORS or reference.column == "operator_id":
            continue
        query = f"SELECT count(*) FROM {reference.table} WHERE {reference.column} = %s"  # noqa: S608 (names of the catalogue)
        if count := _number(query, operator_id):
            raise OperatorInUse(
                f"{count} of {reference.table} refer to this operator: end or move them first",
                table=reference.table,
            )


def _own_cores(operator_id: UUID) -> list[UUID]:
    """The cores that serve nobody else."""
    mine = set(CoreService.objects.filter(operator_id=operator_id).values_list("core", flat=True))
    others = CoreService.objects.filter(core__in=mine).exclude(operator_id=operator_id)
    return sorted(mine - set(others.values_list("core", flat=True)))


def _cut_off(operator_id: UUID) -> int:
    """Its networks are sent away and its identities are known no longer; how many there were."""
    cores = _own_cores(operator_id)
    Peer.objects.filter(core__in=cores).update(is_enabled=False)
    _number("SELECT end_leases(%s::uuid[])", cores)
    return _change("DELETE FROM identity WHERE operator_id = %s", operator_id)


def _empty(scope: Scope, places: Sequence[Place], gone: _Gone) -> None:
    """Takes the operator's rows out of hot tables, one chunk to a transaction."""
    for place in places:
        idle = 0
        while _has_rows(scope, place):
            with within(scope):
                count = _erase_chunk(scope, place)
                gone.add(place.table, count)
            idle = 0 if count else idle + 1
            if idle > _ATTEMPTS:
                raise Unavailable(f"rows of {place.name} are held by others: try again later")
            if not count:
                sleep(_PAUSE_SECONDS)


def _has_rows(scope: Scope, place: Place) -> bool:
    with within(scope):
        return bool(_number("SELECT has_rows(%s::regclass, %s)", place.name, scope.operator_id))


def _erase_chunk(scope: Scope, place: Place) -> int:
    if place.is_open:
        return _change(_DELETE.format(table=place.name), scope.operator_id, _CHUNK)
    query = "SELECT erase_rows(%s::regclass, %s, %s)"
    return _number(query, place.name, scope.operator_id, _CHUNK)


def _remove_control_plane(operator: Operator, places: Sequence[Place], gone: _Gone) -> None:
    """All of it in one transaction. Foreign keys are looked at when everything is gone."""
    cores = _own_cores(operator.id)
    dependents = footprint.list_dependents(
        [place.table for place in places], footprint.list_references()
    )
    own = [(place.table, "operator_id = %s") for place in places if place.is_open]
    for table, condition in [*dependents, *own]:
        gone.add(table, _change(f"DELETE FROM {table} WHERE {condition}", operator.id))  # noqa: S608 (names of the catalogue)
    _number("SELECT end_leases(%s::uuid[])", cores)
    for model, column, values in (
        (Peer, "core_id", cores), (Core, "id", cores), (Operator, "id", [operator.id]),
    ):  # fmt: skip
        query = f"DELETE FROM {model._meta.db_table} WHERE {column} = ANY (%s::uuid[])"  # noqa: S608 (names of models)
        gone.add(model._meta.db_table, _change(query, values))
    for place in places:
        if not place.is_open:
            gone.add(place.table, _erase_all(operator, place.name))
    _look_at_references(operator)


def _erase_all(operator: Operator, table: str) -> int:
    """Rows that services may only add: they can go now that the operator is gone."""
    return _number("SELECT erase_rows(%s::regclass, %s, NULL)", table, operator.id)


def _look_at_references(operator: Operator) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except IntegrityError as error:
        detail = " ".join(str(error).split())
        raise OperatorInUse(f"others still refer to what {operator.slug} has: {detail}") from None


def _forget_audit(scope: Scope, operator: Operator, gone: _Gone) -> None:
    """The tenant's audit goes, and the platform's gets its one entry."""
    gone.add("audit_auditentry", _erase_all(operator, "audit_auditentry"))
    rows = ", ".join(f"{table} {count}" for table, count in sorted(gone.rows.items()))
    facts = {"slug": operator.slug, "name": operator.name, "kind": operator.kind}
    actor = scope.actor
    values = (
        scope.now, actor.kind, actor.name, actor.address, scope.request_id, scope.reason,
        str(operator.id), json.dumps(facts), f"operator removed with all it had: {rows}",
    )  # fmt: skip
    _change(_ENTRY, *values)
    Removal.objects.create(
        id=operator.id, slug=operator.slug, name=operator.name, removed_at=scope.now
    )


def _finish(scope: Scope, operator_id: UUID, gone: _Gone) -> None:
    of_operator = replace(scope, operator_id=operator_id, is_platform=True)
    with within(of_operator):
        places = footprint.list_places()
    _empty(of_operator, [place for place in places if place.is_hot], gone)
    with within(of_operator):
        gone.add("audit_sealblock", _number("SELECT erase_seals(%s)", operator_id))
        Removal.objects.filter(id=operator_id).update(finished_at=scope.now)


def _number(query: str, *values: Any) -> int:
    """The one number that a query gives."""
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return int(cursor.fetchone()[0])


def _change(query: str, *values: Any) -> int:
    """Runs a change; how many rows it concerned."""
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return int(cursor.rowcount)
