"""Whether a device may be used: lists of ranges, the line's own lock, and what is in no list.

A range of devices is written by its ends, 14 digits each (TAC and serial number, TS 23.003 section
6.2; check digit and software version do not make another device). A TAC is a range of a million.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.identifiers import Imei

DEVICE_DIGITS: Final = 14


class Colour(StrEnum):
    """The three lists. WHITE may be used, GREY may and is watched, BLACK may not."""

    WHITE = "white"
    GREY = "grey"
    BLACK = "black"


class UnknownDevice(StrEnum):
    """What a device in no list is taken for; UNKNOWN is told as such (TS 29.272 section 7.4.3.6)."""

    WHITE = "white"
    GREY = "grey"
    BLACK = "black"
    UNKNOWN = "unknown"


class Basis(StrEnum):
    """What an answer follows from."""

    LIST = "list"
    LOCK = "lock"
    NO_LIST = "no_list"


@dataclass(frozen=True, slots=True)
class DeviceRange:
    """Devices from `first` to `last`, inclusive, that are on one list."""

    first: str
    last: str
    colour: Colour

    def __post_init__(self) -> None:
        for field, value in (("first", self.first), ("last", self.last)):
            if not (value.isascii() and value.isdigit() and len(value) == DEVICE_DIGITS):
                raise InvalidValue(f"a device has {DEVICE_DIGITS} digits: {value!r}", field=field)
        if self.first > self.last:
            raise InvalidValue("the range ends before it begins", field="last")

    @property
    def size(self) -> int:
        return int(self.last) - int(self.first) + 1

    def holds(self, device: str) -> bool:
        return self.first <= device <= self.last


@dataclass(frozen=True, slots=True)
class Checked:
    """The colour of a device, and why."""

    colour: Colour
    basis: Basis


@dataclass(frozen=True, slots=True)
class UnknownEquipment:
    """In no list, and the network wants to be told so."""


# Where two ranges of one size hold a device, the harder list wins.
_HARDNESS: Final = {Colour.BLACK: 2, Colour.GREY: 1, Colour.WHITE: 0}


def device_of(imei: Imei) -> str:
    """The 14 digits by which lists and locks know a device."""
    return imei.tac + imei.serial


def decide_equipment(
    device: str,
    ranges: Iterable[DeviceRange],
    *,
    lock: Sequence[str] = (),
    unknown_as: UnknownDevice = UnknownDevice.WHITE,
) -> Checked | UnknownEquipment:
    """What the network is told of a device of 14 digits.

    The narrowest range that holds it rules, so that one device of a barred model can be let in
    and one of a good model kept out. A line that is locked to devices (`lock`, 14 digits each)
    finds every other one black, unless the device is black already.
    """
    listed = [one for one in ranges if one.holds(device)]
    narrowest = min(listed, key=lambda one: (one.size, -_HARDNESS[one.colour]), default=None)
    if narrowest is not None and narrowest.colour is Colour.BLACK:
        return Checked(Colour.BLACK, Basis.LIST)
    if lock and device not in lock:
        return Checked(Colour.BLACK, Basis.LOCK)
    if narrowest is not None:
        return Checked(narrowest.colour, Basis.LIST)
    if lock:
        return Checked(Colour.WHITE, Basis.LOCK)
    if unknown_as is UnknownDevice.UNKNOWN:
        return UnknownEquipment()
    return Checked(Colour(unknown_as.value), Basis.NO_LIST)


def parse_range(text: str, colour: Colour) -> DeviceRange:
    """A range as people write it: an IMEI, a TAC of 8 digits, or two ends with a dash between.

    Ends may be shorter than 14 digits: the range is filled up. Raises InvalidValue.
    """
    first, dash, last = (part.strip() for part in text.partition("-"))
    first, last = _device_digits(first), _device_digits(last if dash else first)
    return DeviceRange(first.ljust(DEVICE_DIGITS, "0"), last.ljust(DEVICE_DIGITS, "9"), colour)


def _device_digits(text: str) -> str:
    """Up to 14 digits; what an IMEI has behind them is dropped."""
    digits = text.replace(" ", "")
    if not (digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 16):
        raise InvalidValue(
            f"an IMEI of 14 to 16 digits or a beginning of at least 8 (a TAC): {text!r}",
            field="range",
        )
    return digits[:DEVICE_DIGITS]
