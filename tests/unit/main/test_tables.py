"""What commands print where no screen says how wide it may be."""

import pytest
from rich.table import Table

from wispgate.main import tables

ID = "01a21ae2-8e50-7867-81c0-c85955fd73a7"


def test_a_table_in_a_pipe_is_as_wide_as_its_rows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    table = Table("id", "of", "by", box=None)
    table.add_row(ID, "session " + "s" * 90, "root@platform.example")

    tables.print_whole(table)

    heading, row, *rest = capsys.readouterr().out.splitlines()
    assert heading.split() == ["id", "of", "by"]
    assert row.split() == [ID, "session", "s" * 90, "root@platform.example"]
    assert rest == []
