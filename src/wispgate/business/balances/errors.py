"""Errors of balances.

Conflict
├── NotEnoughMoney      the wallet holds less than the price
└── NotEnoughFree       sessions have reserved what an adjustment would take
"""

from wispgate.kernel.errors import Conflict


class NotEnoughMoney(Conflict):
    code = "not_enough_money"


class NotEnoughFree(Conflict):
    code = "not_enough_free"
