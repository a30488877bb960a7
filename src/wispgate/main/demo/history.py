"""Usage of days gone by, booked as charging books it: out of the line's data, into the ledger."""

from decimal import Decimal
from uuid import UUID

from wispgate.business.balances import ledger
from wispgate.business.crm import queries as crm
from wispgate.business.operators import hot, ids
from wispgate.business.operators import scope as scopes
from wispgate.domain.charging.ledger import EntryKind
from wispgate.domain.charging.state import Bucket
from wispgate.domain.plan.tariff import UnitKind


def use(subscriber_id: UUID, line_id: UUID, octets: int) -> None:
    """One day's octets of a line: as much as its data allows, for nothing where it has no limit."""
    found = crm.account_of(subscriber_id)
    account = ledger.Account(scopes.current_operator_id(), found.account_id, found.partition)
    held = ledger.lock(account)
    bucket = next((b for b in held.buckets.values() if b.kind is UnitKind.OCTETS), None)
    if bucket is not None:
        octets = min(octets, int(bucket.remaining) - 1)
    if octets <= 0:
        return
    if bucket is not None:
        held.move(bucket.changed_by(line_id, used=octets), percents=(50, 80, 100))
    _book(account, line_id, bucket, octets)


def _book(account: ledger.Account, line_id: UUID, bucket: Bucket | None, octets: int) -> None:
    now = scopes.current().now
    kind = EntryKind.FREE if bucket is None else EntryKind.DEBIT
    hot.run(
        "insert_ledger_entries",
        partition=account.partition,
        now=now,
        entry_ids=[ids.new_id(now)],
        operator_ids=[account.operator_id],
        account_ids=[account.account_id],
        bucket_ids=[None if bucket is None else bucket.bucket_id],
        line_ids=[line_id],
        kinds=[kind.value],
        units=[UnitKind.OCTETS.value],
        currencies=[""],
        amounts=[Decimal(0 if bucket is None else -octets)],
        used_units=[octets],
        session_ids=[f"demo;{now:%Y%m%d%H};{line_id}"],
        numbers=[0],
        rating_groups=[None],
    )
