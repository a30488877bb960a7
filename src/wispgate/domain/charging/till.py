"""The working copy of an account while one request is decided.

Booking and granting move amounts here; what comes out are the changed buckets, the session's
reservations and the ledger entries that explain them.
"""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from wispgate.domain.charging.ledger import EntryKind, LedgerEntry
from wispgate.domain.charging.planning import ChargePlan, GroupPlan, can_pay, list_candidates
from wispgate.domain.charging.state import AccountState, Amount, Bucket, Reservation
from wispgate.domain.plan.exhaustion import NotifyOnly, Throttle
from wispgate.domain.plan.tariff import UnitKind
from wispgate.kernel.events import Event
from wispgate.kernel.money import Money


class Till:
    """Buckets and reservations of one account, changed step by step."""

    def __init__(self, state: AccountState, charge_plan: ChargePlan) -> None:
        self.state = state
        self.charge_plan = charge_plan
        self.entries: list[LedgerEntry] = []
        self.events: list[Event] = []
        self._before = {bucket.bucket_id: bucket for bucket in state.buckets}
        self._buckets = dict(self._before)
        held = state.session.reservations if state.session else ()
        self._held = {(r.rating_group, r.bucket_id): r.amount for r in held}

    @property
    def never_denies(self) -> bool:
        """Whether traffic goes on for nothing when the quota is used up."""
        return isinstance(self.charge_plan.plan.exhaustion, Throttle | NotifyOnly)

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        return tuple(self._buckets.values())

    @property
    def reservations(self) -> tuple[Reservation, ...]:
        return tuple(
            Reservation(group, bucket, amount) for (group, bucket), amount in self._held.items()
        )

    def list_changes(self) -> tuple[tuple[Bucket | None, Bucket], ...]:
        """Each changed or new bucket as (before, after)."""
        pairs = ((self._before.get(key), after) for key, after in self._buckets.items())
        return tuple((before, after) for before, after in pairs if before != after)

    def list_candidates(self, group: GroupPlan, at: datetime) -> list[Bucket]:
        return list_candidates(
            self.buckets,
            group,
            charge_plan=self.charge_plan,
            line_id=self.state.line_id,
            at=at,
        )

    def has_bucket_for(self, group: GroupPlan) -> bool:
        """Whether any bucket is meant for the group, full or empty, valid or not."""
        currency = self.charge_plan.plan.currency
        return any(can_pay(bucket, group, currency=currency) for bucket in self.buckets)

    def get_bucket(self, bucket_id: UUID) -> Bucket:
        return self._buckets[bucket_id]

    def room(self, bucket_id: UUID, *, with_reserved: bool = False) -> Amount:
        """What the line may still take: what is free, or all that remains, within its cap."""
        bucket = self._buckets[bucket_id]
        room = bucket.remaining - bucket.floor if with_reserved else bucket.free
        cap = bucket.find_cap(self.state.line_id)
        if cap is not None:
            room = min(room, cap.limit - cap.used if with_reserved else cap.free)
        return max(room, _ZERO[bucket.kind])

    def release(self, rating_group: int | None) -> list[UUID]:
        """Gives back all that the group holds; returns the buckets that it held."""
        held = [key for key in self._held if key[0] == rating_group]
        for key in held:
            self._move(EntryKind.RELEASE, key[1], self._held.pop(key), rating_group=rating_group)
        return [bucket_id for _, bucket_id in held if bucket_id in self._buckets]

    def release_all(self) -> None:
        for rating_group in dict.fromkeys(group for group, _ in self._held):
            self.release(rating_group)

    def reserve(self, rating_group: int | None, bucket_id: UUID, amount: Amount) -> None:
        """Holds `amount` for the group; a zero amount holds nothing."""
        if not amount:
            return
        self._held[rating_group, bucket_id] = amount
        self._move(EntryKind.RESERVE, bucket_id, amount, rating_group=rating_group)

    def debit(
        self, rating_group: int | None, bucket_id: UUID, amount: Amount, *, used_units: int
    ) -> None:
        """Takes `amount` for `used_units` of usage; the bucket may become negative."""
        self._move(
            EntryKind.DEBIT, bucket_id, amount, rating_group=rating_group, used_units=used_units
        )

    def purchase(self, bucket_id: UUID, price: Decimal) -> None:
        """Pays `price` from a money bucket."""
        if price:
            self._move(EntryKind.PURCHASE, bucket_id, price)

    def add(self, bucket: Bucket) -> None:
        """Puts in a new bucket with what it begins with."""
        self._buckets[bucket.bucket_id] = bucket
        self._note(EntryKind.CREDIT, bucket, bucket.remaining)

    def note_unpaid(self, kind: EntryKind, group: GroupPlan, units: int) -> None:
        """Writes down usage that no bucket pays for."""
        entry = LedgerEntry(
            kind=kind,
            amount=units,
            unit=group.unit,
            rating_group=group.rating_group,
            used_units=units,
        )
        self.entries.append(entry)

    def cost(self) -> Money:
        """The money that usage took so far."""
        taken = (
            entry.amount
            for entry in self.entries
            if entry.kind is EntryKind.DEBIT and entry.unit is UnitKind.MONEY
        )
        return Money(Decimal(sum(taken)), self.charge_plan.plan.currency)

    def _move(
        self,
        kind: EntryKind,
        bucket_id: UUID,
        amount: Amount,
        *,
        rating_group: int | None = None,
        used_units: int = 0,
    ) -> None:
        # A reservation may outlive its bucket's row only if somebody deleted it; then it is void.
        bucket = self._buckets.get(bucket_id)
        if bucket is None:
            return
        used = amount if kind in _TAKING else _ZERO[bucket.kind]
        signed = {EntryKind.RESERVE: amount, EntryKind.RELEASE: -amount}
        reserved = signed.get(kind, _ZERO[bucket.kind])
        self._buckets[bucket_id] = bucket.changed_by(
            self.state.line_id, used=used, reserved=reserved
        )
        self._note(kind, bucket, amount, rating_group=rating_group, used_units=used_units)

    def _note(
        self,
        kind: EntryKind,
        bucket: Bucket,
        amount: Amount,
        *,
        rating_group: int | None = None,
        used_units: int = 0,
    ) -> None:
        entry = LedgerEntry(
            kind=kind,
            amount=amount,
            unit=bucket.kind,
            bucket_id=bucket.bucket_id,
            rating_group=rating_group,
            used_units=used_units,
        )
        self.entries.append(entry)


_TAKING = {EntryKind.DEBIT, EntryKind.PURCHASE}
_ZERO: dict[UnitKind, Amount] = {
    UnitKind.OCTETS: 0,
    UnitKind.SECONDS: 0,
    UnitKind.MESSAGES: 0,
    UnitKind.MONEY: Decimal(0),
}
