"""Telling people of events: once for each, whatever is delivered twice."""

from uuid import UUID

from wispgate.business.catalogue import queries as catalogue
from wispgate.business.notifications import wording
from wispgate.business.notifications.models import Message
from wispgate.business.operators import ids
from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.business.subscriptions import queries as subscriptions
from wispgate.kernel.errors import NotFound
from wispgate.store.outbox import StoredEvent


def tell(event: StoredEvent, *, number: int = 0) -> None:
    """Makes the message of an event, if there is one to make and it is not there already.

    `number` is the event's place in its delivery: messages are read in that order.
    """
    if event.kind not in wording.KINDS or event.account_id is None:
        return
    words = wording.write(event.kind, event.payload, _names_in(event))
    now = scopes.current().now
    message = Message(
        id=ids.new_event_id(now, number),
        operator_id=event.operator_id,
        account_id=event.account_id,
        line_id=event.line_id,
        kind=event.kind,
        subject=words.subject[:160],
        text=words.text,
        created_at=now,
        source_event_id=event.event_id,
    )
    # Whoever tells the same event at the same time is waited for, and is first then.
    Message.objects.bulk_create([message], ignore_conflicts=True)


def _names_in(event: StoredEvent) -> wording.Names:
    return wording.Names(
        line=_line_name(event.line_id),
        plan=_plan_name(event),
        currency=operators.get_operator_by_id(event.operator_id).currency,
    )


def _line_name(line_id: UUID | None) -> str:
    """By its number, as it is now."""
    if line_id is None:
        return "your account"
    try:
        msisdn = subscriptions.get_subscription(line_id).msisdn
    except NotFound:
        return "your line"
    return f"your line {msisdn}" if msisdn else "your line"


def _plan_name(event: StoredEvent) -> str:
    if "plan_id" not in event.payload:
        return ""
    plan_id, version = UUID(event.payload["plan_id"]), int(event.payload["plan_version"])
    try:
        return catalogue.get_bought_plan(plan_id, version).name
    except NotFound:
        return ""
