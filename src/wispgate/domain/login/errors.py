"""Errors of the rules of logging in.

InvalidValue
└── PasswordTooWeak    says in words what is wrong with it
Unauthenticated
└── ClaimsRefused      what a login provider says of somebody cannot be believed; `claim` names it
"""

from wispgate.kernel.errors import InvalidValue, Unauthenticated


class PasswordTooWeak(InvalidValue):
    code = "password_too_weak"


class ClaimsRefused(Unauthenticated):
    code = "claims_refused"

    def __init__(self, claim: str, message: str) -> None:
        super().__init__(message, claim=claim)
        self.claim = claim
