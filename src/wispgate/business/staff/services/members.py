"""Hiring staff, and the accounts of programs."""

from uuid import UUID

from django.db import IntegrityError, transaction

from wispgate.business.operators import ids
from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import passwords, queries, role_queries
from wispgate.business.staff.errors import StaffExists
from wispgate.business.staff.models import StaffMember
from wispgate.kernel.errors import InvalidValue

_LONGEST_NAME = 120


def create_staff(
    *, email: str, name: str, role: str, password: str, operator: str = "",
    is_made_up: bool = False,
) -> UUID:  # fmt: skip
    """A new member of staff, of an operator (by slug) or of the platform.

    A password that was made up for them (`is_made_up`) is changed at the first login.
    """
    operator_id = operators.get_operator(operator).id if operator else None
    member = make_person(operator_id, email=email, name=name, role=role, password=password)
    if is_made_up:
        member.must_change_password = True
        member.save(update_fields=["must_change_password"])
    return member.id


def make_person(
    operator_id: UUID | None, *, email: str, name: str, role: str, password: str
) -> StaffMember:
    """Somebody who logs in with an address and a password, at an operator or at the platform."""
    held = role_queries.require_role(role, operator_id, is_platform=operator_id is None)
    passwords.require_good(password, email=email, name=name)
    member = _member(email, name, held, operator_id)
    member.set_password(password)
    _hire(member)
    return member


def admit_person(*, email: str, name: str, role: str, operator_id: UUID | None) -> StaffMember:
    """A new member of staff whom a login provider vouches for; without a password of ours."""
    held = role_queries.require_role(role, operator_id, is_platform=operator_id is None)
    member = _member(email, name, held, operator_id)
    member.set_unusable_password()
    _hire(member)
    return member


def create_service_account(*, name: str, role: str, operator_id: UUID | None) -> UUID:
    """An account of a program: it owns tokens and never logs in."""
    held = role_queries.require_role(role, operator_id, is_platform=operator_id is None)
    if not name.strip() or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise InvalidValue(f"a name of 1 to {_LONGEST_NAME} characters", field="name")
    # Nobody can have an address there (RFC 2606), so nothing is ever sent to it.
    email = f"{ids.new_id(scopes.current().now)}@service.invalid"
    member = _member(email, name.strip(), held, operator_id)
    member.kind = StaffMember.Kind.SERVICE
    member.set_unusable_password()
    _hire(member)
    return member.id


def _member(email: str, name: str, role: str, operator_id: UUID | None) -> StaffMember:
    now = scopes.current().now
    return StaffMember(
        id=ids.new_id(now),
        operator_id=operator_id,
        email=email.lower(),
        name=name,
        role=role,
        created_at=now,
    )


def _hire(member: StaffMember) -> None:
    """The database knows addresses that this scope does not see."""
    try:
        with transaction.atomic():
            member.save(force_insert=True)
    except IntegrityError as error:
        if "email" not in str(error):
            raise
        raise StaffExists(f"{member.email} is on the staff already", email=member.email) from None


def set_account_active(account_id: UUID, *, is_active: bool) -> None:
    """A disabled service account's tokens are worth nothing until it is enabled again."""
    account = queries.get_service_account(account_id)
    if account.is_active != is_active:
        account.is_active = is_active
        account.save(update_fields=["is_active"])
