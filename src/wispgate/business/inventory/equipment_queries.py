"""Reading the equipment register's lists, and the devices that cards were seen in."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q

from wispgate.business.hotplane.models import EveryEquipment
from wispgate.business.inventory.models import EquipmentRange
from wispgate.kernel.errors import NotFound


def list_entries(
    *, colour: str = "", device: str = "", after: str = "", limit: int = 50
) -> Sequence[EquipmentRange]:
    """By their first device, from `after` (its `list_key`) on; those that hold `device`, if given."""
    entries = EquipmentRange.objects.order_by("first", "last", "id")
    if colour:
        entries = entries.filter(colour=colour)
    if device:
        entries = entries.filter(first__lte=device, last__gte=device)
    if after:
        first, last, entry_id = parse_key(after)
        entries = entries.filter(
            Q(first__gt=first)
            | Q(first=first, last__gt=last)
            | Q(first=first, last=last, id__gt=entry_id)
        )
    return list(entries[:limit])


def get_entry(entry_id: UUID) -> EquipmentRange:
    try:
        return EquipmentRange.objects.get(id=entry_id)
    except EquipmentRange.DoesNotExist:
        raise NotFound("list entry", entry_id) from None


def parse_key(key: str) -> tuple[str, str, UUID]:
    """The parts of a `list_key`; those before everything for "". Raises ValueError."""
    first, last, entry_id = key.split("-", 2) if key else ("", "", str(UUID(int=0)))
    return first, last, UUID(entry_id)


def list_key(entry: EquipmentRange) -> str:
    """Where an entry stands in `list_entries`."""
    return f"{entry.first}-{entry.last}-{entry.id}"


def count_entries() -> dict[str, int]:
    """How many entries each list has, as far as the scope sees them."""
    colours = EquipmentRange.objects.values_list("colour", flat=True)
    return {colour: colours.filter(colour=colour).count() for colour in ("white", "grey", "black")}


def list_devices(line_id: UUID, *, limit: int = 20) -> Sequence[EveryEquipment]:
    """The devices that a line's cards were seen in, the last one first."""
    seen = EveryEquipment.objects.filter(line_id=line_id).order_by("-seen_at")
    return list(seen[:limit])
