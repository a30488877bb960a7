"""Reading numbers and their ranges, as far as the scope sees them.

A number that nobody touched has no row: it is available, as its range says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, F, Func, Q, QuerySet
from django.db.models.functions import Length

from wispgate.business.inventory.models import Number, NumberPolicy, NumberRange
from wispgate.business.inventory.number_lifecycle import (
    ENDS_BY_ITSELF,
    NumberClass,
    NumberOrigin,
    NumberState,
    state_at,
)
from wispgate.business.operators import scope as scopes
from wispgate.kernel.errors import NotFound

# Whose line has a number is told to those who see the line; `subscriptions` made the function.
_IS_SEEN: Final = Func(F("subscription_id"), function="is_line_seen", output_field=BooleanField())


@dataclass(frozen=True, slots=True)
class NumberView:
    """A number as it is now. `until` is the end of a reservation or of a quarantine."""

    msisdn: str
    state: NumberState
    until: datetime | None
    number_class: NumberClass
    origin: NumberOrigin
    subscription_id: UUID | None
    state_changed_at: datetime | None = None
    state_cause: str = ""


def get_number(msisdn: str) -> NumberView:
    """Raises NotFound for a number that is in no range and was never ported in."""
    row = Number.objects.annotate(is_seen=_IS_SEEN).filter(msisdn=msisdn).first()
    if row is not None and not row.is_seen:
        raise NotFound("number", msisdn)
    if row is not None:
        return _view(row, scopes.current().now)
    covering = find_range_of(msisdn)
    if covering is None:
        raise NotFound("number", msisdn)
    return NumberView(
        msisdn=msisdn,
        state=NumberState.AVAILABLE,
        until=None,
        number_class=NumberClass(covering.number_class),
        origin=NumberOrigin.OWN,
        subscription_id=None,
    )


def find_number_id(msisdn: str) -> UUID | None:
    """By which the audit knows a number that was touched."""
    return Number.objects.filter(msisdn=msisdn).values_list("id", flat=True).first()


def list_numbers(*, state: str = "", after: str = "", limit: int = 50) -> Sequence[NumberView]:
    """Numbers that were touched, in order; `after` is the last one of the page before."""
    now = scopes.current().now
    rows = Number.objects.filter(_IS_SEEN, msisdn__gt=after).order_by("msisdn")
    if state:
        rows = rows.filter(_in_state(NumberState(state), now))
    return [_view(row, now) for row in rows[:limit]]


def list_ranges(*, after: str = "", limit: int = 50) -> Sequence[NumberRange]:
    """In order; `after` is the first number of the last range of the page before."""
    return list(NumberRange.objects.order_by("first").filter(first__gt=after)[:limit])


def get_range(range_id: UUID) -> NumberRange:
    found = NumberRange.objects.filter(id=range_id).first()
    if found is None:
        raise NotFound("number range", range_id)
    return found


def has_ranges() -> bool:
    """Whether the operator's numbers are managed: without a range any number may be used."""
    return NumberRange.objects.exists()


def find_range_of(msisdn: str) -> NumberRange | None:
    """The range that holds a number. Compared as text: both ends have the number's length."""
    ranges = NumberRange.objects.alias(digits=Length("first")).filter(digits=len(msisdn))
    return ranges.filter(first__lte=msisdn, last__gte=msisdn).first()


def numbers_within(one: NumberRange) -> QuerySet[Number]:
    """Rows of a range's numbers."""
    same_length = Number.objects.alias(digits=Length("msisdn")).filter(digits=len(one.first))
    return same_length.filter(msisdn__range=(one.first, one.last))


def find_next_available(number_class: str = NumberClass.ORDINARY) -> str | None:
    """The lowest number of that class that is free now; None where none is left."""
    now = scopes.current().now
    used_before = Number.objects.order_by("msisdn").filter(
        _in_state(NumberState.AVAILABLE, now), number_class=number_class
    )
    found = [row.msisdn for row in used_before[:1]]
    for one in NumberRange.objects.order_by("first").filter(number_class=number_class):
        untouched = _find_untouched(one)
        if untouched is not None:
            found.append(untouched)
            break
    return min(found, default=None)


def quarantine_days() -> int:
    """How long a number of the operator rests after somebody had it."""
    policy = NumberPolicy.objects.first()
    return policy.quarantine_days if policy else NumberPolicy.DEFAULT_QUARANTINE_DAYS


# The first touched number that stands higher than its place among them leaves a gap before it.
# Reads touched numbers in order until there, and none of a range's others.
_FIRST_GAP: Final = """
SELECT place FROM (
    SELECT msisdn::bigint - %(first)s::bigint AS distance,
           row_number() OVER (ORDER BY msisdn) - 1 AS place
    FROM inventory_number
    WHERE operator_id = %(operator_id)s AND msisdn BETWEEN %(first)s AND %(last)s
      AND length(msisdn) = length(%(first)s)
) AS touched WHERE distance > place LIMIT 1
"""


def _find_untouched(one: NumberRange) -> str | None:
    """The lowest number of a range that has no row."""
    width = len(one.first)
    bounds = {"operator_id": str(one.operator_id), "first": one.first, "last": one.last}
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_GAP, bounds)
        gap = cursor.fetchone()
    if gap is not None:
        return f"{int(one.first) + gap[0]:0{width}d}"
    touched = numbers_within(one).count()
    return f"{int(one.first) + touched:0{width}d}" if touched < one.size else None


def _in_state(state: NumberState, now: datetime) -> Q:
    """Rows that are in `state` now: `number_lifecycle.state_at` as a condition."""
    if state in ENDS_BY_ITSELF:
        return Q(state=state, until__gt=now)
    condition = Q(state=state)
    for brought_to in sorted(ENDS_BY_ITSELF):
        for origin in NumberOrigin:
            if state_at(brought_to, now, origin, now=now) is state:
                condition |= Q(state=brought_to, origin=origin, until__lte=now)
    return condition


def _view(row: Number, now: datetime) -> NumberView:
    state = row.state_at(now)
    has_ended = state.value != row.state
    return NumberView(
        msisdn=row.msisdn,
        state=state,
        until=None if has_ended else row.until,
        number_class=NumberClass(row.number_class),
        origin=NumberOrigin(row.origin),
        subscription_id=row.subscription_id,
        state_changed_at=row.until if has_ended else row.state_changed_at,
        state_cause="" if has_ended else row.state_cause,
    )
