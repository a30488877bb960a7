"""Errors of staff, login and tokens.

Unauthenticated
├── LoginRefused        wrong address or password, or not allowed; never says which
└── TokenRefused        unknown, expired or revoked token
Forbidden
├── PermissionMissing   the role lacks `permission`
├── LimitExceeded       the role has it, within limits that this passes
└── GrantsTooMuch       a role would allow what the one who gives it may not
Conflict
├── StaffExists
├── OwnAccess           people neither raise nor shut out themselves
├── LastAdmin           nobody would be left who can give roles
├── RoleInUse           a role that somebody has cannot be deleted
└── IdempotencyMismatch  a key was used before with another request
"""

from collections.abc import Sequence

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


class GrantsTooMuch(Forbidden):
    code = "grants_too_much"

    def __init__(self, role: str, missing: Sequence[str]) -> None:
        listed = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
        super().__init__(
            f"the role {role} allows what you may not: {listed}", role=role, missing=list(missing)
        )


class OwnAccess(Conflict):
    code = "own_access"


class LastAdmin(Conflict):
    code = "last_admin"


class RoleInUse(Conflict):
    code = "role_in_use"


class StaffExists(Conflict):
    code = "staff_exists"


class IdempotencyMismatch(Conflict):
    code = "idempotency_mismatch"
