"""TLS from the first octet, both sides with certificates (RFC 6733 section 13.1).

A peer is known only after its CER, so a handshake is accepted under any peer's authority, and the
admission asks whether it was that peer's (`certificates`).
"""

import asyncio
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import structlog

from wispgate.domain.diagnosis.evidence import KnockCause
from wispgate.kernel.errors import Misconfigured

_log = structlog.get_logger("diameter")

HANDSHAKE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Certificate:
    """The node's own, as files: chain and private key (PEM)."""

    chain: Path
    key: Path


def serving_context(certificate: Certificate, authorities: Iterable[str]) -> ssl.SSLContext:
    """For peers that connect. Raises Misconfigured where the files are no pair."""
    context = _context(ssl.PROTOCOL_TLS_SERVER, certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    trust(context, authorities)
    return context


def calling_context(certificate: Certificate | None, authority: str) -> ssl.SSLContext:
    """For a peer that we connect to: its authority, and its identity as the name."""
    if certificate is None:
        raise OSError("this node has no certificate (tls_certificate, tls_key)")
    context = _context(ssl.PROTOCOL_TLS_CLIENT, certificate)
    trust(context, [authority])
    return context


def trust(context: ssl.SSLContext, authorities: Iterable[str]) -> None:
    """Adds authorities, for handshakes that come. What is added twice counts once."""
    for authority in authorities:
        try:
            context.load_verify_locations(cadata=authority)
        except ssl.SSLError as error:
            _log.warning("authority not taken", cause=str(error))


def _context(protocol: ssl._SSLMethod, certificate: Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # An authority may be an intermediate one: its root need not be known here.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_cert_chain(certificate.chain, certificate.key)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(
            f"tls_certificate {certificate.chain} and tls_key {certificate.key} cannot be used: "
            f"{error.strerror or error}"
        ) from None
    return context


class Porch(asyncio.Protocol):
    """Holds what arrives between the handshake's end and the connection's beginning."""

    def __init__(self) -> None:
        self.received = b""
        self.is_lost = False

    def data_received(self, data: bytes) -> None:
        self.received += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = True


class TlsDoor(asyncio.Protocol):
    """A TCP connection at the TLS port, until its handshake is over.

    The handshake is ours to start, and not the server's, so that its failure can be told.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        connection: Callable[[], asyncio.Protocol],
        entering: Callable[[str], bool],
        refused: Callable[[str, KnockCause, str], None],
    ) -> None:
        """`entering` says whether a connection from there may be listened to."""
        self._context = context
        self._connection = connection
        self._entering = entering
        self._refused = refused
        self._shaking: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        plain = cast(asyncio.Transport, transport)
        name = plain.get_extra_info("peername")
        address = name[0] if name else ""
        if not self._entering(address):
            plain.abort()
            return
        plain.pause_reading()
        self._shaking = asyncio.get_running_loop().create_task(self._shake_hands(plain, address))

    async def _shake_hands(self, plain: asyncio.Transport, address: str) -> None:
        porch = Porch()
        loop = asyncio.get_running_loop()
        try:
            secure = await loop.start_tls(
                plain, porch, self._context, server_side=True,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
            )  # fmt: skip
        except ConnectionResetError:
            # It came and went without a word, as port scans, health checks and our own self-test do.
            plain.abort()
            return
        except (OSError, asyncio.CancelledError) as error:
            plain.abort()
            self._refused(address, cause_of(error), _in_words(error))
            return
        if secure is None or porch.is_lost:
            self._refused(
                address, KnockCause.HANDSHAKE_FAILED, "it went away after the TLS handshake"
            )
            return
        connection = self._connection()
        secure.set_protocol(connection)
        connection.connection_made(secure)
        if porch.received:
            connection.data_received(porch.received)


# What OpenSSL says of octets that are no TLS: a Diameter message begins with version 1.
_NO_TLS: Final = (
    "WRONG_VERSION_NUMBER",
    "RECORD_LAYER_FAILURE",
    "HTTP_REQUEST",
    "UNEXPECTED_MESSAGE",
)


def cause_of(error: BaseException) -> KnockCause:
    """The word for what ended a handshake."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return KnockCause.UNTRUSTED_CERTIFICATE
    reason = (error.reason or "") if isinstance(error, ssl.SSLError) else ""
    if "PEER_DID_NOT_RETURN_A_CERTIFICATE" in reason:
        return KnockCause.NO_CERTIFICATE
    if "ALERT" in reason and ("CA" in reason or "CERTIFICATE" in reason):
        return KnockCause.OURS_NOT_TRUSTED
    return KnockCause.NOT_TLS if reason in _NO_TLS else KnockCause.HANDSHAKE_FAILED


def _in_words(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"the TLS handshake failed: {error.reason or error}"
    return "the TLS handshake did not end"
