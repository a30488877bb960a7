"""Lines for policy tests: their facts, and the profile that follows."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from wispgate.domain.plan.basic import basic_plan
from wispgate.domain.plan.exhaustion import Throttle
from wispgate.domain.plan.speed import Speed
from wispgate.domain.policy.facts import LineFacts, LineState
from wispgate.domain.policy.profile import NetworkProfile, compile_profile

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FULL = Speed(10_000_000, 50_000_000)
SLOW = Speed(1_000_000, 1_000_000)
PLAN = basic_plan(up_bps=FULL.up_bps, down_bps=FULL.down_bps)
THROTTLED_PLAN = replace(PLAN, exhaustion=Throttle(SLOW))


def some_facts(**changes: Any) -> LineFacts:
    given = {
        "state": LineState.ACTIVE,
        "plan": PLAN,
        "time_zone": ZoneInfo("UTC"),
        "home_plmns": ("00101",),
    }
    return LineFacts(**(given | changes))


def a_profile(**changes: Any) -> NetworkProfile:
    return compile_profile(some_facts(**changes), now=NOW)
