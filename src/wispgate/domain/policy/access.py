"""Which networks and access points a line may use, and what a serving node can enforce of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

MCC_DIGITS: Final = 3


class OperatorBar(StrEnum):
    """Operator-determined barring of packet services and roaming (TS 22.041, TS 23.015).

    ALL_PACKET_SERVICES no session anywhere. ROAMER_ACCESS_HPLMN_AP abroad, none through our own
    gateways; ROAMER_ACCESS_VPLMN_AP none through the visited network's. The last two keep the line
    from registering outside its home network, or outside the home country.
    """

    ALL_PACKET_SERVICES = "all_packet_services"
    ROAMER_ACCESS_HPLMN_AP = "roamer_access_hplmn_ap"
    ROAMER_ACCESS_VPLMN_AP = "roamer_access_vplmn_ap"
    ROAMING_OUTSIDE_HPLMN = "roaming_outside_hplmn"
    ROAMING_OUTSIDE_HPLMN_COUNTRY = "roaming_outside_hplmn_country"


# What a serving node enforces, with its bit of Operator-Determined-Barring (TS 29.272 section
# 7.3.30); Feature-List 1 has the same bit for a node that can (section 7.3.10). The bars of
# roaming have none: the HSS itself refuses the registration.
NODE_BARS: Final = MappingProxyType(
    {
        OperatorBar.ALL_PACKET_SERVICES: 0x1,
        OperatorBar.ROAMER_ACCESS_HPLMN_AP: 0x2,
        OperatorBar.ROAMER_ACCESS_VPLMN_AP: 0x4,
    }
)
_ABROAD_ONLY: Final = frozenset(
    {OperatorBar.ROAMER_ACCESS_HPLMN_AP, OperatorBar.ROAMER_ACCESS_VPLMN_AP}
)
# Feature-List 2: "NR as Secondary RAT"; such a node takes more than 32 bits of bit/s.
_EXTENDED_SPEEDS: Final = 1 << 27


@dataclass(frozen=True, slots=True)
class NodeFeatures:
    """The Supported-Features of a serving node: its Feature-Lists 1 and 2 (section 7.3.10)."""

    list_1: int = 0
    list_2: int = 0

    def can_enforce(self, bar: OperatorBar) -> bool:
        return bool(self.list_1 & NODE_BARS.get(bar, 0))

    @property
    def has_extended_speeds(self) -> bool:
        """Whether speeds beyond 32 bits may be told, in kbit/s."""
        return bool(self.list_2 & _EXTENDED_SPEEDS)


# What our own answers and pushes rely on; the rest of a node's features is none of ours.
OUR_FEATURES: Final = NodeFeatures(sum(NODE_BARS.values()), _EXTENDED_SPEEDS)
NO_FEATURES: Final = NodeFeatures()


def bar_bits(bars: Iterable[OperatorBar]) -> int:
    """The value of Operator-Determined-Barring; 0 where there is nothing for a node to bar."""
    return sum(NODE_BARS.get(bar, 0) for bar in set(bars))


def find_unenforced_bar(
    bars: Iterable[OperatorBar], features: NodeFeatures, *, is_roaming: bool
) -> OperatorBar | None:
    """A bar that holds here and that the node cannot enforce: then it must not have the line.

    TS 29.272 section 5.2.1.1.3.
    """
    there = set(bars)
    for bar in NODE_BARS:
        holds = bar in there and (is_roaming or bar not in _ABROAD_ONLY)
        if holds and not features.can_enforce(bar):
            return bar
    return None


def is_home(visited_plmn: str, home_plmns: tuple[str, ...]) -> bool:
    """Whether the network ("26201"; "" is not named) is home. A core without PLMNs tells none."""
    return not visited_plmn or not home_plmns or visited_plmn in home_plmns


def is_home_country(visited_plmn: str, home_plmns: tuple[str, ...]) -> bool:
    """Whether its MCC is that of a home network."""
    return visited_plmn[:MCC_DIGITS] in {plmn[:MCC_DIGITS] for plmn in home_plmns}


def is_among(visited_plmn: str, prefixes: Iterable[str]) -> bool:
    """Whether a list of MCCs ("262") and networks ("26201") has it.

    A network is meant whole: 310-41 is another one than 310-410.
    """
    return any(
        visited_plmn == prefix or (len(prefix) == MCC_DIGITS and visited_plmn.startswith(prefix))
        for prefix in prefixes
    )
