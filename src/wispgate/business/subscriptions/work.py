"""A sub-service at which a verb of this app is: locked, saved and told of in one way."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from wispgate.business.crm import queries as crm
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import guards
from wispgate.business.subscriptions import lines
from wispgate.business.subscriptions.errors import MsisdnTaken
from wispgate.business.subscriptions.lifecycle import SubscriptionAction, SubscriptionState
from wispgate.business.subscriptions.models import Subscription
from wispgate.kernel.errors import NotFound
from wispgate.kernel.events import Event
from wispgate.kernel.identifiers import Msisdn


@dataclass(frozen=True, slots=True)
class Work:
    """A locked sub-service and its account, while a verb is at it."""

    subscription: Subscription
    account: crm.Account

    @property
    def state(self) -> SubscriptionState:
        return SubscriptionState(self.subscription.state)

    def enter(
        self, state: SubscriptionState, action: SubscriptionAction, *, cause: str = ""
    ) -> None:
        scope = scopes.current()
        self.subscription.state = state
        self.subscription.state_changed_at = scope.now
        self.subscription.state_cause = (scope.reason or cause or action.value)[:200]

    def save(self) -> None:
        try:
            with transaction.atomic():
                self.subscription.save()
        except IntegrityError as error:
            if "subscription_msisdn_is_unique" not in str(error):
                raise
            number = self.subscription.msisdn
            raise MsisdnTaken(f"{number} is in use", msisdn=number) from None

    def write_without_card(self) -> None:
        """A line that never had a card has no core, and the network never heard of it."""
        core_id = lines.find_core(self.subscription, self.account)
        if core_id is None:
            self.save()
        else:
            lines.write(self.subscription, core_id, "", self.account)

    def publish(self, event: type[Event], **particulars: Any) -> None:
        made = event(
            operator_id=self.subscription.operator_id,
            occurred_at=scopes.current().now,
            account_id=self.account.account_id,
            line_id=self.subscription.id,
            **particulars,
        )
        lines.publish(made, self.account)


@contextmanager
def working_on(subscription_id: UUID, needs: str | None) -> Iterator[Work]:
    """`needs` is the permission that the verb takes, within its limits for this customer.

    None for what follows from another act and is nobody's own.
    """
    with transaction.atomic():
        # Not joined with its card: after a wait the row is read anew, a joined one is not.
        locked = Subscription.objects.select_for_update()
        subscription = locked.filter(id=subscription_id).first()
        if subscription is None:
            raise NotFound("sub-service", subscription_id)
        if needs is not None:
            guards.require(needs, lambda: crm.facts_about(subscription.subscriber_id))
        yield Work(subscription, crm.account_of(subscription.subscriber_id))


def number_of(subscription: Subscription) -> Msisdn | None:
    return Msisdn(subscription.msisdn) if subscription.msisdn else None
