"""`decide_charge`: one request against one account, whatever comes together in it.

First all usage of the request is booked, then grants are made: a grant never stands before a
debit. The caller has locked the rows, knows that the request is no duplicate, and writes what
comes out in the same transaction.
"""

from dataclasses import replace

from wispgate.domain.charging.booking import book_usage
from wispgate.domain.charging.events import UsageInSuspense
from wispgate.domain.charging.granting import (
    Booked,
    Denied,
    Granted,
    GroupDecision,
    decide_group,
    remember_grant,
)
from wispgate.domain.charging.ledger import EntryKind
from wispgate.domain.charging.one_time import decide_event
from wispgate.domain.charging.outcome import ChargeDecision, Outcome, conclude
from wispgate.domain.charging.planning import ChargePlan, GroupPlan
from wispgate.domain.charging.requests import RequestKind
from wispgate.domain.charging.sequence import Sequence, decide_sequence
from wispgate.domain.charging.state import AccountState, GroupState, SessionState
from wispgate.domain.charging.till import Till


def decide_charge(state: AccountState, charge_plan: ChargePlan) -> ChargeDecision:
    """Books the request's usage, and grants or denies what it asks for."""
    request = charge_plan.request
    sequence = decide_sequence(request.kind, request.number, state.session)
    match sequence:
        case Sequence.UNKNOWN_SESSION:
            return _decide_unknown(state, charge_plan)
        case Sequence.LATE | Sequence.AFTER_CLOSE:
            return _decide_late(state, charge_plan, sequence)
        case Sequence.FRESH | Sequence.RESTARTED | Sequence.DUPLICATE:
            if request.action is not None:
                return decide_event(state, charge_plan, request.action)
            return _decide_in_order(state, charge_plan, sequence)


def _decide_in_order(
    state: AccountState, charge_plan: ChargePlan, sequence: Sequence
) -> ChargeDecision:
    till = Till(state, charge_plan)
    session = _begin(till, sequence)
    held = {group.rating_group: till.release(group.rating_group) for group in charge_plan.groups}
    states = {group.rating_group: group for group in session.groups}
    positions = {}
    for group in charge_plan.groups:
        key = group.rating_group
        states.setdefault(key, GroupState(key))
        positions[key] = book_usage(till, group, states[key], held=held[key])
    if charge_plan.request.kind is RequestKind.TERMINATION:
        till.release_all()
    decisions = []
    for group in charge_plan.groups:
        key = group.rating_group
        booked = replace(states[key], rated_units=positions[key])
        decisions.append(decide_group(till, group, booked))
        states[key] = remember_grant(
            booked, decisions[-1], position=positions[key], now=charge_plan.now
        )
    return _end(till, sequence, session, groups=tuple(states.values()), decisions=decisions)


def _begin(till: Till, sequence: Sequence) -> SessionState:
    """The session that the request goes on with; a restarted one leaves nothing reserved."""
    request, session = till.charge_plan.request, till.state.session
    if session is None or sequence is Sequence.RESTARTED:
        till.release_all()
        return SessionState(request.session_id, request.number)
    return session


def _end(
    till: Till,
    sequence: Sequence,
    session: SessionState,
    *,
    groups: tuple[GroupState, ...],
    decisions: list[GroupDecision],
) -> ChargeDecision:
    request = till.charge_plan.request
    denied = [d for d in decisions if isinstance(d, Denied)]
    has_credit = any(group.granted_units for group in groups)
    is_denied = bool(denied) and not has_credit and len(denied) == len(decisions)
    is_ended = request.kind is RequestKind.TERMINATION or (
        is_denied and request.kind is RequestKind.INITIAL
    )
    if is_ended:
        groups = tuple(replace(group, granted_units=0) for group in groups)
    after = replace(
        session,
        last_number=max(session.last_number, request.number),
        is_open=session.is_open and not is_ended,
        groups=groups,
        reservations=till.reservations,
    )
    return conclude(till, sequence, decisions=tuple(decisions), session=after, is_denied=is_denied)


def _decide_late(
    state: AccountState, charge_plan: ChargePlan, sequence: Sequence
) -> ChargeDecision:
    """Usage of an overtaken report: booked once; the newer grant stands and is told again."""
    till = Till(state, charge_plan)
    session = state.session or SessionState(charge_plan.request.session_id, 0)
    states = {group.rating_group: group for group in session.groups}
    decisions = []
    for group in charge_plan.groups:
        known = session.find_group(group.rating_group)
        held = [r.bucket_id for r in session.reservations if r.rating_group == group.rating_group]
        position = book_usage(till, group, known, held=held)
        states[group.rating_group] = replace(known, rated_units=position)
        decisions.append(_repeat(group, known))
    after = replace(session, groups=tuple(states.values()), reservations=till.reservations)
    return conclude(till, sequence, decisions=tuple(decisions), session=after)


def _repeat(group: GroupPlan, known: GroupState) -> GroupDecision:
    if not group.is_asked or not known.granted_units:
        return Booked(group.rating_group)
    return Granted(
        rating_group=group.rating_group,
        units=known.granted_units,
        validity_seconds=group.validity_seconds,
        is_final=known.is_final,
        is_free=group.is_free,
        tariff_change_at=group.tariff_change_at,
    )


def _decide_unknown(state: AccountState, charge_plan: ChargePlan) -> ChargeDecision:
    """No session: nothing is debited, the usage waits in suspense for somebody to assign it."""
    till, request = Till(state, charge_plan), charge_plan.request
    for group in charge_plan.groups:
        if group.used_units:
            till.note_unpaid(EntryKind.SUSPENSE, group, group.used_units)
    events = [
        UsageInSuspense(
            operator_id=state.operator_id,
            account_id=state.account_id,
            line_id=state.line_id,
            occurred_at=charge_plan.now,
            session_id=request.session_id,
            number=request.number,
            units=entry.used_units,
            unit=entry.unit.value,
        )
        for entry in till.entries
    ]
    return ChargeDecision(
        outcome=Outcome.UNKNOWN_SESSION,
        sequence=Sequence.UNKNOWN_SESSION,
        cost=till.cost(),
        is_exhausted=state.is_exhausted,
        entries=tuple(till.entries),
        events=tuple(events),
    )
