"""What can be ordered about numbers: a range of the operator's own."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from wispgate.business.inventory import numbers
from wispgate.business.inventory.number_lifecycle import NumberClass
from wispgate.kernel.identifiers import Msisdn
from wispgate.web.console.fields import Field, Option, Reader
from wispgate.web.console.ordering import Order, Prepared
from wispgate.web.console.wording import counted

_CLASSES = tuple(Option(one.value, one.value) for one in NumberClass)


def _fields(_shown: Any) -> Sequence[Field]:
    hint = "International form, such as 46701000000."
    return [
        Field(name="first", label="First number", kind="digits", hint=hint),
        Field(name="last", label="Last number", kind="digits"),
        Field(
            name="number_class", label="Class", kind="select", value="ordinary", options=_CLASSES
        ),
    ]


def _add(_shown: Any, reader: Reader) -> Prepared | None:
    first = reader.read("first", lambda text: str(Msisdn.parse(text)), "")
    last = reader.read("last", lambda text: str(Msisdn.parse(text)), "")
    kind = reader.text("number_class")
    if kind not in list(NumberClass):
        reader.errors["number_class"] = "choose a class"
    if first and last and (len(first) != len(last) or first > last):
        reader.errors["last"] = "as long as the first, and not lower"
    if reader.errors:
        return None
    size = counted(int(last) - int(first) + 1, "number")
    return Prepared(
        button=f"Add {size}",
        done=f"Added {size}.",
        network=["Nothing changes in the network. Numbers in use stay with their lines."],
        money=["Nothing is charged or credited."],
        messages=["Nobody is told."],
        perform=lambda _key: numbers.add_range(first=first, last=last, number_class=kind),
    )


_ADD = Order(
    name="add_range",
    permission="number.range",
    verb="Add a range",
    icon="add",
    is_possible=lambda _shown: True,
    fields=_fields,
    prepare=_add,
)

ORDERS: Mapping[str, Order] = MappingProxyType({_ADD.name: _ADD})
