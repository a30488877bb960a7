"""Life cycles as tables: from a state, by an action, to a state. What is not in one is refused.

Each thing's states, actions and arrows stand in its own app; how a table is read stands here, once.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from wispgate.kernel.errors import IllegalTransition

State = TypeVar("State", bound=StrEnum)
Action = TypeVar("Action", bound=StrEnum)


def follow(
    table: Mapping[tuple[State, Action], State], kind: str, state: State, action: Action
) -> State:
    """Where `action` leads a `kind` of thing. Raises IllegalTransition where there is no arrow."""
    try:
        return table[state, action]
    except KeyError:
        raise IllegalTransition(kind, state=state.value, action=action.value) from None


def actions_from(table: Mapping[tuple[State, Action], State], state: State) -> list[Action]:
    """The actions that are possible in `state`, in the table's order."""
    return [action for (start, action) in table if start is state]


def diagram(table: Mapping[tuple[State, Action], State]) -> str:
    """The table as a Mermaid state diagram for the documents; the first state is the beginning."""
    lines = ["stateDiagram-v2"]
    for number, ((start, action), end) in enumerate(table.items()):
        if not number:
            lines.append(f"    [*] --> {start.value}")
        lines.append(f"    {start.value} --> {end.value} : {action.value}")
    return "\n".join(lines) + "\n"
