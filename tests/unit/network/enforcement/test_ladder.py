"""The order of the rungs, and what is skipped."""

import pytest

from tests.harness.network import NOW
from tests.unit.network.enforcement.pictures import (
    CORE,
    MME,
    a_gx_session,
    a_picture,
    a_profile,
    a_registration,
)
from wispgate.domain.policy.capabilities import (
    CORE_PROFILES,
    GENERIC_3GPP,
    OPEN5GS_2_7,
    Effect,
    Means,
)
from wispgate.domain.policy.profile import Barring
from wispgate.network.enforcement.ladder import (
    Goal,
    Node,
    Places,
    deadline_of,
    find_core,
    find_next_step,
    find_places,
)

EVERYWHERE = Places((a_registration(),), (a_gx_session(),), ())
REGISTERED = Places((a_registration(),), (), ())


def a_goal(effect: Effect) -> Goal:
    profile = a_profile(2, barring=Barring.NO_ATTACH)
    return Goal(effect=effect, cause="", imsi=a_registration().imsi, profile=profile)


def climb(effect: Effect, places: Places) -> list[str]:
    """All rungs in their order, as if none had an effect."""
    found: list[str] = []
    step = find_next_step(a_goal(effect), GENERIC_3GPP, places)
    while step is not None:
        found.append(str(step[1]))
        step = find_next_step(a_goal(effect), GENERIC_3GPP, places, after=found[-1])
    return found


def test_rungs_that_reach_nobody_are_skipped() -> None:
    assert climb(Effect.STOP, REGISTERED) == ["s6a_idr", "s6a_clr_withdraw", "next_attach"]
    assert climb(Effect.SLOW_DOWN, EVERYWHERE) == [
        "gx_rules",
        "gx_qos",
        "s6a_idr",
        "s6a_clr_reattach",
        "next_attach",
    ]


def test_a_rung_is_never_tried_twice_though_places_vanish() -> None:
    step = find_next_step(
        a_goal(Effect.SLOW_DOWN), GENERIC_3GPP, REGISTERED, after=str(Means.GX_QOS)
    )

    assert step is not None
    assert step[1] is Means.S6A_IDR


def test_the_core_is_the_kind_of_the_node_that_has_the_phone() -> None:
    known = {(CORE, MME): Node("epc.test", "open5gs")}

    assert find_core(known, EVERYWHERE) is OPEN5GS_2_7
    assert find_core({}, EVERYWHERE) is GENERIC_3GPP
    assert find_core({(CORE, MME): Node("epc.test", "gone")}, EVERYWHERE) is GENERIC_3GPP


@pytest.mark.parametrize("core", CORE_PROFILES, ids=lambda core: core.name)
def test_every_means_of_every_core_has_a_deadline(core: object) -> None:
    means = {m for ladder in core.ladders.values() for m in ladder}  # type: ignore[attr-defined]

    assert means
    assert all(deadline_of(m, core, NOW) > NOW for m in means)  # type: ignore[arg-type]


def test_a_purged_registration_is_no_place() -> None:
    picture = a_picture(
        a_profile(2), a_profile(), registrations=(a_registration(is_current=False),)
    )

    assert find_places(picture, a_goal(Effect.STOP)).registrations == ()
