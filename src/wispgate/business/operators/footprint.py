"""Where a tenant's rows are: asked of the database itself, so that no table can be forgotten.

Every table of a tenant has a column `operator_id`; others belong to it by a foreign key to one
that does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connection

# Ledgers come as their parts, which hold the rows; the audit goes last, and by itself.
_TABLES: Final = """
SELECT n.nspname, c.relname, has_table_privilege(c.oid, 'DELETE')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'operator_id' AND NOT a.attisdropped
WHERE c.relkind = 'r' AND (n.nspname = 'public' OR n.nspname ~ '^hot_[0-9]+$')
  AND c.relname <> 'audit_auditentry'
ORDER BY n.nspname, c.relname
"""

_REFERENCES: Final = """
SELECT child.relname, a.attname, parent.relname, b.attname
FROM pg_constraint k
JOIN pg_class child ON child.oid = k.conrelid
JOIN pg_class parent ON parent.oid = k.confrelid
JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[1]
WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace
ORDER BY child.relname, a.attname
"""

OPERATORS: Final = "operators_operator"
# Networks may serve several operators: `removal` looks which of them go.
_NETWORKS: Final = frozenset({"operators_core", "operators_peer"})


@dataclass(frozen=True, slots=True)
class Place:
    """A table with rows of tenants. `is_open`: services may delete there; not in ledgers."""

    schema: str
    table: str
    is_open: bool

    @property
    def is_hot(self) -> bool:
        return self.schema != "public"

    @property
    def name(self) -> str:
        return f"{self.schema}.{self.table}"


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key of a control table."""

    table: str
    column: str
    target: str
    target_column: str

    def condition(self, of_target: str) -> str:
        """True for rows that refer to a row of the target for which `of_target` is true."""
        inner = f"SELECT {self.target_column} FROM {self.target} WHERE {of_target}"  # noqa: S608 (names of the catalogue)
        return f"{self.column} IN ({inner})"


def list_places() -> Sequence[Place]:
    """All that has rows of tenants, the audit left out."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        return [Place(*row) for row in cursor.fetchall()]


def list_references() -> Sequence[Reference]:
    with connection.cursor() as cursor:
        cursor.execute(_REFERENCES)
        return [Reference(*row) for row in cursor.fetchall()]


def list_dependents(
    owned: Sequence[str], references: Sequence[Reference]
) -> Sequence[tuple[str, str]]:
    """(table, condition) of tables without `operator_id` whose rows hang on a tenant's.

    The farthest come first. A condition has one parameter: the operator's id.
    """
    conditions = dict.fromkeys(owned, "operator_id = %s")
    found: list[tuple[str, str]] = []
    while fresh := [
        r
        for r in references
        if r.target in conditions and r.table not in conditions and r.table not in _NETWORKS
    ]:
        for each in fresh:
            if each.table not in conditions:
                conditions[each.table] = each.condition(conditions[each.target])
                found.insert(0, (each.table, conditions[each.table]))
    return found
