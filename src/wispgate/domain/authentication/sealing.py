"""Sealed secrets: HPKE (RFC 9180) with X25519, HKDF-SHA256 and AES-256-GCM.

Whoever receives a secret seals it with the public key; only the authentication function holds
the private one. A seal is bound to the thing it belongs to (for SIM keys: the ICCID), so that
sealed bytes moved to another row do not open there.

This package is pure, yet HPKE draws its ephemeral key from the system's randomness inside the
library. That is wanted: a caller who passed the same randomness twice would give away both
secrets, and no decision of ours depends on the outcome.

Layout: format (1 octet) | key id (8) | encapsulated key (32) | ciphertext and tag.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from wispgate.domain.authentication.algorithm import require_octets
from wispgate.domain.authentication.errors import OpeningKeyMissing, SealBroken
from wispgate.kernel.errors import InvalidValue

KEY_OCTETS = 32
KEY_ID_OCTETS = 8
_FORMAT_1 = b"\x01"
_HEADER_OCTETS = len(_FORMAT_1) + KEY_ID_OCTETS
_TAG_OCTETS = 16
# An installation has one pair, and a second while seals are made anew.
_KEYS_READY = 4
_PURPOSE = b"wispgate sealed secret"
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True)
class SealingKey:
    """The public key: it seals and cannot open. No secret."""

    octets: bytes

    def __post_init__(self) -> None:
        require_octets("a sealing key", self.octets, KEY_OCTETS)

    @classmethod
    def from_text(cls, text: str) -> Self:
        return cls(_from_base64("a sealing key", text))

    def to_text(self) -> str:
        """Base64, for settings."""
        return b64encode(self.octets).decode()

    @property
    def key_id(self) -> bytes:
        """Names the key pair in every seal, so that keys can be replaced one row at a time."""
        return sha256(self.octets).digest()[:KEY_ID_OCTETS]


@dataclass(frozen=True, slots=True)
class OpeningKey:
    """The private key. Any 32 random octets are one (RFC 7748 section 5)."""

    octets: bytes = field(repr=False)

    def __post_init__(self) -> None:
        require_octets("an opening key", self.octets, KEY_OCTETS)

    @classmethod
    def from_text(cls, text: str) -> Self:
        return cls(_from_base64("an opening key", text))

    def to_text(self) -> str:
        """Base64, for a file or a descriptor that only the authentication function reads."""
        return b64encode(self.octets).decode()

    @property
    def sealing_key(self) -> SealingKey:
        private = X25519PrivateKey.from_private_bytes(self.octets)
        return SealingKey(private.public_key().public_bytes_raw())


def keyring(opening_keys: Iterable[OpeningKey]) -> dict[bytes, OpeningKey]:
    """The keys by their id, as `open_sealed` looks them up."""
    return {key.sealing_key.key_id: key for key in opening_keys}


def seal(sealing_key: SealingKey, plaintext: bytes, *, bound_to: str) -> bytes:
    """The secret as only the holder of the opening key can read it, and only for `bound_to`."""
    header = _FORMAT_1 + sealing_key.key_id
    info = _info(header, bound_to)
    public = X25519PublicKey.from_public_bytes(sealing_key.octets)
    try:
        return header + _SUITE.encrypt(plaintext, public, info=info)
    except ValueError:
        # A point of small order, such as all zeros, would make the shared secret public.
        raise InvalidValue("the sealing key is no usable X25519 point") from None


def open_sealed(keys: Mapping[bytes, OpeningKey], sealed: bytes, *, bound_to: str) -> bytes:
    """The secret of `seal`.

    Raises OpeningKeyMissing where `keys` lacks the key pair, and SealBroken where the bytes were
    altered or belong to something else than `bound_to`.
    """
    key_id = key_id_of(sealed)
    key = keys.get(key_id)
    if key is None:
        raise OpeningKeyMissing(f"no opening key {key_id.hex()} here", key_id=key_id.hex())
    header, message = sealed[:_HEADER_OCTETS], sealed[_HEADER_OCTETS:]
    info = _info(header, bound_to)
    try:
        return _SUITE.decrypt(message, _private_key(key.octets), info=info)
    except (InvalidTag, ValueError):
        raise SealBroken(f"the seal was altered or is not of {bound_to}") from None


@lru_cache(maxsize=_KEYS_READY)
def _private_key(octets: bytes) -> X25519PrivateKey:
    """Making one costs half of opening a seal, as its public half is computed."""
    return X25519PrivateKey.from_private_bytes(octets)


def reseal(
    keys: Mapping[bytes, OpeningKey], sealed: bytes, *, bound_to: str, recipient: SealingKey
) -> bytes:
    """The same secret, for the same owner, as only the holder of another opening key can read it.

    For the authentication function alone, like `open_sealed`, whose errors it raises.
    """
    return seal(recipient, open_sealed(keys, sealed, bound_to=bound_to), bound_to=bound_to)


def key_id_of(sealed: bytes) -> bytes:
    """Which key pair sealed these bytes: tells what is left to seal anew after a change of keys."""
    if len(sealed) < _HEADER_OCTETS + KEY_OCTETS + _TAG_OCTETS:
        raise SealBroken("sealed bytes are cut short")
    if sealed[:1] != _FORMAT_1:
        raise SealBroken(f"sealed bytes of unknown format {sealed[0]}")
    return sealed[1:_HEADER_OCTETS]


def _info(header: bytes, bound_to: str) -> bytes:
    """What both sides must agree on: purpose, format, key and owner (RFC 9180 section 5.1)."""
    if not bound_to:
        raise InvalidValue("a seal is bound to something", field="bound_to")
    return _PURPOSE + b"\x00" + header + bound_to.encode()


def _from_base64(what: str, text: str) -> bytes:
    try:
        return b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        # Neither the text nor the cause is shown: it may be a private key with one letter wrong.
        raise InvalidValue(f"{what} is base64 of {KEY_OCTETS} octets") from None
