"""What happens to whole tenants, and between a host and its MVNOs."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wispgate.kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSuspended(Event):
    """A reason was added; with the first one the tenant went off."""

    kind: ClassVar[str] = "operator.suspended"

    reason: str
    is_first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorResumed(Event):
    """A reason was lifted; with the last one the tenant came back."""

    kind: ClassVar[str] = "operator.resumed"

    reason: str
    is_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RoamingZoneChanged(Event):
    """A zone has other networks, or is no more; lines whose plan names it were written anew."""

    kind: ClassVar[str] = "operator.roaming_zone_changed"

    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StockAllotted(Event):
    """SIMs or numbers went from a host to an MVNO; each of the two is told."""

    kind: ClassVar[str] = "allotment.made"

    allotment_id: UUID
    side: str
    stock: str
    first: str
    last: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StockTakenBack(Event):
    """What nobody used of an allotment went back to the host; each of the two is told."""

    kind: ClassVar[str] = "allotment.taken_back"

    allotment_id: UUID
    side: str
    stock: str
    count: int
