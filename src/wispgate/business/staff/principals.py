"""Who a request is from, and what they may do."""

from dataclasses import dataclass
from uuid import UUID

from wispgate.business.operators import scope as scopes
from wispgate.business.staff.errors import PermissionMissing
from wispgate.business.staff.roles import is_allowed


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a request is from: the actor for the audit, the tenant and the role."""

    actor: scopes.Actor
    operator_id: UUID | None
    role: str

    def may(self, permission: str) -> bool:
        return is_allowed(self.role, permission)

    def require(self, permission: str) -> None:
        if not self.may(permission):
            raise PermissionMissing(permission)
