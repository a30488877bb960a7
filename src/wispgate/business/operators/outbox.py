"""Events of business services: into the outbox, in the service's own transaction."""

from django.db import connection

from wispgate.business.operators import ids
from wispgate.business.operators import scope as scopes
from wispgate.kernel.events import Event
from wispgate.store import outbox


def publish(event: Event, *, partition: int | None = None) -> None:
    """Writes `event`; one that concerns an account names the account's partition."""
    event_id = ids.new_event_id(scopes.current().now, scopes.next_event_number())
    with connection.cursor() as cursor:
        outbox.append(cursor, event_id, event, partition=partition)
