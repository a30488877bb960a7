"""What happens to customers, told through the outbox."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wispgate.kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberCreated(Event):
    """There is a new customer, with a charging account."""

    kind: ClassVar[str] = "subscriber.created"

    subscriber_id: UUID
    party: str
