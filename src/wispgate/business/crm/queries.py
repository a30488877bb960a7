"""Reading customers, as far as the scope sees them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from wispgate.business.crm.models import Organization, Subscriber
from wispgate.business.operators import hot
from wispgate.business.staff.grants import Facts
from wispgate.kernel.errors import NotFound
from wispgate.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Account:
    """A subscriber's charging account and the hot partition that holds it."""

    account_id: UUID
    partition: int


def get_subscriber(subscriber_id: UUID) -> Subscriber:
    subscriber = _with_party().filter(id=subscriber_id).first()
    if subscriber is None:
        raise NotFound("subscriber", subscriber_id)
    return subscriber


def list_subscribers(
    *, external_id: str = "", after: UUID | None = None, limit: int = 50
) -> Sequence[Subscriber]:
    """The newest first; `after` is the last id of the page before."""
    subscribers = _with_party().order_by("-id")
    if external_id:
        subscribers = subscribers.filter(external_id=external_id)
    if after is not None:
        subscribers = subscribers.filter(id__lt=after)
    return list(subscribers[:limit])


def account_of(subscriber_id: UUID) -> Account:
    """Where a subscriber's money and lines are kept."""
    account_id = get_subscriber(subscriber_id).account_id
    return Account(account_id, hot.partition_of(account_id))


def facts_about(subscriber_id: UUID, *, amount: Money | None = None) -> Facts:
    """Whose a customer is, for the limits of whoever acts on it."""
    subscriber = get_subscriber(subscriber_id)
    return Facts(
        amount=amount,
        dealer=subscriber.dealer,
        departments=departments_above(subscriber.organization),
        customer_of=subscriber.brought_by,
    )


def departments_above(organization: Organization | None) -> list[UUID]:
    """An organization and all above it, the highest last."""
    found: list[UUID] = []
    while organization is not None and organization.id not in found:
        found.append(organization.id)
        organization = organization.parent
    return found


def _with_party() -> QuerySet[Subscriber]:
    return Subscriber.objects.select_related("contact", "organization")
