"""A tenant is off while there is a reason for it: its lines are refused, its staff locked out.

Needs the platform's scope. Every line's profile is written anew, so that enforcement ends what is
online as it does for one line.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID

from django.db import transaction

from wispgate.business.operators import outbox, queries, settings, tenants
from wispgate.business.operators import scope as scopes
from wispgate.business.subscriptions import services as subscriptions
from wispgate.business.tenants.errors import BeingDeleted
from wispgate.business.tenants.events import OperatorResumed, OperatorSuspended, RoamingZoneChanged
from wispgate.business.tenants.queries import find_deletion_under_way


def suspend(slug: str, *, reason: str, note: str = "") -> None:
    """Adds a reason; the tenant goes off with the first one. The same one twice is refused."""
    with transaction.atomic():
        is_first = tenants.add_suspension(slug, reason=reason, note=note)
        with in_tenant(queries.get_operator(slug).id) as scope:
            if is_first:
                _rewrite_all()
            event = OperatorSuspended(
                operator_id=scopes.current_operator_id(),
                occurred_at=scope.now,
                reason=reason,
                is_first=is_first,
            )
            outbox.publish(event)


def resume(slug: str, *, reason: str) -> None:
    """Lifts one reason. The tenant comes back with the last one. Raises BeingDeleted."""
    with transaction.atomic():
        _require_to_stay(slug)
        is_last = tenants.lift_suspension(slug, reason=reason)
        with in_tenant(queries.get_operator(slug).id) as scope:
            if is_last:
                _rewrite_all()
            event = OperatorResumed(
                operator_id=scopes.current_operator_id(),
                occurred_at=scope.now,
                reason=reason,
                is_last=is_last,
            )
            outbox.publish(event)


def _require_to_stay(slug: str) -> None:
    if find_deletion_under_way(queries.get_operator(slug).id):
        raise BeingDeleted(f"{slug} is being deleted: it does not come back")


def set_time_zone(time_zone: str) -> None:
    """The scope's tenant counts days and hours in it from now on; its lines too."""
    with transaction.atomic():
        tenants.set_time_zone(time_zone)
        _rewrite_all()


def put_roaming_zone(*, name: str, networks: Sequence[str]) -> None:
    """Defines a zone of the scope's tenant, or changes it; its lines follow."""
    with transaction.atomic():
        settings.put_roaming_zone(name=name, networks=networks)
        _after_zone(name)


def remove_roaming_zone(name: str) -> None:
    """Takes a zone away; its lines follow."""
    with transaction.atomic():
        settings.remove_roaming_zone(name)
        _after_zone(name)


def _after_zone(name: str) -> None:
    _rewrite_all()
    changed = RoamingZoneChanged(
        operator_id=scopes.current_operator_id(), occurred_at=scopes.current().now, zone=name
    )
    outbox.publish(changed)


@contextmanager
def in_tenant(operator_id: UUID) -> Iterator[scopes.Scope]:
    """The platform at work inside one tenant."""
    with scopes.within(replace(scopes.current(), operator_id=operator_id)) as scope:
        yield scope


def _rewrite_all() -> None:
    last = subscriptions.rewrite_lines()
    while last is not None:
        last = subscriptions.rewrite_lines(after=last)
