from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wispgate.business.audit.chain import Header
from wispgate.kernel.errors import Misconfigured
from wispgate.main import checkpoints

ONE = Header("audit/a", 3, 1, 20, 5, "0" * 64, "1" * 64, datetime(2026, 3, 1, tzinfo=UTC), "k", "s")
OTHER = replace(ONE, chain="audit/b", number=9)


def test_checkpoints_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "checkpoints.jsonl"

    assert checkpoints.advance(path, [OTHER, ONE]) == []

    assert checkpoints.read(path) == [ONE, OTHER]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_chain_that_grew_gets_its_new_line(tmp_path: Path) -> None:
    path = tmp_path / "checkpoints.jsonl"
    checkpoints.advance(path, [ONE, OTHER])

    checkpoints.advance(path, [replace(ONE, number=4)])

    assert [(one.chain, one.number) for one in checkpoints.read(path)] == [
        ("audit/a", 4),
        ("audit/b", 9),
    ]


def test_a_chain_that_went_back_is_told_and_keeps_its_line(tmp_path: Path) -> None:
    path = tmp_path / "checkpoints.jsonl"
    checkpoints.advance(path, [ONE])

    assert checkpoints.advance(path, [replace(ONE, number=2)]) == ["audit/a"]

    assert checkpoints.read(path) == [ONE]


def test_no_file_means_no_checkpoints(tmp_path: Path) -> None:
    assert checkpoints.read(tmp_path / "none") == []


@pytest.mark.parametrize("line", ["{", "{}", "7", "null"])
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "checkpoints.jsonl"
    path.write_text(checkpoints.to_text([ONE]) + line + "\n")

    with pytest.raises(Misconfigured, match="line 2"):
        checkpoints.read(path)
