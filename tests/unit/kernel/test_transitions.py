"""Reading the table of a life cycle."""

from enum import StrEnum

import pytest

from wispgate.kernel.errors import IllegalTransition
from wispgate.kernel.transitions import actions_from, diagram, follow


class Lamp(StrEnum):
    OFF = "off"
    ON = "on"


class Switch(StrEnum):
    UP = "up"
    DOWN = "down"


TABLE = {(Lamp.OFF, Switch.UP): Lamp.ON, (Lamp.ON, Switch.DOWN): Lamp.OFF}


def test_an_arrow_leads_to_its_state() -> None:
    assert follow(TABLE, "lamp", Lamp.OFF, Switch.UP) is Lamp.ON


def test_what_is_not_in_the_table_is_refused_by_name() -> None:
    with pytest.raises(IllegalTransition, match="a lamp that is on cannot up") as refused:
        follow(TABLE, "lamp", Lamp.ON, Switch.UP)

    assert (refused.value.state, refused.value.action) == ("on", "up")


def test_the_actions_of_a_state_are_those_with_an_arrow() -> None:
    assert actions_from(TABLE, Lamp.ON) == [Switch.DOWN]


def test_a_diagram_has_every_arrow_and_its_beginning() -> None:
    assert diagram(TABLE) == (
        "stateDiagram-v2\n    [*] --> off\n    off --> on : up\n    on --> off : down\n"
    )
