"""What a line may do, and the words in which it is refused."""

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.domain.policy.lines import FULL, PLAN, SLOW, THROTTLED_PLAN, a_profile
from wispgate.domain.policy.decisions import (
    Admitted,
    Allowed,
    Refusal,
    Refused,
    decide_admission,
    decide_authentication,
    decide_update_location,
    may_roam,
)
from wispgate.domain.policy.facts import LineState, Restriction, Suspension
from wispgate.domain.policy.profile import NetworkProfile

SOFT = {"state": LineState.SUSPENDED, "suspensions": (Suspension("overdue"),)}
HARD = {"state": LineState.SUSPENDED, "suspensions": (Suspension("fraud", is_hard=True),)}
HOME_ONLY = {"restrictions": (Restriction("no_roaming", "asked", is_home_only=True),)}
HOME, ABROAD = "00101", "26201"


@pytest.mark.parametrize(
    ("facts", "visited", "expected"),
    [
        ({}, HOME, None),
        ({}, ABROAD, None),
        (SOFT, HOME, None),
        ({"state": LineState.PENDING}, HOME, Refusal.SUSPENDED),
        (HARD, HOME, Refusal.SUSPENDED),
        ({"state": LineState.TERMINATED}, HOME, Refusal.WITHDRAWN),
        ({"plan": None}, HOME, Refusal.NO_PLAN),
        (HARD | {"plan": None}, HOME, Refusal.SUSPENDED),
        (HOME_ONLY, HOME, None),
        (HOME_ONLY, ABROAD, Refusal.ROAMING_NOT_ALLOWED),
        (HOME_ONLY, "", None),
        (HOME_ONLY | {"home_plmns": ()}, ABROAD, None),
        (HOME_ONLY | HARD, ABROAD, Refusal.SUSPENDED),
    ],
)
def test_attach_is_refused_for_the_first_reason(
    facts: dict[str, Any], visited: str, expected: Refusal | None
) -> None:
    profile = a_profile(**facts)
    answer = Allowed(profile) if expected is None else Refused(expected)

    assert decide_authentication(profile, visited_plmn=visited) == answer
    assert decide_update_location(profile, visited_plmn=visited) == answer


@pytest.mark.parametrize("decide", [decide_authentication, decide_update_location])
def test_unknown_subscriber_is_told_as_the_core_is_set(decide: Any) -> None:
    quiet = Refusal.ROAMING_NOT_ALLOWED

    assert decide(None, visited_plmn=HOME) == Refused(Refusal.UNKNOWN_SUBSCRIBER)
    assert decide(None, visited_plmn=HOME, unknown_as=quiet) == Refused(quiet)


def test_barred_radio_technology_is_refused_before_roaming() -> None:
    profile = a_profile(barred_rats=(1005,), **HOME_ONLY)

    refused = decide_update_location(profile, visited_plmn=ABROAD, rat_type=1005)

    assert refused == Refused(Refusal.RAT_NOT_ALLOWED)
    assert decide_update_location(profile, visited_plmn=HOME, rat_type=1004) == Allowed(profile)


@pytest.mark.parametrize(
    ("facts", "apn", "expected"),
    [
        (SOFT, "internet", Refusal.SUSPENDED),
        (HARD, "internet", Refusal.SUSPENDED),
        ({"state": LineState.PENDING}, "internet", Refusal.SUSPENDED),
        ({"state": LineState.TERMINATED}, "internet", Refusal.WITHDRAWN),
        ({"plan": None}, "internet", Refusal.NO_PLAN),
        ({}, "corporate", Refusal.APN_NOT_ALLOWED),
        ({"is_exhausted": True}, "internet", Refusal.OUT_OF_CREDIT),
        (HOME_ONLY, "internet", Refusal.ROAMING_NOT_ALLOWED),
    ],
)
def test_session_is_refused_for_the_first_reason(
    facts: dict[str, Any], apn: str, expected: Refusal
) -> None:
    decision = decide_admission(a_profile(**facts), apn=apn, visited_plmn=ABROAD)

    assert decision == Refused(expected)


def test_session_of_an_unknown_line_is_refused() -> None:
    assert decide_admission(None, apn="internet") == Refused(Refusal.UNKNOWN_SUBSCRIBER)


def test_session_opens_at_the_speed_that_holds() -> None:
    profile = a_profile()
    throttled = a_profile(plan=THROTTLED_PLAN, is_exhausted=True)

    assert decide_admission(profile, apn="") == Admitted(profile, profile.apns[0], FULL)
    assert decide_admission(throttled, apn="") == Admitted(throttled, throttled.apns[0], SLOW)


def test_exhausted_line_with_free_services_is_admitted() -> None:
    profile = a_profile(plan=replace(PLAN, zero_rated_groups=(99,)), is_exhausted=True)

    assert isinstance(decide_admission(profile, apn="internet"), Admitted)


def test_roaming_is_allowed_where_nothing_forbids_it() -> None:
    assert may_roam(NetworkProfile(version=1), ABROAD)
