"""The batch statement's side of Python: one row per rating group of each request."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final, NamedTuple
from uuid import UUID

from asyncpg.pgproto import pgproto

from wispgate.domain.plan.basic import BASIC_PLAN_ID
from wispgate.kernel.ids import uuid7_series
from wispgate.store.hot import Partition


@dataclass(slots=True, eq=False, kw_only=True)
class Shape:
    """What a rating group's row has in common with many others. Rows with one shape share it.

    `kind` is "i", "u" or "t". `needs_left`: the line is not exhausted only while a bucket has
    something left. `rating_group` None: the request names no group. `wanted` 0 asks for nothing.
    `is_free`: no bucket is touched. `currency`: which money could pay instead, "" for none.
    `validity` is how many seconds the bucket must last. `answer` stands with the first group of a
    request, and is what is answered if the statement finds that the request is simple.
    """

    kind: str
    core_id: UUID
    unit: str
    zone: str | None
    needs_left: bool
    answer: bytes | None
    rating_group: int | None = None
    wanted: int = 0
    is_free: bool = True
    currency: str = ""
    validity: int = 0


class Opening(NamedTuple):
    """The facts of a session that begins."""

    peer: str
    apn: str
    visited_plmn: str
    framed_address: str | None


class SimpleRequest(NamedTuple):
    """A request with a shape, and what it used, for each of its groups."""

    session_id: str
    number: int
    line_id: UUID
    profile_version: int
    shapes: Sequence[Shape]
    used: Sequence[int]
    opening: Opening | None = None


class Charged(Enum):
    """FLAGGED: not charged, the complete path decides. AS_FORESEEN: charged, as it was asked."""

    FLAGGED = "flagged"
    AS_FORESEEN = "as_foreseen"


SimpleOutcome = Charged | bytes

_NOTHING: Final = Opening("", "", "", None)


async def charge_simple(
    partition: Partition, requests: Sequence[SimpleRequest], *, now: datetime
) -> list[SimpleOutcome]:
    """What became of each request; octets are the stored answer that a duplicate gets.

    Raises DatabaseLost, or UniqueViolationError when another process was first.
    """
    values = columns_of(requests, now, os.urandom(20))
    found = await partition.fetch(
        "charge_simple", values | {"now": now, "basic_plan_id": BASIC_PLAN_ID}
    )
    outcomes: list[SimpleOutcome] = [Charged.FLAGGED] * len(requests)
    for places, answer in found:
        for place in places or ():
            outcomes[place] = Charged.AS_FORESEEN if answer is None else answer
    return outcomes


def columns_of(
    requests: Sequence[SimpleRequest], now: datetime, random_bytes: bytes
) -> dict[str, Any]:
    """The arrays of the statement. Places of requests count from 0, those of the arrays from 1."""
    shapes: dict[Shape, int] = {}
    openings: list[Opening] = []
    rows: list[tuple[int, int, int, str, int, UUID, int, int]] = []
    for place, request in enumerate(requests):
        session_id, number, line_id, version, own_shapes, used, opening = request
        event = 0
        if own_shapes[0].kind != "u":
            openings.append(opening or _NOTHING)
            event = len(openings)
        for shape, units in zip(own_shapes, used, strict=True):
            index = shapes.get(shape)
            if index is None:
                index = shapes[shape] = len(shapes) + 1
            rows.append((place, index, event, session_id, number, line_id, version, units))
    ids = uuid7_series(now, random_bytes, len(rows) + len(openings))
    return (
        _row_columns(rows)
        | _shape_columns(list(shapes))
        | _event_columns(openings)
        | {
            "entry_ids": [pgproto.UUID(octets) for octets in ids[: len(rows)]],
            "event_ids": [pgproto.UUID(octets) for octets in ids[len(rows) :]],
            "count": len(rows),
        }
    )


def _row_columns(rows: list[tuple[int, int, int, str, int, UUID, int, int]]) -> dict[str, Any]:
    columns = zip(*rows, strict=True)
    names = (
        "requests", "shapes", "events", "session_ids", "numbers", "line_ids", "profile_versions",
        "used",
    )  # fmt: skip
    return dict(zip(names, columns, strict=True))


def _shape_columns(shapes: list[Shape]) -> dict[str, Any]:
    return {
        "kinds": [shape.kind for shape in shapes],
        "core_ids": [shape.core_id for shape in shapes],
        "units": [shape.unit for shape in shapes],
        "zones": [shape.zone for shape in shapes],
        "need_left": [shape.needs_left for shape in shapes],
        "rating_groups": [shape.rating_group for shape in shapes],
        "wanted": [shape.wanted for shape in shapes],
        "are_free": [shape.is_free for shape in shapes],
        "currencies": [shape.currency for shape in shapes],
        "validities": [shape.validity for shape in shapes],
        "answers": [shape.answer for shape in shapes],
    }


def _event_columns(openings: list[Opening]) -> dict[str, Any]:
    return {
        "peers": [opening.peer for opening in openings],
        "apns": [opening.apn for opening in openings],
        "plmns": [opening.visited_plmn for opening in openings],
        "addresses": [opening.framed_address for opening in openings],
    }
