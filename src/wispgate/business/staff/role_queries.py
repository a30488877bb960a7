"""Reading roles: what an operator wrote, and the ready ones where it wrote nothing."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import QuerySet

from wispgate.business.operators import scope as scopes
from wispgate.business.staff.grants import decode
from wispgate.business.staff.masking import FieldKind
from wispgate.business.staff.models import StoredRole
from wispgate.business.staff.roles import NO_ROLE, READY, Role, canonical
from wispgate.kernel.errors import InvalidValue, NotFound


def role_held(name: str, operator_id: UUID | None, *, is_platform: bool) -> Role:
    """The role of somebody of an operator's or of the platform; NO_ROLE where it is gone."""
    return find_role(name, operator_id, is_platform=is_platform) or NO_ROLE


def find_role(name: str, operator_id: UUID | None, *, is_platform: bool) -> Role | None:
    wanted = canonical(name, is_platform=is_platform)
    stored = _stored(operator_id, is_platform=is_platform).filter(name=wanted).first()
    role = _read(stored) if stored else READY.get(wanted)
    return role if role and role.is_of_platform <= is_platform else None


def get_role(name: str, operator_id: UUID | None, *, is_platform: bool) -> Role:
    role = find_role(name, operator_id, is_platform=is_platform)
    if role is None:
        raise NotFound("role", name)
    return role


def list_roles(operator_id: UUID | None, *, is_platform: bool) -> Sequence[Role]:
    """The ready ones in their order, as they are now, then the operator's own by name."""
    stored = {row.name: _read(row) for row in _stored(operator_id, is_platform=is_platform)}
    ready = [stored.pop(name, role) for name, role in READY.items()]
    everything = [*ready, *stored.values()]
    return [role for role in everything if role.is_of_platform <= is_platform]


def require_role(name: str, operator_id: UUID | None, *, is_platform: bool) -> str:
    """Our name of a role that can be given. Raises InvalidValue where there is no such role."""
    role = find_role(name, operator_id, is_platform=is_platform)
    if role is None:
        known = ", ".join(one.name for one in list_roles(operator_id, is_platform=is_platform))
        raise InvalidValue(f"no such role: {name!r}; there are {known}", field="role")
    return role.name


def _stored(operator_id: UUID | None, *, is_platform: bool) -> "QuerySet[StoredRole]":
    """Raises LookupError where the rows cannot be seen: a ready role could be too much."""
    scope = scopes.current()
    if not scope.is_platform and (is_platform or scope.operator_id != operator_id):
        raise LookupError("roles are read in a scope of those who wrote them")
    rows = StoredRole.objects.all()
    if is_platform or operator_id is None:
        return rows.filter(operator__isnull=True)
    return rows.filter(operator_id=operator_id)


def _read(row: StoredRole) -> Role:
    ready = READY.get(row.name)
    return Role(
        name=row.name,
        title=row.title,
        about=row.about,
        grants=tuple(decode(one) for one in row.grants),
        hides=frozenset(FieldKind(kind) for kind in row.hides),
        is_of_platform=ready.is_of_platform if ready else row.operator_id is None,
        is_ready=ready is not None,
        is_changed=ready is not None,
    )


def plain_name(name: str, *, is_platform: bool) -> str:
    """Our name for a role as it is stored with its holder."""
    return canonical(name, is_platform=is_platform)
