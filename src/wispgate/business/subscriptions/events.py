"""What happens to sub-services and their cards, told through their account's outbox.

`line_id` of the envelope is the sub-service's id. Whoever reacts in the network follows
`policy.network_profile_changed`; an IMSI that has to leave it is named here.
"""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wispgate.kernel.events import Event
from wispgate.kernel.identifiers import Iccid, Imsi, Msisdn


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionCreated(Event):
    kind: ClassVar[str] = "subscription.created"

    subscriber_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SimAssigned(Event):
    kind: ClassVar[str] = "sim.assigned"

    iccid: Iccid
    imsi: Imsi
    core_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SimUnassigned(Event):
    """The card is in stock again; its IMSI has to leave the network."""

    kind: ClassVar[str] = "sim.unassigned"

    iccid: Iccid
    imsi: Imsi
    core_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SimRetired(Event):
    """The card in use is no more; its IMSI has to leave the network, its number rests."""

    kind: ClassVar[str] = "sim.retired"

    iccid: Iccid
    imsi: Imsi
    core_id: UUID
    released_msisdn: Msisdn | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SimSwapped(Event):
    """Another card took over; the old IMSI has to leave the network."""

    kind: ClassVar[str] = "sim.swapped"

    old_iccid: Iccid
    old_imsi: Imsi
    old_core_id: UUID
    new_iccid: Iccid
    new_imsi: Imsi
    new_core_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class MsisdnChanged(Event):
    kind: ClassVar[str] = "subscription.msisdn_changed"

    before: Msisdn | None
    after: Msisdn | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionActivated(Event):
    kind: ClassVar[str] = "subscription.activated"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionSuspended(Event):
    """One reason more. `is_first`: the line went off with this one."""

    kind: ClassVar[str] = "subscription.suspended"

    reason: str
    suspension: str
    is_first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionResumed(Event):
    """One reason less. `remaining` is empty when the line is on again."""

    kind: ClassVar[str] = "subscription.resumed"

    reason: str
    remaining: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRestricted(Event):
    """Something was taken away from the line, which stays on."""

    kind: ClassVar[str] = "subscription.restricted"

    profile: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionUnrestricted(Event):
    """One restriction less. `remaining` are the profiles that still hold."""

    kind: ClassVar[str] = "subscription.unrestricted"

    profile: str
    reason: str
    remaining: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionTerminated(Event):
    kind: ClassVar[str] = "subscription.terminated"

    released_msisdn: Msisdn | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChanged(Event):
    """The sub-service holds another plan, or another version."""

    kind: ClassVar[str] = "subscription.plan_changed"

    before: UUID | None
    plan_id: UUID
    plan_version: int
    plan_code: str
