"""A host gives SIMs and numbers to its MVNOs, and takes back what they have not used.

Runs in the host's scope; the MVNO's rows are written in the MVNO's, by the host as actor. Locks:
the host's stock, then the MVNO's.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import transaction

from wispgate.business.inventory import moving
from wispgate.business.inventory.moving import Chosen, StockCard
from wispgate.business.operators import ids, outbox
from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.business.operators import services as operator_services
from wispgate.business.subscriptions import numbering
from wispgate.business.tenants import queries
from wispgate.business.tenants.errors import NothingToTakeBack
from wispgate.business.tenants.events import StockAllotted, StockTakenBack
from wispgate.business.tenants.models import Allotment, AllottedSim
from wispgate.kernel.errors import NotFound
from wispgate.kernel.events import Event

_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class _Pair:
    """A host and one of its MVNOs."""

    host_id: UUID
    host_name: str
    mvno_id: UUID
    mvno_name: str


def allot_sims(*, mvno: str, chosen: Chosen, note: str = "") -> UUID:
    """Gives cards from stock to an MVNO; their IMSIs go with them. Returns the allotment's id."""
    pair = _pair(queries.get_mvno(mvno))
    with transaction.atomic():
        sims = moving.take_cards(chosen)
        batches = {sim.iccid: sim.batch_id for sim in sims}
        _move_imsis(sims, source=pair.host_id, target=pair.mvno_id)
        with _as_host(pair, pair.mvno_id):
            batch_id = moving.create_batch(f"from {pair.host_name}", count=len(sims))
            there = dict.fromkeys(batches, batch_id)
            moving.put_cards(sims, batches=there, cause=f"allotted by {pair.host_name}")
        iccids = sorted(batches)
        given = _write(pair, Allotment.Kind.SIMS, (iccids[0], iccids[-1]), len(sims), note)
        _remember_cards(given, batches)
    return given.id


def allot_numbers(*, mvno: str, first: str, last: str, note: str = "") -> UUID:
    """Gives a range of free numbers to an MVNO. Returns the allotment's id."""
    pair = _pair(queries.get_mvno(mvno))
    with transaction.atomic():
        number_class = moving.take_numbers(first, last)
        with _as_host(pair, pair.mvno_id):
            numbering.add_range(first=first, last=last, number_class=number_class)
        ends = (first.removeprefix("+"), last.removeprefix("+"))
        count = int(ends[1]) - int(ends[0]) + 1
        given = _write(pair, Allotment.Kind.NUMBERS, ends, count, note)
    return given.id


def take_back(allotment_id: UUID, *, iccids: Sequence[str] = ()) -> int:
    """Takes back what the MVNO has not used, or of it the named cards; how many there were.

    Raises NothingToTakeBack where all is in use or back already.
    """
    with transaction.atomic():
        given = Allotment.objects.select_for_update().filter(id=allotment_id, side="given").first()
        if given is None:
            raise NotFound("allotment", allotment_id)
        pair = _pair_of(given)
        if given.kind == Allotment.Kind.SIMS:
            count = _take_cards_back(given, pair, iccids)
        else:
            count = _take_numbers_back(given, pair)
        if not count:
            raise NothingToTakeBack("all of it is in use, or was taken back before")
        _count_returned(given, pair, count)
    return count


def _take_cards_back(given: Allotment, pair: _Pair, iccids: Sequence[str]) -> int:
    away = given.sims.filter(returned_at__isnull=True)
    wanted = dict(away.values_list("iccid", "batch_id"))
    if iccids:
        wanted = {iccid: wanted[iccid] for iccid in iccids if iccid in wanted}
    with _as_host(pair, pair.mvno_id):
        free = moving.find_in_stock(sorted(wanted))
        if not free:
            return 0
        sims = moving.take_cards(Chosen(iccids=free))
        _move_imsis(sims, source=pair.mvno_id, target=pair.host_id)
    moving.put_cards(sims, batches=wanted, cause=f"taken back from {pair.mvno_name}")
    away.filter(iccid__in=free).update(returned_at=scopes.current().now)
    return len(sims)


