"""The network profile that follows from a line's facts."""

from dataclasses import replace
from datetime import time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.domain.policy.lines import (
    FULL,
    NOW,
    PLAN,
    SLOW,
    THROTTLED_PLAN,
    a_profile,
    some_facts,
)
from wispgate.domain.plan.compiled import Apn, SpeedBand, Zone
from wispgate.domain.plan.exhaustion import AutoTopUp, Block, FinalAction, NotifyOnly
from wispgate.domain.plan.schedule import Window
from wispgate.domain.plan.speed import Speed
from wispgate.domain.policy.access import OperatorBar
from wispgate.domain.policy.facts import (
    LineState,
    Override,
    Restriction,
    StaticAddress,
    Suspension,
)
from wispgate.domain.policy.profile import Barring, NetworkProfile, compile_profile
from wispgate.kernel.errors import InvalidValue

OVERDUE, FRAUD = Suspension("overdue"), Suspension("fraud", is_hard=True)
GARDEN = Restriction("walled_garden", "overdue", walled_garden_url="http://pay.example/")
HOME_ONLY = Restriction("no_roaming", "customer request", bars=(OperatorBar.ROAMING_OUTSIDE_HPLMN,))
CRAWL = Restriction("slow", "fair use", speed=Speed(64_000, 128_000))


@pytest.mark.parametrize(
    ("state", "suspensions", "barring"),
    [
        (LineState.DRAFT, (), Barring.NO_ATTACH),
        (LineState.PENDING, (), Barring.NO_ATTACH),
        (LineState.ACTIVE, (), Barring.NONE),
        (LineState.SUSPENDED, (), Barring.NO_SESSION),
        (LineState.SUSPENDED, (OVERDUE,), Barring.NO_SESSION),
        (LineState.SUSPENDED, (OVERDUE, FRAUD), Barring.NO_ATTACH),
        (LineState.ACTIVE, (FRAUD,), Barring.NO_ATTACH),
        (LineState.TERMINATED, (), Barring.WITHDRAWN),
    ],
)
def test_strongest_reason_bars_the_line(
    state: LineState, suspensions: Any, barring: Barring
) -> None:
    profile = a_profile(state=state, suspensions=suspensions)

    assert profile.barring is barring
    assert profile.is_barred is (barring is not Barring.NONE)


def test_plan_gives_apns_speed_and_characteristics() -> None:
    plan = replace(
        PLAN,
        apns=(Apn("internet", FULL, can_have_static_address=True), Apn("ims", SLOW, qci=5)),
        charging_characteristics="0800",
    )
    addresses = (StaticAddress("internet", "10.0.0.7"), StaticAddress("ims", "10.0.0.8"))

    profile = a_profile(plan=plan, static_addresses=addresses, barred_rats=(1004,))

    internet, ims = profile.apns
    assert (internet.context_id, internet.static_address) == (1, "10.0.0.7")
    assert (ims.context_id, ims.qci, ims.static_address) == (2, 5, None)
    assert (profile.speed_now, profile.charging_characteristics) == (FULL, "0800")
    assert profile.barred_rats == (1004,)


def test_line_without_plan_has_nothing_to_connect_to() -> None:
    profile = a_profile(plan=None)

    assert (profile.apns, profile.speed_now, profile.find_apn("")) == ((), None, None)


def test_exhausted_line_is_throttled_as_its_plan_says() -> None:
    profile = a_profile(plan=THROTTLED_PLAN, is_exhausted=True)

    assert profile.is_throttled
    assert profile.speed_now == SLOW
    assert profile.apn_speed(profile.apns[0]) == SLOW
    assert profile.with_exhausted(is_exhausted=False).speed_now == FULL
    assert profile.with_exhausted(is_exhausted=True) is profile


def test_throttle_never_makes_a_line_faster() -> None:
    slower = replace(THROTTLED_PLAN, speed=Speed(64_000, 64_000))

    assert a_profile(plan=slower, is_exhausted=True).speed_now == Speed(64_000, 64_000)


def test_apn_keeps_its_own_lower_speed() -> None:
    plan = replace(PLAN, apns=(Apn("internet", SLOW),))
    profile = a_profile(plan=plan)

    assert profile.apn_speed(profile.apns[0]) == SLOW
    assert replace(profile, speed=None).apn_speed(profile.apns[0]) == SLOW


@pytest.mark.parametrize(
    ("exhaustion", "zero_rated", "is_blocked"),
    [
        (Block(), (), True),
        (Block(), (99,), False),
        (Block(FinalAction.REDIRECT, "http://topup.example/"), (), False),
        (NotifyOnly(), (), False),
        (THROTTLED_PLAN.exhaustion, (), False),
        (AutoTopUp(1, Decimal(1), max_count=1), (), True),
    ],
)
def test_exhaustion_blocks_only_when_nothing_is_left_to_do(
    exhaustion: Any, zero_rated: tuple[int, ...], is_blocked: bool
) -> None:
    plan = replace(PLAN, exhaustion=exhaustion, zero_rated_groups=zero_rated)

    assert a_profile(plan=plan).is_blocked_when_exhausted is is_blocked


