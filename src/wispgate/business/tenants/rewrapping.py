"""Sealing what is in the database anew, for the key that is current: a batch, a transaction.

What opens seals is elsewhere (`Reseal`): octets sealed with one key go out, sealed with another
they come back. Batches are small, so that a phone which authenticates waits for none; each stands
by itself, so that a run that was killed loses nothing and the next one goes on from there.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.db import connection

from wispgate.business.inventory import importing
from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.business.operators.scope import Scope
from wispgate.business.tenants.archive import SEALED
from wispgate.domain.authentication.sealing import SealingKey
from wispgate.kernel.errors import Unavailable
from wispgate.store import partitions

# Some milliseconds of opening and sealing, and of row locks afterwards.
BATCH: Final = 100
# A card is locked for milliseconds; one that is held for a minute is not waited for.
_PASSES: Final = 300
_BETWEEN_PASSES_SECONDS: Final = 0.2
_KEY_ID: Final = "substring({column} FROM 2 FOR 8)"

# Sealed octets and who they are bound to, into octets sealed anew or what is wrong with them.
Reseal = Callable[[Sequence[tuple[bytes, str]]], Sequence[bytes | str]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many seals were made anew, and which could not be opened: where, and why."""

    resealed: int
    broken: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Place:
    """A column of seals: its table, the table's key, and who a row's seal belongs to."""

    table: str
    column: str
    keys: Sequence[str]
    owner: Callable[[dict[str, Any]], str]


def count_seals(scope: Scope) -> Mapping[str, Counter[str]]:
    """Of each key id, how many seals it has in which table. Opens transactions of its own."""
    counts: dict[str, Counter[str]] = {}
    for within in _every_scope(scope):
        with scopes.within(within):
            for place in _places():
                for key_id, number in _count(place):
                    counts.setdefault(key_id, Counter())[place.table] += number
            for key_id in importing.list_waiting_keys():
                counts.setdefault(key_id, Counter())["imports that wait for approval"] += 1
    return counts


def rewrap(scope: Scope, key: SealingKey, reseal: Reseal) -> Outcome:
    """Seals everything anew that is not sealed with `key`. Opens transactions of its own."""
    resealed = 0
    broken: set[str] = set()
    for within in _every_scope(scope):
        with scopes.within(within):
            places = _places()
        for place in places:
            resealed += _rewrap_place(within, place, key, reseal, broken)
    return Outcome(resealed, sorted(broken))


def _every_scope(scope: Scope) -> Iterator[Scope]:
    """One for each operator: nobody sees the rows of two at once."""
    with scopes.within(scope):
        found = [operator.id for operator in operators.list_operators()]
    for operator_id in found:
        yield Scope(
            now=scope.now,
            actor=scope.actor,
            operator_id=operator_id,
            is_platform=True,
            reason=scope.reason,
        )


def _places() -> list[_Place]:
    """Every table of seals: stock before hot tables, which take their seals from there."""
    hot = [partitions.schema_of(n) for n in range(settings.WISPGATE_PARTITIONS)]
    return [
        _Place(f"{schema}.{table}", column, _keys_of(f"{schema}.{table}"), owner)
        for table, columns in sorted(SEALED.items(), key=lambda item: item[0] == "authentication")
        for schema in (hot if table == "authentication" else ["public"])
        for column, owner in columns.items()
    ]


def _keys_of(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid "
            "AND a.attnum = ANY(i.indkey) WHERE i.indrelid = %s::regclass AND i.indisprimary "
            "ORDER BY array_position(i.indkey::int2[], a.attnum)",
            [table],
        )
        return [name for (name,) in cursor.fetchall()]


def _count(place: _Place) -> list[tuple[str, int]]:
    key_id = _KEY_ID.format(column=place.column)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT encode({key_id}, 'hex'), count(*) FROM {place.table} "  # noqa: S608 (our own names)
            f"WHERE {place.column} IS NOT NULL GROUP BY 1"
        )
        return list(cursor.fetchall())


def _rewrap_place(
    scope: Scope, place: _Place, key: SealingKey, reseal: Reseal, broken: set[str]
) -> int:
    """Passes over what is left until nothing is, but what is broken. Raises Unavailable."""
    changed = 0
    for attempt in range(_PASSES):
        if attempt:
            time.sleep(_BETWEEN_PASSES_SECONDS)
        one = _pass(scope, place, key, reseal, broken)
        changed += one.changed
        if not one.held:
            return changed
    raise Unavailable(f"rows of {place.table} are held by somebody: try again")


@dataclass(slots=True)
class _Pass:
    changed: int = 0
    held: int = 0


def _pass(scope: Scope, place: _Place, key: SealingKey, reseal: Reseal, broken: set[str]) -> _Pass:
    done, after = _Pass(), ()
    while True:
        with scopes.within(scope):
            rows = _read(place, key, after)
        if not rows:
            return done
        after = tuple(rows[-1][name] for name in place.keys)
        asked = [(bytes(row[place.column]), place.owner(row)) for row in rows]
        made = reseal(asked)
        with scopes.within(scope):
            changed = _write(place, rows, made)
        wrong = [
            f"{place.table}.{place.column} of {owner}: {answer}"
            for (_, owner), answer in zip(asked, made, strict=True)
            if isinstance(answer, str)
        ]
        broken.update(wrong)
        done.changed += changed
        done.held += len(rows) - len(wrong) - changed


def _read(place: _Place, key: SealingKey, after: Sequence[Any]) -> list[dict[str, Any]]:
    names = ", ".join(place.keys)
    beyond = f"AND ({names}) > ({', '.join(['%s'] * len(after))})" if after else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT * FROM {place.table} WHERE {place.column} IS NOT NULL "  # noqa: S608 (our own names)
            f"AND {_KEY_ID.format(column=place.column)} <> %s {beyond} ORDER BY {names} LIMIT %s",
            [key.key_id, *after, BATCH],
        )
        columns = [column[0] for column in cursor.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def _write(place: _Place, rows: Sequence[dict[str, Any]], made: Sequence[bytes | str]) -> int:
    """How many were changed. One with another seal meanwhile stays as it is.

    So does one that somebody has locked, for the next pass: waiting for it here would keep the
    phones of the whole batch waiting.
    """
    names = ", ".join(place.keys)
    matches = " AND ".join(f"{name} = %s" for name in place.keys)
    changed = 0
    with connection.cursor() as cursor:
        for row, answer in zip(rows, made, strict=True):
            if isinstance(answer, str):
                continue
            cursor.execute(
                f"UPDATE {place.table} SET {place.column} = %s WHERE ({names}) IN "  # noqa: S608 (our own names)
                f"(SELECT {names} FROM {place.table} WHERE {matches} AND {place.column} = %s "
                f"FOR UPDATE SKIP LOCKED)",
                [answer, *(row[name] for name in place.keys), bytes(row[place.column])],
            )
            changed += cursor.rowcount
    return changed
