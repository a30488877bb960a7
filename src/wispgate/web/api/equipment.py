"""/equipment: the lists of the register, and /lines/…/devices: where a line's cards were seen."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from wispgate.business.inventory import equipment
from wispgate.business.inventory import equipment_queries as queries
from wispgate.business.subscriptions import queries as subscriptions
from wispgate.domain.equipment.lists import Colour, device_of
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.identifiers import Imei
from wispgate.web.api import bodies
from wispgate.web.api.door import BearerToken
from wispgate.web.api.paging import Page, page_of
from wispgate.web.api.schemas import Closed, Text

router = Router(tags=["equipment"])

_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "CSV with the header range,colour,reason.",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}


class NewEntry(Closed):
    """`range`: an IMEI, a TAC of 8 digits, or two ends with a hyphen between."""

    range: Annotated[Text, Field(min_length=8, max_length=40)]
    colour: Colour
    reason: Annotated[Text, Field(max_length=equipment.LONGEST_REASON)] = ""


class EntryOut(Schema):
    """`is_of_platform`: it holds for every operator, and only the platform changes it."""

    id: UUID
    first: str
    last: str
    colour: Colour
    reason: str
    is_of_platform: bool
    created_at: datetime

    @staticmethod
    def show(entry: Any) -> "EntryOut":
        return EntryOut(
            id=entry.id,
            first=entry.first,
            last=entry.last,
            colour=Colour(entry.colour),
            reason=entry.reason,
            is_of_platform=entry.operator_id is None,
            created_at=entry.created_at,
        )


class EntryPage(Schema):
    items: list[EntryOut]
    next_cursor: str | None


class EntryFilter(Page):
    colour: Colour | None = None
    imei: Annotated[
        Text, Field(max_length=20, description="only entries that hold this device")
    ] = ""


class ListImportOut(Schema):
    entries: int


class DeviceOut(Schema):
    """A device that a card of the line was seen in. `device`: TAC and serial number, 14 digits."""

    device: str
    software_version: str
    imsi: str
    first_seen_at: datetime
    seen_at: datetime


@router.get("/equipment", auth=BearerToken("equipment.read"), response=EntryPage)
def list_equipment(request: HttpRequest, page: Query[EntryFilter]) -> dict[str, Any]:
    """The operator's entries and the platform's, by their first device."""
    device = _device(page.imei) if page.imei else ""
    rows = queries.list_entries(
        colour=page.colour or "", device=device, after=_after(page), limit=page.limit + 1
    )
    return page_of(rows, page, key=queries.list_key, show=EntryOut.show)


@router.post("/equipment", auth=BearerToken("equipment.list"), response={201: EntryOut})
def add_equipment(request: HttpRequest, body: NewEntry) -> EntryOut:
    """Puts devices on a list; those that are on one already change lists."""
    entry_id = equipment.put_on_list(body.range, colour=body.colour, reason=body.reason)
    return EntryOut.show(queries.get_entry(entry_id))


@router.post(
    "/equipment/import",
    auth=BearerToken("equipment.list"),
    response={201: ListImportOut},
    openapi_extra=_FILE,
)
def import_equipment(request: HttpRequest) -> ListImportOut:
    """Puts all rows of a file on their lists: all of it or nothing."""
    try:
        text = bodies.read_file(request).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidValue(f"not UTF-8 at octet {error.start}", field="body") from None
    return ListImportOut(entries=equipment.import_list(text))


@router.delete("/equipment/{entry_id}", auth=BearerToken("equipment.list"), response={204: None})
def remove_equipment(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Takes an entry off its list."""
    equipment.take_off_list(entry_id)
    return HttpResponse(status=204)


@router.get("/lines/{line_id}/devices", auth=BearerToken("line.read"), response=list[DeviceOut])
def list_devices(request: HttpRequest, line_id: UUID) -> list[DeviceOut]:
    """The last one first."""
    subscriptions.get_subscription(line_id)
    return [DeviceOut.from_orm(row) for row in queries.list_devices(line_id)]


def _device(text: str) -> str:
    try:
        return device_of(Imei.parse(text))
    except InvalidValue as error:
        raise InvalidValue(error.message, field="query.imei") from None


def _after(page: EntryFilter) -> str:
    key = page.key()
    try:
        queries.parse_key(key)
    except ValueError:
        raise InvalidValue("not a cursor of this list", field="query.cursor") from None
    return key
