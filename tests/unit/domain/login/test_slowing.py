from datetime import UTC, datetime, timedelta

import pytest

from wispgate.domain.login.slowing import (
    RULES,
    Count,
    Rule,
    Subject,
    count_attempt,
    is_shut_out,
    pause_after,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
RULE = Rule(
    free=2, first=timedelta(seconds=2), longest=timedelta(seconds=20), memory=timedelta(hours=1)
)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (2, 0), (3, 2), (4, 4), (5, 8), (6, 16), (7, 20), (5000, 20)]
)
def test_each_failure_doubles_the_pause_up_to_the_longest(failures: int, seconds: int) -> None:
    assert pause_after(RULE, failures) == timedelta(seconds=seconds)


def test_failures_add_up_while_they_are_remembered() -> None:
    known = Count()
    for _ in range(3):
        known = count_attempt(RULE, known, now=NOW)

    assert known == Count(3, NOW, NOW + timedelta(seconds=2))
    assert known.remaining(NOW) == timedelta(seconds=2)
    assert known.remaining(NOW + timedelta(seconds=2)) == timedelta(0)
    assert count_attempt(RULE, known, now=NOW + timedelta(hours=1)).failures == 1


def test_who_never_failed_does_not_wait() -> None:
    assert Count().remaining(NOW) == timedelta(0)


def test_the_longest_pause_is_worth_a_look_while_it_lasts() -> None:
    known = Count(9, NOW, NOW + timedelta(seconds=20))

    assert is_shut_out(RULE, known, now=NOW)
    assert not is_shut_out(RULE, known, now=NOW + timedelta(seconds=20))
    assert not is_shut_out(RULE, Count(3, NOW, NOW + timedelta(seconds=2)), now=NOW)


def test_every_subject_has_a_rule_that_slows_before_it_shuts_out() -> None:
    assert set(RULES) == set(Subject)
    assert all(rule.first < rule.longest < rule.memory or rule.longest <= rule.memory for rule in RULES.values())  # fmt: skip
    assert all(rule.free > 0 for rule in RULES.values())
