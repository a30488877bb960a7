"""Authorities and certificates made while a test runs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True)
class Authority:
    """Issues certificates; `pem` is its own."""

    name: str
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()


@dataclass(frozen=True)
class Files:
    """A certificate and its key as a node is given them."""

    chain: Path
    key: Path
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


def an_authority(name: str, issuer: Authority | None = None) -> Authority:
    """A root, or one that another issued."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    certificate = (
        _builder(subject, issuer.certificate.subject if issuer else subject, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(issuer.key if issuer else key, hashes.SHA256())
    )
    return Authority(name, key, certificate)


def a_certificate(
    folder: Path, authority: Authority, *names: str,
    common_name: str = "", days: int = 365, begins_in: int = -1,
    uses: tuple[x509.ObjectIdentifier, ...] = (
        ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH,
    ),
) -> Files:  # fmt: skip
    """For host names, as subjectAltName; none of those where there is only a common name."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(
        _name(common_name or names[0]), authority.certificate.subject, key,
        days=days, begins_in=begins_in,
    )  # fmt: skip
    if names:
        alternatives = [x509.DNSName(name) for name in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    if uses:
        builder = builder.add_extension(x509.ExtendedKeyUsage(list(uses)), critical=False)
    certificate = builder.sign(authority.key, hashes.SHA256())
    stem = f"{common_name or names[0]}-{authority.name}-{certificate.serial_number}"
    chain, key_file = folder / f"{stem}.pem", folder / f"{stem}.key"
    issuer = b"" if authority.certificate.issuer == authority.certificate.subject else (
        authority.pem.encode()
    )  # fmt: skip
    chain.write_bytes(certificate.public_bytes(Encoding.PEM) + issuer)
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    key_file.chmod(0o600)
    return Files(chain, key_file, certificate)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey,
    *, days: int = 365, begins_in: int = -1,
) -> x509.CertificateBuilder:  # fmt: skip
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=begins_in))
        .not_valid_after(now + timedelta(days=days))
    )
