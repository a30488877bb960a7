"""CSV files that spreadsheets open without running anything.

A cell that begins like a formula is one to them, whoever wrote it: a subscriber's name could fetch
a page or start a program on the desk of whoever opens the export (CSV injection).
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

# The four last ones are the same signs in full width, which some spreadsheets take as well.
_FORMULA = re.compile("[-=+@\t\r\n|%\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?")


def harmless(cell: object) -> str:
    """The cell's text; with an apostrophe before it if it would be a formula. Numbers stay."""
    text = "" if cell is None else str(cell)
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """A CSV file line by line."""
    yield _line(header)
    for row in rows:
        yield _line([harmless(cell) for cell in row])


def _line(cells: Sequence[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue()
