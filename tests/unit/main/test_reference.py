from pathlib import Path

import pytest

from wispgate.main import reference

PAGES = Path(__file__).resolve().parents[3] / "docs" / "reference"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("configuration.md", reference.configuration_page()),
        ("command-line.md", reference.command_line_page()),
        ("permissions.md", reference.permissions_page()),
        ("life-cycles.md", reference.life_cycles_page()),
    ],
)
def test_reference_pages_are_as_make_docs_writes_them(name: str, text: str) -> None:
    assert (PAGES / name).read_text() == text


def test_commands_that_others_build_on_are_there() -> None:
    page = reference.command_line_page()

    for words in (
        "up",
        "status",
        "core add",
        "peer add",
        "token create",
        "clock advance",
        "doctor",
    ):
        assert f"## wispgate {words}\n" in page
    for option in ("--demo", "--sandbox", "--data", "--http", "--diameter", "--origin-host",
                   "--origin-realm", "--core", "--identity", "--address", "--applications",
                   "--realm", "--profile", "--role", "--operator", "--json"):  # fmt: skip
        assert f"| `{option}" in page
