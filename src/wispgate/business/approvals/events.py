"""What becomes of requests for approval, told through the outbox."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wispgate.kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalAsked(Event):
    """Somebody asked for an act that needs a second person."""

    kind: ClassVar[str] = "approval.asked"

    approval_id: UUID
    act: str
    requested_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalDecided(Event):
    """A request came to its end: done, refused or failed."""

    kind: ClassVar[str] = "approval.decided"

    approval_id: UUID
    act: str
    state: str
    decided_by: str
