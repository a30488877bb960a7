"""Finding out again what somebody may do who asked for something a while ago."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q

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
    """One that is good still, of this one and all that were made like it."""
    now = scopes.current().now
    family = list(ApiToken.objects.filter(Q(id=token_id) | Q(root_id=token_id)).order_by("id"))
    if not family:
        return None
    good = [one for one in family if _is_good(one, now)]
    token, is_over = (good or family)[0], not good
    return Principal(
        scopes.Actor("token", token.name),
        token.operator_id,
        NO_ROLE.name if is_over else token.role,
        is_platform=token.operator_id is None,
        standing=Standing(f"token:{token_id}"),
    )


def _is_good(token: ApiToken, now: datetime) -> bool:
    return token.revoked_at is None and (token.expires_at is None or token.expires_at > now)
