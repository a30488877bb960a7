"""Values through JSON: strict about names, types and numbers, with the path to what is wrong."""

from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

import pytest

from wispgate.domain.plan import jsonform
from wispgate.domain.plan.basic import basic_plan
from wispgate.domain.plan.compiled import CompiledPlan
from wispgate.domain.plan.tariff import UnitKind
from wispgate.kernel.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class Cat:
    IS_TAGGED: ClassVar[bool] = True
    lives: int


@dataclass(frozen=True, slots=True)
class BigDog:
    IS_TAGGED: ClassVar[bool] = True
    name: str = "Rex"


@dataclass(frozen=True, slots=True)
class Farm:
    key: UUID
    opened_at: datetime
    opens: time
    animals: tuple[Cat | BigDog, ...] = ()
    unit: UnitKind = UnitKind.OCTETS
    area: int | Decimal = 0
    price: Decimal | None = None
    is_open: bool = True


FARM = Farm(
    UUID(int=1),
    datetime(2026, 1, 2, 3, tzinfo=UTC),
    time(6, 30),
    (Cat(9), BigDog()),
    UnitKind.MONEY,
    Decimal("1.50"),
    Decimal("2.00"),
    is_open=False,
)
GIVEN = {
    "key": "00000000-0000-0000-0000-000000000001",
    "opened_at": "2026-01-02T03:00:00+00:00",
    "opens": "06:30:00",
}


def test_value_comes_back_as_it_was() -> None:
    assert jsonform.decode(Farm, jsonform.encode(FARM)) == FARM


def test_defaults_are_left_out() -> None:
    assert jsonform.to_json(jsonform.from_json(Farm, GIVEN)) == GIVEN


def test_values_of_a_union_carry_their_kind() -> None:
    assert jsonform.to_json(FARM)["animals"] == [{"kind": "cat", "lives": 9}, {"kind": "big_dog"}]


def test_whole_amounts_stay_whole() -> None:
    assert jsonform.from_json(Farm, GIVEN | {"area": 7}).area == 7


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"key": "1"}, "key"),
        ({"key": 1}, "key"),
        ({"opened_at": "2026-01-02T03:00:00"}, "opened_at"),
        ({"opens": "noon"}, "opens"),
        ({"animals": {}}, "animals"),
        ({"animals": [{"kind": "cow"}]}, "animals[0].kind"),
        (
            {"animals": [{"kind": "cat", "lives": 9}, {"kind": "cat", "lives": "9"}]},
            "animals[1].lives",
        ),
        ({"animals": [{"kind": "cat"}]}, "animals[0].lives"),
        ({"animals": [7]}, "animals[0]"),
        ({"unit": "miles"}, "unit"),
        ({"area": "NaN"}, "area"),
        ({"area": True}, "area"),
        ({"price": "abc"}, "price"),
        ({"is_open": 1}, "is_open"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        jsonform.from_json(Farm, GIVEN | changes)

    assert caught.value.field == field


@pytest.mark.parametrize("text", ["", "{", b"\xff", '{"area": 1.5}', '{"area": NaN}', "[]"])
def test_text_that_holds_no_value_is_refused(text: str | bytes) -> None:
    with pytest.raises(InvalidValue):
        jsonform.decode(Farm, text)


def test_rules_of_a_value_are_told_with_its_path() -> None:
    text = basic_plan().encode().replace('"up_bps":50000000', '"up_bps":0', 1)

    with pytest.raises(InvalidValue) as caught:
        CompiledPlan.decode(text)

    assert caught.value.field == "apns[0].speed.up_bps"


def test_types_without_a_form_are_an_error_of_ours() -> None:
    with pytest.raises(TypeError):
        jsonform.to_json(1.5)
    with pytest.raises(TypeError):
        jsonform.from_json(float, 1.5)
