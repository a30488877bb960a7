"""Errors of the SIM stock and of numbers.

InvalidValue
├── ImportRefused       a file has wrong rows; nothing of it was taken
└── NumberNotInRange    the operator has ranges, and the number is in none and not ported in
Conflict
├── SimInUseElsewhere   the card was given to another sub-service meanwhile
├── SimNotInStock       only a card that nobody uses goes to another operator
├── NumberRangeTaken    two ranges of the operator would share numbers
├── NumberNotFree       the number is somebody's, rests, or is another network's
└── NumberInUse         a sub-service has the number; it gives it up there
"""

from collections.abc import Sequence
from dataclasses import dataclass

from wispgate.kernel.errors import Conflict, InvalidValue


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong in a file: the row (the header is 1), the column, the value shown, the rule.

    `value` is never a secret: what stands in a secret's column is told by its length only.
    """

    row: int
    column: str
    value: str
    rule: str


class ImportRefused(InvalidValue):
    """`problems` are the first of `total`."""

    code = "import_refused"

    def __init__(self, problems: Sequence[RowProblem], *, total: int) -> None:
        super().__init__(f"the file has {total} wrong values; nothing was imported", total=total)
        self.problems = tuple(problems)
        self.total = total


class SimInUseElsewhere(Conflict):
    code = "sim_in_use_elsewhere"


class SimNotInStock(Conflict):
    code = "sim_not_in_stock"


class NumberNotInRange(InvalidValue):
    code = "number_not_in_range"


class NumberRangeTaken(Conflict):
    code = "number_range_taken"


class NumberNotFree(Conflict):
    code = "number_not_free"


class NumberInUse(Conflict):
    code = "number_in_use"
