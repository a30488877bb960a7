"""Errors of logging in.

Unauthenticated
├── TooManyAttempts   wait: `seconds`; says nothing of whether the account exists
├── FactorRefused     a wrong, used or unknown code or key
├── ResetRefused      a link to a new password that is wrong, used or too old
└── SignOnRefused     the provider's answer cannot be used; `cause` is for the audit
Conflict
├── FactorExists      this key is enrolled already
└── LastFactor        the operator demands one, so the last one stays
Unavailable
└── ProviderSilent    the login provider does not answer, or not as it should
"""

from datetime import timedelta

from wispgate.kernel.errors import Conflict, Unauthenticated, Unavailable


class TooManyAttempts(Unauthenticated):
    code = "too_many_attempts"

    def __init__(self, pause: timedelta) -> None:
        # Rounded up: whoever comes back after that many seconds may try.
        seconds = max(1, -(-pause // timedelta(seconds=1)))
        super().__init__(f"too many attempts: wait {seconds} seconds", seconds=seconds)
        self.seconds = seconds


class FactorRefused(Unauthenticated):
    code = "factor_refused"


class ResetRefused(Unauthenticated):
    code = "reset_refused"


class SignOnRefused(Unauthenticated):
    code = "sign_on_refused"

    def __init__(self, cause: str) -> None:
        super().__init__("single sign-on did not let you in", cause=cause)
        self.cause = cause


class FactorExists(Conflict):
    code = "factor_exists"


class LastFactor(Conflict):
    code = "last_factor"


class ProviderSilent(Unavailable):
    code = "provider_silent"
