"""Second factors: enrolled, shown and removed.

A challenge to a security key and its answer are two requests; what was asked is kept in the
session between them.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from wispgate.business.audit import services as audit
from wispgate.business.login import sealing
from wispgate.business.login.errors import FactorRefused, LastFactor
from wispgate.business.login.models import AuthenticatorApp, RecoveryCode, SecurityKey
from wispgate.business.login.services import policies
from wispgate.business.operators import ids
from wispgate.business.operators import scope as scopes
from wispgate.business.staff.models import StaffMember
from wispgate.domain.login import recovery, totp
from wispgate.kernel.errors import InvalidValue, NotFound

Factor = AuthenticatorApp | SecurityKey
_KINDS: Mapping[str, type[AuthenticatorApp] | type[SecurityKey]] = {
    "app": AuthenticatorApp,
    "key": SecurityKey,
}
REFUSAL = "this code is not right, or it was used already"


@dataclass(frozen=True, slots=True)
class Factors:
    """What somebody has, and how many recovery codes are left."""

    apps: Sequence[AuthenticatorApp]
    keys: Sequence[SecurityKey]
    codes_left: int

    @property
    def any(self) -> bool:
        """Whether there is a second factor; codes for the drawer alone are none."""
        return bool(self.apps or self.keys)


def list_factors(member_id: UUID) -> Factors:
    return Factors(
        list(AuthenticatorApp.objects.filter(member_id=member_id)),
        list(SecurityKey.objects.filter(member_id=member_id)),
        RecoveryCode.objects.filter(member_id=member_id, used_at=None).count(),
    )


def new_app_secret() -> bytes:
    """For an app that is being enrolled; kept when its first code was shown."""
    return secrets.token_bytes(totp.SECRET_OCTETS)


def enrol_app(member: StaffMember, *, secret: bytes, code: str, name: str) -> None:
    """Keeps an app whose first code proves that it was set up. Raises FactorRefused."""
    now = scopes.current().now
    step = totp.find_step(secret, code, now=now, after=0)
    if step is None:
        raise FactorRefused("this code is not right: look at the app and at its clock")
    app_id = ids.new_id(now)
    AuthenticatorApp.objects.create(
        id=app_id,
        operator_id=member.operator_id,
        member_id=member.id,
        name=require_name(name),
        sealed_secret=sealing.seal(secret, bound_to=app_id),
        last_step=step,
        created_at=now,
    )


def take_code(member_id: UUID, code: str) -> str:
    """An app's code or one for the drawer; returns which. Raises FactorRefused."""
    if recovery.is_like_one(code):
        _take_recovery_code(member_id, code)
        return "recovery"
    now = scopes.current().now
    # Locked: the same code twice at once is taken once.
    for app in AuthenticatorApp.objects.select_for_update().filter(member_id=member_id):
        secret = sealing.unseal(app.sealed_secret, bound_to=app.id)
        step = totp.find_step(secret, code, now=now, after=app.last_step)
        if step is not None:
            app.last_step, app.last_used_at = step, now
            app.save(update_fields=["last_step", "last_used_at"])
            return "app"
    raise FactorRefused(REFUSAL)


def renew_recovery_codes(member: StaffMember) -> Sequence[str]:
    """Ten new codes, shown once; the old ones are worth nothing from now on."""
    now = scopes.current().now
    RecoveryCode.objects.filter(member_id=member.id).delete()
    codes = [
        recovery.code_from(secrets.token_bytes(recovery.OCTETS)) for _ in range(recovery.COUNT)
    ]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(
            id=ids.new_id(now),
            operator_id=member.operator_id,
            member_id=member.id,
            digest=recovery.digest_of(code),
            created_at=now,
        )
        for code in codes
    )
    audit.record_login(object_id=str(member.id), message="made new recovery codes")
    return codes


def get_factor(member_id: UUID, kind: str, factor_id: str) -> Factor:
    """Raises NotFound."""
    model = _KINDS.get(kind)
    try:
        wanted = UUID(factor_id)
    except ValueError:
        raise NotFound("second factor", factor_id) from None
    found: Any = model and model.objects.filter(id=wanted, member_id=member_id).first()
    if not found:
        raise NotFound("second factor", factor_id)
    kept: Factor = found
    return kept


def remove_factor(member: StaffMember, factor: Factor) -> None:
    """Raises LastFactor where the operator demands one."""
    left = list_factors(member.id)
    is_last = len(left.apps) + len(left.keys) == 1
    if is_last and policies.find_policy(member.operator_id).needs_factor(member.role):
        raise LastFactor("your role needs a second factor: enrol another one first")
    factor.delete()
    if is_last:
        RecoveryCode.objects.filter(member_id=member.id).delete()


def remove_all(member_id: UUID) -> int:
    """An administrator helps somebody who lost everything; returns how many factors there were."""
    deleted = [model.objects.filter(member_id=member_id).delete()[0] for model in _KINDS.values()]
    RecoveryCode.objects.filter(member_id=member_id).delete()
    return sum(deleted)


def require_name(name: str) -> str:
    plain = "".join(letter for letter in name if letter.isprintable()).strip()[:60]
    if not plain:
        raise InvalidValue("give it a name by which you know it again", field="name")
    return plain


def _take_recovery_code(member_id: UUID, code: str) -> None:
    taken = RecoveryCode.objects.filter(
        member_id=member_id, digest=recovery.digest_of(code), used_at=None
    ).update(used_at=scopes.current().now)
    if not taken:
        raise FactorRefused(REFUSAL)
