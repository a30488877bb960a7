"""The lists of an equipment register: which range rules, what a lock does, what is in none."""

import pytest

from wispgate.domain.equipment.lists import (
    Basis,
    Checked,
    Colour,
    DeviceRange,
    UnknownDevice,
    UnknownEquipment,
    decide_equipment,
    device_of,
    parse_range,
)
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.identifiers import Imei

DEVICE = "35693803564380"
BLACK_TAC = parse_range("35693803", Colour.BLACK)
WHITE_TAC = parse_range("35693803", Colour.WHITE)
GREY_DEVICE = parse_range(DEVICE, Colour.GREY)


@pytest.mark.parametrize(
    ("ranges", "lock", "expected"),
    [
        ([BLACK_TAC], (), Checked(Colour.BLACK, Basis.LIST)),
        ([WHITE_TAC], (), Checked(Colour.WHITE, Basis.LIST)),
        ([BLACK_TAC, GREY_DEVICE], (), Checked(Colour.GREY, Basis.LIST)),
        ([GREY_DEVICE, BLACK_TAC], (), Checked(Colour.GREY, Basis.LIST)),
        ([WHITE_TAC, BLACK_TAC], (), Checked(Colour.BLACK, Basis.LIST)),
        ([parse_range("99999999", Colour.BLACK)], (), Checked(Colour.WHITE, Basis.NO_LIST)),
        ([], (DEVICE,), Checked(Colour.WHITE, Basis.LOCK)),
        ([], ("11111111111111",), Checked(Colour.BLACK, Basis.LOCK)),
        ([WHITE_TAC], ("11111111111111",), Checked(Colour.BLACK, Basis.LOCK)),
        ([GREY_DEVICE], (DEVICE,), Checked(Colour.GREY, Basis.LIST)),
        ([BLACK_TAC], (DEVICE,), Checked(Colour.BLACK, Basis.LIST)),
    ],
)
def test_the_narrowest_range_rules_and_a_lock_lets_in_its_own_only(
    ranges: list[DeviceRange], lock: tuple[str, ...], expected: Checked
) -> None:
    assert decide_equipment(DEVICE, ranges, lock=lock) == expected


@pytest.mark.parametrize(
    "taken_for", [UnknownDevice.WHITE, UnknownDevice.GREY, UnknownDevice.BLACK]
)
def test_a_device_in_no_list_is_taken_for_what_the_network_says(taken_for: UnknownDevice) -> None:
    found = decide_equipment(DEVICE, [], unknown_as=taken_for)

    assert found == Checked(Colour(taken_for.value), Basis.NO_LIST)


def test_a_device_in_no_list_is_unknown_where_the_network_wants_to_hear_it() -> None:
    assert decide_equipment(DEVICE, [], unknown_as=UnknownDevice.UNKNOWN) == UnknownEquipment()


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("35693803", "35693803000000", "35693803999999"),
        ("356938035643809", DEVICE, DEVICE),
        ("3569380356438001", DEVICE, DEVICE),
        ("35693803 - 35693805", "35693803000000", "35693805999999"),
        ("35693803564380-35693803564389", DEVICE, "35693803564389"),
    ],
)
def test_a_range_is_read_as_people_write_it(text: str, first: str, last: str) -> None:
    assert parse_range(text, Colour.WHITE) == DeviceRange(first, last, Colour.WHITE)


@pytest.mark.parametrize(
    "text", ["", "1234567", "12345678901234567", "3569380A", "35693804-35693803"]
)
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        parse_range(text, Colour.BLACK)


@pytest.mark.parametrize("ends", [("1", "35693803999999"), ("35693803000000", "x" * 14)])
def test_the_ends_of_a_range_have_fourteen_digits(ends: tuple[str, str]) -> None:
    with pytest.raises(InvalidValue, match="14 digits"):
        DeviceRange(*ends, Colour.BLACK)


def test_a_range_knows_its_size_and_a_device_its_digits() -> None:
    assert BLACK_TAC.size == 1_000_000
    assert GREY_DEVICE.size == 1
    assert device_of(Imei.parse("3569380356438001")) == DEVICE
