"""What is sealed: the audit, and the ledger of every hot partition. A new ledger is a line here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from wispgate.business.audit.chain import Entry
from wispgate.business.operators import hot
from wispgate.store import partitions

AUDIT = "audit"
# More rows than any block has: for statements that are not to stop early.
ALL = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Source:
    """A table whose rows are sealed. `kind` ends the names of its statements."""

    name: str
    kind: str
    partition: int | None = None

    @property
    def id_is_number(self) -> bool:
        return self.kind == AUDIT

    def read(self, verb: str, **values: Any) -> list[dict[str, Any]]:
        """The rows of `verb_kind`; ids are given and taken as UUIDs."""
        given = {name: self._outward(value) for name, value in values.items()}
        rows = hot.execute(f"{verb}_{self.kind}", given, partition=self.partition)
        return [row | {"id": self._inward(row["id"])} if "id" in row else row for row in rows]

    def shown_id(self, id_: UUID) -> str:
        """The id as people know it."""
        return str(id_.int) if self.id_is_number else str(id_)

    def _outward(self, value: Any) -> Any:
        is_id = isinstance(value, _Id)
        return (value.id.int if self.id_is_number else value.id) if is_id else value

    def _inward(self, value: Any) -> UUID:
        return UUID(int=value) if self.id_is_number else value


@dataclass(frozen=True, slots=True)
class _Id:
    """Marks a parameter that is an id of the source, and not of an operator."""

    id: UUID


def after(place: tuple[int, UUID]) -> dict[str, Any]:
    """The parameters for "after this place"."""
    return {"after_xid": place[0], "after_id": _Id(place[1])}


def through(place: tuple[int, UUID]) -> dict[str, Any]:
    """The parameters for "up to and with this place"."""
    return {"through_xid": place[0], "through_id": _Id(place[1])}


def one(id_: UUID) -> dict[str, Any]:
    return {"id": _Id(id_)}


def entry_of(row: dict[str, Any]) -> Entry:
    return Entry(row["xid"], row["id"], bytes(row["digest"]))


def audit() -> Source:
    return Source(AUDIT, AUDIT)


def ledgers() -> Sequence[Source]:
    """One for each hot partition of this installation."""
    count = hot.run("read_installation")[0]["partitions"]
    return [Source(f"ledger/{partitions.schema_of(n)}", "ledger", n) for n in range(count)]


def every() -> Sequence[Source]:
    return [audit(), *ledgers()]
