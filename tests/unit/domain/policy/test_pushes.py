"""The enforcement ladder: which means, in which order, and what proves them."""

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.domain.policy.lines import PLAN, SLOW, THROTTLED_PLAN, a_profile
from wispgate.domain.plan.speed import Speed
from wispgate.domain.policy.capabilities import (
    CORE_PROFILES,
    GENERIC_3GPP,
    OPEN5GS_2_7,
    Effect,
    Means,
    get_core_profile,
    suggest_core_profile,
)
from wispgate.domain.policy.facts import LineState, Restriction, Suspension
from wispgate.domain.policy.profile import ApnProfile
from wispgate.domain.policy.pushes import (
    Evidence,
    LinePresence,
    Push,
    Urgency,
    decide_effects,
    list_taken_away,
    plan_pushes,
)
from wispgate.kernel.errors import NotFound

ONLINE = LinePresence(is_registered=True, has_gx_session=True, has_gy_session=True)
NOWHERE = LinePresence()
RADIUS = LinePresence(has_radius_session=True)
SUSPENDED = {"state": LineState.SUSPENDED, "suspensions": (Suspension("overdue"),)}
GARDEN = {"restrictions": (Restriction("garden", "overdue", walled_garden_url="http://pay/"),)}


def means_of(effect: Effect, core: Any, presence: LinePresence, **options: Any) -> list[Means]:
    return [push.means for push in plan_pushes(effect, core, presence, **options)]


def test_open5gs_is_stopped_by_cancelling_and_refusing() -> None:
    assert plan_pushes(Effect.STOP, OPEN5GS_2_7, ONLINE) == (
        Push(Means.S6A_CLR_WITHDRAW, Evidence.SESSION_ENDED),
        Push(Means.GY_NEXT_REPORT, Evidence.SESSION_ENDED),
        Push(Means.NEXT_ATTACH, Evidence.SESSION_ENDED),
    )


def test_speed_of_open5gs_changes_now_by_a_detach_or_later_without() -> None:
    now = means_of(Effect.SLOW_DOWN, OPEN5GS_2_7, ONLINE)
    soft = means_of(Effect.SLOW_DOWN, OPEN5GS_2_7, ONLINE, urgency=Urgency.SOFT)

    assert now == [Means.S6A_CLR_REATTACH, Means.NEXT_ATTACH]
    assert soft == [Means.S6A_IDR, Means.NEXT_ATTACH]


def test_open5gs_never_gets_what_it_only_acknowledges() -> None:
    ignored = {Means.GX_QOS, Means.GX_RELEASE, Means.GY_REAUTHORISE, Means.SY_NOTIFY}

    assert not any(ignored & set(ladder) for ladder in OPEN5GS_2_7.ladders.values())


def test_generic_core_climbs_from_gx_to_the_next_attach() -> None:
    assert means_of(Effect.SLOW_DOWN, GENERIC_3GPP, ONLINE) == [
        Means.GX_RULES,
        Means.GX_QOS,
        Means.S6A_IDR,
        Means.S6A_CLR_REATTACH,
        Means.GY_NEXT_REPORT,
        Means.NEXT_ATTACH,
    ]


def test_soft_change_names_no_means_twice() -> None:
    soft = means_of(Effect.SLOW_DOWN, GENERIC_3GPP, ONLINE, urgency=Urgency.SOFT)

    assert soft.count(Means.S6A_IDR) == 1
    assert Means.S6A_CLR_REATTACH not in soft


def test_stop_is_never_soft() -> None:
    soft = means_of(Effect.STOP, OPEN5GS_2_7, ONLINE, urgency=Urgency.SOFT)

    assert soft == means_of(Effect.STOP, OPEN5GS_2_7, ONLINE)


def test_line_that_is_nowhere_waits_for_its_next_attach() -> None:
    for core in CORE_PROFILES:
        for effect in Effect:
            assert means_of(effect, core, NOWHERE) == [Means.NEXT_ATTACH]


def test_radius_line_is_changed_or_disconnected() -> None:
    assert plan_pushes(Effect.SPEED_UP, GENERIC_3GPP, RADIUS)[0] == Push(
        Means.RADIUS_COA, Evidence.NEW_ACCOUNTING
    )
    assert plan_pushes(Effect.STOP, GENERIC_3GPP, RADIUS)[0] == Push(
        Means.RADIUS_DISCONNECT, Evidence.SESSION_ENDED
    )


def test_refill_is_proved_by_a_report_and_restore_by_an_attach() -> None:
    assert plan_pushes(Effect.REFILL, OPEN5GS_2_7, ONLINE)[0].evidence is Evidence.NEW_REPORT
    restored = plan_pushes(Effect.RESTORE, OPEN5GS_2_7, ONLINE)
    assert {push.evidence for push in restored} == {Evidence.NEW_REGISTRATION}


