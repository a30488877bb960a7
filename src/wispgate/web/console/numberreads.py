"""Numbers and their ranges as the console lists them. Every function is one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Length

from wispgate.web.console.listing import ROWS, Asked
from wispgate.web.console.reads import PARTY, SEALED_OF_SIM, lines_like, rows_of

# States of a number that keep it from being given, in the order of their tabs.
KEPT_BACK = ("reserved", "quarantine", "ported_out")


def count_numbers(text: str = "") -> int:
    return _numbers(text).count()


def list_numbers(asked: Asked) -> Sequence[Any]:
    """MSISDNs in use, each with its line, in their own order."""
    rows = _numbers(asked.text).select_related("sim", *PARTY).defer(*SEALED_OF_SIM)
    return list(rows.order_by("msisdn")[asked.offset : asked.offset + ROWS])


@dataclass(frozen=True, slots=True)
class ShownRange:
    """A range of the operator's own, and how many of its numbers can be given now."""

    row: Any
    free: int


def list_ranges(now: datetime) -> list[ShownRange]:
    """In order, each with what is left of it; a number that nobody touched has no row."""
    of_range = rows_of("inventory.Number").alias(digits=Length("msisdn"))
    taken = of_range.filter(
        digits=Length(OuterRef("first")),
        msisdn__gte=OuterRef("first"),
        msisdn__lte=OuterRef("last"),
    ).exclude(_is_free(now))
    count = Subquery(taken.order_by().values("operator").annotate(n=Count("pk")).values("n"))
    rows = rows_of("inventory.NumberRange").order_by("first").annotate(taken=count)
    return [ShownRange(row, row.size - (row.taken or 0)) for row in rows]


def count_kept_back(now: datetime) -> Mapping[str, int]:
    counts = {state: Count("pk", filter=_is_kept_back(state, now)) for state in KEPT_BACK}
    counted: Mapping[str, int] = rows_of("inventory.Number").aggregate(**counts)
    return counted


def list_kept_back(asked: Asked, now: datetime) -> Sequence[Any]:
    """Numbers that are reserved, rest, or are with another network."""
    rows = rows_of("inventory.Number").filter(_is_kept_back(asked.state, now)).order_by("msisdn")
    return list(rows[asked.offset : asked.offset + ROWS])


def _is_kept_back(state: str, now: datetime) -> Q:
    """Reservations and quarantines end by themselves; a foreign number then leaves us."""
    if state == "ported_out":
        rested = Q(state="quarantine", origin="ported_in", until__lte=now)
        return Q(state="ported_out") | rested
    return Q(state=state, until__gt=now)


def _is_free(now: datetime) -> Q:
    ended = Q(state__in=("reserved", "quarantine"), until__lte=now)
    return Q(state="available") | (ended & ~Q(state="quarantine", origin="ported_in"))


def _numbers(text: str) -> QuerySet[Any]:
    """A number of a terminated line is not in use any more."""
    return lines_like(text).exclude(msisdn="").exclude(state="terminated")
