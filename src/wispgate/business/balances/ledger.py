"""Buckets of one account, locked, and movements of them in the running transaction."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from wispgate.business.operators import hot, ids, outbox
from wispgate.business.operators import scope as scopes
from wispgate.domain.charging.events import QuotaExhausted, QuotaRestored
from wispgate.domain.charging.exhaustion import decide_exhaustion
from wispgate.domain.charging.ledger import EntryKind
from wispgate.domain.charging.state import Bucket
from wispgate.domain.plan.compiled import CompiledPlan
from wispgate.domain.plan.tariff import UnitKind
from wispgate.kernel.events import Event
from wispgate.store import charging_rows

# Buckets that ended longer ago hold nothing that a session could still report on.
_ENDED_LONG_AGO: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Account:
    """Whose buckets they are."""

    operator_id: UUID
    account_id: UUID
    partition: int


@dataclass
class LockedAccount:
    """An account whose buckets this transaction holds."""

    account: Account
    now: datetime
    buckets: dict[UUID, Bucket] = field(default_factory=dict)

    def find_wallet(self, currency: str) -> Bucket | None:
        """The money of the whole account; there is one wallet per currency."""
        wallets = (b for b in self.buckets.values() if b.kind is UnitKind.MONEY)
        return next((b for b in wallets if b.currency == currency and b.owner_id is None), None)

    def add(self, bucket: Bucket, *, name: str, source: str, percents: Sequence[int]) -> None:
        """Opens a bucket; what it holds is credited to it in the ledger by `post`."""
        hot.run(
            "insert_bucket",
            partition=self.account.partition,
            **charging_rows.bucket_row(
                bucket,
                operator_id=self.account.operator_id,
                account_id=self.account.account_id,
                name=name,
                source=source,
                notify_percents=tuple(percents),
            ),
        )
        self.buckets[bucket.bucket_id] = bucket

    def move(self, after: Bucket, *, percents: Sequence[int] = ()) -> None:
        """Writes what a decision made of a bucket."""
        before = self.buckets[after.bucket_id]
        hot.run(
            "move_bucket",
            partition=self.account.partition,
            bucket_id=after.bucket_id,
            amount=Decimal(after.remaining - before.remaining),
            added=Decimal(after.initial - before.initial),
            notify_below=charging_rows.next_notice(after, tuple(percents)),
        )
        self.buckets[after.bucket_id] = after

    def post(
        self, kind: EntryKind, bucket: Bucket, amount: int | Decimal, *, entry_id: UUID | None = None,
        line_id: UUID | None = None, reason: str = "",
    ) -> None:  # fmt: skip
        """One ledger entry; `amount` is what it adds to the bucket, negative for what it takes."""
        hot.run(
            "post_entry",
            partition=self.account.partition,
            entry_id=entry_id or ids.new_id(self.now),
            now=self.now,
            operator_id=self.account.operator_id,
            account_id=self.account.account_id,
            bucket_id=bucket.bucket_id,
            line_id=line_id,
            kind=kind.value,
            unit=bucket.kind.value,
            currency=bucket.currency,
            amount=Decimal(amount),
            reason=reason,
            actor=scopes.current().actor.name,
        )

    def publish(self, event: Event) -> None:
        outbox.publish(event, partition=self.account.partition)

    def settle_exhaustion(self, line: "ChargedLine") -> None:
        """Turns a line's flag where the buckets now say something else, and tells of it."""
        is_exhausted = decide_exhaustion(
            line.plan,
            self.buckets.values(),
            line_id=line.line_id,
            now=self.now,
            time_zone=line.time_zone,
        )
        if is_exhausted == line.is_exhausted:
            return
        hot.run(
            "set_exhausted",
            partition=self.account.partition,
            line_ids=[line.line_id],
            are_exhausted=[is_exhausted],
        )
        kind = QuotaExhausted if is_exhausted else QuotaRestored
        self.publish(
            kind(
                operator_id=self.account.operator_id,
                account_id=self.account.account_id,
                line_id=line.line_id,
                occurred_at=self.now,
            )
        )


@dataclass(frozen=True, slots=True)
class ChargedLine:
    """A line whose exhaustion depends on the buckets."""

    line_id: UUID
    plan: CompiledPlan
    time_zone: ZoneInfo
    is_exhausted: bool


def lock(account: Account) -> LockedAccount:
    """Locks the account's buckets in the order in which charging does, and reads them."""
    now = scopes.current().now
    values = {"account_ids": [account.account_id], "ended_after": now - _ENDED_LONG_AGO}
    hot.run("lock_buckets", partition=account.partition, **values)
    rows = hot.run("read_buckets", partition=account.partition, **values)
    buckets = [charging_rows.read_bucket(row) for row in map(_as_text, rows)]
    return LockedAccount(account, now, {bucket.bucket_id: bucket for bucket in buckets})


def claim(account: Account, key: str, entry_id: UUID) -> bool:
    """Whether this posting is new; False for one that was made under that key before."""
    rows = hot.run(
        "claim_posting_key",
        partition=account.partition,
        account_id=account.account_id,
        key=key,
        operator_id=account.operator_id,
        entry_id=entry_id,
        now=scopes.current().now,
    )
    return bool(rows)


def _as_text(row: dict[str, object]) -> dict[str, object]:
    """psycopg decodes jsonb, asyncpg leaves it as text, which is what the reader takes."""
    return {
        name: json.dumps(value)
        if name in ("time_window", "caps") and value is not None and not isinstance(value, str)
        else value
        for name, value in row.items()
    }
