"""Events of the catalogue."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wispgate.kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLaunched(Event):
    """A version is for sale; the one before it is retired by that."""

    kind: ClassVar[str] = "plan.launched"

    plan_id: UUID
    plan_code: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRetired(Event):
    """A plan is not for sale any more; who has it keeps it."""

    kind: ClassVar[str] = "plan.retired"

    plan_id: UUID
    plan_code: str
    version: int
