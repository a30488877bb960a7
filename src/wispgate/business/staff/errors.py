"""Errors of staff, login and tokens.

Unauthenticated
├── LoginRefused        wrong address or password, or not allowed; never says which
└── TokenRefused        unknown, expired or revoked token
Forbidden
├── PermissionMissing   the role lacks `permission`
└── LimitExceeded       the role has it, within limits that this passes
Conflict
├── StaffExists
└── IdempotencyMismatch  a key was used before with another request
"""

from wispgate.business.staff.grants import Breach
from wispgate.kernel.errors import Conflict, Forbidden, Unauthenticated


class LoginRefused(Unauthenticated):
    code = "login_refused"


class TokenRefused(Unauthenticated):
    code = "token_refused"


class PermissionMissing(Forbidden):
    code = "permission_missing"

    def __init__(self, permission: str) -> None:
        super().__init__(f"this needs the permission {permission}", permission=permission)


class LimitExceeded(Forbidden):
    code = "limit_exceeded"

    def __init__(self, permission: str, breach: Breach) -> None:
        super().__init__(
            f"your role has {permission} {breach.limit}",
            permission=permission,
            rule=breach.rule,
            limit=breach.limit,
        )


class StaffExists(Conflict):
    code = "staff_exists"


class IdempotencyMismatch(Conflict):
    code = "idempotency_mismatch"
