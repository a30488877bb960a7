"""Restriction profiles by name: what each takes away from a line, and what it needs to be said."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from wispgate.domain.plan.speed import Speed
from wispgate.domain.policy.access import OperatorBar
from wispgate.domain.policy.facts import Restriction
from wispgate.kernel.errors import InvalidValue


class RestrictionName(StrEnum):
    """SLOW needs a speed, WALLED_GARDEN the page that is left; the rest are bars."""

    SLOW = "slow"
    WALLED_GARDEN = "walled_garden"
    NO_DATA = "no_data"
    NO_ROAMING = "no_roaming"
    HOME_COUNTRY_ONLY = "home_country_only"
    NO_HOME_ACCESS_ABROAD = "no_home_access_abroad"
    NO_VISITED_ACCESS = "no_visited_access"


BARS: Final[Mapping[RestrictionName, OperatorBar]] = MappingProxyType(
    {
        RestrictionName.NO_DATA: OperatorBar.ALL_PACKET_SERVICES,
        RestrictionName.NO_ROAMING: OperatorBar.ROAMING_OUTSIDE_HPLMN,
        RestrictionName.HOME_COUNTRY_ONLY: OperatorBar.ROAMING_OUTSIDE_HPLMN_COUNTRY,
        RestrictionName.NO_HOME_ACCESS_ABROAD: OperatorBar.ROAMER_ACCESS_HPLMN_AP,
        RestrictionName.NO_VISITED_ACCESS: OperatorBar.ROAMER_ACCESS_VPLMN_AP,
    }
)


def make_restriction(
    name: RestrictionName,
    *,
    reason: str,
    speed: Speed | None = None,
    walled_garden_url: str = "",
) -> Restriction:
    """Raises InvalidValue for what the profile needs and has not, or has and does not need."""
    if (speed is not None) != (name is RestrictionName.SLOW):
        raise InvalidValue("a speed belongs to the profile slow, and only there", field="speed")
    if bool(walled_garden_url) != (name is RestrictionName.WALLED_GARDEN):
        raise InvalidValue(
            "a page belongs to the profile walled_garden, and only there", field="walled_garden_url"
        )
    if walled_garden_url and not walled_garden_url.startswith(("http://", "https://")):
        raise InvalidValue("a page begins with http:// or https://", field="walled_garden_url")
    bars = (BARS[name],) if name in BARS else ()
    return Restriction(name.value, reason, speed, walled_garden_url, bars)
