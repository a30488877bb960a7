"""The batch statement's side of Python: one row per rating group of each request."""

import os
from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Final, NamedTuple
from uuid import UUID

from wispgate.domain.plan.basic import BASIC_PLAN_ID
from wispgate.kernel.ids import uuid7
from wispgate.store.hot import Partition

_COLUMNS: Final = (
    "ordinals", "are_first", "session_ids", "numbers", "kinds", "core_ids", "line_ids",
    "profile_versions", "units", "zones", "need_left", "rating_groups", "used", "wanted",
    "are_free", "currencies", "validities", "answers", "entry_ids", "event_ids", "payloads",
    "peers", "apns", "plmns", "addresses",
)  # fmt: skip
_NO_GROUP: Final = (None, 0, 0, True, "", 0)


class SimpleGroup(NamedTuple):
    """A rating group as the statement takes it. `wanted` 0 asks for nothing.

    `is_free`: no bucket is touched. `currency`: which money could pay instead, "" for none.
    `validity` is how many seconds the bucket must last.
    """

    rating_group: int
    used: int
    wanted: int
    is_free: bool
    currency: str
    validity: int


class Opening(NamedTuple):
    """The facts of a session that begins."""

    peer: str
    apn: str
    visited_plmn: str
    framed_address: str | None


class SimpleRequest(NamedTuple):
    """A request with its answer, if the statement finds that it is simple.

    `kind` is "i", "u" or "t". `needs_left`: the line is not exhausted only while a bucket has
    something left. `payload` is that of the event of a begun or ended session.
    """

    session_id: str
    number: int
    kind: str
    core_id: UUID
    line_id: UUID
    profile_version: int
    unit: str
    zone: str | None
    needs_left: bool
    groups: Sequence[SimpleGroup]
    answer: bytes
    payload: str | None = None
    opening: Opening | None = None


class Charged(Enum):
    """FLAGGED: not charged, the complete path decides. AS_FORESEEN: charged, as it was asked."""

    FLAGGED = "flagged"
    AS_FORESEEN = "as_foreseen"


SimpleOutcome = Charged | bytes


async def charge_simple(
    partition: Partition, requests: Sequence[SimpleRequest], *, now: datetime
) -> list[SimpleOutcome]:
    """What became of each request; octets are the stored answer that a duplicate gets.

    Raises DatabaseLost, or UniqueViolationError when another process was first.
    """
    rows = [row for place, request in enumerate(requests) for row in _rows(place, request, now)]
    values: dict[str, Any] = dict(zip(_COLUMNS, map(list, zip(*rows, strict=True)), strict=True))
    found = await partition.fetch(
        "charge_simple", values | {"now": now, "basic_plan_id": BASIC_PLAN_ID}
    )
    outcomes: list[SimpleOutcome] = [Charged.FLAGGED] * len(requests)
    for place, answer in found:
        outcomes[place] = Charged.AS_FORESEEN if answer is None else answer
    return outcomes


def _rows(place: int, request: SimpleRequest, now: datetime) -> list[tuple[Any, ...]]:
    event_id = None if request.payload is None else uuid7(now, os.urandom(10))
    head = (
        request.session_id, request.number, request.kind, request.core_id, request.line_id,
        request.profile_version, request.unit, request.zone, request.needs_left,
    )  # fmt: skip
    opening = request.opening or (None, None, None, None)
    first = (request.answer, event_id, request.payload, *opening)
    rows: list[tuple[Any, ...]] = []
    for group in request.groups or (_NO_GROUP,):
        answer, *rest = first if not rows else (None,) * 7
        entry_id = uuid7(now, os.urandom(10)) if group[1] else None
        rows.append((place, not rows, *head, *group, answer, entry_id, *rest))
    return rows
