"""What a line may do, and the words in which it is refused."""

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.domain.policy.lines import FULL, PLAN, SLOW, THROTTLED_PLAN, a_profile
from wispgate.domain.policy.access import NodeFeatures, OperatorBar
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
HOME_ONLY = {
    "restrictions": (Restriction("no_roaming", "asked", bars=(OperatorBar.ROAMING_OUTSIDE_HPLMN,)),)
}
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


def barred(*bars: OperatorBar, **more: Any) -> NetworkProfile:
    return a_profile(restrictions=(Restriction("bars", "asked", bars=bars),), **more)


def test_country_bar_lets_roam_inside_the_home_country() -> None:
    profile = barred(OperatorBar.ROAMING_OUTSIDE_HPLMN_COUNTRY)

    assert [may_roam(profile, plmn) for plmn in (HOME, "00102", ABROAD)] == [True, True, False]


def test_line_roams_only_in_the_zones_of_its_plan() -> None:
    profile = replace(a_profile(), roaming_networks=("244", "31041"))

    networks = (HOME, "24405", "31041", "310410", ABROAD)

    assert [may_roam(profile, plmn) for plmn in networks] == [True, True, True, False, False]


@pytest.mark.parametrize(
    ("bar", "visited", "bits", "is_refused"),
    [
        (OperatorBar.ALL_PACKET_SERVICES, HOME, 0, True),
        (OperatorBar.ALL_PACKET_SERVICES, HOME, 1, False),
        (OperatorBar.ROAMER_ACCESS_HPLMN_AP, HOME, 0, False),
        (OperatorBar.ROAMER_ACCESS_HPLMN_AP, ABROAD, 5, True),
        (OperatorBar.ROAMER_ACCESS_HPLMN_AP, ABROAD, 2, False),
        (OperatorBar.ROAMER_ACCESS_VPLMN_AP, ABROAD, 3, True),
        (OperatorBar.ROAMER_ACCESS_VPLMN_AP, ABROAD, 4, False),
    ],
)
def test_node_that_cannot_enforce_a_bar_does_not_get_the_line(
    bar: OperatorBar, visited: str, bits: int, *, is_refused: bool
) -> None:
    profile = barred(bar)

    decision = decide_update_location(profile, visited_plmn=visited, features=NodeFeatures(bits))

    refused = Refused(Refusal.OPERATOR_BARRED, bar)
    assert decision == (refused if is_refused else Allowed(profile))


@pytest.mark.parametrize(
    ("bar", "visited", "is_refused"),
    [
        (OperatorBar.ALL_PACKET_SERVICES, HOME, True),
        (OperatorBar.ROAMER_ACCESS_HPLMN_AP, HOME, False),
        (OperatorBar.ROAMER_ACCESS_HPLMN_AP, ABROAD, True),
        (OperatorBar.ROAMER_ACCESS_VPLMN_AP, ABROAD, False),
    ],
)
def test_home_gateway_opens_no_session_that_is_barred(
    bar: OperatorBar, visited: str, *, is_refused: bool
) -> None:
    decision = decide_admission(barred(bar), apn="internet", visited_plmn=visited)

    assert (decision == Refused(Refusal.OPERATOR_BARRED, bar)) is is_refused


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
