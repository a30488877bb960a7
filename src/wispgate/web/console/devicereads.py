"""The equipment register's lists as the console shows them. Every function is one statement."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Count, Q, QuerySet

from wispgate.domain.equipment.lists import DEVICE_DIGITS
from wispgate.web.console.listing import ROWS, Asked
from wispgate.web.console.reads import is_uuid, rows_of

COLOURS = ("black", "grey", "white")


def count_entries(text: str = "") -> Mapping[str, int]:
    """Entries by list."""
    counts = {colour: Count("pk", filter=Q(colour=colour)) for colour in COLOURS}
    counted: Mapping[str, int] = _entries(text).aggregate(**counts)
    return counted


def list_entries(asked: Asked) -> Sequence[Any]:
    rows = _entries(asked.text).order_by("first", "last", "id")
    if asked.state:
        rows = rows.filter(colour=asked.state)
    return list(rows[asked.offset : asked.offset + ROWS])


def find_entry(entry_id: str) -> Any:
    """None where there is none, or none that the visitor sees."""
    if not is_uuid(entry_id):
        return None
    return rows_of("inventory.EquipmentRange").filter(pk=entry_id).first()


def _entries(text: str) -> QuerySet[Any]:
    """Those that hold a device, for an IMEI or its beginning; those with a reason like it, else."""
    rows = rows_of("inventory.EquipmentRange")
    digits = text.replace(" ", "").replace("-", "")
    if not text:
        return rows
    if not (digits.isascii() and digits.isdigit()):
        return rows.filter(reason__icontains=text)
    device = digits[:DEVICE_DIGITS]
    return rows.filter(
        first__lte=device.ljust(DEVICE_DIGITS, "9"), last__gte=device.ljust(DEVICE_DIGITS, "0")
    )
