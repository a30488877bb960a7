"""Making the tokens of programs, and knowing a program by its token."""

import hashlib
import secrets
from datetime import datetime

from wispgate.business.operators import ids
from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import role_queries
from wispgate.business.staff.errors import TokenRefused
from wispgate.business.staff.grants import Standing
from wispgate.business.staff.models import ApiToken
from wispgate.business.staff.principals import Principal

TOKEN_PREFIX = "wg_"  # noqa: S105 (the mark by which a leaked token is recognised, not a secret)


def create_token(
    *, role: str, name: str, operator: str = "", expires_at: datetime | None = None
) -> str:
    """A new token; its secret is returned once and kept nowhere."""
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    operator_id = operators.get_operator(operator).id if operator else None
    now = scopes.current().now
    ApiToken.objects.create(
        id=ids.new_id(now),
        operator_id=operator_id,
        name=name,
        role=role_queries.require_role(role, operator_id, is_platform=not operator),
        secret_hash=hash_token(secret),
        created_at=now,
        expires_at=expires_at,
    )
    return secret


def hash_token(secret: str) -> str:
    """SHA-256: a token has 256 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


def authenticate_token(secret: str, *, address: str, now: datetime) -> Principal:
    """The principal of a token. Raises TokenRefused, the same for every cause."""
    hashed = hash_token(secret)
    with scopes.within(scopes.Scope(now=now, login=hashed)):
        token = ApiToken.objects.filter(secret_hash=hashed).first()
    if token is None or token.revoked_at or (token.expires_at and token.expires_at <= now):
        raise TokenRefused("this token is not valid")
    actor = scopes.Actor("token", token.name, address)
    return Principal(
        actor,
        token.operator_id,
        token.role,
        is_platform=token.operator_id is None,
        standing=Standing(person=f"token:{token.id}"),
    )
