"""Who a request is from, and what they may do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from wispgate.business.operators import scope as scopes
from wispgate.business.staff import limits, role_queries
from wispgate.business.staff.errors import LimitExceeded, PermissionMissing
from wispgate.business.staff.grants import Facts, Grant, Standing, find_breach
from wispgate.business.staff.masking import FieldKind
from wispgate.business.staff.permissions import Limit, does_match
from wispgate.business.staff.roles import Role

_NOBODY = Standing()


@dataclass(frozen=True)
class Principal:
    """The actor for the audit, the tenant, and the role as it is when it is first asked for.

    `is_platform`: of the platform's own staff, whichever operator they look at. `standing.person`
    is the same for all tokens of one person.
    """

    actor: scopes.Actor
    operator_id: UUID | None
    role: str
    is_platform: bool = False
    standing: Standing = _NOBODY
    # Of a token: which, and the patterns that it may use of its role; None for all.
    token_id: UUID | None = None
    owner_id: UUID | None = None
    narrowed_to: tuple[str, ...] | None = None

    @cached_property
    def holding(self) -> Role:
        """The role as it stands now: read once per request, in its transaction."""
        return role_queries.role_held(self.role, self.operator_id, is_platform=self.is_platform)

    @property
    def reach(self) -> scopes.Reach:
        """How far they see: everything of the operator's, or what is their own only."""
        limits, own = self.holding.bounds, self.standing
        department = str(own.department_id or "")
        return scopes.Reach(
            dealer=own.dealer if Limit.OWN_DEALER in limits else None,
            department=department if Limit.OWN_DEPARTMENT in limits else None,
            person=self.person if Limit.OWN_CUSTOMERS in limits else None,
        )

    @property
    def person(self) -> str:
        return self.standing.person or f"{self.actor.kind}:{self.actor.name}"

    @property
    def caller(self) -> str:
        """Who repeats a request: this very token, whatever it and others are called."""
        return f"token:{self.token_id}" if self.token_id else self.person

    def may(self, permission: str) -> bool:
        """Whether they hold it at all; its limits are checked where the facts are known."""
        return self.holding.holds(permission) and self._is_in_bounds(permission)

    def require(self, permission: str, facts: Callable[[], Facts] | None = None) -> None:
        """Raises PermissionMissing, and with facts LimitExceeded. A day's sum grows by it."""
        grants = self.holding.grants_for(permission)
        if not grants or not self._is_in_bounds(permission):
            raise PermissionMissing(permission)
        if facts is not None and grants[0].limits:
            self._require_within(permission, grants, facts())

    def hides(self, kind: FieldKind) -> bool:
        return kind in self.holding.hides

    def _is_in_bounds(self, permission: str) -> bool:
        bounds = self.narrowed_to
        return bounds is None or any(does_match(pattern, permission) for pattern in bounds)

    def _require_within(self, permission: str, grants: Sequence[Grant], facts: Facts) -> None:
        """By any of the grants: the freest stands first."""
        breach = None
        for grant in grants:
            found = find_breach(grant.limits, facts, self.standing)
            found = found or limits.count(grant.limits, facts, self.person, permission)
            if found is None:
                return
            breach = breach or found
        if breach is not None:
            raise LimitExceeded(permission, breach)
