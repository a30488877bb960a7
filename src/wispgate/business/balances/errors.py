"""Errors of balances.

Conflict
└── NotEnoughMoney      the wallet holds less than the price
"""

from wispgate.kernel.errors import Conflict


class NotEnoughMoney(Conflict):
    code = "not_enough_money"
