"""Stock that changes hands between operators: cards and ranges of numbers that nobody uses.

What leaves is removed in one operator's scope and made again in the other's, so that both have it
in their audit and row-level security holds on both sides. Locks: cards in the order of their ids,
a range's row before its numbers.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError, transaction

from wispgate.business.inventory import number_queries
from wispgate.business.inventory.errors import NumberNotFree, SimInUseElsewhere, SimNotInStock
from wispgate.business.inventory.lifecycle import SimState
from wispgate.business.inventory.models import NumberRange, Sim, SimBatch
from wispgate.business.inventory.number_lifecycle import NumberState
from wispgate.business.operators import ids
from wispgate.business.operators import scope as scopes
from wispgate.kernel.errors import InvalidValue, NotFound
from wispgate.kernel.identifiers import Msisdn

_CHUNK = 1000
# What is taken from one operator and put to another; nobody else looks into it.
StockCard = Sim
# A person may give so many at once; what is more comes as several allotments.
MOST_CARDS = 100_000


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which cards: those of a batch, those from an ICCID to another, or those that are named."""

    iccids: Sequence[str] = ()
    batch_id: UUID | None = None
    first: str = ""
    last: str = ""

    def __post_init__(self) -> None:
        ways = (bool(self.iccids), self.batch_id is not None, bool(self.first or self.last))
        if sum(ways) != 1:
            raise InvalidValue("choose a batch, a range or cards by name: one of the three")
        if bool(self.first) != bool(self.last) or self.first > self.last:
            raise InvalidValue("a range has a first and a last ICCID, in order", field="last")


def take_cards(chosen: Chosen) -> list[Sim]:
    """Takes cards out of the stock for good; by IMSI. A chosen one in use is SimNotInStock.

    A whole batch or range means what of it is in stock; nothing at all is NotFound.
    """
    found = Sim.objects.select_for_update().order_by("id")
    if chosen.iccids:
        found = found.filter(iccid__in=chosen.iccids)
    elif chosen.batch_id is not None:
        found = found.filter(batch_id=chosen.batch_id)
    else:
        found = found.filter(iccid__gte=chosen.first, iccid__lte=chosen.last)
    sims = list(found[: MOST_CARDS + 1])
    if len(sims) > MOST_CARDS:
        raise InvalidValue(f"{MOST_CARDS} cards at most change hands at once")
    _refuse_missing(chosen, sims)
    free = [sim for sim in sims if sim.state == SimState.STOCK]
    if chosen.iccids and len(free) < len(sims):
        busy = next(sim for sim in sims if sim.state != SimState.STOCK)
        raise SimNotInStock(f"{busy.iccid} is {busy.state}", iccid=busy.iccid, state=busy.state)
    if not free:
        raise NotFound("card in stock", "in this batch or range")
    for start in range(0, len(free), _CHUNK):
        Sim.objects.filter(id__in=[sim.id for sim in free[start : start + _CHUNK]]).delete()
    return sorted(free, key=lambda sim: (sim.core_id, sim.imsi))


def find_in_stock(iccids: Sequence[str]) -> list[str]:
    """Those of the named cards that nobody uses."""
    found = Sim.objects.filter(iccid__in=iccids, state=SimState.STOCK)
    return list(found.order_by("iccid").values_list("iccid", flat=True))


def put_cards(sims: Sequence[Sim], *, batches: Mapping[str, UUID | None], cause: str) -> None:
    """Puts cards that were taken elsewhere into the scope's stock; `batches` by ICCID."""
    operator_id, now = scopes.current_operator_id(), scopes.current().now
    for sim in sims:
        sim.operator_id = operator_id
        sim.batch_id = batches[sim.iccid]
        # The card that it once replaced stays with the operator before.
        sim.replaces_id = None
        # Dealers and departments are an operator's own.
        sim.dealer, sim.department_id = "", None
        sim.state_changed_at = now
        sim.state_cause = cause[:200]
    try:
        with transaction.atomic():
            Sim.objects.bulk_create(sims, batch_size=_CHUNK)
    except IntegrityError as error:
        if "sim_iccid_is_unique" not in str(error):
            raise
        raise SimInUseElsewhere("a card with one of these ICCIDs is there already") from None


