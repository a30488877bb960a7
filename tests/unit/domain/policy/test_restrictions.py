"""Restriction profiles by name."""

from typing import Any

import pytest

from wispgate.domain.plan.speed import Speed
from wispgate.domain.policy.access import OperatorBar
from wispgate.domain.policy.restrictions import BARS, RestrictionName, make_restriction
from wispgate.kernel.errors import InvalidValue

SLOW = Speed(64_000, 64_000)


def test_every_profile_takes_something_away() -> None:
    made = [
        make_restriction(
            name,
            reason="overdue",
            speed=SLOW if name is RestrictionName.SLOW else None,
            walled_garden_url="http://pay.test/" if name is RestrictionName.WALLED_GARDEN else "",
        )
        for name in RestrictionName
    ]

    assert all(one.speed or one.walled_garden_url or one.bars for one in made)
    assert {bar for one in made for bar in one.bars} == set(OperatorBar) == set(BARS.values())


@pytest.mark.parametrize(
    ("name", "given", "field"),
    [
        (RestrictionName.SLOW, {}, "speed"),
        (RestrictionName.NO_DATA, {"speed": SLOW}, "speed"),
        (RestrictionName.WALLED_GARDEN, {}, "walled_garden_url"),
        (RestrictionName.NO_DATA, {"walled_garden_url": "http://x/"}, "walled_garden_url"),
        (RestrictionName.WALLED_GARDEN, {"walled_garden_url": "pay.test"}, "walled_garden_url"),
    ],
)
def test_what_does_not_belong_to_a_profile_is_refused(
    name: RestrictionName, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        make_restriction(name, reason="overdue", **given)

    assert refused.value.field == field
