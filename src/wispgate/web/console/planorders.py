"""Launching and retiring a plan: what each does, before it is done."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from wispgate.business.catalogue import services as catalogue
from wispgate.web.console.fields import Reader
from wispgate.web.console.ordering import Order, Prepared
from wispgate.web.console.wording import counted


def _launch(plan: Any, _reader: Reader) -> Prepared:
    newest = plan.newest
    told = [f"Version {newest.row.version} can be bought from now on: {newest.short}."]
    if plan.now.row.state == "active":
        told.append(f"Version {plan.now.row.version} is not sold any more.")
    if plan.holders:
        told.append(f"{counted(plan.holders, 'line')} keeps the version that it has.")
    return Prepared(
        button=f"Launch {newest.row.name}",
        done=f"{newest.row.name} is on sale, version {newest.row.version}.",
        network=told,
        money=[f"A line that takes it pays {newest.price} out of its wallet."],
        messages=["No subscriber is told."],
        perform=lambda _key: catalogue.launch(plan.code),
    )


def _retire(plan: Any, _reader: Reader) -> Prepared:
    return Prepared(
        button=f"Retire {plan.now.row.name}",
        done=f"{plan.now.row.name} is not sold any more.",
        network=[
            "Nobody can take it any more.",
            f"{counted(plan.holders, 'line')} keeps it and goes on as before.",
        ],
        money=["Nothing is charged or credited."],
        messages=["No subscriber is told."],
        perform=lambda _key: catalogue.retire(plan.code),
    )


_ROWS = (
    Order(
        name="launch",
        permission="plan.launch",
        verb="Launch",
        icon="rocket_launch",
        is_possible=lambda plan: plan.has_draft,
        prepare=_launch,
    ),
    Order(
        name="retire",
        permission="plan.retire",
        verb="Retire",
        icon="block",
        is_possible=lambda plan: plan.now.row.state in ("active", "draft"),
        prepare=_retire,
        is_harmful=True,
    ),
)

ORDERS: Mapping[str, Order] = MappingProxyType({order.name: order for order in _ROWS})
