"""Writing roles: a ready one is written over by a copy, and given back by deleting the copy."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from wispgate.business.operators import ids
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import granting, role_queries
from wispgate.business.staff.errors import RoleInUse
from wispgate.business.staff.grants import Grant, encode
from wispgate.business.staff.masking import FieldKind
from wispgate.business.staff.models import ApiToken, StaffMember, StoredRole
from wispgate.business.staff.permissions import BEYOND_OWN, CATALOGUE, OWN_READS, matching
from wispgate.business.staff.roles import ALIASES, NAME, NO_ROLE, READY, Role
from wispgate.kernel.errors import InvalidValue, NotFound


def write_role(
    name: str,
    *,
    title: str,
    about: str = "",
    grants: Sequence[Grant],
    hides: Sequence[str] = (),
) -> None:
    """A new role, or another version of one; who has it, has it at once.

    Raises GrantsTooMuch where it would allow more than the one who writes may, and LastAdmin.
    """
    operator_id = scopes.current().operator_id
    wanted = _checked(name, title.strip(), about.strip(), grants, hides)
    before = role_queries.find_role(name, operator_id, is_platform=operator_id is None)
    with transaction.atomic(), granting.an_admin_stays(operator_id):
        if before is not None and before.is_of_platform:
            wanted = replace(wanted, is_of_platform=True)
        granting.require_holds(_gained(wanted, before))
        _store(wanted, operator_id)


def delete_role(name: str) -> None:
    """An own role that nobody has goes; a ready one is again as it was delivered."""
    operator_id = scopes.current().operator_id
    with transaction.atomic(), granting.an_admin_stays(operator_id):
        found = _rows(operator_id).filter(name=name).first()
        if found is None:
            raise NotFound("changed role", name)
        if name in READY:
            granting.require_holds(READY[name])
        elif _is_held(name, operator_id):
            raise RoleInUse("somebody has this role: give them another one first", role=name)
        found.delete()


def _gained(wanted: Role, before: Role | None) -> Role:
    """Whoever writes need not hold what the role had before, unless somebody gains it."""
    kept = before.grants if before is not None else ()
    new = [grant for grant in wanted.grants if grant not in kept]
    unhidden = wanted.hides if before is None or wanted.hides != before.hides else _EVERY_FIELD
    return replace(wanted, grants=tuple(new), hides=unhidden)


_EVERY_FIELD = frozenset(FieldKind)


def _checked(
    name: str, title: str, about: str, grants: Sequence[Grant], hides: Sequence[str]
) -> Role:
    if not NAME.fullmatch(name) or name in ALIASES or name == NO_ROLE.name:
        raise InvalidValue(
            "a role's name has 2 to 40 small letters, digits and _, and is no other role's",
            field="name",
        )
    if not 1 <= len(title) <= 80:
        raise InvalidValue("a title has 1 to 80 characters", field="title")
    if len(about) > 200:
        raise InvalidValue("a description has at most 200 characters", field="about")
    for grant in grants:
        _require_fitting(grant)
    unknown = sorted(set(hides) - set(FieldKind))
    if unknown:
        raise InvalidValue(f"no such kind of field: {', '.join(unknown)}", field="hides")
    role = Role(name, title, about, tuple(grants), frozenset(FieldKind(kind) for kind in hides))
    _require_one_reach(role)
    return role


def _require_one_reach(role: Role) -> None:
    """Who sees only what is their own sees only that in everything: one part of every table."""
    if not role.bounds:
        return
    for name in sorted(OWN_READS):
        if any(grant.limits.own != role.bounds for grant in role.grants_for(name)):
            raise InvalidValue(
                f"{name} is limited otherwise than the rest of what the role reads of customers:"
                " limit all of it alike",
                field="grants",
            )
    if wide := sorted(name for name in BEYOND_OWN if role.holds(name)):
        raise InvalidValue(
            f"a role that sees only what is its people's own has no {', '.join(wide)}",
            field="grants",
        )


def _require_fitting(grant: Grant) -> None:
    """A pattern that names something, and limits that all it names can carry."""
    named = matching(grant.pattern)
    if not named:
        raise InvalidValue(f"{grant.pattern!r} names no permission", field="grants")
    for permission in sorted(named):
        if not grant.limits.kinds <= CATALOGUE[permission].limits:
            cannot = ", ".join(sorted(grant.limits.kinds - CATALOGUE[permission].limits))
            raise InvalidValue(f"{permission} cannot be limited by {cannot}", field="grants")


def _store(role: Role, operator_id: UUID | None) -> None:
    scope = scopes.current()
    row = _rows(operator_id).filter(name=role.name).first() or StoredRole(
        id=ids.new_id(scope.now), operator_id=operator_id, name=role.name
    )
    row.title, row.about = role.title, role.about
    row.grants = [encode(grant) for grant in role.grants]
    row.hides = sorted(role.hides)
    row.changed_at, row.changed_by = scope.now, scope.actor.name
    row.save()


def _rows(operator_id: UUID | None) -> QuerySet[StoredRole]:
    return StoredRole.objects.filter(operator_id=operator_id)  # type: ignore[misc]  # None is IS NULL


def _is_held(name: str, operator_id: UUID | None) -> bool:
    held = {"operator_id": operator_id, "role": name}
    is_tokens = ApiToken.objects.filter(revoked_at=None, **held).exists()
    return is_tokens or StaffMember.objects.filter(**held).exists()
