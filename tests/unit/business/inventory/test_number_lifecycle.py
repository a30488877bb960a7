"""The life of a number as a table, and what time alone makes of it."""

from datetime import UTC, datetime, timedelta

import pytest

from wispgate.business.inventory.number_lifecycle import (
    TRANSITIONS,
    NumberAction,
    NumberOrigin,
    NumberState,
    actions_from,
    next_state,
    state_at,
)
from wispgate.kernel.errors import IllegalTransition

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("state", NumberState)
@pytest.mark.parametrize("action", NumberAction)
def test_what_is_not_in_the_table_is_refused(state: NumberState, action: NumberAction) -> None:
    if (state, action) in TRANSITIONS:
        assert next_state(state, action) is TRANSITIONS[state, action]
        return
    with pytest.raises(IllegalTransition) as refused:
        next_state(state, action)
    assert (refused.value.state, refused.value.action) == (state, action)


def test_what_somebody_had_goes_to_quarantine_only() -> None:
    for state in (NumberState.ASSIGNED, NumberState.ACTIVE):
        assert next_state(state, NumberAction.RELEASE) is NumberState.QUARANTINE
    assert actions_from(NumberState.QUARANTINE) == []


@pytest.mark.parametrize(
    ("state", "origin", "after"),
    [
        ("reserved", "own", "available"),
        ("quarantine", "own", "available"),
        ("quarantine", "ported_in", "ported_out"),
        ("assigned", "own", "assigned"),
        ("ported_out", "own", "ported_out"),
    ],
)
def test_some_states_end_by_themselves_at_their_time(state: str, origin: str, after: str) -> None:
    given = NumberState(state)
    until = NOW if given in (NumberState.RESERVED, NumberState.QUARANTINE) else None

    just_before = state_at(given, until, NumberOrigin(origin), now=NOW - timedelta(microseconds=1))
    at_the_time = state_at(given, until, NumberOrigin(origin), now=NOW)

    assert (just_before, at_the_time) == (given, NumberState(after))
