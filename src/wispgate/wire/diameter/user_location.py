"""3GPP-User-Location-Info: the cell or area of a phone (TS 29.061 section 16.4.7.2, TS 29.274 8.21)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.plmn import Plmn


class LocationKind(IntEnum):
    """Geographic Location Type, as far as it names a cell or an area of E-UTRAN, UTRAN or GERAN."""

    CGI = 0
    SAI = 1
    RAI = 2
    TAI = 128
    ECGI = 129
    TAI_AND_ECGI = 130


@dataclass(frozen=True, slots=True)
class UserLocation:
    """`area` is the TAC or LAC. `cell`: 28 bits of E-UTRAN, 16 of the others; None: not told."""

    kind: LocationKind
    plmn: Plmn
    area: int | None = None
    cell: int | None = None

    @property
    def enodeb(self) -> int | None:
        """The macro eNodeB of an E-UTRAN cell: the upper 20 of its 28 bits (TS 36.413 9.2.1.37)."""
        is_eutran = self.kind in (LocationKind.ECGI, LocationKind.TAI_AND_ECGI)
        return self.cell >> 8 if is_eutran and self.cell is not None else None

    def __str__(self) -> str:
        parts = []
        if self.enodeb is not None and self.cell is not None:
            parts.append(f"cell {self.cell & 0xFF} of eNodeB {self.enodeb}")
        elif self.cell is not None:
            parts.append(f"cell {self.cell}")
        if self.area is not None:
            is_tracking = self.kind in (LocationKind.TAI, LocationKind.TAI_AND_ECGI)
            parts.append(f"{'TAC' if is_tracking else 'LAC'} {self.area}")
        return ", ".join([*parts, str(self.plmn)])


_PLMN_OCTETS: Final = 3
_AREA_OCTETS: Final = 2
# Octets after the type.
_LENGTHS: Final = {
    LocationKind.CGI: 7,
    LocationKind.SAI: 7,
    LocationKind.RAI: 7,
    LocationKind.TAI: 5,
    LocationKind.ECGI: 7,
    LocationKind.TAI_AND_ECGI: 12,
}
_ECI_BITS: Final = 0x0FFF_FFFF


def decode_user_location(octets: bytes) -> UserLocation:
    """Raises InvalidValue for another kind of place (5G, an eNodeB alone), and for a wrong length."""
    try:
        kind = LocationKind(octets[0])
    except (ValueError, IndexError):
        raise InvalidValue(f"not a cell or area that we know: {octets[:1].hex()!r}") from None
    place = octets[1:]
    if len(place) != _LENGTHS[kind]:
        raise InvalidValue(f"{kind.name} has {_LENGTHS[kind]} octets, not {len(place)}")
    if kind is LocationKind.TAI_AND_ECGI:
        tracking = _PLMN_OCTETS + _AREA_OCTETS
        area, cell = place[:tracking], place[tracking:]
        return UserLocation(kind, Plmn.decode(cell[:3]), _number(area[3:]), _eci(cell[3:]))
    plmn, rest = Plmn.decode(place[:3]), place[3:]
    match kind:
        case LocationKind.TAI:
            return UserLocation(kind, plmn, _number(rest))
        case LocationKind.ECGI:
            return UserLocation(kind, plmn, None, _eci(rest))
        case LocationKind.RAI:
            return UserLocation(kind, plmn, _number(rest[:2]))
        case LocationKind.CGI | LocationKind.SAI:
            return UserLocation(kind, plmn, _number(rest[:2]), _number(rest[2:]))


def _number(octets: bytes) -> int:
    return int.from_bytes(octets, "big")


def _eci(octets: bytes) -> int:
    # The upper four bits are spare.
    return _number(octets) & _ECI_BITS