def test_core_without_a_ladder_has_no_means() -> None:
    assert plan_pushes(Effect.STOP, replace(GENERIC_3GPP, ladders={}), ONLINE) == ()


@pytest.mark.parametrize(
    ("known", "wanted", "effects"),
    [
        ({}, {}, ()),
        ({}, SUSPENDED, (Effect.STOP,)),
        (SUSPENDED, {}, (Effect.RESTORE,)),
        (SUSPENDED, {"state": LineState.TERMINATED}, ()),
        ({}, {"plan": None}, (Effect.STOP,)),
        ({}, {"is_exhausted": True}, (Effect.STOP,)),
        ({}, GARDEN, (Effect.WALLED_GARDEN,)),
        (GARDEN, {}, (Effect.SPEED_UP,)),
        (GARDEN, GARDEN, ()),
        (
            {"plan": THROTTLED_PLAN},
            {"plan": THROTTLED_PLAN, "is_exhausted": True},
            (Effect.SLOW_DOWN,),
        ),
        (
            {"plan": THROTTLED_PLAN, "is_exhausted": True},
            {"plan": THROTTLED_PLAN},
            (Effect.SPEED_UP,),
        ),
        ({"plan": replace(PLAN, speed=SLOW)}, {}, (Effect.SPEED_UP,)),
    ],
)
def test_difference_of_profiles_names_the_effect(known: Any, wanted: Any, effects: Any) -> None:
    assert decide_effects(a_profile(**known), a_profile(**wanted)) == effects


def test_profiles_without_speed_are_not_slower() -> None:
    known = replace(a_profile(), speed=None)

    assert decide_effects(known, replace(known, barred_rats=(1004,))) == (Effect.CHANGE_ACCESS,)


def an_apn(context_id: int, name: str) -> ApnProfile:
    return ApnProfile(context_id, name, Speed(1, 1))


INTERNET, IMS, MMS = an_apn(1, "internet"), an_apn(2, "ims"), an_apn(3, "mms")


@pytest.mark.parametrize(
    ("known", "wanted", "gone"),
    [
        ((INTERNET, IMS, MMS), (INTERNET, IMS), (MMS,)),
        ((INTERNET, IMS, MMS), (INTERNET,), (IMS, MMS)),
        ((INTERNET, IMS), (an_apn(1, "ims"),), ()),
        ((INTERNET, IMS, MMS), (INTERNET, an_apn(2, "mms")), ()),
        ((INTERNET,), (INTERNET, IMS), ()),
    ],
)
def test_apns_that_only_go_are_taken_away_and_never_the_default(
    known: tuple[ApnProfile, ...], wanted: tuple[ApnProfile, ...], gone: tuple[ApnProfile, ...]
) -> None:
    before, after = (replace(a_profile(), apns=apns) for apns in (known, wanted))

    assert list_taken_away(before, after) == gone
    assert decide_effects(before, after) == (Effect.TAKE_AWAY if gone else Effect.SPEED_UP,)


def test_node_where_the_phone_may_not_be_is_not_told_more_but_left() -> None:
    here = LinePresence(is_registered=True)
    rungs = plan_pushes(Effect.CHANGE_ACCESS, GENERIC_3GPP, here)
    misplaced = plan_pushes(Effect.CHANGE_ACCESS, GENERIC_3GPP, replace(here, is_misplaced=True))

    assert rungs[0].means is Means.S6A_IDR
    assert misplaced[0].means is Means.S6A_CLR_REATTACH


def test_core_profiles_are_found_by_name_and_have_evidence() -> None:
    for core in CORE_PROFILES:
        assert get_core_profile(core.name) is core
        assert core.evidence
        assert set(core.ladders) == set(Effect)
    with pytest.raises(NotFound):
        get_core_profile("nobody")


def test_behaviour_only_suggests_a_core_profile() -> None:
    assert suggest_core_profile(has_rating_group=False, has_purged=False) is OPEN5GS_2_7
    assert suggest_core_profile(has_rating_group=True, has_purged=False) is GENERIC_3GPP
    assert suggest_core_profile(has_rating_group=False, has_purged=True) is GENERIC_3GPP


def test_a_spent_line_that_is_barred_as_well_loses_its_attach_too() -> None:
    barred = a_profile(**SUSPENDED)
    spent = replace(
        a_profile(), is_blocked_when_exhausted=True, is_exhausted=True, throttled_speed=None
    )

    assert decide_effects(spent, barred) == (Effect.STOP,)
    assert decide_effects(barred, barred.with_exhausted(is_exhausted=True)) == ()
