"""The lists of the equipment register: which devices may be used in the operator's networks.

In the platform's scope without a tenant the entries are the platform's, and hold everywhere.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import transaction

from wispgate.business.inventory.errors import ImportRefused, RowProblem
from wispgate.business.inventory.models import EquipmentRange
from wispgate.business.operators import ids
from wispgate.business.operators import scope as scopes
from wispgate.domain.equipment.lists import Colour, DeviceRange, parse_range
from wispgate.kernel.errors import InvalidValue, NotFound

COLUMNS: Final = ("range", "colour", "reason")
LONGEST_REASON: Final = 200
_SHOWN_PROBLEMS: Final = 100
_BATCH: Final = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """Devices on a list, and why."""

    devices: DeviceRange
    reason: str = ""


def put_on_list(text: str, *, colour: str, reason: str = "") -> UUID:
    """Puts an IMEI, a TAC or a range on a list; if it is on one already, it changes lists."""
    return put_all([_entry(text, colour, reason)])[0]


def put_all(entries: Iterable[Entry]) -> list[UUID]:
    """Many at once, in one transaction."""
    now, operator_id = scopes.current().now, scopes.current().operator_id
    rows = [
        EquipmentRange(
            id=ids.new_id(now),
            operator_id=operator_id,
            first=entry.devices.first,
            last=entry.devices.last,
            colour=entry.devices.colour,
            reason=entry.reason,
            created_at=now,
        )
        for entry in entries
    ]
    with transaction.atomic():
        made = EquipmentRange.objects.bulk_create(
            rows,
            batch_size=_BATCH,
            update_conflicts=True,
            unique_fields=("operator", "first", "last"),
            update_fields=("colour", "reason"),
        )
    return [row.id for row in made]


def take_off_list(entry_id: UUID) -> None:
    """Raises NotFound for an entry of somebody else's, too."""
    deleted, _ = EquipmentRange.objects.filter(id=entry_id).delete()
    if not deleted:
        raise NotFound("list entry", entry_id)


def import_list(text: str) -> int:
    """Puts all rows of a CSV file on their lists: `range,colour,reason` with that header.

    All or nothing. Raises ImportRefused with row, column, value and rule of what is wrong.
    """
    entries, problems = [], []
    for number, row in _rows(text):
        try:
            entries.append(
                _entry(row.get("range", ""), row.get("colour", ""), row.get("reason", ""))
            )
        except InvalidValue as error:
            column = error.field if error.field in COLUMNS else "range"
            problems.append(RowProblem(number, column, row.get(column, "")[:40], error.message))
    if problems:
        raise ImportRefused(problems[:_SHOWN_PROBLEMS], total=len(problems))
    return len(put_all({(e.devices.first, e.devices.last): e for e in entries}.values()))


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    lines = [line.strip() for line in text.lstrip("\ufeff").splitlines()]
    header = [name.strip().lower() for name in lines[0].split(",")] if lines else []
    if "range" not in header or "colour" not in header or set(header) - set(COLUMNS):
        problem = RowProblem(1, "header", ",".join(header)[:40], f"must be {','.join(COLUMNS)}")
        raise ImportRefused([problem], total=1)
    for number, line in enumerate(lines[1:], start=2):
        if line:
            cells = [cell.strip() for cell in line.split(",", len(header) - 1)]
            yield number, dict(zip(header, cells, strict=False))


def _entry(text: str, colour: str, reason: str) -> Entry:
    if colour not in list(Colour):
        raise InvalidValue(f"a list is one of {', '.join(Colour)}", field="colour")
    if len(reason) > LONGEST_REASON:
        raise InvalidValue(f"a reason has at most {LONGEST_REASON} characters", field="reason")
    return Entry(parse_range(text, Colour(colour)), reason)
