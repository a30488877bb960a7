"""Hiring staff."""

from uuid import UUID

from wispgate.business.operators import ids
from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import role_queries
from wispgate.business.staff.errors import StaffExists
from wispgate.business.staff.models import StaffMember
from wispgate.kernel.errors import InvalidValue

MIN_PASSWORD_LENGTH = 12


def create_staff(*, email: str, name: str, role: str, password: str, operator: str = "") -> UUID:
    """A new member of staff, of an operator (by slug) or of the platform."""
    operator_id = operators.get_operator(operator).id if operator else None
    held = role_queries.require_role(role, operator_id, is_platform=not operator)
    if len(password) < MIN_PASSWORD_LENGTH:
        raise InvalidValue(
            f"a password has at least {MIN_PASSWORD_LENGTH} characters", field="password"
        )
    if StaffMember.objects.filter(email=email.lower()).exists():
        raise StaffExists(f"{email} is on the staff already", email=email)
    now = scopes.current().now
    member = StaffMember(
        id=ids.new_id(now),
        operator_id=operator_id,
        email=email.lower(),
        name=name,
        role=held,
        created_at=now,
    )
    member.set_password(password)
    member.save(force_insert=True)
    return member.id
