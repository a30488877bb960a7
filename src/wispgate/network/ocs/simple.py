"""The common case: requests whose answer follows from line and plan, charged in one statement.

The plan says what would be granted; the statement looks whether it can be, and charges it. The
answer is made beforehand and stored with the charge. What the statement flags is decided anew.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from wispgate.domain.charging.granting import Booked, Granted, GroupDecision
from wispgate.domain.charging.planning import ChargePlan, GroupPlan, plan_charge
from wispgate.domain.charging.requests import RequestKind
from wispgate.domain.plan.compiled import CompiledPlan
from wispgate.domain.plan.tariff import HOME, UnitKind
from wispgate.domain.policy.decisions import Admitted, decide_admission
from wispgate.network.ocs.answers import answer_avps
from wispgate.network.ocs.decided import answer_simple
from wispgate.network.ocs.foreseen import Foreseen, Memory
from wispgate.network.ocs.stored import StoredAnswer, StoredGroup
from wispgate.network.ocs.work import Work
from wispgate.store.charging_batch import (
    Charged,
    Opening,
    Shape,
    SimpleRequest,
    charge_simple,
)
from wispgate.store.charging_lines import ChargingLine, ChargingLines
from wispgate.store.charging_rows import to_group
from wispgate.store.hot import Partition

_KINDS: Final = {
    RequestKind.INITIAL: "i",
    RequestKind.UPDATE: "u",
    RequestKind.TERMINATION: "t",
}
_TERMINATION: Final = 3
# What a request without groups reports: its one row says nothing.
_NO_USE: Final = (0,)


async def charge_simply(
    partition: Partition,
    lines: ChargingLines,
    memory: Memory,
    batch: Sequence[Work],
    answers: list[StoredAnswer | None],
    *,
    now: datetime,
) -> list[int]:
    """Fills in the answers of what it charged or knew; returns the places of the others.

    Raises DatabaseLost, and UniqueViolationError when another process was first.
    """
    unknown = {work.line_id for work in batch if lines.find_known(work.line_id) is None}
    await lines.read(partition, unknown)
    places: list[int] = []
    requests: list[SimpleRequest] = []
    left = []
    for place, work in enumerate(batch):
        line = lines.find_known(work.line_id)
        request = foresee(work, line, memory, now=now) if line is not None else None
        if request is None:
            left.append(place)
        else:
            places.append(place)
            requests.append(request)
    if not requests:
        return left
    outcomes = await charge_simple(partition, requests, now=now)
    for place, outcome in zip(places, outcomes, strict=True):
        if outcome is Charged.AS_FORESEEN:
            foreseen = batch[place].foreseen
            answers[place] = foreseen.answer if foreseen is not None else None
        elif outcome is Charged.FLAGGED:
            left.append(place)
        else:
            answers[place] = StoredAnswer.decode(outcome)
    return left


def foresee(
    work: Work, line: ChargingLine, memory: Memory, *, now: datetime
) -> SimpleRequest | None:
    """The request as the statement takes it; None where its answer cannot be told.

    The answer stands in `work.foreseen`.
    """
    if line.plan is None or line.is_exhausted:
        return None
    brief = work.brief
    if brief is None:
        return _foresee_in_full(work, line, now)
    if brief.key[0] != _TERMINATION and not _is_admitted(line, brief.apn, brief.visited_plmn):
        return None
    key = (line.plan_key, work.core_id, work.core.name, brief.key)
    foreseen = memory.find(key)
    if foreseen is None:
        charge_plan = plan_charge(line.plan, work.asked.charge, now, time_zone=line.time_zone)
        if any(group.bundle for group in charge_plan.groups):
            return None
        foreseen = _foreseen(work, charge_plan, _KINDS[work.asked.charge.kind])
        if not any(group.price is not None and group.price.bands for group in charge_plan.groups):
            memory.keep(key, foreseen)
    work.foreseen = foreseen
    opening = None
    if foreseen.shapes[0].kind == "i":
        opening = Opening(work.peer, brief.apn, brief.visited_plmn, brief.framed_address)
    return SimpleRequest(
        work.session_id,
        work.number,
        line.line_id,
        line.profile_version,
        foreseen.shapes,
        brief.used or _NO_USE,
        opening,
    )


def _foresee_in_full(work: Work, line: ChargingLine, now: datetime) -> SimpleRequest | None:
    """For requests that have no brief."""
    asked = work.asked
    request = asked.charge
    kind = _KINDS.get(request.kind)
    if kind is None or line.plan is None:
        return None
    if kind != "t" and not _is_admitted(line, asked.apn, request.visited_plmn):
        return None
    charge_plan = plan_charge(line.plan, request, now, time_zone=line.time_zone)
    if any(group.bundle for group in charge_plan.groups):
        return None
    work.foreseen = _foreseen(work, charge_plan, kind)
    opening = None
    if kind == "i":
        opening = Opening(work.peer, asked.apn, request.visited_plmn, asked.framed_address)
    return SimpleRequest(
        work.session_id,
        work.number,
        line.line_id,
        line.profile_version,
        work.foreseen.shapes,
        tuple([group.used_units for group in charge_plan.groups]) or _NO_USE,
        opening,
    )


def _foreseen(work: Work, charge_plan: ChargePlan, kind: str) -> Foreseen:
    """What the plan gives to each group that the request names."""
    request = charge_plan.request
    answer = answer_simple(
        tuple([_foresee_group(group, charge_plan) for group in charge_plan.groups]),
        request,
        work.core,
    )
    needs_left = request.unit is UnitKind.OCTETS and not _is_unlimited(charge_plan.plan)
    stored = answer.encode()
    pairs = zip(charge_plan.groups, answer.groups, strict=True)
    shapes = [
        _shape(work, charge_plan, group, given, kind=kind, needs_left=needs_left)
        for group, given in pairs
    ] or [
        Shape(
            kind=kind, core_id=work.core_id, unit=request.unit.value, zone=None,
            needs_left=needs_left, answer=None,
        )
    ]  # fmt: skip
    shapes[0].answer = stored
    return Foreseen(tuple(shapes), answer, answer_avps(work.asked, answer))


def _shape(
    work: Work, charge_plan: ChargePlan, group: GroupPlan, given: StoredGroup,
    *, kind: str, needs_left: bool,
) -> Shape:  # fmt: skip
    return Shape(
        kind=kind,
        core_id=work.core_id,
        unit=group.unit.value,
        zone=group.zone,
        needs_left=needs_left,
        answer=None,
        rating_group=to_group(group.rating_group),
        wanted=group.wanted_units if group.is_asked else 0,
        is_free=group.is_free,
        currency=charge_plan.plan.currency if group.price is not None else "",
        validity=given.validity_seconds,
    )


def _is_admitted(line: ChargingLine, apn: str, visited_plmn: str) -> bool:
    """Whether the line may go on there; what was admitted last is remembered at the line."""
    where = (apn, visited_plmn)
    if line.admitted == where:
        return True
    profile = line.profile.with_exhausted(is_exhausted=False)
    decision = decide_admission(profile, apn=apn, visited_plmn=visited_plmn)
    if not isinstance(decision, Admitted):
        return False
    line.admitted = where
    return True


def _foresee_group(group: GroupPlan, charge_plan: ChargePlan) -> GroupDecision:
    if not group.is_asked:
        return Booked(group.rating_group)
    percent = 0 if group.is_free else charge_plan.plan.grant.threshold_percent
    return Granted(
        rating_group=group.rating_group,
        units=group.wanted_units,
        validity_seconds=group.validity_seconds,
        threshold_units=group.wanted_units * percent // 100,
        is_free=group.is_free,
        tariff_change_at=group.tariff_change_at,
    )


def _is_unlimited(plan: CompiledPlan) -> bool:
    """Whether data never runs out, whatever buckets there are: it costs nothing at any time."""
    if any(allowance.unit is UnitKind.OCTETS for allowance in plan.allowances):
        return False
    entry = plan.find_price(UnitKind.OCTETS, None, zone=HOME)
    return entry is not None and not entry.bands and entry.rate.is_free
