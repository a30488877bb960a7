"""What can be ordered about devices: to put some on a list, and to take an entry off."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from wispgate.business.inventory import equipment
from wispgate.domain.equipment.lists import Colour, DeviceRange, parse_range
from wispgate.kernel.errors import InvalidValue
from wispgate.web.console.fields import Field, Option, Reader
from wispgate.web.console.ordering import Order, Prepared
from wispgate.web.console.wording import counted

_NO_MONEY = ("Nothing is charged or credited.",)
_NO_MESSAGES = ("Nobody is told.",)
_COLOURS = (
    Option("black", "black", "they may not be used: the serving node refuses them at attach"),
    Option("grey", "grey", "they may be used, and the serving node is told to watch them"),
    Option("white", "white", "they may be used, even where a longer range is barred"),
)
_OUTCOMES = {
    Colour.BLACK: "are refused at their next attach, where the network asks the register (S13)",
    Colour.GREY: "stay in use; the network is told that they are tracked",
    Colour.WHITE: "may be used, whatever a longer range says",
}


def shown_range(entry: Any) -> str:
    """An entry as people write it: one device, a TAC, or two ends."""
    if entry.first == entry.last:
        return str(entry.first)
    if entry.first[8:] == "000000" and entry.last == entry.first[:8] + "999999":
        return f"{entry.first[:8]} (TAC)"
    return f"{entry.first} to {entry.last}"


def _fields(_entry: Any) -> Sequence[Field]:
    hint = "An IMEI, a TAC of 8 digits for a whole model, or two ends with a hyphen between."
    return [
        Field(name="range", label="Devices", hint=hint),
        Field(name="colour", label="List", kind="choice", options=_COLOURS),
        Field(name="reason", label="Reason", is_required=False, hint="Shown beside the entry."),
    ]


def _put(_entry: Any, reader: Reader) -> Prepared | None:
    colour = reader.text("colour")
    if colour not in list(Colour):
        reader.errors["colour"] = "choose a list"
        colour = Colour.GREY
    devices = reader.read("range", lambda text: _range(text, Colour(colour)), None)
    reason = reader.text("reason")
    if len(reason) > equipment.LONGEST_REASON:
        reader.errors["reason"] = f"at most {equipment.LONGEST_REASON} characters"
    if devices is None or reader.errors:
        return None
    size = counted(devices.size, "device")
    return Prepared(
        button=f"Put {size} on the {colour} list",
        done=f"Put {size} on the {colour} list.",
        network=[f"{size[0].upper()}{size[1:]} {_OUTCOMES[Colour(colour)]}."],
        money=_NO_MONEY,
        messages=_NO_MESSAGES,
        perform=lambda _key: equipment.put_on_list(
            reader.text("range"), colour=colour, reason=reason
        ),
    )


def _range(text: str, colour: Colour) -> DeviceRange | None:
    try:
        return parse_range(text, colour)
    except InvalidValue as error:
        raise InvalidValue(error.message) from None


def _take_off(entry: Any, _reader: Reader) -> Prepared:
    return Prepared(
        button="Take 1 entry off",
        done="Took 1 entry off its list.",
        network=[f"What {shown_range(entry)} may do follows from the other entries from now on."],
        money=_NO_MONEY,
        messages=_NO_MESSAGES,
        perform=lambda _key: equipment.take_off_list(entry.id),
    )


PUT = Order(
    name="put",
    permission="equipment.list",
    verb="Put devices on a list",
    icon="add",
    is_possible=lambda _entry: True,
    fields=_fields,
    prepare=_put,
)
TAKE_OFF = Order(
    name="take_off",
    permission="equipment.list",
    verb="Take off the list",
    icon="remove_circle",
    is_possible=lambda entry: entry is not None,
    prepare=_take_off,
    is_harmful=True,
)

ORDERS: Mapping[str, Order] = MappingProxyType({PUT.name: PUT})
