"""What became of a block's rows: pure comparison of what was sealed with what is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from wispgate.business.audit.chain import Entry


class Damage(StrEnum):
    """What can be wrong with a chain, in the words of the report."""

    UPDATED = "updated"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    SEAL_CHANGED = "seal changed"
    NOT_SIGNED = "not signed by this installation"


@dataclass(frozen=True, slots=True)
class Difference:
    """The first row that is not as it was sealed; `index` counts from the block's start."""

    damage: Damage
    index: int
    id: UUID


def first_difference(sealed: Sequence[Entry], found: Sequence[Entry]) -> Difference | None:
    """None if the rows found are the rows sealed, in the same order."""
    if list(sealed) == list(found):
        return None
    for index, was in enumerate(sealed):
        now = found[index] if index < len(found) else None
        if was != now:
            return _named(index, was, now, sealed=sealed, found=found)
    return Difference(Damage.INSERTED, len(sealed), found[len(sealed)].id)


def _named(
    index: int, was: Entry, now: Entry | None, *, sealed: Sequence[Entry], found: Sequence[Entry]
) -> Difference:
    sealed_ids, found_ids = {one.id for one in sealed}, {one.id for one in found}
    if now is not None and now.id not in sealed_ids:
        # The same row under another id took the place of the sealed one.
        is_renamed = was.id not in found_ids and now.digest == was.digest
        return Difference(Damage.UPDATED if is_renamed else Damage.INSERTED, index, now.id)
    if was.id not in found_ids:
        return Difference(Damage.DELETED, index, was.id)
    has_moved = any(one.digest == was.digest for one in found)
    return Difference(Damage.REORDERED if has_moved else Damage.UPDATED, index, was.id)
