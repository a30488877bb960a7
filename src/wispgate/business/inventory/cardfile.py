"""Vendors' card files: CSV with a header into cards, or all that is wrong with them.

Secrets are in clear here and nowhere else: values that hold them have no repr, and what is said
about a wrong value never shows one.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from wispgate.business.inventory.cardcolumns import REQUIRED, SECRETS, column_of
from wispgate.business.inventory.cardvalues import Card, read_card
from wispgate.business.inventory.errors import RowProblem

MAX_PROBLEMS = 100
# A card takes about 200 characters of a file: more than this is no batch but a mistake.
MAX_ROWS = 250_000

NOTHING_IN_COMMON: Mapping[str, str] = MappingProxyType({})

_DELIMITERS = ",;\t"
# A PIN has four digits, and nothing secret has less.
_COULD_BE_SECRET = re.compile(r"[0-9A-Fa-f]{4,}")
# What begins like these is the column's own: cards' serial numbers begin with 89 (ITU-T E.118).
_PLAIN = {
    "iccid": re.compile(r"89[0-9]{2}"),
    "eid": re.compile(r"89[0-9]{2}"),
    "imsi": re.compile(r"[0-9]{13,15}$"),
}


@dataclass(slots=True)
class Findings:
    """Problems of a file: the first hundred, and how many there are."""

    problems: list[RowProblem] = field(default_factory=list)
    total: int = 0

    def add(self, row: int, column: str, value: str, rule: str) -> None:
        self.total += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(RowProblem(row, column, _shown(column, value), rule))


@dataclass(frozen=True, slots=True)
class CardFile:
    """What a file says: its good cards with their rows, what is wrong, what is only odd."""

    cards: list[tuple[int, Card]] = field(repr=False)
    errors: Findings
    warnings: Findings


def read_card_file(content: bytes, profile: Mapping[str, str] = NOTHING_IN_COMMON) -> CardFile:
    """Reads everything: all errors are told at once, not one per attempt.

    What a row does not say is as the batch's `profile` says.
    """
    file = CardFile([], Findings(), Findings())
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        file.errors.add(1, "", "", "the file is no text in UTF-8")
        return file
    try:
        _read_rows(text, file, profile)
    except csv.Error:
        # The library's words quote nothing, but they say nothing to a person either.
        file.errors.add(1, "", "", "the file is no CSV: a quotation mark or a line is broken")
    return file


def _read_rows(text: str, file: CardFile, profile: Mapping[str, str]) -> None:
    header_line = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=header_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns = _read_header(next(reader, []), profile, file.errors)
    if columns is None:
        return
    seen: dict[str, int] = {}
    for row, cells in _cells_of(reader):
        if row > MAX_ROWS:
            file.errors.add(row, "", "", f"a file has at most {MAX_ROWS} rows")
            return
        if len(cells) != len(columns):
            rule = f"the row has {len(cells)} values, the header has {len(columns)}"
            file.errors.add(row, "", "", rule)
            continue
        named = {name: cell.strip() for name, cell in zip(columns, cells, strict=True) if name}
        own = {name: cell for name, cell in named.items() if cell}
        _read_row(row, {**named, **profile, **own}, file, seen)


def _cells_of(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold something, numbered as a spreadsheet shows them."""
    for row, cells in enumerate(reader, start=2):
        if any(cell.strip() for cell in cells):
            yield row, cells


def _read_header(
    cells: list[str], profile: Mapping[str, str], errors: Findings
) -> list[str] | None:
    """Our name for each column, "" for those that are not used; None if that is not enough."""
    columns = [column_of(cell) for cell in cells]
    known = [column for column in columns if column]
    for column in sorted({column for column in known if known.count(column) > 1}):
        errors.add(1, column, "", "two columns of the header mean the same")
    for column in REQUIRED:
        if column not in known:
            errors.add(1, column, "", "the header lacks this column")
    if not {"opc", "op"} & {*known, *profile}:
        errors.add(1, "opc", "", "the header lacks this column, or the column op")
    return None if errors.total else columns


def _read_row(row: int, named: Mapping[str, str], file: CardFile, seen: dict[str, int]) -> None:
    card, wrong = read_card(named)
    for error in wrong:
        file.errors.add(row, error.field, named.get(error.field, ""), error.message)
    if card is None:
        return
    if _is_repeated(row, card, file.errors, seen):
        return
    if card.has_check_digit_warning:
        rule = "the last digit is not the Luhn check digit; the card was taken all the same"
        file.warnings.add(row, "iccid", card.iccid, rule)
    file.cards.append((row, card))


def _is_repeated(row: int, card: Card, errors: Findings, seen: dict[str, int]) -> bool:
    is_repeated = False
    for column, value in (("iccid", card.iccid), ("imsi", card.imsi)):
        first = seen.setdefault(f"{column} {value}", row)
        if first != row:
            is_repeated = True
            errors.add(row, column, value, f"row {first} of this file has it too")
    return is_repeated


def _shown(column: str, value: str) -> str:
    """A value as a person may see it. Columns that slipped bring keys and codes into any of them,
    so only what is no such thing by its form is shown."""
    if not value:
        return ""
    is_known = column in _PLAIN and _PLAIN[column].match(value)
    if column in SECRETS or (not is_known and _COULD_BE_SECRET.search(value)):
        return f"({len(value)} characters, hidden)"
    return value if len(value) <= 40 else value[:40] + "…"
