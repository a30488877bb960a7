"""Prices of usage: what units cost, where and when which price holds.

A price is a cumulative function of the units that one session has used in one rating group.
What a report costs is the difference of two of its values; so started blocks accumulate over the
session, rounding never adds up, and the steps of a call (first minute whole) come out right.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from wispgate.domain.plan.schedule import Window, find_next_change
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.money import LEDGER_DECIMALS

HOME = "home"
_SECOND = timedelta(seconds=1)


class UnitKind(StrEnum):
    """What a bucket holds and what a price is asked for."""

    OCTETS = "octets"
    SECONDS = "seconds"
    MESSAGES = "messages"
    MONEY = "money"


@dataclass(frozen=True, slots=True)
class PriceStep:
    """From `from_units` on, `price` for `per_units`, counted in started `increment_units`."""

    price: Decimal
    per_units: int
    increment_units: int
    from_units: int = 0

    def __post_init__(self) -> None:
        if self.price < 0:
            raise InvalidValue(f"a price is not negative: {self.price}", field="price")
        if min(self.per_units, self.increment_units) < 1 or self.from_units < 0:
            raise InvalidValue("a price step counts in positive units", field="per_units")

    def cost(self, units: int) -> Decimal:
        """What `units` inside this step cost, each started increment in full."""
        increments = -(-units // self.increment_units)
        return self.price * (increments * self.increment_units) / self.per_units


class OnMaxCost(StrEnum):
    """What follows when a session has cost the most that it may."""

    DISCONNECT = "disconnect"
    FREE = "free"


class CostRounding(StrEnum):
    """Where the exact cost of a session goes that lies between two amounts."""

    HALF_UP = "half_up"
    UP = "up"
    DOWN = "down"


_ROUNDINGS: Final = {
    CostRounding.HALF_UP: ROUND_HALF_UP,
    CostRounding.UP: ROUND_UP,
    CostRounding.DOWN: ROUND_DOWN,
}


@dataclass(frozen=True, slots=True)
class Rate:
    """A price in steps, with a fee at the first unit.

    At `max_cost` (None: there is no such limit) a session ends, or goes on for nothing. The cost
    of a whole session is rounded to `decimals`, never that of a single report.
    """

    steps: tuple[PriceStep, ...]
    connect_fee: Decimal = Decimal(0)
    max_cost: Decimal | None = None
    on_max_cost: OnMaxCost = OnMaxCost.DISCONNECT
    rounding: CostRounding = CostRounding.HALF_UP
    decimals: int = LEDGER_DECIMALS

    def __post_init__(self) -> None:
        starts = [step.from_units for step in self.steps]
        if not starts or starts[0] != 0 or starts != sorted(set(starts)):
            raise InvalidValue(f"steps begin at 0 and rise: {starts}", field="steps")
        if self.connect_fee < 0:
            raise InvalidValue("a connect fee is not negative", field="connect_fee")
        if not 0 <= self.decimals <= LEDGER_DECIMALS:
            raise InvalidValue(f"a cost has 0 to {LEDGER_DECIMALS} decimals", field="decimals")
        for step, end in zip(self.steps, starts[1:], strict=False):
            if (end - step.from_units) % step.increment_units:
                raise InvalidValue("a step holds whole increments only", field="steps")

    @property
    def is_free(self) -> bool:
        return not self.connect_fee and all(not step.price for step in self.steps)

    def cost(self, units: int) -> Decimal:
        """What a session's first `units` cost in all, rounded; nothing is free."""
        if units <= 0:
            return Decimal(0)
        total = self.connect_fee
        ends = [step.from_units for step in self.steps[1:]] + [units]
        for step, end in zip(self.steps, ends, strict=True):
            total += step.cost(max(0, min(units, end) - step.from_units))
        if self.max_cost is not None and self.on_max_cost is OnMaxCost.FREE:
            total = min(total, self.max_cost)
        return total.quantize(Decimal(1).scaleb(-self.decimals), _ROUNDINGS[self.rounding])

    def cost_between(self, position: int, units: int) -> Decimal:
        """What `units` more cost when `position` units are already paid for."""
        return self.cost(position + units) - self.cost(position)

    def increment_at(self, position: int) -> int:
        """The block in which units are sold from `position` on."""
        starts = [step.from_units for step in self.steps]
        return self.steps[bisect_right(starts, position) - 1].increment_units

    def affordable_units(self, position: int, budget: Decimal, limit: int) -> int:
        """The most units after `position`, at most `limit`, that `budget` and `max_cost` allow."""
        paid = self.cost(position)
        top = paid + budget
        if self.max_cost is not None and self.on_max_cost is OnMaxCost.DISCONNECT:
            top = min(top, self.max_cost)
        totals = range(position, position + limit + 1)
        return max(0, bisect_right(totals, top, key=self.cost) - 1)


