"""Creating staff and tokens, logging in, and remembering idempotent requests."""

from wispgate.business.staff.principals import Principal
from wispgate.business.staff.services.logins import (
    authenticate_staff,
    find_staff_by_login,
    standing_of,
)
from wispgate.business.staff.services.members import MIN_PASSWORD_LENGTH, create_staff
from wispgate.business.staff.services.repeats import StoredAnswer, find_answer, remember_answer
from wispgate.business.staff.services.tokens import (
    TOKEN_PREFIX,
    authenticate_token,
    create_token,
    hash_token,
)

__all__ = [
    "MIN_PASSWORD_LENGTH",
    "TOKEN_PREFIX",
    "Principal",
    "StoredAnswer",
    "authenticate_staff",
    "authenticate_token",
    "create_staff",
    "create_token",
    "find_answer",
    "find_staff_by_login",
    "hash_token",
    "remember_answer",
    "standing_of",
]
