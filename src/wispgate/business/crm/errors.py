"""Errors of customers.

Conflict
└── ExternalIdTaken     another subscriber of the operator has this customer number
"""

from wispgate.kernel.errors import Conflict


class ExternalIdTaken(Conflict):
    code = "external_id_taken"
