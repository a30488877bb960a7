"""Constants agree with the dictionary."""

import pytest

from wispgate.wire.diameter import commands, dictionary

NAMES = [name for name in vars(commands) if name.startswith(("AVP_", "COMMAND_", "APPLICATION_"))]


def shaped(name: str) -> str:
    return name.upper().replace("3GPP", "TGPP").replace("-", "_")


def test_there_are_constants_to_look_at() -> None:
    assert len(NAMES) > 180


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith("AVP_")])
def test_an_avp_constant_is_the_key_of_its_name(name: str) -> None:
    definition = dictionary.find_definition(getattr(commands, name))

    assert definition is not None
    assert shaped(definition.name) == name.removeprefix("AVP_")


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith("COMMAND_")])
def test_a_command_constant_is_the_code_of_its_name(name: str) -> None:
    command = dictionary.command_name(getattr(commands, name))

    assert command is not None
    assert shaped(command) == name.removeprefix("COMMAND_")


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith("APPLICATION_")])
def test_an_application_constant_has_a_name(name: str) -> None:
    assert dictionary.application_name(getattr(commands, name))
