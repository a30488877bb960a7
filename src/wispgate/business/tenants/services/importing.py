"""A tenant in from an archive: into an installation that has no operator yet, all or nothing."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import IO, Any, Final
from uuid import UUID

from django.db import DataError, IntegrityError, ProgrammingError, connection, transaction
from psycopg.errors import InsufficientPrivilege

from wispgate.business.operators import hot, queries, vault
from wispgate.business.operators import scope as scopes
from wispgate.business.tenants import archive
from wispgate.business.tenants.archive import Manifest, Reader, TablePart
from wispgate.business.tenants.errors import ArchiveBroken, NotEmpty, SealedForAnother
from wispgate.business.tenants.services.exporting import migrations_here
from wispgate.store import partitions

_ROWS_AT_ONCE: Final = 500
_OPERATOR: Final = "public.operators_operator"
# The database numbers these itself: an audit's rows get their places in this one's.
_NUMBERED_HERE: Final = frozenset({("audit_auditentry", "id"), ("audit_auditentry", "xid")})

# Columns of a table that this role may write.
_COLUMNS: Final = """
SELECT a.attname FROM pg_attribute a
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  AND has_column_privilege(a.attrelid, a.attnum, 'INSERT')
ORDER BY a.attnum
"""


def import_archive(file: IO[bytes]) -> Manifest:
    """Makes the tenant of an archive. Needs the platform's scope.

    Raises NotEmpty where there is an operator, ArchiveBroken for an archive that is not whole or
    of another version, SealedForAnother where its SIM secrets could not be opened here.
    """
    if queries.list_operators():
        raise NotEmpty("an archive goes into an installation that has no operator yet")
    with archive.reading(file) as reader, transaction.atomic():
        manifest = reader.manifest
        _require_fit(manifest)
        reason = f"import of {manifest.digest()[:12]}"
        scope = replace(scopes.current(), operator_id=UUID(manifest.operator_id), reason=reason)
        with scopes.within(scope), _telling_what_is_wrong():
            _insert_all(reader)
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return manifest


def _require_fit(manifest: Manifest) -> None:
    here = migrations_here()
    other = sorted(app for app, name in manifest.migrations.items() if here.get(app) != name)
    if other or here.keys() - manifest.migrations.keys():
        raise ArchiveBroken(
            f"the archive was made with version {manifest.made_with}, whose tables are others "
            f"({', '.join(other) or 'there are more here'}): bring both installations to one version"
        )
    foreign = sorted(key_id for key_id in manifest.sealed_with if not vault.is_known(key_id))
    if foreign:
        raise SealedForAnother(
            f"SIM secrets in it are sealed with key {', '.join(foreign)}; where it was made, run "
            f"wispgate tenant reseal ARCHIVE --for {vault.sealing_key().to_text()}",
            keys=foreign,
        )


@contextmanager
def _telling_what_is_wrong() -> Iterator[None]:
    try:
        yield
    except (IntegrityError, DataError, ProgrammingError) as error:
        # Row-level security: a row says that it is another tenant's. Else the fault is ours.
        is_foreign = isinstance(error.__cause__, InsufficientPrivilege)
        if isinstance(error, ProgrammingError) and not is_foreign:
            raise
        said = " ".join(str(error).split())
        raise ArchiveBroken(f"rows of the archive do not fit: {said}") from None


def _insert_all(reader: Reader) -> None:
    count = hot.run("read_installation")[0]["partitions"]
    moving = _Moving(reader, count) if count != reader.manifest.partitions else None
    for part in _ordered(reader.manifest):
        lines: Iterable[str] = reader.lines(part)
        if part.name == _OPERATOR:
            lines = _without_host(lines)
        if moving is None:
            _insert(part.name, lines)
        elif part.schema == "public":
            _insert(part.name, moving.public(part, lines))
        else:
            moving.hot(part, lines)


def _ordered(manifest: Manifest) -> list[TablePart]:
    """The operator first: everything else is its own. Raises ArchiveBroken without it."""
    tables = sorted(manifest.tables, key=lambda part: part.name != _OPERATOR)
    if not tables or (tables[0].name, tables[0].rows) != (_OPERATOR, 1):
        raise ArchiveBroken("there is no operator in the archive")
    return tables


def _without_host(lines: Iterable[str]) -> Iterator[str]:
    """The host stays where it is: here it is nobody."""
    for line in lines:
        row = json.loads(line)
        row["host_id"] = None
        yield json.dumps(row)


def _insert(name: str, lines: Iterable[str]) -> None:
    """Rows as the database's own JSON, under row-level security: rows of others are refused."""
    iterator = iter(lines)
    table = name.partition(".")[2]
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS, [name])
        columns = [
            f'"{column}"'
            for (column,) in cursor.fetchall()
            if (table, column) not in _NUMBERED_HERE
        ]
        named = ", ".join(columns)
        query = (
            f"INSERT INTO {name} ({named}) SELECT {named} "  # noqa: S608 (names of the catalogue)
            f"FROM jsonb_populate_recordset(NULL::{name}, %s::jsonb)"
        )
        while chunk := list(islice(iterator, _ROWS_AT_ONCE)):
            cursor.execute(query, [f"[{','.join(chunk)}]"])


class _Moving:
    """Accounts find new partitions where an installation has another number of them."""

    def __init__(self, reader: Reader, count: int) -> None:
        self._count = count
        self._of_session = {
            row["session_id"]: row["account_id"]
            for part in reader.manifest.tables
            if part.table == "charging_session"
            for row in map(json.loads, reader.lines(part))
        }

    def public(self, part: TablePart, lines: Iterable[str]) -> Iterator[str]:
        """Directories say the new partition."""
        for line in lines:
            if part.table not in ("account", "identity"):
                yield line
                continue
            row = json.loads(line)
            row["partition"] = self._partition(row)
            yield json.dumps(row)

    def hot(self, part: TablePart, lines: Iterable[str]) -> None:
        """Rows go where their account goes, in the order in which they came."""
        by_partition: dict[int, list[str]] = {}
        for line in lines:
            rows = by_partition.setdefault(self._partition(json.loads(line)), [])
            rows.append(line)
            if len(rows) == _ROWS_AT_ONCE:
                self._flush(part, by_partition)
        self._flush(part, by_partition)

    def _flush(self, part: TablePart, by_partition: dict[int, list[str]]) -> None:
        for partition, rows in sorted(by_partition.items()):
            _insert(f"{partitions.schema_of(partition)}.{part.table}", rows)
        by_partition.clear()

    def _partition(self, row: dict[str, Any]) -> int:
        account = row.get("account_id") or self._of_session.get(row.get("session_id"))
        if account is None:
            raise ArchiveBroken("a row of a hot table belongs to no account")
        return partitions.partition_for(UUID(account), partitions=self._count)
