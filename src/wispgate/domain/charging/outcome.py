"""What a request comes to: the answer's values and what is to be written, put together."""

from dataclasses import dataclass
from enum import StrEnum

from wispgate.domain.charging.events import QuotaExhausted, QuotaRestored, QuotaThresholdReached
from wispgate.domain.charging.exhaustion import decide_exhaustion
from wispgate.domain.charging.granting import DenialReason, Denied, GroupDecision
from wispgate.domain.charging.ledger import LedgerEntry
from wispgate.domain.charging.sequence import Sequence
from wispgate.domain.charging.state import Bucket, SessionState
from wispgate.domain.charging.till import Till
from wispgate.domain.plan.tariff import UnitKind
from wispgate.kernel.events import Event
from wispgate.kernel.money import Money


class Outcome(StrEnum):
    """What the answer says at command level.

    SUCCESS even when single groups are denied; DENIED when no group of the session has credit.
    """

    SUCCESS = "success"
    DENIED = "denied"
    UNKNOWN_SESSION = "unknown_session"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeDecision:
    """What to answer and what to write.

    `groups` line up with the request's. `buckets` are the changed and new ones, `session` its new
    state (None: events and unknown sessions leave none), `entries` the ledger's new rows.
    `reason` goes with DENIED. `cost` is the money that usage took, or would take for an enquiry.
    """

    outcome: Outcome
    sequence: Sequence
    cost: Money
    is_exhausted: bool
    groups: tuple[GroupDecision, ...] = ()
    reason: DenialReason | None = None
    session: SessionState | None = None
    buckets: tuple[Bucket, ...] = ()
    entries: tuple[LedgerEntry, ...] = ()
    events: tuple[Event, ...] = ()


def conclude(
    till: Till,
    sequence: Sequence,
    *,
    decisions: tuple[GroupDecision, ...],
    session: SessionState | None,
    is_denied: bool = False,
) -> ChargeDecision:
    is_exhausted = _is_exhausted(till)
    reasons = {decision.reason for decision in decisions if isinstance(decision, Denied)}
    # Out of credit weighs more than a group that nobody has heard of: credit can be bought.
    reason = DenialReason.OUT_OF_CREDIT
    if reasons == {DenialReason.RATING_FAILED}:
        reason = DenialReason.RATING_FAILED
    return ChargeDecision(
        outcome=Outcome.DENIED if is_denied else Outcome.SUCCESS,
        reason=reason if is_denied else None,
        sequence=sequence,
        cost=till.cost(),
        is_exhausted=is_exhausted,
        groups=decisions,
        session=session,
        buckets=tuple(after for _, after in till.list_changes()),
        entries=tuple(till.entries),
        events=(
            *till.events,
            *list_threshold_events(till),
            *_list_turns(till, is_exhausted=is_exhausted),
        ),
    )


def list_threshold_events(till: Till) -> list[Event]:
    """One event for each of the plan's percentages that a bucket's use has reached just now."""
    state, plan = till.state, till.charge_plan.plan
    return [
        QuotaThresholdReached(
            operator_id=state.operator_id,
            account_id=state.account_id,
            line_id=state.line_id,
            occurred_at=till.charge_plan.now,
            bucket_id=after.bucket_id,
            percent=percent,
            remaining=after.remaining,
            unit=after.kind.value,
        )
        for before, after in till.list_changes()
        if before is not None
        for percent in list_crossed(before, after, plan.notify_percents)
    ]


def list_crossed(before: Bucket, after: Bucket, percents: tuple[int, ...]) -> list[int]:
    """The percentages of use that were reached between `before` and `after`; reached is >=."""
    if before.kind is UnitKind.MONEY or before.initial <= 0:
        return []
    used_before = (before.initial - before.remaining) * 100
    used_after = (after.initial - after.remaining) * 100
    return [p for p in sorted(percents) if used_before < p * before.initial <= used_after]


def _is_exhausted(till: Till) -> bool:
    if till.charge_plan.request.unit is not UnitKind.OCTETS:
        return till.state.is_exhausted
    return decide_exhaustion(
        till.charge_plan.plan,
        till.buckets,
        line_id=till.state.line_id,
        now=till.charge_plan.now,
        time_zone=till.charge_plan.time_zone,
    )


def _list_turns(till: Till, *, is_exhausted: bool) -> list[Event]:
    """The event of having run out, or of having data again."""
    state = till.state
    if is_exhausted == state.is_exhausted:
        return []
    kind = QuotaExhausted if is_exhausted else QuotaRestored
    return [
        kind(
            operator_id=state.operator_id,
            account_id=state.account_id,
            line_id=state.line_id,
            occurred_at=till.charge_plan.now,
        )
    ]
