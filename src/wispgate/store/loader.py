"""Named SQL statements, one text for both drivers.

A file in `store/sql` holds statements of one subject. Each begins with `-- its_name`, goes on with
comment lines that describe it, and ends with a semicolon. `:name` marks a parameter; the loader
writes it as `$1` for asyncpg and as `%(name)s` for psycopg. `::type` casts are left alone.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from wispgate.kernel.errors import Misconfigured

_HEAD = re.compile(r"^-- ([a-z][a-z0-9_]*)$", re.MULTILINE)
# A comment, a quoted literal or a cast is skipped, a parameter is caught.
_PARAMETER = re.compile(r"--[^\n]*|'(?:[^']|'')*'|::\w+|:([a-z_][a-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement. `parameters` stand in the order of asyncpg's `$1, $2, …`."""

    name: str
    subject: str
    description: str
    sql: str
    parameters: tuple[str, ...]
    for_asyncpg: str
    for_psycopg: str

    def arguments(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """`values` in asyncpg's order. Raises KeyError for a missing or an unknown name."""
        if values.keys() != set(self.parameters):
            odd = set(self.parameters) ^ values.keys()
            raise KeyError(f"{self.name}: missing or unknown parameters {sorted(odd)}")
        return tuple(values[name] for name in self.parameters)


def parse_statements(text: str, *, subject: str) -> Iterator[Statement]:
    """The statements of one file. Raises Misconfigured where the form above is broken."""
    heads = list(_HEAD.finditer(text))
    if text[: heads[0].start() if heads else None].strip():
        raise Misconfigured(f"{subject}.sql begins with something other than a named statement")
    ends = [*(head.start() for head in heads[1:]), len(text)]
    for head, end in zip(heads, ends, strict=False):
        yield _parse(head.group(1), text[head.end() : end], subject)


@cache
def statements() -> Mapping[str, Statement]:
    """All statements of `store/sql` by name. Names are unique over all files."""
    found: dict[str, Statement] = {}
    for entry in sorted(resources.files(__package__).joinpath("sql").iterdir(), key=str):
        if not entry.name.endswith(".sql"):
            continue
        for statement in parse_statements(entry.read_text(), subject=entry.name[:-4]):
            if statement.name in found:
                raise Misconfigured(f"two statements are named {statement.name}")
            found[statement.name] = statement
    return MappingProxyType(found)


def statement(name: str) -> Statement:
    """The statement of that name; KeyError if there is none."""
    return statements()[name]


def _parse(name: str, text: str, subject: str) -> Statement:
    lines = text.strip().splitlines()
    comments = [line.removeprefix("--").strip() for line in lines if line.startswith("--")]
    sql = "\n".join(line for line in lines if not line.lstrip().startswith("--")).strip()
    if not comments or not sql.endswith(";") or sql.count(";") != 1:
        raise Misconfigured(f"{subject}.sql: {name} needs a description and one closing semicolon")
    sql = sql.removesuffix(";")
    names = tuple(dict.fromkeys(m.group(1) for m in _PARAMETER.finditer(sql) if m.group(1)))
    positions = {parameter: f"${index}" for index, parameter in enumerate(names, 1)}
    return Statement(
        name=name,
        subject=subject,
        description=" ".join(comments),
        sql=sql,
        parameters=names,
        for_asyncpg=_substitute(sql, positions),
        for_psycopg=_substitute(sql.replace("%", "%%"), {n: f"%({n})s" for n in names}),
    )


def _substitute(sql: str, marks: Mapping[str, str]) -> str:
    return _PARAMETER.sub(lambda m: marks[m.group(1)] if m.group(1) else m.group(0), sql)
