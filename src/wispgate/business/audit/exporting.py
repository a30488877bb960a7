"""Exports of the audit: rows for spreadsheets, and JSON lines that prove themselves.

In JSON lines each row carries the very text that was sealed. The blocks that hold the rows stand
before them, whole: with the public key anybody can verify an export that is alone in the world.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import Q

from wispgate.business.audit import chain, queries
from wispgate.business.audit.models import SealBlock
from wispgate.business.audit.queries import Search
from wispgate.business.audit.sealing import header_of
from wispgate.business.audit.sources import AUDIT
from wispgate.business.operators import hot

CHUNK = 1000
COLUMNS = (
    "id", "at", "operator_id", "actor_kind", "actor", "address", "request_id", "reason", "action",
    "object_type", "object_id", "before", "after", "message", "digest",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SealedText:
    """An entry's sealed text, and where it stands in its chain."""

    id: int
    place: tuple[int, UUID]
    operator_id: UUID | None
    text: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def rows(search: Search) -> Iterator[Sequence[str]]:
    """The entries as rows of text under `COLUMNS`, the oldest first."""
    for texts in _texts(search):
        for one in sorted(texts, key=lambda each: each.id):
            fields = json.loads(one.text) | {"id": one.id, "digest": one.digest}
            yield [_shown(fields[name]) for name in COLUMNS]


def json_lines(search: Search) -> Iterator[str]:
    """A block, then its rows among those asked for, and so on; rows not sealed yet have no block."""
    told: set[tuple[str, int]] = set()
    for texts in _texts(search):
        for operator_id, group in groupby(
            sorted(texts, key=lambda one: (str(one.operator_id), one.place)),
            key=lambda one: one.operator_id,
        ):
            yield from _chain_lines(operator_id, list(group), told)


def _texts(search: Search) -> Iterator[list[SealedText]]:
    for ids in queries.iterate_ids(search, chunk=CHUNK):
        found = hot.run("read_audit_texts", form=chain.FORM, ids=list(ids))
        yield [
            SealedText(
                row["id"], (row["xid"], UUID(int=row["id"])), row["operator_id"], row["text"]
            )
            for row in found
        ]


def _chain_lines(
    operator_id: UUID | None, texts: Sequence[SealedText], told: set[tuple[str, int]]
) -> Iterator[str]:
    name = chain.chain_name(AUDIT, operator_id)
    blocks = _blocks(name, texts[0].place)
    block = next(blocks, None)
    for one in texts:
        while block is not None and (block.last_xid, block.last_id) < one.place:
            block = next(blocks, None)
        if block is not None and (name, block.number) not in told:
            told.add((name, block.number))
            yield _line("block", _proof(block))
        number = block.number if block else None
        yield _line("row", {"chain": name, "block": number, "id": str(one.id), "row": one.text})


def _blocks(name: str, place: tuple[int, UUID]) -> Iterator[SealBlock]:
    """The blocks of a chain from the one on that holds the place."""
    xid, id_ = place
    from_there = Q(last_xid__gt=xid) | Q(last_xid=xid, last_id__gte=id_)
    kept = SealBlock.objects.filter(from_there, chain=name, entries__isnull=False)
    yield from kept.order_by("number").iterator(20)


def _proof(block: SealBlock) -> dict[str, Any]:
    entries = chain.unpack(bytes(block.entries or b""))
    lines = chain.lines_of(entries, id_is_number=True)
    return header_of(block).as_json() | {"entries": lines}


def _line(kind: str, fields: dict[str, Any]) -> str:
    return json.dumps({"kind": kind, **fields}, ensure_ascii=False) + "\n"


def _shown(value: object) -> str:
    return "" if value is None else str(value)
