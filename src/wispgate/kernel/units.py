"""Octets, seconds and bits per second: parsed from and shown as people write them.

Amounts are plain integers whose names carry the unit (`total_octets`, `max_bandwidth_bps`).
Prefixes are decimal, as on price lists: 1 GB is 10**9 octets.
"""

import re
from decimal import Decimal

from wispgate.kernel.errors import InvalidValue

KB, MB, GB, TB = 10**3, 10**6, 10**9, 10**12
KIB, MIB, GIB = 2**10, 2**20, 2**30

_OCTET_UNITS = {"B": 1, "KB": KB, "MB": MB, "GB": GB, "TB": TB}
_BINARY_UNITS = {"KIB": KIB, "MIB": MIB, "GIB": GIB, "TIB": 2**40}
_SPEED_UNITS = {"BIT/S": 1, "KBIT/S": KB, "MBIT/S": MB, "GBIT/S": GB}
_NUMBER_AND_UNIT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z/]*)\s*")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(?:\d+[smhdw])+")


def parse_octets(text: str) -> int:
    """Octets of "40 GB", "512 MiB" or "1000"."""
    return _parse(text, _OCTET_UNITS | _BINARY_UNITS, "B")


def format_octets(octets: int) -> str:
    """The octets in the largest decimal unit that leaves at least one: "18.2 GB"."""
    return _format(octets, (("TB", TB), ("GB", GB), ("MB", MB), ("kB", KB)), "B")


def parse_bps(text: str) -> int:
    """Bits per second of "10 Mbit/s" or "256 kbit/s"."""
    return _parse(text, _SPEED_UNITS, "BIT/S")


def format_bps(bps: int) -> str:
    """The speed in the largest unit that leaves at least one: "10 Mbit/s"."""
    return _format(bps, (("Gbit/s", GB), ("Mbit/s", MB), ("kbit/s", KB)), "bit/s")


def parse_seconds(text: str) -> int:
    """Seconds of "90s", "2h30m" or "3d"."""
    if not _DURATION.fullmatch(text.strip()):
        raise InvalidValue(f"not a duration: {text!r}; write 90s, 2h30m or 3d")
    parts = re.findall(r"(\d+)([smhdw])", text)
    return sum(int(number) * _SECONDS[unit] for number, unit in parts)


def _parse(text: str, units: dict[str, int], default: str) -> int:
    match = _NUMBER_AND_UNIT.fullmatch(text)
    unit = (match.group(2) or default).upper() if match else ""
    if match is None or unit not in units:
        raise InvalidValue(f"not an amount: {text!r}; units are {', '.join(units)}")
    amount = Decimal(match.group(1)) * units[unit]
    if amount != int(amount):
        raise InvalidValue(f"{text!r} is not a whole number of {default}")
    return int(amount)


def _format(amount: int, units: tuple[tuple[str, int], ...], smallest: str) -> str:
    larger = ""
    for name, size in units:
        if abs(amount) >= size:
            in_tenths, unit = round(Decimal(amount) / size, 1), name
            if abs(in_tenths) >= 1000 and larger:  # 999 999 octets are 1 MB, not 1000 kB
                in_tenths, unit = in_tenths / 1000, larger
            return f"{in_tenths:.1f}".removesuffix(".0") + f" {unit}"
        larger = name
    return f"{amount} {smallest}"
