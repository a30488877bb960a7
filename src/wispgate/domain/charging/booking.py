"""Booking of reported usage: which buckets pay for it, and how much.

Usage is a fact, a grant was only a permission: all of it is booked, if need be into the negative.
It is booked where its quota was granted and at the price that held then.
"""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from wispgate.domain.charging.ledger import EntryKind
from wispgate.domain.charging.planning import GroupPlan
from wispgate.domain.charging.requests import TariffChange, UsedUnits
from wispgate.domain.charging.state import Amount, GroupState
from wispgate.domain.charging.till import Till
from wispgate.domain.plan.tariff import Rate, UnitKind


def book_usage(till: Till, group: GroupPlan, state: GroupState, *, held: list[UUID]) -> int:
    """Books all that the group reports; returns its new position in the tariff.

    `held` are the buckets of which the group had reservations, already released.
    """
    position = state.rated_units
    for used in group.used:
        units = used.of(group.unit)
        if units:
            rate = _rate_of(till, group, used, state)
            booking = _Booking(till, group, rate, position=position, left=units)
            booking.book(_list_payers(till, group, state, held=held))
            position = booking.position
    return position


def _rate_of(till: Till, group: GroupPlan, used: UsedUnits, state: GroupState) -> Rate | None:
    now = till.charge_plan.now
    is_after = used.tariff_change is TariffChange.AFTER
    return till.charge_plan.rate_at(group, now if is_after else state.granted_at or now)


def _list_payers(
    till: Till, group: GroupPlan, state: GroupState, *, held: list[UUID]
) -> list[UUID]:
    now = till.charge_plan.now
    instants: list[datetime] = [state.granted_at, now] if state.granted_at else [now]
    lists = [[b.bucket_id for b in till.list_candidates(group, at)] for at in instants]
    # What the group held stays in the order of payment; a bucket that has ended since comes last.
    held_first = [key for key in lists[0] if key in held] + held
    payers = dict.fromkeys(key for part in (held_first, *lists) for key in part)
    # A plan that lost its price in mid-session leaves money that cannot be counted in units.
    return [key for key in payers if group.price or till.get_bucket(key).kind is group.unit]


class _Booking:
    """One portion of usage on its way through the buckets."""

    def __init__(
        self, till: Till, group: GroupPlan, rate: Rate | None, *, position: int, left: int
    ) -> None:
        self._till = till
        self._group = group
        self._rate = rate
        self.position = position
        self.left = left
        self._payers: list[UUID] = []

    def book(self, payers: list[UUID]) -> None:
        self._payers = payers
        if self._group.is_free:
            self._note_rest(EntryKind.FREE)
            return
        self._take_from(payers, with_reserved=False)
        if self._till.never_denies:
            self._take_from(payers, with_reserved=True)
            self._note_rest(EntryKind.FREE)
        elif payers:
            self._overdraw(payers[-1])
        else:
            self._note_rest(EntryKind.SUSPENSE)

    def _take_from(self, payers: list[UUID], *, with_reserved: bool) -> None:
        for bucket_id in payers:
            if self.left:
                self._take(bucket_id, self._till.room(bucket_id, with_reserved=with_reserved))

    def _take(self, bucket_id: UUID, room: Amount) -> None:
        if self._rate is not None and self._till.get_bucket(bucket_id).kind is UnitKind.MONEY:
            units = self._rate.affordable_units(self.position, Decimal(room), self.left)
        elif (rule := self._group.bundle) is not None:
            units = rule.affordable_units(self.position, int(room), self.left)
        else:
            units = min(self.left, int(room))
        self._debit(bucket_id, units)

    def _overdraw(self, bucket_id: UUID) -> None:
        if self.left:
            self._debit(bucket_id, self.left)

    def _debit(self, bucket_id: UUID, units: int) -> None:
        if not units:
            return
        amount: Amount = units
        if self._rate is not None and self._till.get_bucket(bucket_id).kind is UnitKind.MONEY:
            amount = self._rate.cost_between(self.position, units)
            self.position += units
        elif (rule := self._group.bundle) is not None:
            amount = rule.units_between(self.position, units)
            self._take_fee(rule.fee_between(self.position, units))
            self.position += units
        self._till.debit(self._group.rating_group, bucket_id, amount, used_units=units)
        self.left -= units

    def _take_fee(self, fee: Decimal) -> None:
        """The fee beside a bundle, from the first money there is, if need be into the negative."""
        kinds = {key: self._till.get_bucket(key).kind for key in self._payers}
        wallet = next((key for key, kind in kinds.items() if kind is UnitKind.MONEY), None)
        if fee and wallet is not None:
            self._till.debit(self._group.rating_group, wallet, fee, used_units=0)

    def _note_rest(self, kind: EntryKind) -> None:
        if self.left:
            self._till.note_unpaid(kind, self._group, self.left)
            self.left = 0
