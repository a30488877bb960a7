"""Hiring staff."""

from uuid import UUID

from wispgate.business.operators import ids
from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import roles
from wispgate.business.staff.errors import StaffExists
from wispgate.business.staff.models import StaffMember
from wispgate.kernel.errors import InvalidValue

MIN_PASSWORD_LENGTH = 12


def create_staff(*, email: str, name: str, role: str, password: str, operator: str = "") -> UUID:
    """A new member of staff, of an operator (by slug) or of the platform."""
    roles.require_role(role)
    if len(password) < MIN_PASSWORD_LENGTH:
        raise InvalidValue(
            f"a password has at least {MIN_PASSWORD_LENGTH} characters", field="password"
        )
    if StaffMember.objects.filter(email=email.lower()).exists():
        raise StaffExists(f"{email} is on the staff already", email=email)
    now = scopes.current().now
    member = StaffMember(
        id=ids.new_id(now),
        operator_id=operators.get_operator(operator).id if operator else None,
        email=email.lower(),
        name=name,
        role=role,
        created_at=now,
    )
    member.set_password(password)
    member.save(force_insert=True)
    return member.id
