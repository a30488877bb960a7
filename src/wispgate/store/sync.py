"""Named statements on a psycopg cursor, for the business side and the worker.

With a partition, the statement's unqualified tables mean that partition's, for this statement
only: afterwards the transaction's search path is the public one again.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from wispgate.store import loader, partitions


class Cursor(Protocol):
    """The part of a DB-API cursor that is used here; Django's wrapper has it too."""

    @property
    def description(self) -> Any: ...

    def execute(self, query: str, params: Any = None, /) -> Any: ...

    def fetchall(self) -> list[Any]: ...


def run(
    cursor: Cursor, name: str, values: Mapping[str, Any], *, partition: int | None = None
) -> list[dict[str, Any]]:
    """The rows of a named statement. Needs a transaction where a partition is given."""
    statement = loader.statement(name)
    statement.arguments(values)
    if partition is not None:
        cursor.execute(f"SET LOCAL search_path TO {partitions.search_path_of(partition)}")
    cursor.execute(statement.for_psycopg, dict(values))
    rows = _rows(cursor)
    if partition is not None:
        cursor.execute("SET LOCAL search_path TO public")
    return rows


def _rows(cursor: Cursor) -> list[dict[str, Any]]:
    if cursor.description is None:
        return []
    columns = [column[0] for column in cursor.description]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
