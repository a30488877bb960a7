"""Knowing a person by address and password, or by the id that their session keeps."""

from datetime import datetime
from uuid import UUID

from wispgate.business.operators import scope as scopes
from wispgate.business.staff.errors import LoginRefused
from wispgate.business.staff.grants import Standing
from wispgate.business.staff.models import StaffMember


def authenticate_staff(email: str, password: str, *, now: datetime) -> StaffMember:
    """The member of staff with that password. Raises LoginRefused, the same for every cause."""
    member = find_staff_by_login(email.strip().lower(), now=now)
    if member is None:
        # As long as a real check takes: the time must not tell who exists.
        StaffMember().set_password(password)
        raise LoginRefused("the address or the password is wrong")
    if not (member.check_password(password) and member.is_active):
        raise LoginRefused("the address or the password is wrong")
    return member


def find_staff_by_login(login: str, *, now: datetime) -> StaffMember | None:
    """By e-mail address or id, in a scope that shows this one row only."""
    if "@" in login:
        wanted: dict[str, object] = {"email": login}
    else:
        try:
            wanted = {"id": UUID(login)}
        except ValueError:
            return None
    with scopes.within(scopes.Scope(now=now, login=login)):
        return StaffMember.objects.filter(**wanted).first()


def standing_of(member: StaffMember) -> Standing:
    """Whom a member of staff is and belongs to, for limits and for four eyes."""
    return Standing(
        person=f"staff:{member.id}", dealer=member.dealer, department_id=member.department_id
    )
