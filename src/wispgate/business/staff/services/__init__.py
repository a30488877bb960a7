"""Creating staff and tokens, logging in, and remembering idempotent requests."""

from wispgate.business.staff.principals import Principal
from wispgate.business.staff.services.hiring import disable, enable, give_role, hire
from wispgate.business.staff.services.logins import (
    authenticate_staff,
    find_person,
    find_staff_by_login,
    get_person,
    remember_login,
    set_password,
    standing_of,
)
from wispgate.business.staff.services.members import (
    admit_person,
    create_service_account,
    create_staff,
    set_account_active,
)
from wispgate.business.staff.services.people import find_principal
from wispgate.business.staff.services.repeats import StoredAnswer, find_answer, remember_answer
from wispgate.business.staff.services.roles import delete_role, write_role
from wispgate.business.staff.services.tokens import (
    TOKEN_PREFIX,
    Bounds,
    NewToken,
    authenticate_token,
    create_token,
    find_token,
    get_token,
    hash_token,
    make_token,
    make_token_like,
    make_token_of,
    revoke_token,
    rotate_token,
    state_of_token,
)

__all__ = [
    "TOKEN_PREFIX",
    "Bounds",
    "NewToken",
    "Principal",
    "StoredAnswer",
    "admit_person",
    "authenticate_staff",
    "authenticate_token",
    "create_service_account",
    "create_staff",
    "create_token",
    "delete_role",
    "disable",
    "enable",
    "find_answer",
    "find_person",
    "find_principal",
    "find_staff_by_login",
    "find_token",
    "get_person",
    "get_token",
    "give_role",
    "hash_token",
    "hire",
    "make_token",
    "make_token_like",
    "make_token_of",
    "remember_answer",
    "remember_login",
    "revoke_token",
    "rotate_token",
    "set_account_active",
    "set_password",
    "standing_of",
    "state_of_token",
    "write_role",
]
