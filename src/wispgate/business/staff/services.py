"""Creating staff and tokens, logging in, and remembering idempotent requests."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from wispgate.business.operators import ids, locks
from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.business.staff.errors import (
    IdempotencyMismatch,
    LoginRefused,
    PermissionMissing,
    StaffExists,
    TokenRefused,
)
from wispgate.business.staff.models import ApiToken, IdempotentRequest, StaffMember
from wispgate.business.staff.roles import Role, is_allowed
from wispgate.kernel.errors import InvalidValue

TOKEN_PREFIX = "wg_"  # noqa: S105 (the mark by which a leaked token is recognised, not a secret)
MIN_PASSWORD_LENGTH = 12


def create_staff(*, email: str, name: str, role: str, password: str, operator: str = "") -> UUID:
    """A new member of staff, of an operator (by slug) or of the platform."""
    _require_role(role)
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


def create_token(
    *, role: str, name: str, operator: str = "", expires_at: datetime | None = None
) -> str:
    """A new token; its secret is returned once and kept nowhere."""
    _require_role(role)
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    now = scopes.current().now
    ApiToken.objects.create(
        id=ids.new_id(now),
        operator_id=operators.get_operator(operator).id if operator else None,
        name=name,
        role=role,
        secret_hash=hash_token(secret),
        created_at=now,
        expires_at=expires_at,
    )
    return secret


def hash_token(secret: str) -> str:
    """SHA-256: a token has 256 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a request is from: the actor for the audit, the tenant and the role."""

    actor: scopes.Actor
    operator_id: UUID | None
    role: str

    def may(self, permission: str) -> bool:
        return is_allowed(self.role, permission)

    def require(self, permission: str) -> None:
        if not self.may(permission):
            raise PermissionMissing(permission)


def authenticate_token(secret: str, *, address: str, now: datetime) -> Principal:
    """The principal of a token. Raises TokenRefused, the same for every cause."""
    hashed = hash_token(secret)
    with scopes.within(scopes.Scope(now=now, login=hashed)):
        token = ApiToken.objects.filter(secret_hash=hashed).first()
    if token is None or token.revoked_at or (token.expires_at and token.expires_at <= now):
        raise TokenRefused("this token is not valid")
    actor = scopes.Actor("token", token.name, address)
    return Principal(actor, token.operator_id, token.role)


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


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    status: int
    body: bytes
    content_type: str


def find_answer(key: str, *, request_hash: str) -> StoredAnswer | None:
    """The answer given before under `key` to this very request.

    Raises IdempotencyMismatch if the key was used for another one. Two requests at once are held
    apart by an advisory lock until the first one's transaction ends.
    """
    scope = scopes.current()
    locks.hold(f"idempotency:{scope.operator_id}:{scope.actor.name}:{key}")
    found = IdempotentRequest.objects.filter(
        operator_id=scope.operator_id,  # type: ignore[misc]  # None is IS NULL
        actor=scope.actor.name,
        key=key,
    ).first()
    if found is None:
        return None
    if found.request_hash != request_hash:
        raise IdempotencyMismatch("this Idempotency-Key was used for another request", key=key)
    return StoredAnswer(found.status, bytes(found.body), found.content_type)


def remember_answer(key: str, *, request_hash: str, answer: StoredAnswer) -> None:
    scope = scopes.current()
    IdempotentRequest.objects.create(
        id=ids.new_id(scope.now),
        operator_id=scope.operator_id,
        actor=scope.actor.name,
        key=key,
        request_hash=request_hash,
        status=answer.status,
        body=answer.body,
        content_type=answer.content_type,
        created_at=scope.now,
    )


def _require_role(role: str) -> None:
    if role not in list(Role):
        raise InvalidValue(f"no such role: {role!r}; there are {', '.join(Role)}", field="role")
