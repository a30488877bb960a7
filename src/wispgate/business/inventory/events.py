"""What happens to the SIM stock. What happens to a card in use is its sub-service's to tell."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from wispgate.kernel.events import Event
from wispgate.kernel.identifiers import Iccid


@dataclass(frozen=True, slots=True, kw_only=True)
class SimsImported(Event):
    """A batch of cards came into stock."""

    kind: ClassVar[str] = "sim.imported"

    batch_id: UUID
    imported: int
    duplicates: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StockSimRetired(Event):
    """A card was taken out of the stock for good."""

    kind: ClassVar[str] = "sim.retired_from_stock"

    iccid: Iccid
