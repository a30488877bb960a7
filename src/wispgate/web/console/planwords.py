"""What a plan gives, in words: for its page, its draft and whoever chooses one."""

from collections.abc import Sequence
from typing import Any

from wispgate.business.catalogue.definition import AtExhaustion, PlanDefinition
from wispgate.kernel.money import Money
from wispgate.kernel.units import format_octets
from wispgate.web.console.wording import counted, speeds

USED_UP = "When the data is used up: "


def price_of(version: Any) -> str:
    """ "10.00 EUR", or that it is free."""
    return str(Money(version.price, version.currency)) if version.price else "free"


def in_short(definition: PlanDefinition) -> str:
    """ "40 GB for 30 days, 50 Mbit/s down, 10 Mbit/s up" """
    return f"{_data(definition)}, {speed(definition)}"


def in_full(definition: PlanDefinition) -> Sequence[str]:
    """Everything a customer or the network notices, a sentence each."""
    told = [
        f"{_data(definition)[0].upper()}{_data(definition)[1:]}.",
        f"Speed: {speed(definition)}.",
        at_exhaustion(definition),
        f"Opens {', '.join(definition.apns)}; class of service {definition.qci}, "
        f"priority {definition.arp_level} of 15.",
        "Roaming is allowed." if definition.is_roaming_allowed else "At home only: no roaming.",
    ]
    if definition.zero_rated_groups:
        groups = ", ".join(str(group) for group in definition.zero_rated_groups)
        told.append(f"Rating groups {groups} cost nothing.")
    return told


def speed(definition: PlanDefinition) -> str:
    return speeds(definition.speed_down_bps, definition.speed_up_bps)


def at_exhaustion(definition: PlanDefinition) -> str:
    """What happens when the data is used up; an unlimited plan has no such moment."""
    if definition.data_octets is None:
        return "Data never runs out."
    match definition.at_exhaustion:
        case AtExhaustion.BLOCK:
            return f"{USED_UP}blocked until there is more."
        case AtExhaustion.NOTIFY:
            return f"{USED_UP}goes on at full speed, and the subscriber is told."
        case AtExhaustion.THROTTLE:
            slow = speeds(definition.throttled_down_bps or 0, definition.throttled_up_bps or 0)
            return f"{USED_UP}slowed to {slow}."


def _data(definition: PlanDefinition) -> str:
    if definition.data_octets is None:
        return f"unlimited data for {counted(definition.validity_days, 'day')}"
    return f"{format_octets(definition.data_octets)} for {counted(definition.validity_days, 'day')}"
