"""The transition table itself, the election, and the pictures made of the table."""

import pytest

from wispgate.wire.diameter.states import (
    TABLE,
    Action,
    Input,
    State,
    decide_election,
    diagram,
    list_transitions,
    table_as_markdown,
)


def test_every_state_input_and_action_is_used() -> None:
    rows = list_transitions()

    assert {row[0] for row in rows} == set(State)
    assert {row[1] for row in rows} == set(Input)
    assert {action for row in rows for action in row[2]} == set(Action)
    assert {row[3] for row in rows} == set(State)


def test_every_state_but_closed_times_out() -> None:
    for state in set(State) - {State.CLOSED}:
        assert TABLE[state, Input.TIMEOUT].next_state is State.CLOSED


def test_the_open_states_have_the_same_rows() -> None:
    def rows_of(state: State, side: str) -> set[tuple[str, str]]:
        return {
            (event.replace(f"{side}-", "x-", 1), row.next_state.replace(f"{side}-", "x-", 1))
            for (from_state, event), row in TABLE.items()
            if from_state is state and event is not Input.R_CONN_CER
        }

    assert rows_of(State.R_OPEN, "R") == rows_of(State.I_OPEN, "I")


@pytest.mark.parametrize(
    ("ours", "theirs", "is_won"),
    [
        ("b.example", "a.example", True),
        ("a.example", "b.example", False),
        ("A.EXAMPLE", "a.example", False),
        ("b.example", "A.example", True),
        ("B.example", "a.example", True),
        ("a.example.org", "a.example", True),
        ("a", "a", False),
        ("é.example", "z.example", True),
    ],
)
def test_the_greater_identity_wins_whatever_its_case(ours: str, theirs: str, is_won: bool) -> None:
    assert decide_election(ours, theirs) is is_won


def test_the_diagram_shows_each_change_of_state() -> None:
    changes = [row for row in list_transitions() if row[0] is not row[3]]

    lines = diagram().splitlines()

    assert lines[0] == "stateDiagram-v2"
    assert len(lines) == 1 + len(State) + 1 + len(changes)
    assert "    WAIT_I_CEA --> I_OPEN : I-Rcv-CEA" in lines


def test_the_markdown_table_has_every_row() -> None:
    lines = table_as_markdown().splitlines()

    assert len(lines) == 2 + len(TABLE)
    assert "| Closed | Start | I-Snd-Conn-Req | Wait-Conn-Ack |" in lines
