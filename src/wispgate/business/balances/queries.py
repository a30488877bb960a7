"""What an account holds and what has moved, as far as the scope sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from wispgate.business.balances.ledger import Account
from wispgate.business.operators import hot
from wispgate.business.operators import scope as scopes


@dataclass(frozen=True, slots=True)
class Balance:
    """One bucket as people read it. Amounts of money are in the currency's major unit."""

    bucket_id: UUID
    line_id: UUID | None
    name: str
    source: str
    unit: str
    currency: str
    initial: Decimal
    remaining: Decimal
    reserved: Decimal
    valid_from: datetime
    valid_until: datetime | None


def list_balances(account: Account) -> Sequence[Balance]:
    """The account's usable buckets, in the order in which they are used."""
    rows = hot.run(
        "list_buckets",
        partition=account.partition,
        account_id=account.account_id,
        now=scopes.current().now,
    )
    return [
        Balance(
            bucket_id=row["bucket_id"],
            line_id=row["owner_id"],
            name=row["name"],
            source=row["source"],
            unit=row["unit"],
            currency=row["currency"],
            initial=row["initial"],
            remaining=row["remaining"],
            reserved=row["reserved"],
            valid_from=row["valid_from"],
            valid_until=row["valid_until"],
        )
        for row in rows
    ]


def list_movements(account: Account, *, limit: int = 50) -> Sequence[dict[str, Any]]:
    """The newest ledger entries first."""
    return hot.run(
        "list_ledger", partition=account.partition, account_id=account.account_id, most=limit
    )


def is_posted(account: Account, key: str) -> bool:
    """Whether something was posted under that key."""
    rows = hot.run(
        "find_posting_key", partition=account.partition, account_id=account.account_id, key=key
    )
    return bool(rows)
