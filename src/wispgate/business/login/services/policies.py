"""An operator's rules of logging in: how long sessions last, and who needs a second factor."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from wispgate.business.login.models import LoginPolicy
from wispgate.business.login.services import sessions
from wispgate.business.operators import ids
from wispgate.business.operators import scope as scopes
from wispgate.domain.login.lifetimes import Lifetime

EVERYBODY = "*"


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules as they are; the defaults where nobody set any."""

    lifetime: Lifetime = field(default_factory=Lifetime)
    mfa_roles: frozenset[str] = frozenset()

    def needs_factor(self, role: str) -> bool:
        return bool({EVERYBODY, role} & self.mfa_roles)


def find_policy(operator_id: UUID | None) -> Policy:
    """The rules of an operator's staff, or with None of the platform's own."""
    row = LoginPolicy.objects.filter(operator_id=operator_id).first()  # type: ignore[misc]  # None is IS NULL
    if row is None:
        return Policy()
    return Policy(
        Lifetime(
            idle=timedelta(minutes=row.idle_minutes),
            absolute=timedelta(minutes=row.absolute_minutes),
        ),
        frozenset(row.mfa_roles),
    )


def set_policy(operator_id: UUID | None, *, lifetime: Lifetime, mfa_roles: Collection[str]) -> None:
    """Changes the rules. Open sessions follow the new lifetime at once; whoever lacks a factor
    that is demanded now enrols one at the next login."""
    values = {
        "idle_minutes": int(lifetime.idle.total_seconds()) // 60,
        "absolute_minutes": int(lifetime.absolute.total_seconds()) // 60,
        "mfa_roles": sorted(mfa_roles),
    }
    row = LoginPolicy.objects.select_for_update().filter(operator_id=operator_id).first()  # type: ignore[misc]  # None is IS NULL
    if row is None:
        LoginPolicy.objects.create(
            id=ids.new_id(scopes.current().now), operator_id=operator_id, **values
        )
    else:
        for name, value in values.items():
            setattr(row, name, value)
        row.save()
    sessions.apply_lifetime(lifetime, operator_id=operator_id)
