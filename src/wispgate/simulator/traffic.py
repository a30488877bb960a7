"""What flows, counted to the octet: rates are bits per second, spans whole microseconds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

# Bits per second times microseconds: this many are one octet.
_OCTET: Final = 8_000_000
_MICROSECOND: Final = timedelta(microseconds=1)
_MONTH: Final = timedelta(days=30) // _MICROSECOND


def microseconds(span: timedelta) -> int:
    return span // _MICROSECOND


def span_until(octets: int, bps: int) -> timedelta | None:
    """The whole microseconds after which that many octets have passed; None: never.

    What takes longer than a month is looked at again after a month: dates end.
    """
    if bps <= 0:
        return None
    whole = max(1, -(-octets * _OCTET // bps))
    return timedelta(microseconds=min(whole, _MONTH))


@dataclass(slots=True)
class Stream:
    """One direction of a flow: its rate now, and the part of an octet that is under way."""

    bps: int = 0
    _carried: int = 0

    def pass_for(self, span: int) -> int:
        """Octets that come out in `span` microseconds; no part of an octet is lost between calls."""
        octets, self._carried = divmod(self.bps * span + self._carried, _OCTET)
        return octets


@dataclass(slots=True, eq=False)
class Flow:
    """What a phone wants: octets per second each way, of one rating group, perhaps so many only."""

    rating_group: int | None
    octets_per_second: int
    up_octets_per_second: int = 0
    octets: int | None = None
    is_walled_garden: bool = False
    is_stopped: bool = False
    passed_octets: int = 0
    down: Stream = field(default_factory=Stream)
    up: Stream = field(default_factory=Stream)

    @property
    def remaining_octets(self) -> int | None:
        return None if self.octets is None else self.octets - self.passed_octets

    @property
    def is_done(self) -> bool:
        return self.is_stopped or (self.octets is not None and self.passed_octets >= self.octets)

    @property
    def bps(self) -> int:
        return self.down.bps + self.up.bps

    def pass_for(self, span: int) -> tuple[int, int]:
        """Octets down and up in `span` microseconds, never more than are still wanted."""
        down, up = self.down.pass_for(span), self.up.pass_for(span)
        remaining = self.remaining_octets
        if remaining is not None:
            up = min(up, remaining)
            down = min(down, remaining - up)
        return down, up

    def count(self, octets: int) -> None:
        self.passed_octets += octets

    def pace(self, down_bps: int, up_bps: int) -> None:
        self.down.bps, self.up.bps = down_bps, up_bps


def share(wanted: Sequence[int], limit: int | None) -> list[int]:
    """Each its part of `limit` if all together want more; parts are in proportion."""
    total = sum(wanted)
    if limit is None or total <= limit:
        return list(wanted)
    return [want * limit // total for want in wanted]
