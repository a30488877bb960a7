"""What a host orders: SIMs and numbers to an MVNO, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from wispgate.business.inventory import queries as inventory
from wispgate.business.inventory.moving import Chosen
from wispgate.business.tenants import services
from wispgate.kernel.identifiers import Msisdn
from wispgate.web.console.fields import Field, Option, Reader
from wispgate.web.console.ordering import Order, Prepared
from wispgate.web.console.wording import counted

_MONEY = ["Nothing is charged or credited; wholesale is settled apart."]
_TOLD = ["The MVNO sees it among its allotments and in its audit."]


@dataclass(frozen=True, slots=True)
class ShownAllotment:
    """An allotment, and how many of its cards are unused at the MVNO."""

    row: Any
    in_stock: int


def _mvno(shown: Any) -> Field:
    options = tuple(Option(one.slug, one.name) for one in shown)
    return Field(name="mvno", label="MVNO", kind="select", options=options)


def _sim_fields(shown: Any) -> Sequence[Field]:
    batches = tuple(
        Option(str(one.id), f"{one.name}, {one.imported_at:%Y-%m-%d}")
        for one in inventory.list_batches()
    )
    return [
        _mvno(shown),
        Field(name="batch", label="Batch", kind="select", is_required=False,
              options=(Option("", "no batch: the ICCIDs below"), *batches),
              hint="What of it is in stock."),
        Field(name="first", label="First ICCID", kind="digits", is_required=False),
        Field(name="last", label="Last ICCID", kind="digits", is_required=False),
    ]  # fmt: skip


def _allot_sims(shown: Any, reader: Reader) -> Prepared | None:
    mvno = reader.text("mvno")
    batch, first, last = (reader.text(name) for name in ("batch", "first", "last"))
    chosen = reader.read("last", lambda _text: _chosen(batch, first, last), None)
    if chosen is None:
        return None
    name = next((one.name for one in shown if one.slug == mvno), mvno)
    what = "the batch" if batch else f"{first} to {last}"
    return Prepared(
        button=f"Give {what} to {name}",
        done=f"The SIMs are {name}'s now.",
        network=[
            "Cards in stock change hands; cards in use stay.",
            "The core serves their IMSIs for the MVNO from now on.",
        ],
        money=_MONEY,
        messages=_TOLD,
        perform=lambda _key: services.allot_sims(
            mvno=mvno, chosen=chosen, note=reader.text("note")
        ),
    )


def _chosen(batch: str, first: str, last: str) -> Chosen:
    known = {str(one.id): one.id for one in inventory.list_batches()}
    return Chosen(batch_id=known.get(batch), first=first, last=last)


def _number_fields(shown: Any) -> Sequence[Field]:
    return [
        _mvno(shown),
        Field(name="first", label="First number", kind="digits", hint="Such as 46701000000."),
        Field(name="last", label="Last number", kind="digits"),
    ]


def _allot_numbers(shown: Any, reader: Reader) -> Prepared | None:
    mvno = reader.text("mvno")
    first = reader.read("first", lambda text: str(Msisdn.parse(text)), "")
    last = reader.read("last", lambda text: str(Msisdn.parse(text)), "")
    if first and last and (len(first) != len(last) or first > last):
        reader.errors["last"] = "as long as the first, and not lower"
    if reader.errors:
        return None
    count = counted(int(last) - int(first) + 1, "number")
    name = next((one.name for one in shown if one.slug == mvno), mvno)
    return Prepared(
        button=f"Give {count} to {name}",
        done=f"{count} are {name}'s now.",
        network=["Nothing changes in the network: nobody has these numbers."],
        money=_MONEY,
        messages=_TOLD,
        perform=lambda _key: services.allot_numbers(
            mvno=mvno, first=first, last=last, note=reader.text("note")
        ),
    )


def _take_back(shown: ShownAllotment, _reader: Reader) -> Prepared:
    row = shown.row
    what = counted(shown.in_stock, "SIM") if row.kind == "sims" else "all unused numbers"
    return Prepared(
        button=f"Take back {what}",
        done=f"What {row.partner_name} had not used is back in stock.",
        network=["Lines of the MVNO keep what they use."],
        money=_MONEY,
        messages=_TOLD,
        perform=lambda _key: services.take_back(row.id),
        obstacle="all of it is in use" if row.kind == "sims" and not shown.in_stock else "",
    )


TAKE_BACK = Order(
    name="take_back", permission="allotment.take_back", verb="Take back", icon="undo",
    is_possible=lambda shown: shown.row.side == "given" and shown.row.returned < shown.row.given,
    prepare=_take_back,
)  # fmt: skip

_ROWS = (
    Order(
        name="allot_sims", permission="allotment.create", verb="Give SIMs", icon="sim_card",
        is_possible=bool, fields=_sim_fields, prepare=_allot_sims,
    ),
    Order(
        name="allot_numbers", permission="allotment.create", verb="Give numbers", icon="dialpad",
        is_possible=bool, fields=_number_fields, prepare=_allot_numbers,
    ),
)  # fmt: skip

ORDERS: Mapping[str, Order] = MappingProxyType({row.name: row for row in _ROWS})
