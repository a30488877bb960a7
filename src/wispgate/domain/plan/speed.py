"""Speeds and bearer priorities, as plans and network profiles state them."""

from dataclasses import dataclass

from wispgate.kernel.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class Speed:
    """Maximum bandwidth in bits per second, up from the phone and down to it."""

    up_bps: int
    down_bps: int

    def __post_init__(self) -> None:
        # TS 29.272: up and down must not both be 0; many gateways misbehave at one 0 already.
        if min(self.up_bps, self.down_bps) < 1:
            raise InvalidValue(f"a speed is at least 1 bit/s: {self}", field="up_bps")

    def limited_to(self, other: "Speed") -> "Speed":
        """The lower of both in each direction."""
        return Speed(min(self.up_bps, other.up_bps), min(self.down_bps, other.down_bps))


@dataclass(frozen=True, slots=True)
class Arp:
    """Allocation and retention priority (TS 29.212 section 5.3.45): level 1 is the highest.

    On the wire both flags are inverted: 0 means enabled.
    """

    priority_level: int = 9
    can_preempt: bool = False
    is_preemptable: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.priority_level <= 15:
            raise InvalidValue(
                f"an ARP level is 1 to 15, not {self.priority_level}", field="priority_level"
            )