def test_strongest_restrictions_win_together() -> None:
    profile = a_profile(restrictions=(CRAWL, GARDEN, HOME_ONLY, replace(CRAWL, speed=SLOW)))

    assert profile.speed_now == CRAWL.speed
    assert profile.walled_garden_url == "http://pay.example/"
    assert profile.operator_bars == (OperatorBar.ROAMING_OUTSIDE_HPLMN,)
    assert profile.restrictions == ("slow", "walled_garden", "no_roaming", "slow")


def test_plan_may_keep_its_lines_at_home() -> None:
    assert not a_profile(plan=replace(PLAN, is_roaming_allowed=False)).is_roaming_allowed


def test_plan_names_the_zones_that_it_allows() -> None:
    plan = replace(PLAN, roaming_zones=("nordic", "gone"), barred_rats=(1000,))
    zones = (Zone("nordic", ("244", "24007")), Zone("world", ("310",)))

    profile = a_profile(plan=plan, zones=zones, barred_rats=(1001,))

    assert profile.roaming_networks == ("24007", "244")
    assert profile.barred_rats == (1000, 1001)
    assert a_profile(zones=zones).roaming_networks is None


def test_soft_suspension_is_a_bar_of_all_packets_at_the_node() -> None:
    everything = (OperatorBar.ALL_PACKET_SERVICES,)
    soft = {"state": LineState.SUSPENDED, "suspensions": (Suspension("overdue"),)}
    no_data = {"restrictions": (Restriction("no_data", "asked", bars=everything),)}

    assert a_profile(**soft).node_bars == everything
    assert a_profile(**soft, **no_data).node_bars == everything
    assert a_profile(**no_data).is_barred
    assert a_profile().node_bars == ()


def test_override_rules_until_it_ends() -> None:
    fast = Override(Speed(99, 99), NOW + timedelta(hours=1), "exhibition")
    facts = some_facts(plan=THROTTLED_PLAN, override=fast, is_exhausted=True)

    during = compile_profile(facts, now=NOW)
    after = compile_profile(facts, now=NOW + timedelta(hours=1))

    assert (during.speed_now, during.changes_at) == (Speed(99, 99), fast.until)
    assert (after.speed_now, after.changes_at) == (SLOW, None)


def test_restriction_stands_above_the_override() -> None:
    fast = Override(FULL, NOW + timedelta(hours=1), "exhibition")

    assert a_profile(override=fast, restrictions=(CRAWL,)).speed_now == CRAWL.speed


def test_override_says_why() -> None:
    with pytest.raises(InvalidValue):
        Override(FULL, NOW, "")


def test_profile_says_when_the_next_band_begins() -> None:
    evening = SpeedBand(Window(time(18), time(23)), SLOW)

    profile = a_profile(plan=replace(PLAN, speed_bands=(evening,)))

    assert profile.speed_now == FULL
    assert profile.changes_at == NOW.replace(hour=18)


def test_profile_comes_back_from_json_as_it_was() -> None:
    profile = compile_profile(
        some_facts(
            plan=THROTTLED_PLAN,
            restrictions=(CRAWL, GARDEN, HOME_ONLY),
            suspensions=(FRAUD,),
            override=Override(FULL, NOW + timedelta(hours=1), "exhibition"),
            is_exhausted=True,
        ),
        now=NOW,
        version=12,
    )

    assert NetworkProfile.decode(profile.encode()) == profile


def test_profile_of_an_ordinary_line_is_short() -> None:
    assert len(a_profile().encode()) < 320


def test_apn_is_found_by_name_default_and_wildcard() -> None:
    profile = a_profile(plan=replace(PLAN, apns=(Apn("internet", FULL), Apn("*", SLOW))))

    assert profile.find_apn("") == profile.apns[0]
    assert profile.find_apn("Internet.mnc001.mcc001.gprs") == profile.apns[0]
    assert profile.find_apn("corporate") == profile.apns[1]
    assert a_profile().find_apn("corporate") is None


@pytest.mark.parametrize(
    ("changes", "is_same"),
    [
        ({"version": 9}, True),
        ({"restrictions": ("slow",)}, True),
        ({"changes_at": NOW}, True),
        ({"throttled_speed": SLOW}, True),
        ({"is_exhausted": True}, False),
        ({"speed": SLOW}, False),
        ({"barring": Barring.NO_ATTACH}, False),
    ],
)
def test_only_what_the_network_sees_makes_profiles_differ(changes: Any, is_same: bool) -> None:
    profile = a_profile()

    assert profile.is_same_for_network(replace(profile, **changes)) is is_same
