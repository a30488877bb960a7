"""Events become messages, each once."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import ProgrammingError, transaction

from tests.unit.business.world import World
from wispgate.business.balances.events import DataToppedUp, WalletToppedUp
from wispgate.business.crm import queries as crm
from wispgate.business.notifications import queries
from wispgate.business.notifications.consumers import catch
from wispgate.business.notifications.models import Message
from wispgate.business.notifications.wording import KINDS
from wispgate.business.operators import scope as scopes
from wispgate.business.subscriptions import events as subscription_events
from wispgate.business.subscriptions import queries as subscriptions
from wispgate.business.subscriptions import services
from wispgate.domain.charging import events as charging_events
from wispgate.store.outbox import StoredEvent

TOLD = (
    charging_events.QuotaThresholdReached,
    charging_events.QuotaExhausted,
    charging_events.QuotaRestored,
    subscription_events.SubscriptionSuspended,
    subscription_events.SubscriptionResumed,
    subscription_events.PlanChanged,
    DataToppedUp,
    WalletToppedUp,
)


def an_event(world: World, kind: str, line: UUID | None, **payload: Any) -> StoredEvent:
    return StoredEvent(
        event_id=uuid4(), xid="1", operator_id=world.north, account_id=account_of(world, line),
        line_id=line, kind=kind, payload=payload, occurred_at=world.clock.now(),
    )  # fmt: skip


def account_of(world: World, line: UUID | None) -> UUID | None:
    if line is None:
        return None
    with world.as_staff():
        return crm.account_of(subscriptions.get_subscription(line).subscriber_id).account_id


def deliver(world: World, *events: StoredEvent) -> None:
    with scopes.within(scopes.Scope(now=world.clock.now())):
        catch(events)


def told(world: World) -> list[str]:
    with world.as_staff():
        return [one.text for one in queries.list_messages()]


def test_an_event_delivered_twice_is_told_once(world: World) -> None:
    event = an_event(world, "charging.quota_restored", world.line(1))

    deliver(world, event)
    deliver(world, event, event)

    assert told(world) == ["Your line has data again."]


def test_what_nobody_is_told_of_makes_no_message(world: World) -> None:
    line = world.line(1)

    deliver(
        world,
        an_event(world, "line.registered", line, mme_host="mme"),
        an_event(world, "charging.quota_restored", None),
    )

    assert told(world) == []


def test_messages_name_line_plan_and_currency(world: World) -> None:
    line = world.line(1)
    with world.as_staff():
        services.set_msisdn(line, msisdn="15550100001")
    plan = {"before": None, "plan_id": str(uuid4()), "plan_version": 1, "plan_code": "old"}
    low = {"bucket_id": str(uuid4()), "percent": 80, "remaining": "2", "unit": "money"}

    deliver(
        world,
        an_event(world, "subscription.plan_changed", line, **plan),
        an_event(world, "charging.quota_threshold_reached", line, **low),
    )

    assert told(world) == [
        "Your line 15550100001 has used 80 % of its credit. What is left: 2.00 EUR.",
        "Your line 15550100001 has the plan old now.",
    ]


def test_a_message_of_a_line_that_is_gone_is_told_still(world: World) -> None:
    event = an_event(world, "charging.quota_restored", world.line(1))
    vanished = StoredEvent(**{f: getattr(event, f) for f in event.__slots__} | {"line_id": uuid4()})
    of_the_account = an_event(world, "charging.quota_exhausted", world.line(2))
    nobodys = StoredEvent(
        **{f: getattr(of_the_account, f) for f in event.__slots__} | {"line_id": None}
    )

    deliver(world, vanished, nobodys)

    assert told(world)[0].startswith("The data of your account is used up.")
    assert told(world)[1] == "Your line has data again."


def test_messages_are_only_ever_added(world: World) -> None:
    deliver(world, an_event(world, "charging.quota_restored", world.line(1)))

    for change in (
        lambda: Message.objects.update(text=""),
        lambda: Message.objects.all().delete(),
    ):
        with world.as_staff(), pytest.raises(ProgrammingError), transaction.atomic():
            change()


def test_every_kind_told_is_an_event_of_the_product() -> None:
    assert {event.kind for event in TOLD} == KINDS
