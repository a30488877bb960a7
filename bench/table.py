"""One table for all benches: printed for people, kept in bench/results.json for the next run.

rows = [Row("Gy, 4 x 128", "tps", 12_000, p50_ms=31.0, p99_ms=52.1, cpu_us=64.0)]
report("Online charging", rows)
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

RESULTS: Final = Path(__file__).parent / "results.json"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `ratio` is this value against that of `compared_with`, in the same run."""

    name: str
    unit: str
    value: float
    p50_ms: float | None = None
    p99_ms: float | None = None
    cpu_us: float | None = None
    compared_with: str | None = None
    ratio: float | None = None


def report(title: str, rows: Sequence[Row], *, path: Path = RESULTS) -> None:
    """Prints the rows and keeps them."""
    print(as_text(title, rows))
    keep(rows, path)


def as_text(title: str, rows: Sequence[Row]) -> str:
    """The table, each column as wide as its widest cell; columns that nobody fills are left out."""
    head = ["", "value", "unit", "p50 ms", "p99 ms", "CPU us", "ratio", "against"]
    lines = [head, *(_cells(row) for row in rows)]
    columns = [list(column) for column in zip(*lines, strict=True)]
    filled = [column for column in columns if any(column[1:])]
    widths = [max(len(cell) for cell in column) for column in filled]
    text = [
        "  ".join(
            cell.ljust(width) if number == 0 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in zip(*filled, strict=True)
    ]
    return "\n".join([title, "=" * len(title), *text])


def keep(rows: Sequence[Row], path: Path = RESULTS) -> None:
    """Writes the rows into the file; rows of other names that are there stay."""
    kept = {row["name"]: row for row in json.loads(path.read_text())} if path.exists() else {}
    kept.update({row.name: asdict(row) for row in rows})
    path.write_text(json.dumps(list(kept.values()), indent=1) + "\n")


def _cells(row: Row) -> list[str]:
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}x"
    times = [_number(value) for value in (row.p50_ms, row.p99_ms, row.cpu_us)]
    return [row.name, _number(row.value), row.unit, *times, ratio, row.compared_with or ""]


def _number(value: float | None) -> str:
    if value is None:
        return ""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 100 else f"{value:.1f}"
