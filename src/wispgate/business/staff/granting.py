"""Who may give what: nobody gives what they do not hold, and an administrator stays."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from wispgate.business.operators import locks
from wispgate.business.staff import guards, role_queries
from wispgate.business.staff.errors import GrantsTooMuch, LastAdmin
from wispgate.business.staff.models import StaffMember
from wispgate.business.staff.roles import Role, lacks

# Whoever holds these can give everybody everything back.
_ADMINISTERS = ("staff.role", "role.edit")


def is_acting(person: str) -> bool:
    principal = guards.acting()
    return principal is not None and principal.person == person


def require_can_give(role: str, operator_id: UUID | None, *, is_held: bool = False) -> None:
    """Raises GrantsTooMuch for a role that allows more than the one who acts may.

    `is_held`: a role that somebody has already, which may be gone.
    """
    is_platform = operator_id is None
    if is_held:
        wanted = role_queries.role_held(role, operator_id, is_platform=is_platform)
    else:
        name = role_queries.require_role(role, operator_id, is_platform=is_platform)
        wanted = role_queries.get_role(name, operator_id, is_platform=is_platform)
    require_holds(wanted)


def require_holds(wanted: Role) -> None:
    """Commands at a shell and the system's own work may give anything."""
    principal = guards.acting()
    if principal is None:
        return
    missing = list(lacks(principal.holding, wanted))
    # A token may be narrowed to less than its role.
    missing += [name for name in sorted(wanted.permissions()) if not principal.may(name)]
    if missing:
        raise GrantsTooMuch(wanted.name, list(dict.fromkeys(missing)))


@contextmanager
def an_admin_stays(operator_id: UUID | None) -> Iterator[None]:
    """Undoes what would leave nobody who can give roles, where there was somebody."""
    locks.hold(f"administrators:{operator_id}")
    had_one = _has_admin(operator_id)
    yield
    if had_one and not _has_admin(operator_id):
        raise LastAdmin("nobody would be left who can give roles: make somebody else one first")


def _has_admin(operator_id: UUID | None) -> bool:
    is_platform = operator_id is None
    held = set(
        StaffMember.objects.filter(
            operator_id=operator_id, is_active=True, kind=StaffMember.Kind.PERSON
        ).values_list(  # type: ignore[misc]  # None is IS NULL
            "role", flat=True
        )
    )
    roles = (role_queries.role_held(name, operator_id, is_platform=is_platform) for name in held)
    return any(all(role.holds(name) for name in _ADMINISTERS) for role in roles)
