"""An operator's login provider: set up, found by whoever wants in, and whom it vouches for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from wispgate.business.login import openid, sealing
from wispgate.business.login.errors import SignOnRefused
from wispgate.business.login.models import IdentityProvider, ProviderIdentity
from wispgate.business.operators import ids
from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.business.outgoing.addresses import require_well_formed
from wispgate.business.outgoing.errors import DestinationRefused
from wispgate.business.staff import role_queries
from wispgate.business.staff import services as staff
from wispgate.business.staff.models import StaffMember
from wispgate.domain.login.claims import Expected, Identity
from wispgate.kernel.errors import Conflict, InvalidValue

# In the address of the way in of the platform's own staff; no operator may be called so.
PLATFORM_SLUG = "_platform"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A provider as it is to be. An empty secret keeps the one that is known."""

    name: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    domains: Sequence[str]
    default_role: str = ""
    is_trusted_with_mfa: bool = False
    is_enabled: bool = True

    def __post_init__(self) -> None:
        for name in ("name", "issuer", "client_id"):
            if not getattr(self, name).strip():
                raise InvalidValue("this is needed", field=name)
        if "?" in self.issuer or "#" in self.issuer:
            raise InvalidValue("an issuer has no query and no fragment", field="issuer")
        try:
            require_well_formed(self.issuer)
        except DestinationRefused as error:
            raise InvalidValue(error.message, field="issuer") from None
        if not self.domains:
            raise InvalidValue("name the domains of your people's addresses", field="domains")
        for domain in self.domains:
            if domain != domain.lower() or "@" in domain or "." not in domain or " " in domain:
                raise InvalidValue(f"{domain!r} is no domain such as example.com", field="domains")


def find_provider(operator_id: UUID | None) -> IdentityProvider | None:
    return IdentityProvider.objects.filter(operator_id=operator_id).first()  # type: ignore[misc]  # None is IS NULL


def set_provider(operator_id: UUID | None, wanted: Wanted) -> UUID:
    """Sets up or changes the one provider of an operator's staff, or of the platform's own."""
    known = find_provider(operator_id)
    if known is None and not wanted.client_secret:
        raise InvalidValue("the provider gave you a secret", field="client_secret")
    if wanted.default_role:
        is_platform = operator_id is None
        role_queries.require_role(wanted.default_role, operator_id, is_platform=is_platform)
    now = scopes.current().now
    row = known or IdentityProvider(
        id=ids.new_id(now), operator_id=operator_id, slug=_slug(operator_id), created_at=now
    )
    row.name, row.issuer, row.client_id = wanted.name, wanted.issuer, wanted.client_id
    row.domains = list(dict.fromkeys(wanted.domains))
    row.default_role = wanted.default_role
    row.is_trusted_with_mfa, row.is_enabled = wanted.is_trusted_with_mfa, wanted.is_enabled
    if wanted.client_secret:
        row.sealed_client_secret = sealing.seal(wanted.client_secret.encode(), bound_to=row.id)
    row.save()
    return row.id


def remove_provider(operator_id: UUID | None) -> None:
    """Whoever came in by it only needs a password from now on."""
    IdentityProvider.objects.filter(operator_id=operator_id).delete()  # type: ignore[misc]  # None is IS NULL


def find_by_name(name: str, *, now: datetime) -> IdentityProvider | None:
    """By an operator's short name, a domain, or an e-mail address. In no scope: nobody is known.

    None too where two operators claim the domain: they use their short names then.
    """
    name = name.strip().lower().rpartition("@")[2]
    if not name.isprintable():
        return None
    with scopes.within(scopes.Scope(now=now, login=name)):
        found = list(IdentityProvider.objects.filter(is_enabled=True)[:2])
    return found[0] if len(found) == 1 else None


def client_of(provider: IdentityProvider, *, redirect_uri: str) -> openid.Client:
    secret = sealing.unseal(provider.sealed_client_secret, bound_to=provider.id).decode()
    return openid.Client(provider.issuer, provider.client_id, secret, redirect_uri)


def expected_of(provider: IdentityProvider, *, nonce: str) -> Expected:
    return Expected(provider.issuer, provider.client_id, nonce, frozenset(provider.domains))


def admit(provider: IdentityProvider, identity: Identity) -> StaffMember:
    """The member of staff that a provider vouches for, made now where its rules say so.

    In a scope of the provider's operator. Raises SignOnRefused. A provider lets in its own
    operator's staff only: it must not be able to name somebody else's.
    """
    now = scopes.current().now
    known = (
        ProviderIdentity.objects.filter(provider_id=provider.id, subject=identity.subject)
        .select_related("member")
        .first()
    )
    if known is not None:
        known.last_used_at = now
        known.save(update_fields=["last_used_at"])
        return _require_welcome(provider, known.member)
    member = _find_by_email(provider, identity) or _make(provider, identity)
    ProviderIdentity.objects.create(
        id=ids.new_id(now),
        operator_id=provider.operator_id,
        provider_id=provider.id,
        member_id=member.id,
        subject=identity.subject,
        email=identity.email,
        created_at=now,
        last_used_at=now,
    )
    return member


def _find_by_email(provider: IdentityProvider, identity: Identity) -> StaffMember | None:
    """Somebody's first sign-on: their address was verified, and its domain is allowed."""
    member = staff.find_person(identity.email)
    if member is None:
        return None
    _require_welcome(provider, member)
    if ProviderIdentity.objects.filter(provider_id=provider.id, member_id=member.id).exists():
        # An address that was given to somebody else does not bring its old owner's rights along.
        raise SignOnRefused("another subject of the provider is known for this address")
    return member


def _make(provider: IdentityProvider, identity: Identity) -> StaffMember:
    if not provider.default_role:
        raise SignOnRefused("nobody on the staff has this address, and new ones are not admitted")
    try:
        return staff.admit_person(
            email=identity.email,
            name=identity.name or identity.email,
            role=provider.default_role,
            operator_id=provider.operator_id,
        )
    except Conflict:
        raise SignOnRefused("this address cannot be admitted here") from None


def _require_welcome(provider: IdentityProvider, member: StaffMember) -> StaffMember:
    if member.operator_id != provider.operator_id:
        raise SignOnRefused("this address is of another operator's staff")
    if not member.is_active or member.kind != StaffMember.Kind.PERSON:
        raise SignOnRefused("this member of staff is disabled")
    return member


def _slug(operator_id: UUID | None) -> str:
    return operators.get_operator_by_id(operator_id).slug if operator_id else PLATFORM_SLUG
