"""A whole tenant out into one archive, from one snapshot of the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import IO, Any, Final
from uuid import UUID

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader

import wispgate
from wispgate.business.operators import hot, ids, queries
from wispgate.business.operators import scope as scopes
from wispgate.business.operators.models import Operator
from wispgate.business.tenants import archive
from wispgate.business.tenants.archive import Manifest
from wispgate.business.tenants.models import TenantExport
from wispgate.store import tenancy

# Tables with rows of a tenant that stay here, and why.
LEFT_OUT: Final = MappingProxyType(
    {
        "outbox": "events are for the consumers of this installation, which have had most of them",
        "inventory_pukrequest": "questions that somebody waits for here",
        "staff_idempotentrequest": "answers to calls that were made here",
        "tenants_tenantexport": "says what was taken out of this installation",
        "tracing_trace": "what passed over this installation's connections, for a week",
        "tracing_tracemessage": "what passed over this installation's connections, for a week",
        "audit_sealblock": "seals of this installation's chain",
        "audit_sealmark": "seals of this installation's chain",
        "audit_sealcursor": "how far this installation has sealed",
    }
)
# Everything by which people log in here (sessions, devices, codes): they enrol anew elsewhere.
LEFT_OUT_PREFIXES: Final = ("login_",)
_ROWS_AT_ONCE: Final = 2000

# Ledgers are read as a whole: their parts are reached through them alone.
_TABLES: Final = """
SELECT n.nspname || '.' || c.relname, c.relname,
    coalesce((SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY k.place)
              FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k (number, place)
              JOIN pg_attribute a ON a.attnum = k.number
              WHERE i.indrelid = c.oid AND i.indisprimary AND a.attrelid = c.oid), '1')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute o ON o.attrelid = c.oid AND o.attname = 'operator_id' AND NOT o.attisdropped
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND (n.nspname = 'public' OR n.nspname ~ '^hot_[0-9]+$')
ORDER BY n.nspname, c.relname
"""
_OWN_CORES: Final = "SELECT core_id FROM operators_coreservice WHERE operator_id = %(operator)s"
# Rows of tables without operator_id that a tenant needs. Peers go along where nobody shares them.
_UNSHARED: Final = """core_id NOT IN (
    SELECT core_id FROM operators_coreservice WHERE operator_id <> %(operator)s
)"""
_OTHERS: Final = (
    ("public.operators_operator", "id = %(operator)s", "id"),
    ("public.operators_core", f"id IN ({_OWN_CORES})", "id"),
    ("public.operators_peer", f"core_id IN ({_OWN_CORES}) AND {_UNSHARED}", "id"),
)


def export(slug: str, file: IO[bytes]) -> Manifest:
    """Writes the tenant's archive. Needs the platform's scope, or the tenant's own.

    Read from a snapshot of its own: what others change meanwhile is not half in it.
    """
    operator = queries.get_operator(slug)
    with archive.writing(file) as writer, _snapshot(operator.id) as snapshot:
        for name, condition, order in _sources(snapshot):
            writer.add(name, _lines(snapshot, name, condition, order, operator.id))
        manifest = writer.finish(_head(operator))
    _note(operator, manifest)
    return manifest


def is_left_out(table: str) -> bool:
    """By the table's name without its schema."""
    return table in LEFT_OUT or table.startswith(LEFT_OUT_PREFIXES)


def migrations_here() -> dict[str, str]:
    """The last migration of each app: what the rows of an archive fit."""
    return dict(sorted(MigrationLoader(None).graph.leaf_nodes()))


def _head(operator: Operator) -> Manifest:
    return Manifest(
        operator_id=str(operator.id),
        slug=operator.slug,
        name=operator.name,
        made_at=scopes.current().now.isoformat(),
        made_with=wispgate.__version__,
        partitions=hot.run("read_installation")[0]["partitions"],
        migrations=migrations_here(),
        left_out=dict(LEFT_OUT) | {f"{start}*": "logins here" for start in LEFT_OUT_PREFIXES},
    )


def _sources(snapshot: Any) -> list[tuple[str, str, str]]:
    """(table, condition, order) of everything that goes into an archive."""
    snapshot.execute(_TABLES)
    owned = [
        (name, "operator_id = %(operator)s", order)
        for name, table, order in snapshot.fetchall()
        if not is_left_out(table)
    ]
    return [*_OTHERS, *owned]


def _lines(
    snapshot: Any, name: str, condition: str, order: str, operator_id: UUID
) -> Iterator[str]:
    table = name.partition(".")[2] if name.startswith("public.") else name
    query = f"SELECT row_to_json({table.rpartition('.')[2]})::text FROM {table} WHERE {condition} ORDER BY {order}"  # noqa: S608 (names of the catalogue)
    snapshot.execute(
        f"DECLARE rows_of_table NO SCROLL CURSOR FOR {query}", {"operator": operator_id}
    )
    while rows := snapshot.execute(f"FETCH {_ROWS_AT_ONCE} FROM rows_of_table").fetchall():
        # One line each: the database writes line ends inside of texts as \n.
        yield from (line for (line,) in rows)
    snapshot.execute("CLOSE rows_of_table")


@contextmanager
def _snapshot(operator_id: UUID) -> Iterator[Any]:
    """A second connection that sees the tenant's rows as they were at one instant."""
    scope = replace(scopes.current(), operator_id=operator_id, is_platform=True)
    other: BaseDatabaseWrapper = connection
    raw = other.get_new_connection(other.get_connection_params())
    try:
        raw.autocommit = True
        with raw.cursor() as cursor:
            cursor.execute("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute(tenancy.set_local(scope.settings()))
            cursor.execute("SET LOCAL TIME ZONE 'UTC'")
            yield cursor
            cursor.execute("COMMIT")
    finally:
        raw.close()


def _note(operator: Operator, manifest: Manifest) -> None:
    with scopes.within(replace(scopes.current(), operator_id=operator.id)) as scope:
        TenantExport.objects.create(
            id=ids.new_id(scope.now),
            operator_id=operator.id,
            made_at=scope.now,
            made_by=scope.actor.name,
            rows=manifest.rows,
            sha256=manifest.digest(),
        )
