"""Which pushes a difference between desired and known asks for."""

from dataclasses import replace
from typing import Any

import pytest

from tests.harness.network import NOW
from tests.unit.network.enforcement.pictures import (
    IMSI,
    MME,
    PGW,
    SLOW,
    a_gx_session,
    a_gy_session,
    a_picture,
    a_profile,
    a_push,
    a_registration,
    cores,
)
from wispgate.domain.policy.profile import Barring
from wispgate.network.enforcement.reconciliation import decide_first_pushes, decide_goals
from wispgate.store.pushes import NewPush, Picture

CHANGED = "policy.network_profile_changed"
EVERYWHERE = {"registrations": (a_registration(),), "gx": (a_gx_session(),)}
BARRED = a_profile(2, barring=Barring.NO_ATTACH)


def first_pushes(picture: Picture, *, core: str, cause: str = CHANGED) -> list[NewPush]:
    return [
        push
        for goal in decide_goals(picture, cause)
        for push in decide_first_pushes(picture, goal, cores(core), now=NOW)
    ]


def told(pushes: list[NewPush]) -> list[tuple[str, str, str]]:
    return [(push.effect, push.means, push.target_host) for push in pushes]


@pytest.mark.parametrize(
    ("core", "expected"),
    [
        ("open5gs", [("stop", "s6a_clr_withdraw", MME)]),
        ("generic3gpp", [("stop", "gx_release", PGW)]),
    ],
)
def test_a_suspension_begins_on_the_cores_first_rung(
    core: str, expected: list[tuple[str, str, str]]
) -> None:
    picture = a_picture(BARRED, a_profile(), **EVERYWHERE)

    assert told(first_pushes(picture, core=core)) == expected


@pytest.mark.parametrize(
    ("core", "means"), [("open5gs", "s6a_clr_reattach"), ("generic3gpp", "gx_rules")]
)
def test_a_throttle_takes_the_cores_own_way(core: str, means: str) -> None:
    known = a_profile(throttled_speed=SLOW)
    picture = a_picture(known.with_exhausted(is_exhausted=True), known, **EVERYWHERE)

    pushes = first_pushes(picture, core=core, cause="charging.quota_exhausted")

    assert [(push.effect, push.means) for push in pushes] == [("slow_down", means)]


def test_every_session_is_told() -> None:
    sessions = (a_gx_session(), a_gx_session(session_id="s;2"))
    picture = a_picture(a_profile(2, speed=SLOW), a_profile(), gx=sessions)

    pushes = first_pushes(picture, core="generic3gpp")

    assert [push.session_id for push in pushes] == ["s;1", "s;2"]


def test_a_session_that_has_the_new_policy_is_left_alone() -> None:
    wanted = a_profile(2, speed=SLOW)
    session = a_gx_session(version=2, speed=SLOW)
    picture = a_picture(wanted, a_profile(), gx=(session,))

    assert decide_goals(picture, CHANGED) == []


def test_nothing_is_pushed_where_the_network_sees_no_difference() -> None:
    picture = a_picture(a_profile(2), a_profile(), **EVERYWHERE)

    assert decide_goals(picture, CHANGED) == []


def test_a_new_line_that_nobody_has_seen_needs_no_push() -> None:
    assert decide_goals(a_picture(a_profile()), CHANGED) == []


def test_a_line_never_looked_at_is_told_where_it_is_behind() -> None:
    picture = a_picture(a_profile(2), **EVERYWHERE)

    pushes = first_pushes(picture, core="generic3gpp")

    assert told(pushes) == [("speed_up", "gx_rules", PGW)]


@pytest.mark.parametrize(
    "place",
    [{"registrations": (a_registration(known_version=3),)}, {"gx": (a_gx_session(version=3),)}],
)
def test_what_came_and_went_between_two_looks_is_stopped_where_it_was_learned(
    place: dict[str, tuple[Any, ...]],
) -> None:
    before_activation = a_profile(2, barring=Barring.NO_ATTACH)
    suspended = a_profile(4, barring=Barring.NO_ATTACH)

    pushes = first_pushes(a_picture(suspended, before_activation, **place), core="generic3gpp")

    assert [push.effect for push in pushes] == ["stop"]