def _take_numbers_back(given: Allotment, pair: _Pair) -> int:
    taken: list[tuple[str, str, str]] = []
    with _as_host(pair, pair.mvno_id):
        for first, last in moving.free_runs(given.first, given.last):
            taken.append((first, last, moving.take_numbers(first, last)))
    for first, last, number_class in taken:
        numbering.add_range(first=first, last=last, number_class=number_class)
    moving.join_ranges()
    return sum(int(last) - int(first) + 1 for first, last, _ in taken)


def _move_imsis(sims: Sequence[StockCard], *, source: UUID, target: UUID) -> None:
    """The core serves the new owner for the IMSIs of its cards: only the platform may say so."""
    runs = moving.imsi_runs(sims)
    with scopes.within(replace(scopes.current(), is_platform=True)):
        for core_id, first, last in runs:
            operator_services.move_imsis(
                core_id=core_id, first=first, last=last, source=source, target=target
            )


def _write(
    pair: _Pair, kind: Allotment.Kind, ends: tuple[str, str], count: int, note: str
) -> Allotment:
    """Both rows of an allotment; returns the host's."""
    scope = scopes.current()
    given = Allotment(
        id=ids.new_id(scope.now),
        operator_id=pair.host_id,
        pair_id=ids.new_id(scope.now),
        side=Allotment.Side.GIVEN,
        partner_id=pair.mvno_id,
        partner_name=pair.mvno_name,
        kind=kind,
        first=ends[0],
        last=ends[1],
        given=count,
        note=note[:200],
        created_at=scope.now,
        created_by=scope.actor.name,
    )
    given.save(force_insert=True)
    outbox.publish(_made(given))
    with _as_host(pair, pair.mvno_id) as there:
        received = Allotment(
            id=ids.new_id(scope.now),
            operator_id=pair.mvno_id,
            pair_id=given.pair_id,
            side=Allotment.Side.RECEIVED,
            partner_id=pair.host_id,
            partner_name=pair.host_name,
            kind=kind,
            first=ends[0],
            last=ends[1],
            given=count,
            created_at=scope.now,
            created_by=there.actor.name,
        )
        received.save(force_insert=True)
        outbox.publish(_made(received))
    return given


def _made(allotment: Allotment) -> Event:
    return StockAllotted(
        operator_id=allotment.operator_id,
        occurred_at=allotment.created_at,
        allotment_id=allotment.id,
        side=allotment.side,
        stock=allotment.kind,
        first=allotment.first,
        last=allotment.last,
        count=allotment.given,
    )


def _remember_cards(given: Allotment, batches: dict[str, UUID | None]) -> None:
    now = scopes.current().now
    rows = [
        AllottedSim(
            id=ids.new_id(now),
            operator_id=given.operator_id,
            allotment=given,
            iccid=iccid,
            batch_id=batch_id,
        )
        for iccid, batch_id in sorted(batches.items())
    ]
    AllottedSim.objects.bulk_create(rows, batch_size=_CHUNK)


def _count_returned(given: Allotment, pair: _Pair, count: int) -> None:
    given.returned += count
    given.save()
    outbox.publish(_taken_back(given, count))
    with _as_host(pair, pair.mvno_id):
        received = Allotment.objects.select_for_update().get(pair_id=given.pair_id)
        received.returned += count
        received.save()
        outbox.publish(_taken_back(received, count))


def _taken_back(allotment: Allotment, count: int) -> Event:
    return StockTakenBack(
        operator_id=allotment.operator_id,
        occurred_at=scopes.current().now,
        allotment_id=allotment.id,
        side=allotment.side,
        stock=allotment.kind,
        count=count,
    )


def _pair(mvno: queries.Mvno) -> _Pair:
    host_id = scopes.current_operator_id()
    host = operators.get_operator_by_id(host_id)
    return _Pair(host_id, host.name, mvno.operator_id, mvno.name)


def _pair_of(given: Allotment) -> _Pair:
    """Raises NotFound where the MVNO does not hang under this host any more."""
    for mvno in queries.list_mvnos():
        if mvno.operator_id == given.partner_id:
            return _pair(mvno)
    raise NotFound("MVNO", given.partner_name)


@contextmanager
def _as_host(pair: _Pair, operator_id: UUID) -> Iterator[scopes.Scope]:
    """At work in the MVNO, whose audit names the host and not one of its people."""
    actor = scopes.Actor("host", pair.host_name)
    scope = replace(scopes.current(), operator_id=operator_id, actor=actor, is_platform=False)
    with scopes.within(scope):
        yield scope
