"""What a sealed chain is: rows' digests in blocks, blocks linked by hashes, each signed. Pure.

A chain holds the rows of one source (the audit, or one hot partition's ledger) that belong to one
operator, or to the platform. Rows come in the order (transaction, id), which is fixed once every
transaction below has ended. A block is also a checkpoint: whoever keeps the header of the newest
one elsewhere can show that nothing before it was changed, left out or cut off.
"""

import base64
import hashlib
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from wispgate.kernel.errors import InvalidValue

# How a row becomes text; the database's functions `…_sealed(row, form)` know the same number.
FORM = 1
NOTHING_BEFORE = "0" * 64
PLATFORM = "platform"
_PACKED = struct.Struct(">Q16s32s")


@dataclass(frozen=True, slots=True)
class Entry:
    """One sealed row: the transaction that wrote it, its id, and the SHA-256 of its text.

    The id of an audit entry, which is a number, is written as the UUID of that number.
    """

    xid: int
    id: UUID
    digest: bytes

    @property
    def place(self) -> tuple[int, UUID]:
        """What rows are ordered by."""
        return self.xid, self.id


BEGINNING = (-1, UUID(int=0))


@dataclass(frozen=True, slots=True)
class Header:
    """A block without its entries: what is hashed, signed and kept elsewhere as a checkpoint."""

    chain: str
    number: int
    form: int
    rows_before: int
    rows: int
    previous: str
    root: str
    sealed_at: datetime
    key: str = ""
    signature: str = ""

    @property
    def text(self) -> bytes:
        """What is signed, line by line."""
        lines = (
            "wispgate-seal 1",
            f"chain {self.chain}",
            f"number {self.number}",
            f"form {self.form}",
            f"rows-before {self.rows_before}",
            f"rows {self.rows}",
            f"previous {self.previous}",
            f"root {self.root}",
            f"sealed-at {instant(self.sealed_at)}",
        )
        return "".join(f"{line}\n" for line in lines).encode()

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.text).hexdigest()

    @property
    def rows_after(self) -> int:
        return self.rows_before + self.rows

    def as_json(self) -> dict[str, Any]:
        """A checkpoint as a JSON object; `from_json` reads it back."""
        return {
            "chain": self.chain,
            "number": self.number,
            "form": self.form,
            "rows_before": self.rows_before,
            "rows": self.rows,
            "previous": self.previous,
            "root": self.root,
            "sealed_at": instant(self.sealed_at),
            "hash": self.hash,
            "key": self.key,
            "signature": self.signature,
        }

    @staticmethod
    def from_json(given: Mapping[str, Any]) -> "Header":
        """Raises InvalidValue for what is no checkpoint."""
        try:
            return Header(
                chain=str(given["chain"]),
                number=int(given["number"]),
                form=int(given["form"]),
                rows_before=int(given["rows_before"]),
                rows=int(given["rows"]),
                previous=str(given["previous"]),
                root=str(given["root"]),
                sealed_at=datetime.fromisoformat(str(given["sealed_at"])),
                key=str(given["key"]),
                signature=str(given["signature"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidValue(f"this is no checkpoint: {error}") from None


def chain_name(source: str, operator_id: UUID | None) -> str:
    """`audit/platform`, `ledger/hot_00/0190…`."""
    return f"{source}/{operator_id or PLATFORM}"


def next_header(
    last: Header | None, chain: str, entries: Sequence[Entry], *, id_is_number: bool, now: datetime
) -> Header:
    """The header of the block that holds `entries` after `last`, not signed yet."""
    return Header(
        chain=chain,
        number=last.number + 1 if last else 1,
        form=FORM,
        rows_before=last.rows_after if last else 0,
        rows=len(entries),
        previous=last.hash if last else NOTHING_BEFORE,
        root=root_of(entries, id_is_number=id_is_number),
        sealed_at=now,
    )


def root_of(entries: Iterable[Entry], *, id_is_number: bool) -> str:
    return hashlib.sha256(lines_of(entries, id_is_number=id_is_number).encode()).hexdigest()


def lines_of(entries: Iterable[Entry], *, id_is_number: bool) -> str:
    """Entries as an export shows them: `transaction id digest`, one per line."""
    return "".join(
        f"{entry.xid} {entry.id.int if id_is_number else entry.id} {entry.digest.hex()}\n"
        for entry in entries
    )


def pack(entries: Iterable[Entry]) -> bytes:
    """56 octets for each entry."""
    return b"".join(_PACKED.pack(one.xid, one.id.bytes, one.digest) for one in entries)


def unpack(packed: bytes) -> list[Entry]:
    """Raises InvalidValue where somebody cut it."""
    if len(packed) % _PACKED.size:
        raise InvalidValue("the list of a block's entries is damaged")
    return [Entry(xid, UUID(bytes=id_), digest) for xid, id_, digest in _PACKED.iter_unpack(packed)]


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The installation's Ed25519 key for seals. Only the worker has it."""

    private: Ed25519PrivateKey

    def __repr__(self) -> str:
        return f"SigningKey({self.verifying_key.name})"

    @staticmethod
    def from_octets(octets: bytes) -> "SigningKey":
        return SigningKey(Ed25519PrivateKey.from_private_bytes(octets))

    @staticmethod
    def from_text(text: str) -> "SigningKey":
        return SigningKey.from_octets(_octets(text))

    def to_text(self) -> str:
        return base64.b64encode(self.private.private_bytes_raw()).decode()

    @property
    def verifying_key(self) -> "VerifyingKey":
        return VerifyingKey(self.private.public_key())

    def sign(self, header: Header) -> Header:
        return replace(header, key=self.verifying_key.name, signature=self.sign_text(header.text))

    def sign_text(self, text: bytes) -> str:
        return base64.b64encode(self.private.sign(text)).decode()


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """The public half, which anybody may have."""

    public: Ed25519PublicKey

    @staticmethod
    def from_text(text: str) -> "VerifyingKey":
        return VerifyingKey(Ed25519PublicKey.from_public_bytes(_octets(text)))

    def to_text(self) -> str:
        return base64.b64encode(self.public.public_bytes_raw()).decode()

    def to_pem(self) -> str:
        """As `openssl pkeyutl -verify -pubin` takes it."""
        encoding = serialization.Encoding.PEM
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.public.public_bytes(encoding, form).decode()

    @property
    def name(self) -> str:
        """Sixteen hexadecimal digits by which a signature says whose it is."""
        return hashlib.sha256(self.public.public_bytes_raw()).hexdigest()[:16]

    def has_signed(self, text: bytes, signature: str) -> bool:
        try:
            self.public.verify(base64.b64decode(signature, validate=True), text)
        except (InvalidSignature, ValueError):
            return False
        return True


def is_signed(text: bytes, key: str, signature: str, keys: Iterable[VerifyingKey]) -> bool:
    """Whether one of our keys, of that name, signed it."""
    return any(each.name == key and each.has_signed(text, signature) for each in keys)


def mark_text(chain: str, number: int, at: datetime) -> bytes:
    """What is signed when retention takes a chain's rows up to and with a block."""
    lines = ("wispgate-mark 1", f"chain {chain}", f"number {number}", f"at {instant(at)}")
    return "".join(f"{line}\n" for line in lines).encode()


def instant(at: datetime) -> str:
    """In UTC with microseconds: one instant has one text."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _octets(text: str) -> bytes:
    try:
        octets = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        octets = b""
    if len(octets) != 32:
        raise InvalidValue("a key is 32 octets in base64")
    return octets
