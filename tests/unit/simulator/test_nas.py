"""The table of NAS causes and the phone's state machine."""

import pytest

from wispgate.kernel.errors import IllegalTransition
from wispgate.simulator.nas import (
    BACK_OFF_CAUSES,
    CAUSES,
    TRANSITIONS,
    Input,
    Reaction,
    State,
    find_reaction,
    next_state,
)


def test_every_cause_names_its_clause() -> None:
    assert len(CAUSES) >= 16
    assert all(rule.clause.startswith("5.") and rule.name for rule in CAUSES.values())
    assert all(number == rule.cause for number, rule in CAUSES.items())


@pytest.mark.parametrize(
    ("reaction", "causes"),
    [
        (Reaction.STAY_SILENT, {3, 6, 7, 8, 11, 14, 35}),
        (Reaction.LOOK_ELSEWHERE, {12, 13, 15}),
        (Reaction.TRY_AGAIN, {17, 19, 22, 42}),
        (Reaction.ATTACH_AT_ONCE, {9, 10}),
    ],
)
def test_causes_make_phones_do_this(reaction: Reaction, causes: set[int]) -> None:
    found = {cause for cause, rule in CAUSES.items() if rule.reaction is reaction}

    assert found == causes


def test_an_unlisted_cause_is_a_failure_of_the_moment() -> None:
    assert find_reaction(111) is Reaction.TRY_AGAIN


def test_back_off_is_for_causes_that_will_not_pass_by_themselves() -> None:
    assert set(BACK_OFF_CAUSES) == {8, 27, 32, 33}


def test_every_state_is_left_and_reached() -> None:
    assert {state for state, _ in TRANSITIONS} == set(State)
    assert set(TRANSITIONS.values()) == set(State)


def test_every_state_but_off_can_be_switched_off() -> None:
    for state in set(State) - {State.POWER_OFF}:
        assert next_state(state, Input.POWER_OFF) is State.POWER_OFF


def test_what_is_not_in_the_table_cannot_happen() -> None:
    with pytest.raises(IllegalTransition):
        next_state(State.POWER_OFF, Input.ACCEPT)
