"""Errors of sub-services.

Conflict
├── MsisdnTaken             another sub-service has the number
├── HasSimAlready           a sub-service has one card; swap it instead
├── HasNoSim                what was asked needs a card
├── ReasonNotThere          it is not suspended for that reason
└── SwapCoolOff             held back for a while after a SIM swap
InvalidValue
└── IdentifiersRefused      a file of identifiers has rows that name no line
"""

from collections.abc import Sequence

from wispgate.business.inventory.errors import RowProblem
from wispgate.kernel.errors import Conflict, InvalidValue


class MsisdnTaken(Conflict):
    code = "msisdn_taken"


class HasSimAlready(Conflict):
    code = "has_sim_already"


class HasNoSim(Conflict):
    code = "has_no_sim"


class ReasonNotThere(Conflict):
    code = "suspension_reason_not_there"


class SwapCoolOff(Conflict):
    code = "swap_cool_off"


class IdentifiersRefused(InvalidValue):
    """`problems` are the first of `total`."""

    code = "identifiers_refused"

    def __init__(self, problems: Sequence[RowProblem], *, total: int) -> None:
        first = problems[0]
        told = f"row {first.row} of the file, {first.column} {first.value!r}: {first.rule}"
        rest = f"; {total - 1} more rows are wrong" if total > 1 else ""
        super().__init__(f"{told}{rest}; nothing was begun", total=total)
        self.problems = tuple(problems)
        self.total = total