@pytest.mark.parametrize(
    ("changes", "effect"),
    [({"throttled_speed": SLOW}, "slow_down"), ({"is_blocked_when_exhausted": True}, "stop")],
)
def test_a_quota_that_ended_before_anybody_looked_slows_down_or_stops_what_is_there(
    changes: dict[str, Any], effect: str
) -> None:
    before_activation = a_profile(2, barring=Barring.NO_ATTACH)
    exhausted = a_profile(3, **changes).with_exhausted(is_exhausted=True)
    there = (a_registration(known_version=3),)

    pushes = first_pushes(
        a_picture(exhausted, before_activation, registrations=there),
        core="open5gs",
        cause="charging.quota_exhausted",
    )

    assert [push.effect for push in pushes] == [effect]


def test_a_phone_that_came_by_itself_after_activation_is_told_nothing() -> None:
    before_activation = a_profile(2, barring=Barring.NO_ATTACH)
    there = (a_registration(known_version=3),)

    picture = a_picture(a_profile(3), before_activation, registrations=there)

    assert first_pushes(picture, core="open5gs") == []


def test_a_speed_that_came_and_went_between_two_looks_is_told_again() -> None:
    picture = a_picture(
        a_profile(4), a_profile(2), registrations=(a_registration(known_version=3),)
    )

    assert [push.effect for push in first_pushes(picture, core="open5gs")] == ["speed_up"]


def test_what_waits_for_the_phone_stands_as_asked() -> None:
    picture = a_picture(a_profile(3), BARRED)

    (push,) = first_pushes(picture, core="open5gs")

    assert (push.effect, push.means, push.state, push.next_hop) == (
        "restore",
        "next_attach",
        "asked",
        "",
    )


def test_stopping_a_line_that_is_nowhere_is_in_effect_at_once() -> None:
    (push,) = first_pushes(a_picture(BARRED, a_profile()), core="open5gs")

    assert (push.means, push.state) == ("next_attach", "in_effect")


def test_an_exhausted_quota_is_left_to_charging_while_it_has_a_session() -> None:
    known = a_profile(is_blocked_when_exhausted=True)
    picture = a_picture(
        known.with_exhausted(is_exhausted=True), known, gy=(a_gy_session(),), **EVERYWHERE
    )

    pushes = first_pushes(picture, core="generic3gpp", cause="charging.quota_exhausted")

    assert [(push.means, push.next_hop) for push in pushes] == [("gy_next_report", "")]


def test_a_refilled_quota_is_told_to_the_charging_session() -> None:
    wanted = a_profile(is_blocked_when_exhausted=True)
    picture = a_picture(
        wanted, wanted.with_exhausted(is_exhausted=True), gy=(a_gy_session(),), **EVERYWHERE
    )

    pushes = first_pushes(picture, core="generic3gpp", cause="charging.quota_restored")

    assert told(pushes) == [("refill", "gy_reauthorise", PGW)]


def test_a_card_that_is_no_more_the_lines_is_detached_once() -> None:
    old = a_registration(imsi="001010000000009")
    picture = a_picture(a_profile(), a_profile(), registrations=(old,))
    (push,) = first_pushes(picture, core="open5gs")

    again = a_picture(
        a_profile(), a_profile(), registrations=(old,), pushes=(a_push(imsi=old.imsi),)
    )

    assert (push.effect, push.imsi) == ("stop", old.imsi)
    assert decide_goals(again, CHANGED) == []


def test_a_card_that_left_is_detached_though_a_push_for_an_ended_session_is_still_open() -> None:
    """Suspended, resumed, attached anew and swapped before anybody judged the suspension's push."""
    old = a_registration(imsi="001010000000009")
    left_over = a_push(imsi=old.imsi, means="gx_release", session_id="ended")
    session = a_gx_session(imsi=old.imsi)
    changes = {"registrations": (old,), "gx": (session,)}
    picture = a_picture(a_profile(), a_profile(), pushes=(left_over,), **changes)
    at_it = replace(left_over, session_id=session.session_id)

    assert [goal.imsi for goal in decide_goals(picture, CHANGED)] == [old.imsi]
    assert decide_goals(replace(picture, pushes=(at_it,)), CHANGED) == []


def test_a_line_without_a_card_asks_for_nothing_of_its_own() -> None:
    picture = a_picture(BARRED, a_profile(), imsi="")

    assert decide_goals(picture, CHANGED) == []


def test_the_pushes_name_the_card_and_the_hop() -> None:
    (push,) = first_pushes(a_picture(BARRED, a_profile(), **EVERYWHERE), core="open5gs")

    assert (push.imsi, push.next_hop, push.target_realm) == (IMSI, MME, "epc.test")
