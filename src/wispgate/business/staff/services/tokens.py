"""Tokens of programs: made, limited, known, given a new secret, ended.

A token of a member of staff or of a service account may do what its owner's role allows, while the
owner works here; one made at the command line has a role of its own.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from uuid import UUID

from wispgate.business.operators import ids
from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import guards, role_queries
from wispgate.business.staff.errors import PermissionMissing, TokenRefused
from wispgate.business.staff.grants import Standing
from wispgate.business.staff.models import ApiToken, StaffMember
from wispgate.business.staff.permissions import matching
from wispgate.business.staff.principals import Principal
from wispgate.business.staff.roles import lacks
from wispgate.business.staff.services.logins import find_staff_by_login
from wispgate.kernel.errors import InvalidValue, NotFound

TOKEN_PREFIX = "wg_"  # noqa: S105 (the mark by which a leaked token is recognised, not a secret)
# A busy program is written down once a minute, not with each call.
_NOTED_EVERY = timedelta(minutes=1)
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a token is good for, beside its owner's or its own role. Checked where it is made.

    `permissions`: patterns such as `sim.read` or `*.read`; None for all that the role allows.
    `networks`: from where it may be used; empty for anywhere.
    """

    permissions: Sequence[str] | None = None
    networks: Sequence[str] = ()
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        for pattern in self.permissions or ():
            if not matching(pattern):
                raise InvalidValue(f"no permission is named {pattern!r}", field="permissions")
        if self.permissions is not None and not self.permissions:
            raise InvalidValue("a token that may do nothing is none", field="permissions")
        for network in self.networks:
            _network(network)


@dataclass(frozen=True, slots=True)
class NewToken:
    """The secret is shown once and kept nowhere."""

    id: UUID
    secret: str


ANYTHING = Bounds()


def create_token(
    *, role: str, name: str, operator: str = "", expires_at: datetime | None = None
) -> str:
    """A token with a role of its own, without limits; its secret is kept nowhere."""
    bounds = Bounds(expires_at=expires_at)
    return make_token(role=role, name=name, operator=operator, bounds=bounds).secret


def make_token(*, role: str, name: str, operator: str = "", bounds: Bounds = ANYTHING) -> NewToken:
    """A token that nobody owns, for an operator (by slug) or for the platform."""
    operator_id = operators.get_operator(operator).id if operator else None
    held = role_queries.require_role(role, operator_id, is_platform=not operator)
    return _make(name=name, role=held, operator_id=operator_id, owner=None, bounds=bounds)


def make_token_of(owner: StaffMember, *, name: str, bounds: Bounds = ANYTHING) -> NewToken:
    """A token of a member of staff or of a service account.

    Raises PermissionMissing where whoever makes it may do less than it could.
    """
    if not owner.is_active:
        raise InvalidValue("its owner does not work here any more", field="owner")
    _require_power_over(owner.role, owner.operator_id)
    return _make(
        name=name, role=owner.role, operator_id=owner.operator_id, owner=owner, bounds=bounds
    )


def make_token_like(asking: Principal, *, name: str, bounds: Bounds = ANYTHING) -> NewToken:
    """Another token for whoever asks by one: the same owner or role, and no more than the one has.

    Raises PermissionMissing.
    """
    _require_no_more(asking, bounds)
    if bounds.permissions is None and asking.narrowed_to is not None:
        bounds = replace(bounds, permissions=asking.narrowed_to)
    if asking.owner_id is not None:
        owner = StaffMember.objects.get(id=asking.owner_id)
        return _make(
            name=name, role=owner.role, operator_id=owner.operator_id, owner=owner, bounds=bounds
        )
    operator_id = None if asking.is_platform else asking.operator_id
    made = _make(name=name, role=asking.role, operator_id=operator_id, owner=None, bounds=bounds)
    # The same somebody for four eyes, however many tokens they make for themselves.
    root_id = UUID(asking.person.removeprefix("token:"))
    ApiToken.objects.filter(id=made.id).update(root_id=root_id)
    return made


def rotate_token(token_id: UUID) -> NewToken:
    """Another secret for the same token: the old one is worth nothing at once."""
    token = get_token(token_id)
    if token.revoked_at:
        raise NotFound("token", token_id)
    acting = guards.acting()
    if acting is None or acting.token_id != token.id:
        # Who sees the new secret could act as the token.
        _require_power_over(token.owner.role if token.owner else token.role, token.operator_id)
    secret = _new_secret()
    token.secret_hash = hash_token(secret)
    token.makers = sorted({*token.makers, *_maker()})
    token.save(update_fields=["secret_hash", "makers"])
    return NewToken(token.id, secret)


def revoke_token(token_id: UUID) -> None:
    """Ends a token for good; one that is ended already stays as it is."""
    now = scopes.current().now
    token = get_token(token_id)
    if token.revoked_at is None:
        token.revoked_at = now
        token.save(update_fields=["revoked_at"])


def get_token(token_id: UUID) -> ApiToken:
    try:
        return ApiToken.objects.select_related("owner").get(id=token_id)
    except ApiToken.DoesNotExist:
        raise NotFound("token", token_id) from None


