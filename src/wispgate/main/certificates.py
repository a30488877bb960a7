"""What is wrong with this node's own certificate for Diameter, said before a peer finds out."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from wispgate.kernel.errors import Misconfigured
from wispgate.network.transport.certificates import names_of

Verdict = tuple[Literal["good", "warning", "bad"], str]

_SOON: Final = timedelta(days=30)
_OTHERS_MAY_READ: Final = 0o077


def examine(chain: Path, key: Path, *, identity: str, now: datetime) -> Iterator[Verdict]:
    """Raises Misconfigured where a file cannot be read at all."""
    certificate = _read_certificate(chain)
    yield from _examine_key(certificate, key)
    yield from _examine_dates(certificate, chain, now)
    names = [name.lower() for name in names_of(certificate)]
    if identity.lower() in names:
        yield "good", f"{chain} is for {identity}"
    else:
        yield (
            "bad",
            (
                f"{chain} is for {', '.join(names) or 'nobody'}, and this node is {identity}: peers "
                f"that check will refuse it; have one issued with that name (subjectAltName)"
            ),
        )
    yield from _examine_uses(certificate, chain)


def _read_certificate(chain: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(chain.read_bytes())[0]
    except (OSError, ValueError) as error:
        raise Misconfigured(f"tls_certificate {chain} cannot be read: {error}") from None


def _examine_key(certificate: x509.Certificate, key: Path) -> Iterator[Verdict]:
    try:
        private = load_pem_private_key(key.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise Misconfigured(f"tls_key {key} cannot be read: {error}") from None
    if _octets(private.public_key()) != _octets(certificate.public_key()):
        yield "bad", f"{key} is not the key of the certificate: they were mixed up"
    if key.stat().st_mode & _OTHERS_MAY_READ:
        yield "warning", f"{key} can be read by others on this machine: chmod 600"


def _octets(public_key: object) -> bytes:
    octets: bytes = public_key.public_bytes(  # type: ignore[attr-defined]  # every kind has it
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return octets


def _examine_dates(certificate: x509.Certificate, chain: Path, now: datetime) -> Iterator[Verdict]:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < begins:
        yield "bad", f"{chain} is valid from {begins:%Y-%m-%d} only: is the clock right?"
    elif now >= ends:
        yield "bad", f"{chain} ended on {ends:%Y-%m-%d}: renew it, peers refuse it"
    elif now >= ends - _SOON:
        yield "warning", f"{chain} ends on {ends:%Y-%m-%d}: renew it in time"
    else:
        yield "good", f"{chain} is valid until {ends:%Y-%m-%d}"


def _examine_uses(certificate: x509.Certificate, chain: Path) -> Iterator[Verdict]:
    """The node is a client to peers that it calls, and a server to those that call it."""
    try:
        uses = set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return
    wanted = {
        ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
        ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth",
    }
    missing = [name for use, name in wanted.items() if use not in uses]
    if missing and ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE not in uses:
        yield "warning", f"{chain} is not for {', '.join(missing)}: peers may refuse it"
