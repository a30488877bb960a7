"""What sub-services learn from the network's events."""

from collections.abc import Sequence

from wispgate.business.operators import scope as scopes
from wispgate.business.subscriptions.models import Subscription
from wispgate.store.outbox import StoredEvent


def record_first_registrations(events: Sequence[StoredEvent]) -> None:
    """Writes down when the network first saw a line's phone: the end of the activation story."""
    outer = scopes.current()
    for event in events:
        if event.kind != "line.registered" or event.line_id is None:
            continue
        scope = scopes.Scope(
            now=outer.now,
            actor=scopes.Actor("network", str(event.payload["mme_host"])),
            operator_id=event.operator_id,
            reason="first registration",
        )
        with scopes.within(scope):
            Subscription.objects.filter(id=event.line_id, first_registered_at__isnull=True).update(
                first_registered_at=event.occurred_at
            )