def block_price(price: Decimal, block_units: int) -> Rate:
    """The plain rate: `price` for each started block."""
    return Rate((PriceStep(price, block_units, block_units),))


@dataclass(frozen=True, slots=True)
class Band:
    """A rate that holds inside a window."""

    name: str
    window: Window
    rate: Rate


@dataclass(frozen=True, slots=True)
class BundleRule:
    """What usage costs beside the bundle that pays for it: whole blocks of units, and a fee.

    Blocks accumulate over the session and the fee is due once in it, as with money; so position
    in the tariff counts all units of the session, whoever pays for them.
    """

    increment_units: int = 1
    connect_fee: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        if self.increment_units < 1 or self.connect_fee < 0:
            raise InvalidValue("blocks are positive and a fee is not negative", field="bundle")

    def units_between(self, position: int, units: int) -> int:
        """What `units` more take from a bundle when `position` units were used before."""
        return self._blocks(position + units) - self._blocks(position)

    def fee_between(self, position: int, units: int) -> Decimal:
        """The fee, at the session's first unit."""
        return self.connect_fee if position == 0 and units > 0 else Decimal(0)

    def affordable_units(self, position: int, room: int, limit: int) -> int:
        """The most units after `position`, at most `limit`, that `room` in a bundle pays for."""
        started = self._blocks(position) - position
        rest = room - room % self.increment_units
        return min(limit, started + rest)

    def _blocks(self, units: int) -> int:
        return -(-units // self.increment_units) * self.increment_units


@dataclass(frozen=True, slots=True)
class TariffEntry:
    """The price of one kind of unit for certain groups, destinations and zones (None: all).

    `bundle`: what bundles are asked for; None takes the units as they are used, without a fee.
    """

    unit: UnitKind
    rate: Rate
    bands: tuple[Band, ...] = ()
    rating_groups: tuple[int, ...] | None = None
    destination_prefixes: tuple[str, ...] | None = None
    zones: tuple[str, ...] | None = None
    bundle: BundleRule | None = None

    def __post_init__(self) -> None:
        if self.unit is UnitKind.MONEY:
            raise InvalidValue("money has no price", field="unit")

    def rate_at(self, instant: datetime, zone: ZoneInfo) -> Rate:
        """The first band that holds at `instant` in the customer's zone, else the plain rate."""
        return self._select(instant.astimezone(zone)) if self.bands else self.rate

    def find_next_change(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """When another rate begins to hold, or None."""
        if not self.bands:
            return None
        windows = [band.window for band in self.bands]
        return find_next_change(windows, now, zone, select=self._select)

    def _select(self, local: datetime) -> Rate:
        holding = (band.rate for band in self.bands if band.window.contains(local))
        return next(holding, self.rate)

    def match_strength(
        self, unit: UnitKind, rating_group: int | None, destination: str, zone: str | None
    ) -> tuple[int, bool, bool] | None:
        """How closely the entry fits, or None: longest prefix, then named zone, then named group."""
        if unit is not self.unit:
            return None
        if not (_names(self.rating_groups, rating_group) and _names(self.zones, zone)):
            return None
        prefix = _longest_prefix(self.destination_prefixes, destination)
        if prefix is None:
            return None
        return prefix, self.zones is not None, self.rating_groups is not None


def find_entry(
    tariff: tuple[TariffEntry, ...],
    unit: UnitKind,
    *,
    rating_group: int | None = None,
    destination: str = "",
    zone: str | None = HOME,
) -> TariffEntry | None:
    """The entry that fits most closely; the earlier of equals; None when none does."""
    best: tuple[tuple[int, bool, bool], TariffEntry] | None = None
    for entry in tariff:
        strength = entry.match_strength(unit, rating_group, destination.lstrip("+"), zone)
        if strength is not None and (best is None or strength > best[0]):
            best = (strength, entry)
    return best[1] if best else None


def price_interval(entry: TariffEntry, begins: datetime, ends: datetime, zone: ZoneInfo) -> Decimal:
    """What a call from `begins` to `ends` costs, each second at the rate that holds in it."""
    cost, position, at = Decimal(0), 0, begins
    while at < ends:
        change = entry.find_next_change(at, zone)
        until = ends if change is None else min(change, ends)
        seconds = -((at - until) // _SECOND)
        cost += entry.rate_at(at, zone).cost_between(position, seconds)
        position, at = position + seconds, until
    return cost


def _names(names: tuple[int, ...] | tuple[str, ...] | None, name: int | str | None) -> bool:
    return names is None or name in names


def _longest_prefix(prefixes: tuple[str, ...] | None, number: str) -> int | None:
    if prefixes is None:
        return 0
    fitting = [len(p) for p in prefixes if number.startswith(p.lstrip("+"))]
    return max(fitting, default=None)
