"""Taking colleagues on, giving them roles, letting them in no more: what people do to people."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from wispgate.business.operators import scope as scopes
from wispgate.business.staff import granting, role_queries
from wispgate.business.staff.errors import OwnAccess
from wispgate.business.staff.models import StaffMember
from wispgate.business.staff.services import members
from wispgate.kernel.errors import InvalidValue, NotFound

_FIRST_PASSWORD_OCTETS = 15


def hire(
    *, email: str, name: str, role: str, dealer: str = "", department_id: UUID | None = None
) -> tuple[UUID, str]:
    """A new colleague where the scope works, and their first password: shown once, kept nowhere."""
    password = secrets.token_urlsafe(_FIRST_PASSWORD_OCTETS)
    with transaction.atomic():
        operator_id = scopes.current().operator_id
        granting.require_can_give(role, operator_id)
        member = members.make_person(
            operator_id, email=_checked_email(email), name=name, role=role, password=password
        )
        member.dealer, member.department_id = dealer.strip()[:40], department_id
        member.must_change_password = True
        member.save(update_fields=["dealer", "department_id", "must_change_password"])
    return member.id, password


def give_role(member_id: UUID, role: str) -> None:
    """Another role, at once. Raises GrantsTooMuch, LastAdmin, OwnAccess."""
    with _changing(member_id) as member:
        granting.require_can_give(role, member.operator_id)
        member.role = role_queries.require_role(
            role, member.operator_id, is_platform=member.operator_id is None
        )
        member.save(update_fields=["role"])


def disable(member_id: UUID) -> None:
    """Lets somebody in no more; open sessions end with their next request."""
    with _changing(member_id) as member:
        member.is_active = False
        member.save(update_fields=["is_active"])


def enable(member_id: UUID) -> None:
    with _changing(member_id) as member:
        member.is_active = True
        member.save(update_fields=["is_active"])


def _checked_email(email: str) -> str:
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        raise InvalidValue("not an e-mail address", field="email") from None
    return address


@contextmanager
def _changing(member_id: UUID) -> Iterator[StaffMember]:
    """A locked colleague whom the one who acts may change; an administrator stays afterwards."""
    operator_id = scopes.current().operator_id
    with transaction.atomic():
        member = (
            StaffMember.objects.select_for_update()
            .filter(id=member_id, operator_id=operator_id)  # type: ignore[misc]  # None is IS NULL
            .first()
        )
        if member is None:
            raise NotFound("member of staff", member_id)
        if granting.is_acting(f"staff:{member.id}"):
            raise OwnAccess("nobody changes their own role or access: ask a colleague")
        granting.require_can_give(member.role, member.operator_id, is_held=True)
        with granting.an_admin_stays(operator_id):
            yield member
