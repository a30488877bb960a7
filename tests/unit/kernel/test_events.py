"""Events: the payload is JSON and holds what the envelope does not."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

import pytest

from wispgate.kernel.events import Event, to_json
from wispgate.kernel.identifiers import Eid, Iccid, Imei, Imsi, Msisdn
from wispgate.kernel.money import Money
from wispgate.kernel.plmn import Plmn

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Colour(StrEnum):
    GREEN = "green"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanBought(Event):
    kind: ClassVar[str] = "plan.bought"

    plan: str
    price: Money
    until: datetime | None = None


def a_purchase() -> PlanBought:
    return PlanBought(
        operator_id=UUID(int=1), occurred_at=NOW, plan="gold", price=Money(Decimal("9.90"), "EUR")
    )


def test_payload_leaves_out_the_envelope():
    payload = a_purchase().payload()

    assert payload == {
        "plan": "gold",
        "price": {"amount": "9.90", "currency": "EUR"},
        "until": None,
    }


def test_event_may_concern_no_account_and_no_line():
    event = a_purchase()

    assert event.kind == "plan.bought"
    assert (event.account_id, event.line_id) == (None, None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (7, 7),
        ("text", "text"),
        (Colour.GREEN, "green"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (Decimal("1.50"), "1.50"),
        (NOW, "2026-11-23T12:00:00+00:00"),
        (date(2026, 11, 23), "2026-11-23"),
        (Money(Decimal(1), "JPY"), {"amount": "1", "currency": "JPY"}),
        (Imsi("001010000000001"), "001010000000001"),
        (Msisdn("15550100001"), "15550100001"),
        (Iccid("8949440000001155314"), "8949440000001155314"),
        (Imei("49015420", "323751"), "490154203237518"),
        (Eid("89049032123451234512345678901235"), "89049032123451234512345678901235"),
        (Plmn("001", "01"), "001-01"),
        ([1, (Decimal(2), None)], [1, ["2", None]]),
        (frozenset({"b", "a"}), ["a", "b"]),
        ({3, 1}, [1, 3]),
        ({"a": {1: Imsi("001010")}}, {"a": {"1": "001010"}}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_value_has_its_agreed_json_form(value: Any, expected: Any):
    converted = to_json(value)

    assert converted == expected
    assert json.loads(json.dumps(converted)) == expected


@pytest.mark.parametrize("value", [1.5, b"octets", object(), [1.5], {"a": b""}])
def test_value_without_agreed_form_is_refused(value):
    with pytest.raises(TypeError, match="no JSON form agreed"):
        to_json(value)
