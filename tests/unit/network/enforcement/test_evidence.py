"""What shows an effect, and what does not."""

import pytest

from tests.unit.network.enforcement.pictures import (
    SLOW,
    a_gx_session,
    a_gy_session,
    a_picture,
    a_profile,
    a_push,
    a_registration,
    at,
)
from wispgate.domain.policy.profile import Barring
from wispgate.network.enforcement.evidence import find_verdict

BARRED = a_profile(2, barring=Barring.NO_ATTACH)
WANTED = a_profile(2, speed=SLOW)


def test_an_acknowledged_detach_alone_proves_nothing() -> None:
    picture = a_picture(BARRED, registrations=(a_registration(is_current=False),))

    assert find_verdict(a_push(), picture) is None


@pytest.mark.parametrize(
    ("seen", "evidence"),
    [
        ({"gx": (a_gx_session(is_open=False, closed_at=at(2)),)}, "its sessions ended"),
        ({"gy": (a_gy_session(is_open=False, closed_at=at(2)),)}, "its sessions ended"),
        ({"vectors_asked_at": at(2)}, "an authentication was refused"),
    ],
)
def test_a_detach_is_shown_by_what_follows_it(seen: dict, evidence: str) -> None:
    assert find_verdict(a_push(), a_picture(BARRED, **seen)) == ("in_effect", evidence)


@pytest.mark.parametrize(
    "seen",
    [
        {"gx": (a_gx_session(),)},
        {"gy": (a_gy_session(),), "gx": (a_gx_session(is_open=False, closed_at=at(2)),)},
        {"gx": (a_gx_session(is_open=False, closed_at=at(-5)),)},
        {"vectors_asked_at": at(-1)},
    ],
)
def test_a_session_that_goes_on_is_not_stopped(seen: dict) -> None:
    assert find_verdict(a_push(), a_picture(BARRED, **seen)) is None


def test_a_detach_that_has_not_left_is_not_shown_by_a_session_that_ended_by_itself() -> None:
    ended = {"gx": (a_gx_session(is_open=False, closed_at=at(2)),)}
    waiting = a_push(state="asked", sent_at=None, acknowledged_at=None)
    still_there = a_picture(BARRED, registrations=(a_registration(),), **ended)

    assert find_verdict(waiting, still_there) is None
    assert find_verdict(waiting, a_picture(BARRED, **ended)) == ("in_effect", "its sessions ended")


def test_a_soft_suspension_is_not_shown_by_an_authentication() -> None:
    soft = a_profile(2, barring=Barring.NO_SESSION)

    assert find_verdict(a_push(), a_picture(soft, vectors_asked_at=at(2))) is None


def test_a_node_that_does_not_know_the_phone_has_let_it_go() -> None:
    push = a_push(result="3gpp 5001 gone")

    assert find_verdict(push, a_picture(BARRED)) == (
        "in_effect",
        "the node does not know the phone",
    )


def test_a_released_session_ends_only_its_own_push() -> None:
    ended = a_gx_session(is_open=False, closed_at=at(2))
    other = a_gx_session(session_id="s;2")
    picture = a_picture(BARRED, gx=(ended, other))

    verdicts = [
        find_verdict(a_push(means="gx_release", session_id=name), picture)
        for name in ("s;1", "s;2")
    ]

    assert verdicts == [("in_effect", "the session ended"), None]


def test_a_gateways_report_under_the_new_policy_shows_it() -> None:
    push = a_push(effect="slow_down", means="gx_rules", session_id="s;1")
    before = a_picture(WANTED, gx=(a_gx_session(),))
    after = a_picture(WANTED, gx=(a_gx_session(version=2, speed=SLOW),))

    assert find_verdict(push, before) is None
    assert find_verdict(push, after) == (
        "in_effect",
        "the gateway reported under the new policy",
    )


def test_a_change_of_a_session_that_ended_is_superseded() -> None:
    push = a_push(effect="slow_down", means="gx_rules", session_id="s;1")

    assert find_verdict(push, a_picture(WANTED)) == ("superseded", "the session ended")


def test_a_report_after_a_refill_got_the_new_units() -> None:
    push = a_push(effect="refill", means="gy_reauthorise", session_id="c;1")
    before = a_picture(WANTED, gy=(a_gy_session(),))
    after = a_picture(WANTED, gy=(a_gy_session(seen_at=at(5)),))

    assert find_verdict(push, before) is None
    assert find_verdict(push, after) == ("in_effect", "the gateway reported")
    assert find_verdict(push, a_picture(WANTED)) == ("superseded", "the session ended")


@pytest.mark.parametrize("means", ["s6a_idr", "s6a_clr_reattach", "next_attach"])
def test_a_phone_that_came_back_has_the_new_profile(means: str) -> None:
    push = a_push(effect="slow_down", means=means)
    registered = a_registration(known_version=2, seen_at=at(5))
    opened = a_gx_session(version=2, speed=SLOW, opened_at=at(5))

    for seen in ({"registrations": (registered,)}, {"gx": (opened,)}):
        verdict = find_verdict(push, a_picture(WANTED, **seen))
        assert verdict is not None
        assert verdict[0] == "in_effect"


def test_an_idr_that_was_only_acknowledged_is_not_in_effect() -> None:
    push = a_push(effect="slow_down", means="s6a_idr")
    told = a_registration(known_version=2, seen_at=at(-60))

    assert find_verdict(push, a_picture(WANTED, registrations=(told,))) is None


def test_leaving_a_node_was_seen_before_it_was_told() -> None:
    push = a_push(effect="leave_node", means="s6a_clr_update")

    assert find_verdict(push, a_picture(WANTED)) == (
        "in_effect",
        "the phone was seen at its new node",
    )
    assert find_verdict(a_push(effect="leave_node", state="sent"), a_picture(WANTED)) is None
