"""What an OpenID provider says of somebody, and whether it may be believed.

OpenID Connect Core 1.0 section 3.1.3.7. The signature is checked before; time is ours, so that the
rules follow the installation's clock.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any

from wispgate.domain.login.errors import ClaimsRefused

CLOCK_SKEW = timedelta(minutes=2)
# An ID token is taken at once; an old one was kept by somebody.
LONGEST_AGE = timedelta(minutes=10)
_LONGEST_SUBJECT = 255  # OpenID Connect Core 1.0 section 2


@dataclass(frozen=True, slots=True)
class Expected:
    """What the claims must say: by whom, for whom, and for which of our questions."""

    issuer: str
    client_id: str
    nonce: str
    domains: Collection[str]


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody, as the provider knows them."""

    subject: str
    email: str
    name: str
    used_mfa: bool


def believe(claims: Mapping[str, Any], expected: Expected, *, now: datetime) -> Identity:
    """The identity. Raises ClaimsRefused, naming the first claim that is wrong."""
    _require_origin(claims, expected)
    _require_time(claims, now)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT:
        raise ClaimsRefused("sub", "the provider does not say who it is")
    return Identity(
        subject=subject,
        email=_email(claims, expected.domains),
        name=str(claims.get("name") or "")[:120],
        # RFC 8176 section 2.
        used_mfa="mfa" in _texts(claims.get("amr")),
    )


def _require_origin(claims: Mapping[str, Any], expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise ClaimsRefused("iss", "another provider issued this")
    audience = _texts(claims.get("aud"))
    if expected.client_id not in audience:
        raise ClaimsRefused("aud", "this was issued for another application")
    authorized = claims.get("azp")
    if (authorized is not None or len(audience) > 1) and authorized != expected.client_id:
        raise ClaimsRefused("azp", "this was issued to another application")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not compare_digest(nonce.encode(), expected.nonce.encode()):
        raise ClaimsRefused("nonce", "this answers another question than ours")


def _require_time(claims: Mapping[str, Any], now: datetime) -> None:
    present, skew = now.timestamp(), CLOCK_SKEW.total_seconds()
    expires_at, issued_at = _number(claims, "exp"), _number(claims, "iat")
    if expires_at + skew <= present:
        raise ClaimsRefused("exp", "this has expired, or the provider's clock is wrong")
    if issued_at - skew > present:
        raise ClaimsRefused("iat", "this was issued in the future: the clocks differ")
    if present - issued_at > LONGEST_AGE.total_seconds() + skew:
        raise ClaimsRefused("iat", "this was issued too long ago")
    if "nbf" in claims and _number(claims, "nbf") - skew > present:
        raise ClaimsRefused("nbf", "this is not valid yet: the clocks differ")


def _email(claims: Mapping[str, Any], domains: Collection[str]) -> str:
    email = claims.get("email")
    if not isinstance(email, str) or email.count("@") != 1 or not email.isprintable():
        raise ClaimsRefused("email", "the provider does not say the e-mail address")
    # Some providers send a text; anything else than a clear yes is a no.
    if claims.get("email_verified") not in (True, "true"):
        raise ClaimsRefused("email_verified", "the provider has not verified the e-mail address")
    email = email.lower()
    if email.partition("@")[2] not in domains:
        raise ClaimsRefused("email", "the e-mail address is of a domain that is not allowed")
    return email


def _number(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ClaimsRefused(name, f"the claim {name} is missing or no time")
    return float(value)


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
