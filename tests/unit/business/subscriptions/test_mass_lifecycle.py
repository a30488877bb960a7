"""A mass act goes where its table's arrows lead, and nowhere else."""

import pytest

from wispgate.business.subscriptions.mass_lifecycle import (
    TRANSITIONS,
    UNDER_WAY,
    MassAction,
    MassState,
    actions_from,
    next_state,
)
from wispgate.kernel.errors import IllegalTransition


def test_every_pair_without_an_arrow_is_refused() -> None:
    for state in MassState:
        for action in MassAction:
            if (state, action) in TRANSITIONS:
                assert next_state(state, action) is TRANSITIONS[state, action]
            else:
                with pytest.raises(IllegalTransition):
                    next_state(state, action)


def test_what_is_over_has_no_arrows_and_what_is_stopped_goes_on() -> None:
    assert actions_from(MassState.DONE) == actions_from(MassState.DISCARDED) == []
    assert next_state(MassState.STOPPED, MassAction.RESUME) in UNDER_WAY


def test_nothing_is_done_to_lines_that_were_only_chosen() -> None:
    assert MassState.DRAFT not in UNDER_WAY
    assert actions_from(MassState.DRAFT) == [MassAction.BEGIN, MassAction.DISCARD]