def find_token(text: str, *, operator_id: UUID | None) -> ApiToken:
    """By its id, or by its name where only one that is good is called so. Raises NotFound."""
    try:
        return get_token(UUID(text))
    except ValueError:
        named = ApiToken.objects.filter(operator_id=operator_id, name=text, revoked_at=None)  # type: ignore[misc]  # None is IS NULL
    found = list(named[:2])
    if len(found) > 1:
        raise InvalidValue(f"several tokens are called {text!r}: give the id", field="token")
    if not found:
        raise NotFound("token", text)
    return found[0]


def state_of_token(token: ApiToken, *, now: datetime) -> str:
    """good, expired, revoked, or asleep where its owner is disabled."""
    if token.revoked_at:
        return "revoked"
    if token.expires_at and token.expires_at <= now:
        return "expired"
    return "asleep" if token.owner and not token.owner.is_active else "good"


def hash_token(secret: str) -> str:
    """SHA-256: a token has 256 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


def authenticate_token(secret: str, *, address: str, now: datetime) -> Principal:
    """The principal of a token. Raises TokenRefused, with the same words for every cause."""
    hashed = hash_token(secret)
    with scopes.within(scopes.Scope(now=now, login=hashed)):
        token = ApiToken.objects.filter(secret_hash=hashed).first()
    # Its owner's row is seen by the owner's own id only, as in a login.
    owner = find_staff_by_login(str(token.owner_id), now=now) if token and token.owner_id else None
    if token is None or (cause := _find_flaw(token, owner, address, now)):
        raise TokenRefused("this token is not valid", cause="unknown" if token is None else cause)
    _note_use(token, address, now)
    return Principal(
        scopes.Actor("token", token.name, address),
        token.operator_id,
        owner.role if owner else token.role,
        is_platform=token.operator_id is None,
        standing=_standing(token, owner),
        token_id=token.id,
        owner_id=token.owner_id,
        narrowed_to=None if token.permissions is None else tuple(token.permissions),
    )


def _find_flaw(token: ApiToken, owner: StaffMember | None, address: str, now: datetime) -> str:
    """Why a token is not taken; nothing where it is good."""
    if token.revoked_at:
        return "revoked"
    if token.expires_at and token.expires_at <= now:
        return "expired"
    if token.owner_id and not (owner and owner.is_active):
        return "owner disabled"
    return "" if is_allowed_from(token.networks, address) else "address"


def is_allowed_from(networks: Sequence[str], address: str) -> bool:
    """Whether a token may be used from an address; without networks from everywhere."""
    if not networks:
        return True
    try:
        given = ip_address(address)
    except ValueError:
        return False
    plain = getattr(given, "ipv4_mapped", None) or given
    return any(plain in ip_network(network) for network in networks)


def _note_use(token: ApiToken, address: str, now: datetime) -> None:
    last = token.last_used_at
    if last and now - last < _NOTED_EVERY and token.last_used_from == address:
        return
    scope = scopes.Scope(
        now=now, operator_id=token.operator_id, is_platform=token.operator_id is None
    )
    with scopes.within(scope):
        ApiToken.objects.filter(id=token.id).update(last_used_at=now, last_used_from=address)


def _make(
    *, name: str, role: str, operator_id: UUID | None, owner: StaffMember | None, bounds: Bounds
) -> NewToken:
    plain = "".join(letter for letter in name if letter.isprintable()).strip()
    if not plain or len(plain) > _LONGEST_NAME:
        raise InvalidValue(f"a name of 1 to {_LONGEST_NAME} characters", field="name")
    secret, now = _new_secret(), scopes.current().now
    if bounds.expires_at and bounds.expires_at <= now:
        raise InvalidValue("this is past already", field="expires_at")
    token = ApiToken.objects.create(
        id=ids.new_id(now),
        operator_id=operator_id,
        owner=owner,
        name=plain,
        role=role,
        permissions=None if bounds.permissions is None else list(bounds.permissions),
        networks=[_network(network) for network in bounds.networks],
        secret_hash=hash_token(secret),
        created_at=now,
        expires_at=bounds.expires_at,
        makers=_maker(),
    )
    return NewToken(token.id, secret)


def _maker() -> list[str]:
    acting = guards.acting()
    return [acting.person] if acting is not None else []


def _new_secret() -> str:
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def _network(text: str) -> str:
    try:
        return str(ip_network(text.strip()))
    except ValueError:
        raise InvalidValue(f"not an address or a network: {text!r}", field="networks") from None


def _require_power_over(name: str, operator_id: UUID | None) -> None:
    """Nobody gets more by a token than they may do themselves."""
    acting = guards.acting()
    if acting is None:
        return
    role = role_queries.role_held(name, operator_id, is_platform=operator_id is None)
    missing = list(lacks(acting.holding, role))
    # Also of what a token's own bounds keep it from.
    missing += [name for name in sorted(role.permissions()) if not acting.may(name)]
    if missing:
        raise PermissionMissing(missing[0])


def _require_no_more(asking: Principal, bounds: Bounds) -> None:
    if asking.narrowed_to is None or bounds.permissions is None:
        return
    wanted = frozenset().union(*(matching(pattern) for pattern in bounds.permissions))
    for name in sorted(wanted & asking.holding.permissions()):
        if not asking.may(name):
            raise PermissionMissing(name)


def _standing(token: ApiToken, owner: StaffMember | None) -> Standing:
    if owner is None:
        return Standing(person=f"token:{token.root_id or token.id}")
    return Standing(
        person=f"staff:{owner.id}", dealer=owner.dealer, department_id=owner.department_id
    )
