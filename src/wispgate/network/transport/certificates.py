"""Certificates of peers: who issued them, and whose they are.

The handshake has proved possession, dates and a chain to some peer's authority. What is left to
ask is whether it was this peer's authority, and whether the certificate names the Origin-Host.
"""

from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtensionOID, NameOID

from wispgate.kernel.errors import InvalidValue


def read_certificates(pem: str) -> list[x509.Certificate]:
    """All certificates of a text. Raises InvalidValue."""
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except ValueError as error:
        raise InvalidValue(f"holds no certificate (PEM): {error}") from None


def find_fault(certificate: bytes, identity: str, authority: str) -> str:
    """Why the certificate (DER) does not prove the identity to us, in words; "" if it does."""
    try:
        shown = x509.load_der_x509_certificate(certificate)
        names = names_of(shown)
    except ValueError as error:
        return f"its certificate cannot be read: {error}"
    if identity.lower() not in {name.lower() for name in names}:
        return f"its certificate is for {', '.join(names) or 'nobody'}, not for {identity}"
    if not is_issued_by(shown, read_certificates(authority)):
        issuer = shown.issuer.rfc4514_string()
        return f"its certificate was issued by {issuer}, which is not this peer's authority"
    return ""


def names_of(certificate: x509.Certificate) -> list[str]:
    """The host names that it stands for; the common name counts only where there are no others."""
    try:
        extension = certificate.extensions.get_extension_for_oid(
            ExtensionOID.SUBJECT_ALTERNATIVE_NAME
        ).value
    except x509.ExtensionNotFound:
        common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return [str(attribute.value) for attribute in common]
    if not isinstance(extension, x509.SubjectAlternativeName):
        return []
    return extension.get_values_for_type(x509.DNSName)


def is_issued_by(certificate: x509.Certificate, issuers: Iterable[x509.Certificate]) -> bool:
    """Whether one of them signed it. Of a chain, the last issuer has to be among them."""
    for issuer in issuers:
        try:
            certificate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return True
    return False
