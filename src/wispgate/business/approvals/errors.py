"""Errors of approvals.

Conflict
└── ApprovalNeeded      the act waits for a second person; carries what is asked for
Forbidden
├── OwnRequest          the one who asked would decide
├── NotOwnRequest       somebody else would withdraw it
└── NotAPerson          a program's account would decide
"""

from wispgate.business.approvals.acts import Asked
from wispgate.kernel.errors import Conflict, Forbidden


class ApprovalNeeded(Conflict):
    """Nothing was done. Whoever catches it asks with `services.ask(error.asked)`."""

    code = "approval_needed"

    def __init__(self, asked: Asked) -> None:
        super().__init__(f"{asked.title} needs a second person", act=asked.act)
        self.asked = asked


class OwnRequest(Forbidden):
    code = "own_request"

    def __init__(self, act: str) -> None:
        super().__init__("whoever asked cannot decide: this needs another person", act=act)


class NotOwnRequest(Forbidden):
    code = "not_own_request"


class NotAPerson(Forbidden):
    code = "not_a_person"
