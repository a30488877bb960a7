"""A request on its way to being charged, and what it means in the dialect of its core."""

import pytest

from tests.unit.domain.charging.account import a_group, a_request
from wispgate.domain.charging.requests import ChargeRequest, EventAction, RequestKind, ServiceGroup
from wispgate.domain.plan.tariff import UnitKind
from wispgate.domain.policy.capabilities import GENERIC_3GPP, OPEN5GS_2_7, CoreProfile
from wispgate.network.ocs.translation import CreditControl
from wispgate.network.ocs.work import in_dialect


def asked_for(charge: ChargeRequest) -> CreditControl:
    return CreditControl(type=2, charge=charge, identities=())


def wishes(asked: CreditControl) -> list[int | None]:
    return [group.wanted_units for group in asked.charge.groups]


@pytest.mark.parametrize(("core", "expected"), [(GENERIC_3GPP, [1_000_000]), (OPEN5GS_2_7, [0])])
def test_a_wish_that_is_a_habit_leaves_the_slice_to_the_server(
    core: CoreProfile, expected: list[int]
) -> None:
    asked = asked_for(a_request("U", 1, a_group(want=1_000_000, used=10)))

    meant = in_dialect(asked, core)

    assert wishes(meant) == expected
    assert meant.charge.groups[0].used == asked.charge.groups[0].used


def test_a_group_that_asks_for_nothing_still_asks_for_nothing() -> None:
    asked = asked_for(a_request("U", 1, ServiceGroup(10, None), ServiceGroup(20, 5)))

    assert wishes(in_dialect(asked, OPEN5GS_2_7)) == [None, 0]


def test_wishes_for_other_units_are_wishes() -> None:
    charge = ChargeRequest(
        session_id="s1", number=0, kind=RequestKind.EVENT, unit=UnitKind.MESSAGES,
        action=EventAction.DIRECT_DEBITING, groups=(ServiceGroup(None, 3),),
    )  # fmt: skip

    assert wishes(in_dialect(asked_for(charge), OPEN5GS_2_7)) == [3]
