"""User locations as gateways send them."""

import pytest

from wispgate.kernel.errors import InvalidValue
from wispgate.wire.diameter.user_location import LocationKind, decode_user_location


@pytest.mark.parametrize(
    ("octets", "kind", "area", "cell", "text"),
    [
        ("8200f110000100f11000019b01", "TAI_AND_ECGI", 1, 105217, "cell 1 of eNodeB 411, TAC 1, 001-01"),
        ("8000f1101234", "TAI", 0x1234, None, "TAC 4660, 001-01"),
        ("81130014f0001201", "ECGI", None, 0x1201, "cell 1 of eNodeB 18, 310-410"),
        ("0000f11000070009", "CGI", 7, 9, "cell 9, LAC 7, 001-01"),
        ("0100f11000070009", "SAI", 7, 9, "cell 9, LAC 7, 001-01"),
        ("0200f110000705ff", "RAI", 7, None, "LAC 7, 001-01"),
    ],
)  # fmt: skip
def test_cell_and_area_are_read_by_their_kind(
    octets: str, kind: str, area: int | None, cell: int | None, text: str
) -> None:
    location = decode_user_location(bytes.fromhex(octets))

    assert (location.kind, location.area, location.cell) == (LocationKind[kind], area, cell)
    assert str(location) == text


@pytest.mark.parametrize(
    "octets", ["", "83", "8200f1100001", "8000f110123456", "80abcdef0001", "8900f110000000000001"]
)
def test_what_is_no_known_place_is_refused(octets: str) -> None:
    with pytest.raises(InvalidValue):
        decode_user_location(bytes.fromhex(octets))
