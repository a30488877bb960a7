"""Finding out again what somebody may do who asked for something a while ago."""

from uuid import UUID

from wispgate.business.operators import scope as scopes
from wispgate.business.staff.grants import Standing
from wispgate.business.staff.models import ApiToken, StaffMember
from wispgate.business.staff.principals import Principal
from wispgate.business.staff.roles import NO_ROLE


def find_principal(person: str) -> Principal | None:
    """As they are now; without a role who is let in no more. None for who is not seen from here."""
    kind, _, key = person.partition(":")
    try:
        key_id = UUID(key)
    except ValueError:
        return None
    return _member(key_id) if kind == "staff" else _token(key_id)


def _member(member_id: UUID) -> Principal | None:
    member = StaffMember.objects.filter(id=member_id).first()
    if member is None:
        return None
    role = member.role if member.is_active else NO_ROLE.name
    return Principal(
        scopes.Actor("staff", member.email),
        member.operator_id,
        role,
        is_platform=member.operator_id is None,
        standing=Standing(f"staff:{member.id}", member.dealer, member.department_id),
    )


def _token(token_id: UUID) -> Principal | None:
    token = ApiToken.objects.filter(id=token_id).first()
    if token is None:
        return None
    now = scopes.current().now
    is_over = token.revoked_at is not None or (
        token.expires_at is not None and token.expires_at <= now
    )
    return Principal(
        scopes.Actor("token", token.name),
        token.operator_id,
        NO_ROLE.name if is_over else token.role,
        is_platform=token.operator_id is None,
        standing=Standing(f"token:{token.id}"),
    )
