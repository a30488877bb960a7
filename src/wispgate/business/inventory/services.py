"""Cards from stock to retirement. Who uses one drives its states from its own services.

A service here locks its rows in the order of their ids; a sub-service's row is locked before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction

from wispgate.business.inventory.errors import SimInUseElsewhere, SimNotInStock
from wispgate.business.inventory.events import StockSimRetired
from wispgate.business.inventory.importing import ImportReport, import_sims
from wispgate.business.inventory.lifecycle import SimAction, SimState, next_state
from wispgate.business.inventory.models import Sim
from wispgate.business.operators import outbox
from wispgate.business.operators import scope as scopes
from wispgate.kernel.errors import InvalidValue, NotFound
from wispgate.kernel.identifiers import Iccid

__all__ = [
    "Card",
    "ImportReport",
    "Keeper",
    "assign",
    "hand_over",
    "import_sims",
    "move",
    "retire_from_stock",
    "swap",
]

# One page of a list of cards, as they are packed.
MOST_HANDED_OVER = 1000


@dataclass(frozen=True, slots=True)
class Card:
    """What a line needs of its card: who it is, where it belongs, its sealed key and counter."""

    sim_id: UUID
    iccid: str
    imsi: str
    core_id: UUID
    state: SimState
    sealed_key: bytes = field(repr=False)
    sqn: int


def assign(iccid: str, *, subscription_id: UUID, then: Sequence[SimAction] = ()) -> Card:
    """Takes a card from stock for a sub-service; `then` brings it to the sub-service's state."""
    with transaction.atomic():
        sim = _lock(iccid)
        _assign(sim, subscription_id, then)
        return _card(sim)


def move(iccid: str, action: SimAction, *, subscription_id: UUID, sqn: int | None = None) -> Card:
    """One arrow for a card of that sub-service. `sqn` is the counter that the network gave back."""
    with transaction.atomic():
        sim = _lock(iccid)
        _require_owner(sim, subscription_id)
        if sqn is not None:
            sim.sqn = sqn
        _apply(sim, action)
        sim.save()
        return _card(sim)


def swap(
    old: str, new: str, *, subscription_id: UUID, then: Sequence[SimAction], sqn: int | None
) -> Card:
    """Retires a sub-service's card and puts another in its place, in one step."""
    with transaction.atomic():
        sims = {sim.iccid: sim for sim in _lock_all([old, new])}
        leaving, coming = _of(sims, old), _of(sims, new)
        _require_owner(leaving, subscription_id)
        if sqn is not None:
            leaving.sqn = sqn
        _apply(leaving, SimAction.SWAP_OUT)
        leaving.save()
        coming.replaces = leaving
        _assign(coming, subscription_id, then)
        return _card(coming)


def retire_from_stock(iccid: str) -> None:
    """Takes a card that nobody uses out for good. Raises SimInUseElsewhere for one in use."""
    with transaction.atomic():
        sim = _lock(iccid)
        if sim.subscription_id is not None:
            raise SimInUseElsewhere("the card was assigned meanwhile", iccid=iccid)
        _apply(sim, SimAction.RETIRE)
        sim.save()
        event = StockSimRetired(
            operator_id=sim.operator_id,
            occurred_at=scopes.current().now,
            iccid=Iccid(sim.iccid),
        )
        outbox.publish(event)


@dataclass(frozen=True, slots=True)
class Keeper:
    """Where cards in stock lie: at a dealer, in a department, or in the operator's own store."""

    dealer: str = ""
    department_id: UUID | None = None

    def __post_init__(self) -> None:
        if self.dealer and self.department_id:
            raise InvalidValue("cards lie at a dealer or in a department", field="department_id")
        if len(self.dealer) > 40 or self.dealer != self.dealer.strip():
            raise InvalidValue("a dealer's name has at most 40 characters", field="dealer")


def hand_over(iccids: Sequence[str], keeper: Keeper) -> int:
    """Puts cards in stock where somebody finds them as their own; how many changed place.

    All or none: NotFound for a card that is not there, SimNotInStock for one in use.
    """
    if not 1 <= len(iccids) <= MOST_HANDED_OVER:
        raise InvalidValue(f"1 to {MOST_HANDED_OVER} cards are handed over at once", field="iccids")
    with transaction.atomic():
        sims = {sim.iccid: sim for sim in _lock_all(iccids)}
        changed = 0
        for iccid in iccids:
            sim = _of(sims, iccid)
            if sim.state != SimState.STOCK:
                raise SimNotInStock(f"{iccid} is {sim.state}", iccid=iccid, state=sim.state)
            if (sim.dealer, sim.department_id) != (keeper.dealer, keeper.department_id):
                sim.dealer, sim.department_id = keeper.dealer, keeper.department_id
                sim.save(update_fields=["dealer", "department_id"])
                changed += 1
    return changed


def _assign(sim: Sim, subscription_id: UUID, then: Sequence[SimAction]) -> None:
    _apply(sim, SimAction.ASSIGN)
    sim.subscription_id = subscription_id
    for action in then:
        _apply(sim, action)
    sim.save()


def _apply(sim: Sim, action: SimAction) -> None:
    state = next_state(SimState(sim.state), action)
    sim.state = state
    sim.state_changed_at = scopes.current().now
    sim.state_cause = (scopes.current().reason or action.value)[:200]
    if state in (SimState.STOCK, SimState.RETIRED):
        sim.subscription_id = None


def _lock(iccid: str) -> Sim:
    return _of({sim.iccid: sim for sim in _lock_all([iccid])}, iccid)


def _lock_all(iccids: Sequence[str]) -> list[Sim]:
    return list(Sim.objects.select_for_update().filter(iccid__in=iccids).order_by("id"))


def _of(sims: dict[str, Sim], iccid: str) -> Sim:
    if iccid not in sims:
        raise NotFound("SIM", iccid)
    return sims[iccid]


def _require_owner(sim: Sim, subscription_id: UUID) -> None:
    if sim.subscription_id != subscription_id:
        raise SimInUseElsewhere("the card belongs to another sub-service", iccid=sim.iccid)


def _card(sim: Sim) -> Card:
    return Card(
        sim.id,
        sim.iccid,
        sim.imsi,
        sim.core_id,
        SimState(sim.state),
        bytes(sim.sealed_key),
        sim.sqn,
    )
