"""How hot tables come to be: the same DDL in every partition, walls and grants included."""

from collections.abc import Iterable

from django.conf import settings

from wispgate.store import partitions, tenancy

ROLES = tenancy.Roles(settings.WISPGATE_ROLE_PREFIX)


def in_every_partition(statements: Iterable[str]) -> list[str]:
    """The statements once per partition, with `{schema}` filled in."""
    texts = list(statements)
    schemas = [partitions.schema_of(n) for n in range(settings.WISPGATE_PARTITIONS)]
    return [text.replace("{schema}", schema) for schema in schemas for text in texts]


def hot_table(name: str, columns: str, *, options: str = "fillfactor=70") -> list[str]:
    """DDL of one hot table in `{schema}`: rows of a tenant for business, all rows for network."""
    table = f"{{schema}}.{name}"
    return [
        f"CREATE TABLE {table} ({columns}) WITH ({options});",
        tenancy.isolate(table),
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {ROLES.web}, {ROLES.worker};",
        tenancy.open_to(table, ROLES.network, privileges="SELECT, INSERT, UPDATE, DELETE"),
    ]


def union_view(name: str, columns: str, *, source: str = "") -> str:
    """A view over one hot table of all partitions, for lists in the console.

    `source` with `{schema}` in it is what it reads, if not the table of its name.
    `security_invoker` makes the reader's row-level security hold inside it.
    """
    table = source or f"{{schema}}.{name}"
    parts = [
        f"SELECT {n} AS partition, {columns} FROM "
        + table.replace("{schema}", partitions.schema_of(n))
        for n in range(settings.WISPGATE_PARTITIONS)
    ]
    body = " UNION ALL ".join(parts)
    return (
        f"CREATE OR REPLACE VIEW every_{name} WITH (security_invoker = true) AS {body};"
        f"GRANT SELECT ON every_{name} TO {ROLES.web}, {ROLES.worker};"
    )
