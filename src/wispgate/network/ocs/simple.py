"""The common case: requests whose answer follows from line and plan, charged in one statement.

The plan says what would be granted; the statement looks whether it can be, and charges it. The
answer is made beforehand and stored with the charge. What the statement flags is decided anew.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from wispgate.domain.charging.granting import Booked, Granted, GroupDecision
from wispgate.domain.charging.planning import ChargePlan, GroupPlan, plan_charge
from wispgate.domain.charging.requests import RequestKind
from wispgate.domain.plan.compiled import CompiledPlan
from wispgate.domain.plan.tariff import HOME, UnitKind
from wispgate.domain.policy.decisions import Admitted, decide_admission
from wispgate.network.ocs.decided import answer_simple
from wispgate.network.ocs.stored import StoredAnswer
from wispgate.network.ocs.work import Work
from wispgate.store.charging_batch import (
    Charged,
    Opening,
    SimpleGroup,
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


async def charge_simply(
    partition: Partition,
    lines: ChargingLines,
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
    candidates: list[tuple[int, SimpleRequest, StoredAnswer]] = []
    left = []
    for place, work in enumerate(batch):
        line = lines.find_known(work.line_id)
        foreseen = foresee(work, line, now=now) if line is not None else None
        if foreseen is None:
            left.append(place)
        else:
            candidates.append((place, *foreseen))
    if not candidates:
        return left
    outcomes = await charge_simple(partition, [request for _, request, _ in candidates], now=now)
    for (place, _, answer), outcome in zip(candidates, outcomes, strict=True):
        match outcome:
            case Charged.FLAGGED:
                left.append(place)
            case Charged.AS_FORESEEN:
                answers[place] = answer
            case bytes():
                answers[place] = StoredAnswer.decode(outcome)
    return left


def foresee(
    work: Work, line: ChargingLine, *, now: datetime
) -> tuple[SimpleRequest, StoredAnswer] | None:
    """The request as the statement takes it and its answer; None where that cannot be told."""
    request = work.asked.charge
    kind = _KINDS.get(request.kind)
    if kind is None or line.plan is None or line.is_exhausted or not _is_admitted(work, line):
        return None
    charge_plan = plan_charge(line.plan, request, now, time_zone=line.time_zone)
    if any(group.bundle for group in charge_plan.groups):
        return None
    answer = answer_simple(
        tuple([_foresee_group(group, charge_plan) for group in charge_plan.groups]),
        request,
        work.core,
    )
    simple = SimpleRequest(
        session_id=request.session_id,
        number=request.number,
        kind=kind,
        core_id=work.core_id,
        line_id=line.line_id,
        profile_version=line.profile_version,
        unit=request.unit.value,
        zone=line.plan.find_zone(request.visited_plmn),
        needs_left=request.unit is UnitKind.OCTETS and not _is_unlimited(line.plan),
        groups=[
            _simple_group(group, charge_plan, validity=given.validity_seconds)
            for group, given in zip(charge_plan.groups, answer.groups, strict=True)
        ],
        answer=answer.encode(),
        payload=_payload(work),
        opening=_opening(work) if kind == "i" else None,
    )
    return simple, answer


def _is_admitted(work: Work, line: ChargingLine) -> bool:
    request = work.asked.charge
    if request.kind is RequestKind.TERMINATION:
        return True
    profile = line.profile.with_exhausted(is_exhausted=False)
    decision = decide_admission(profile, apn=work.asked.apn, visited_plmn=request.visited_plmn)
    return isinstance(decision, Admitted)


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


def _simple_group(group: GroupPlan, charge_plan: ChargePlan, *, validity: int) -> SimpleGroup:
    return SimpleGroup(
        rating_group=to_group(group.rating_group),
        used=group.used_units,
        wanted=group.wanted_units if group.is_asked else 0,
        is_free=group.is_free,
        currency=charge_plan.plan.currency if group.price is not None else "",
        validity=validity,
    )


def _is_unlimited(plan: CompiledPlan) -> bool:
    """Whether data never runs out, whatever buckets there are: it costs nothing at any time."""
    if any(allowance.unit is UnitKind.OCTETS for allowance in plan.allowances):
        return False
    entry = plan.find_price(UnitKind.OCTETS, None, zone=HOME)
    return entry is not None and not entry.bands and entry.rate.is_free


def _payload(work: Work) -> str | None:
    asked = work.asked
    match asked.charge.kind:
        case RequestKind.INITIAL:
            facts = {
                "session_id": asked.charge.session_id,
                "apn": asked.apn,
                "visited_plmn": asked.charge.visited_plmn,
                "framed_address": asked.framed_address or "",
            }
            return json.dumps(facts)
        case RequestKind.TERMINATION:
            return json.dumps({"session_id": asked.charge.session_id})
        case _:
            return None


def _opening(work: Work) -> Opening:
    asked = work.asked
    return Opening(work.peer, asked.apn, asked.charge.visited_plmn, asked.framed_address)
