"""Rows of the charging tables as values of `domain/charging`, and back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Self
from uuid import UUID

from wispgate.domain.charging.state import (
    Amount,
    Bucket,
    Cap,
    GroupState,
    Reservation,
    SessionState,
)
from wispgate.domain.plan import jsonform
from wispgate.domain.plan.schedule import Window
from wispgate.domain.plan.tariff import UnitKind

# Stands for the command level, where a request names no rating group.
NO_RATING_GROUP: Final = -1

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingSession:
    """A session with all that its rows say."""

    state: SessionState
    operator_id: UUID
    account_id: UUID
    line_id: UUID
    core_id: UUID
    peer: str
    apn: str
    visited_plmn: str
    framed_address: str | None
    plan_id: UUID
    plan_version: int
    opened_at: datetime
    closed_at: datetime | None = None

    def after(self, state: SessionState, *, now: datetime) -> Self:
        """The session in another state; the end is written down once."""
        closed_at = None if state.is_open else self.closed_at or now
        return replace(self, state=state, closed_at=closed_at)


def to_group(rating_group: int | None) -> int:
    return NO_RATING_GROUP if rating_group is None else rating_group


def from_group(value: int) -> int | None:
    return None if value == NO_RATING_GROUP else value


def to_amount(value: Decimal, unit: UnitKind) -> Amount:
    """Money stays a decimal, all else is whole."""
    return value if unit is UnitKind.MONEY else int(value)


def read_bucket(row: Row) -> Bucket:
    unit = UnitKind(row["unit"])
    groups, zones, window = row["rating_groups"], row["zones"], row["time_window"]
    return Bucket(
        bucket_id=row["bucket_id"],
        kind=unit,
        remaining=to_amount(row["remaining"], unit),
        initial=to_amount(row["initial"], unit),
        reserved=to_amount(row["reserved"], unit),
        floor=to_amount(row["floor"], unit),
        created_at=row["created_at"],
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        priority=row["priority"],
        currency=row["currency"],
        owner_id=row["owner_id"],
        rating_groups=None if groups is None else tuple(groups),
        zones=None if zones is None else tuple(zones),
        window=None if window is None else jsonform.decode(Window, window),
        caps=() if row["caps"] is None else jsonform.decode(tuple[Cap, ...], row["caps"]),
        top_up_count=row["top_up_count"],
    )


def write_caps(bucket: Bucket) -> str | None:
    return jsonform.encode(bucket.caps) if bucket.caps else None


def is_plain(bucket: Bucket) -> bool:
    """Whether the batch statement may take from it: nothing but an amount and its validity."""
    is_bare = not bucket.caps and not bucket.floor and bucket.window is None
    return is_bare and bucket.kind is not UnitKind.MONEY


def next_notice(bucket: Bucket, percents: tuple[int, ...]) -> Decimal | None:
    """The next lower `remaining` at which a percentage of use is reached; None: no more."""
    if bucket.kind is UnitKind.MONEY or bucket.initial <= 0:
        return None
    initial, remaining = Decimal(bucket.initial), Decimal(bucket.remaining)
    levels = (initial * (100 - percent) / 100 for percent in percents)
    return max((level for level in levels if level < remaining), default=None)


def bucket_row(
    bucket: Bucket, *, operator_id: UUID, account_id: UUID, name: str, source: str,
    notify_percents: tuple[int, ...] = (),
) -> dict[str, Any]:  # fmt: skip
    """The values of `insert_bucket`."""
    return {
        "bucket_id": bucket.bucket_id,
        "operator_id": operator_id,
        "account_id": account_id,
        "owner_id": bucket.owner_id,
        "unit": bucket.kind.value,
        "currency": bucket.currency,
        "name": name,
        "source": source,
        "initial": Decimal(bucket.initial),
        "remaining": Decimal(bucket.remaining),
        "reserved": Decimal(bucket.reserved),
        "floor": Decimal(bucket.floor),
        "priority": bucket.priority,
        "valid_from": bucket.valid_from,
        "valid_until": bucket.valid_until,
        "rating_groups": None if bucket.rating_groups is None else list(bucket.rating_groups),
        "zones": None if bucket.zones is None else list(bucket.zones),
        "time_window": None if bucket.window is None else jsonform.encode(bucket.window),
        "caps": write_caps(bucket),
        "top_up_count": bucket.top_up_count,
        "is_plain": is_plain(bucket),
        "notify_below": next_notice(bucket, notify_percents),
        "created_at": bucket.created_at,
    }


def read_session(
    row: Row, groups: Iterable[Row], units: Mapping[UUID, UnitKind]
) -> ChargingSession:
    """A session with its groups; `units` are the kinds of the buckets that they may hold."""
    states, reservations = [], []
    for group in groups:
        rating_group = from_group(group["rating_group"])
        states.append(
            GroupState(
                rating_group,
                rated_units=group["rated_units"],
                granted_units=group["granted_units"],
                granted_at=group["granted_at"],
                is_final=group["is_final"],
            )
        )
        reservations += [
            Reservation(rating_group, bucket_id, to_amount(amount, units[bucket_id]))
            for bucket_id, amount in zip(group["held_buckets"], group["held_amounts"], strict=True)
            if bucket_id in units
        ]
    return ChargingSession(
        state=SessionState(
            row["session_id"],
            row["last_number"],
            is_open=row["is_open"],
            groups=tuple(states),
            reservations=tuple(reservations),
        ),
        operator_id=row["operator_id"],
        account_id=row["account_id"],
        line_id=row["line_id"],
        core_id=row["core_id"],
        peer=row["peer"],
        apn=row["apn"],
        visited_plmn=row["visited_plmn"],
        framed_address=row["framed_address"],
        plan_id=row["plan_id"],
        plan_version=row["plan_version"],
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
    )