def create_batch(name: str, *, count: int) -> UUID:
    """A batch for cards that came from another operator instead of a file."""
    scope = scopes.current()
    batch = SimBatch(
        id=ids.new_id(scope.now),
        operator_id=scopes.current_operator_id(),
        name=name[:120],
        file_sha256="",
        imported=count,
        duplicates=0,
        imported_at=scope.now,
        imported_by=scope.actor.name,
    )
    batch.save(force_insert=True)
    return batch.id


def imsi_runs(sims: Sequence[Sim]) -> list[tuple[UUID, str, str]]:
    """(core, first, last) of cards that left: from one to the next, none that stayed between."""
    runs: list[tuple[UUID, str, str]] = []
    for core_id in sorted({sim.core_id for sim in sims}):
        imsis = sorted(sim.imsi for sim in sims if sim.core_id == core_id)
        staying = list(
            Sim.objects.filter(core_id=core_id, imsi__range=(imsis[0], imsis[-1]))
            .order_by("imsi")
            .values_list("imsi", flat=True)
        )
        first = previous = imsis[0]
        for imsi in imsis[1:]:
            if bisect_left(staying, previous) != bisect_left(staying, imsi):
                runs.append((core_id, first, previous))
                first = imsi
            previous = imsi
        runs.append((core_id, first, previous))
    return runs


def take_numbers(first: str, last: str) -> str:
    """Takes numbers out of the range that holds them all; their class. Raises NumberNotFree."""
    start, end = str(Msisdn.parse(first)), str(Msisdn.parse(last))
    if len(start) != len(end) or start > end:
        raise InvalidValue("a range's numbers have one length; the last is not lower", field="last")
    covering = number_queries.find_range_of(start)
    if covering is None or not covering.first <= start <= end <= covering.last:
        raise NotFound("number range that holds", f"{start} to {end}")
    whole = NumberRange.objects.select_for_update().get(id=covering.id)
    part = NumberRange(first=start, last=end)
    _refuse_in_use(part)
    number_queries.numbers_within(part).delete()
    _cut_out(whole, start, end)
    return whole.number_class


def join_ranges() -> None:
    """Makes one range of two that touch and are of one class, as before they were cut."""
    previous: NumberRange | None = None
    for one in NumberRange.objects.select_for_update().order_by("first"):
        if (
            previous is not None
            and previous.number_class == one.number_class
            and len(previous.last) == len(one.first)
            and int(previous.last) + 1 == int(one.first)
        ):
            last = one.last
            one.delete()
            previous.last = last
            previous.save()
        else:
            previous = one


def free_runs(first: str, last: str) -> list[tuple[str, str]]:
    """What nobody uses of the numbers from first to last that the scope's ranges hold."""
    now, width = scopes.current().now, len(first)
    busy = {
        int(number.msisdn)
        for number in number_queries.numbers_within(NumberRange(first=first, last=last))
        if number.state_at(now) is not NumberState.AVAILABLE
    }
    runs: list[tuple[str, str]] = []
    for one in NumberRange.objects.order_by("first"):
        if len(one.first) != width:
            continue
        start, end = max(int(one.first), int(first)), min(int(one.last), int(last))
        for taken in [*sorted(n for n in busy if start <= n <= end), end + 1]:
            if start <= end and start < taken:
                runs.append((f"{start:0{width}d}", f"{taken - 1:0{width}d}"))
            start = taken + 1
    return runs


def _refuse_missing(chosen: Chosen, sims: Sequence[Sim]) -> None:
    missing = set(chosen.iccids) - {sim.iccid for sim in sims}
    if missing:
        raise NotFound("SIM", min(missing))


def _refuse_in_use(part: NumberRange) -> None:
    now = scopes.current().now
    for number in number_queries.numbers_within(part).select_for_update().order_by("msisdn"):
        state = number.state_at(now)
        if state is not NumberState.AVAILABLE:
            raise NumberNotFree(
                f"{number.msisdn} is {state.value}", msisdn=number.msisdn, state=state.value
            )


def _cut_out(whole: NumberRange, start: str, end: str) -> None:
    width, last = len(start), whole.last
    if whole.first == start:
        whole.delete()
    else:
        whole.last = f"{int(start) - 1:0{width}d}"
        whole.save()
    if end != last:
        now = scopes.current().now
        NumberRange.objects.create(
            id=ids.new_id(now),
            operator_id=whole.operator_id,
            first=f"{int(end) + 1:0{width}d}",
            last=last,
            number_class=whole.number_class,
            created_at=now,
        )
