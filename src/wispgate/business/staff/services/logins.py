"""Knowing a person by address and password, or by the id that their session keeps."""

from datetime import datetime
from uuid import UUID

from wispgate.business.operators import scope as scopes
from wispgate.business.staff import passwords
from wispgate.business.staff.errors import LoginRefused
from wispgate.business.staff.grants import Standing
from wispgate.business.staff.models import StaffMember
from wispgate.kernel.errors import NotFound

_REFUSAL = "the address or the password is wrong"


def authenticate_staff(email: str, password: str, *, now: datetime) -> StaffMember:
    """The member of staff with that password. Raises LoginRefused, the same for every cause.

    A password that is kept with other parameters than today's is hashed anew.
    """
    member = find_staff_by_login(email.strip().lower(), now=now)
    if member is None:
        # As long as a real check takes: the time must not tell who exists.
        StaffMember().set_password(password)
        raise LoginRefused(_REFUSAL)
    # The renewed hash is written in a scope that may write this one row.
    with scopes.within(scopes.Scope(now=now, login=str(member.id))):
        is_right = member.check_password(password)
    if not (is_right and member.is_active and member.kind == StaffMember.Kind.PERSON):
        raise LoginRefused(_REFUSAL)
    return member


def set_password(member: StaffMember, password: str, *, is_made_up: bool) -> None:
    """A new password; every session ends with it. Raises PasswordTooWeak.

    One that was made up by somebody else is changed by its owner at the next login.
    """
    passwords.require_good(password, email=member.email, name=member.name)
    member.set_password(password)
    member.password_changed_at = scopes.current().now
    member.must_change_password = is_made_up
    member.save(update_fields=["password", "password_changed_at", "must_change_password"])


def remember_login(member: StaffMember) -> None:
    member.last_login = scopes.current().now
    member.save(update_fields=["last_login"])


def find_person(email: str) -> StaffMember | None:
    """Who may log in with that address, as far as the scope sees."""
    return StaffMember.objects.filter(
        email=email.strip().lower(), is_active=True, kind=StaffMember.Kind.PERSON
    ).first()


def get_person(email: str) -> StaffMember:
    """Raises NotFound."""
    member = find_person(email)
    if member is None:
        raise NotFound("member of staff", email)
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
