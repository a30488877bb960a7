"""The example cases of HSS and policy that the pure decisions answer; the rest needs messages."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.domain.policy.lines import NOW, PLAN, SLOW, some_facts
from wispgate.domain.plan.compiled import Apn
from wispgate.domain.plan.speed import Arp, Speed
from wispgate.domain.policy.capabilities import CORE_PROFILES, Effect, Means
from wispgate.domain.policy.decisions import Refusal, Refused, decide_authentication
from wispgate.domain.policy.facts import LineState, Restriction, Suspension
from wispgate.domain.policy.profile import compile_profile
from wispgate.domain.policy.pushes import LinePresence, plan_pushes

CASES: dict[str, dict[str, Any]] = {
    case["id"]: case
    for case in json.loads(
        (Path(__file__).parents[3] / "data/cases/examples_policy_hss.json").read_text()
    )["cases"]
}
# The codes that the network gives for our words, as far as these cases see them.
CODES = {
    Refusal.UNKNOWN_SUBSCRIBER: 5001,
    Refusal.SUSPENDED: 5420,
    Refusal.ROAMING_NOT_ALLOWED: 5004,
}


def refusal_code(case: dict[str, Any]) -> int | None:
    given = case["given"]
    suspended = {"suspensions": (Suspension("lost", is_hard=True),)} if "sim" in given else {}
    plan = replace(PLAN, is_roaming_allowed="allowed_plmns" not in given)
    facts = some_facts(
        plan=plan, home_plmns=tuple(given.get("allowed_plmns", ["00101"])), **suspended
    )
    profile = None if "imsi" in given else compile_profile(facts, now=NOW)
    decision = decide_authentication(profile, visited_plmn=given.get("visited", "00101"))
    return CODES[decision.reason] if isinstance(decision, Refused) else None


@pytest.mark.parametrize("case_id", ["POL-020", "POL-026", "POL-029"])
def test_authentication_is_refused_as_the_case_says(case_id: str) -> None:
    expect = CASES[case_id]["expect"]

    code = refusal_code(CASES[case_id])

    assert code in expect.get("experimental_result_in", [expect.get("experimental_result")])


def test_profile_carries_what_the_case_wants_in_the_subscription() -> None:
    given = CASES["POL-037"]["given"]
    (wanted,) = given["apns"]
    speed = Speed(given["ambr_ul"], given["ambr_dl"])
    arp = Arp(wanted["arp"], wanted["preempt_cap"] == "enabled", wanted["preempt_vul"] == "enabled")
    plan = replace(PLAN, speed=speed, apns=(Apn(wanted["name"], speed, wanted["qci"], arp),))

    profile = compile_profile(some_facts(plan=plan), now=NOW)

    (apn,) = profile.apns
    assert (apn.name, apn.qci, apn.pdn_type.value) == ("oai.ipv4", 9, "ipv4")
    assert (apn.arp.priority_level, apn.arp.can_preempt, apn.arp.is_preemptable) == (
        15,
        False,
        True,
    )
    assert profile.speed_now == Speed(123, 456)


@pytest.mark.parametrize("core", CORE_PROFILES)
def test_suspending_a_registered_line_cancels_or_bars_it(core: Any) -> None:
    pushes = plan_pushes(Effect.STOP, core, LinePresence(is_registered=True))

    assert pushes[0].means in (Means.S6A_CLR_WITHDRAW, Means.S6A_IDR)


def test_overdue_invoice_restricts_and_payment_restores() -> None:
    restriction = Restriction("slow", "overdue", speed=SLOW)
    history = [(), (restriction,), ()]

    speeds = [
        compile_profile(some_facts(state=LineState.ACTIVE, restrictions=on), now=NOW).speed_now
        for on in history
    ]

    names = {PLAN.speed: "p50", SLOW: "restricted"}
    assert [names[speed] for speed in speeds if speed] == CASES["POL-059"]["expect"][
        "policy_history"
    ]
