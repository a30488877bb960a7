"""What people are told of: events out of every outbox become messages."""

from collections.abc import Sequence

from wispgate.business.notifications import services, wording
from wispgate.business.operators import scope as scopes
from wispgate.store.outbox import StoredEvent


def catch(events: Sequence[StoredEvent]) -> None:
    """Makes a message of each event that somebody is told of; a repetition makes none."""
    outer = scopes.current()
    for number, event in enumerate(events):
        if event.kind not in wording.KINDS:
            continue
        scope = scopes.Scope(now=outer.now, operator_id=event.operator_id, reason=event.kind)
        with scopes.within(scope):
            services.tell(event, number=number)
