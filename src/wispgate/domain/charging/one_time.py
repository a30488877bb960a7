"""Events: units debited at once, a balance checked, a price asked for (RFC 8506 section 6)."""

from dataclasses import replace

from wispgate.domain.charging.booking import book_usage
from wispgate.domain.charging.granting import (
    Booked,
    DenialReason,
    Denied,
    Granted,
    GroupDecision,
    find_parts,
)
from wispgate.domain.charging.outcome import ChargeDecision, conclude
from wispgate.domain.charging.planning import ChargePlan, GroupPlan
from wispgate.domain.charging.requests import EventAction, UsedUnits
from wispgate.domain.charging.sequence import Sequence
from wispgate.domain.charging.state import AccountState, GroupState
from wispgate.domain.charging.till import Till
from wispgate.domain.plan.tariff import UnitKind
from wispgate.kernel.money import Money


def decide_event(
    state: AccountState, charge_plan: ChargePlan, action: EventAction
) -> ChargeDecision:
    """Serves an event; it leaves no session and no reservation."""
    till = Till(state, charge_plan)
    match action:
        case EventAction.PRICE_ENQUIRY:
            return _enquire_price(till)
        case EventAction.CHECK_BALANCE:
            return _conclude(till, [_check(till, group) for group in charge_plan.groups])
        case EventAction.DIRECT_DEBITING:
            return _conclude(till, [_debit_at_once(till, group) for group in charge_plan.groups])


def _conclude(till: Till, decisions: list[GroupDecision]) -> ChargeDecision:
    is_denied = bool(decisions) and all(isinstance(d, Denied) for d in decisions)
    return conclude(
        till, Sequence.FRESH, decisions=tuple(decisions), session=None, is_denied=is_denied
    )


def _enquire_price(till: Till) -> ChargeDecision:
    """The tariff's price of what is wanted; bundles are not looked at, nothing moves."""
    total = Money.zero(till.charge_plan.plan.currency)
    decisions: list[GroupDecision] = []
    for group in till.charge_plan.groups:
        rate = till.charge_plan.rate_at(group, till.charge_plan.now)
        if rate is None and not group.is_free:
            decisions.append(Denied(group.rating_group, DenialReason.RATING_FAILED))
            continue
        decisions.append(Booked(group.rating_group))
        if rate is not None and not group.is_free:
            total += Money(rate.cost(group.wanted_units), total.currency)
    return replace(_conclude(till, decisions), cost=total)


def _check(till: Till, group: GroupPlan) -> GroupDecision:
    """Whether all that is wanted could be paid for; nothing moves."""
    if group.is_free or till.never_denies:
        return Booked(group.rating_group)
    if not group.is_known and not till.has_bucket_for(group):
        return Denied(group.rating_group, DenialReason.RATING_FAILED)
    if sum(part.units for part in find_parts(till, group, 0)) < group.wanted_units:
        return Denied(group.rating_group, DenialReason.OUT_OF_CREDIT)
    return Booked(group.rating_group)


def _debit_at_once(till: Till, group: GroupPlan) -> GroupDecision:
    """All or nothing of what is wanted; what is reported as used already is booked in any case."""
    if group.used_units:
        book_usage(till, group, GroupState(group.rating_group), held=[])
    if not group.is_asked:
        return Booked(group.rating_group)
    checked = _check(till, group)
    if isinstance(checked, Denied):
        return checked
    wanted = replace(group, used=(_as_used(group.unit, group.wanted_units),))
    book_usage(till, wanted, GroupState(group.rating_group), held=[])
    return Granted(
        rating_group=group.rating_group,
        units=group.wanted_units,
        validity_seconds=group.validity_seconds,
        is_free=group.is_free,
    )


def _as_used(unit: UnitKind, units: int) -> UsedUnits:
    if unit is UnitKind.OCTETS:
        return UsedUnits(octets=units)
    return UsedUnits(seconds=units) if unit is UnitKind.SECONDS else UsedUnits(messages=units)
