"""The common case as plain arithmetic: what one SQL statement does for a whole batch.

`is_simple` says which requests it may serve; a property test proves it equal to `decide_charge`.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from wispgate.domain.charging.exhaustion import decide_exhaustion
from wispgate.domain.charging.outcome import list_crossed
from wispgate.domain.charging.planning import ChargePlan, GroupPlan, list_candidates
from wispgate.domain.charging.requests import RequestKind
from wispgate.domain.charging.sequence import Sequence, decide_sequence
from wispgate.domain.charging.state import AccountState, Bucket, Reservation
from wispgate.domain.plan.tariff import UnitKind


@dataclass(frozen=True, slots=True)
class SimpleCharge:
    """A bucket after one group of one request, and what the group is granted."""

    remaining: int
    reserved: int
    granted_units: int
    is_final: bool


def charge_simple(
    remaining: int, reserved: int, *, used: int, old_reservation: int, wanted: int
) -> SimpleCharge:
    """Gives back the old reservation, books the usage in full, reserves what is left of the wish.

    All in the bucket's units, its floor being 0. `reserved` is the sum over all sessions. A wish
    of 0 only reports; 0 granted for a wish is a denial.
    """
    after = remaining - used
    held_by_others = reserved - old_reservation
    granted = max(0, min(wanted, after - held_by_others))
    return SimpleCharge(after, held_by_others + granted, granted, 0 < granted < wanted)


def is_simple(charge_plan: ChargePlan, state: AccountState) -> bool:
    """Whether `charge_simple`, group after group, gives all that `decide_charge` would.

    A request in its order; every group is free, or has exactly one plain bucket that also holds
    the group's reservation; all that is wanted is granted, something is left, no notification
    falls due, and the account's exhaustion stays as it is.
    """
    request = charge_plan.request
    sequence = decide_sequence(request.kind, request.number, state.session)
    if request.kind is RequestKind.EVENT or sequence is not Sequence.FRESH:
        return False
    if request.kind is RequestKind.TERMINATION and not _names_all_held(charge_plan, state):
        return False
    after = {bucket.bucket_id: bucket for bucket in state.buckets}
    for group in charge_plan.groups:
        if not group.is_free and not _apply(after, charge_plan, group, state):
            return False
    return not _crosses(charge_plan, state, tuple(after.values()))


def find_only_bucket(
    charge_plan: ChargePlan, group: GroupPlan, state: AccountState
) -> Bucket | None:
    """The one plain bucket of units that serves the group, at its last grant as now; or None."""
    if group.bundle is not None:
        return None
    granted_at = state.session.find_group(group.rating_group).granted_at if state.session else None
    candidates = {
        bucket.bucket_id: bucket
        for at in (granted_at or charge_plan.now, charge_plan.now)
        for bucket in list_candidates(
            state.buckets, group, charge_plan=charge_plan, line_id=state.line_id, at=at
        )
    }
    held = [r.bucket_id for r in _list_held(group.rating_group, state)]
    if len(candidates) != 1 or not set(held) <= candidates.keys():
        return None
    (bucket,) = candidates.values()
    return bucket if _is_plain(bucket) and bucket.is_valid_at(charge_plan.now) else None


def _is_plain(bucket: Bucket) -> bool:
    is_bare = not bucket.caps and not bucket.floor and bucket.window is None
    return is_bare and bucket.kind is not UnitKind.MONEY


def _list_held(rating_group: int | None, state: AccountState) -> list[Reservation]:
    held = state.session.reservations if state.session else ()
    return [reservation for reservation in held if reservation.rating_group == rating_group]


def _names_all_held(charge_plan: ChargePlan, state: AccountState) -> bool:
    """A termination gives back the reservations of groups that it does not name, too."""
    named = {group.rating_group for group in charge_plan.groups}
    held = state.session.reservations if state.session else ()
    return all(reservation.rating_group in named for reservation in held)


def _apply(
    after: dict[UUID, Bucket], charge_plan: ChargePlan, group: GroupPlan, state: AccountState
) -> bool:
    """Moves the group's amounts in `after`; False when it is no simple group."""
    found = find_only_bucket(charge_plan, group, state)
    if found is None:
        return False
    bucket = after[found.bucket_id]
    charged = charge_simple(
        int(bucket.remaining),
        int(bucket.reserved),
        used=group.used_units,
        old_reservation=sum(int(r.amount) for r in _list_held(group.rating_group, state)),
        wanted=group.wanted_units,
    )
    after[found.bucket_id] = replace(bucket, remaining=charged.remaining, reserved=charged.reserved)
    return charged.remaining > 0 and charged.granted_units == group.wanted_units


def _crosses(charge_plan: ChargePlan, state: AccountState, after: tuple[Bucket, ...]) -> bool:
    """Whether a notification falls due or the account runs out, or has data again."""
    plan, request = charge_plan.plan, charge_plan.request
    pairs = zip(state.buckets, after, strict=True)
    if any(list_crossed(before, now, plan.notify_percents) for before, now in pairs):
        return True
    if request.unit is not UnitKind.OCTETS:
        return False
    is_exhausted = decide_exhaustion(
        plan,
        after,
        line_id=state.line_id,
        now=charge_plan.now,
        time_zone=charge_plan.time_zone,
    )
    return is_exhausted != state.is_exhausted
