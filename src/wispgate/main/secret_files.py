"""The installation's random secrets, made at the first start, one file each in `data/secrets`.

Nothing here has a default. Three of them cannot be made again: the key pair of the vault (without
it every SIM secret is lost), the one of the seals (without its public half nothing that was sealed
can be proved), and the database's superuser password (with the embedded server). The others may be
deleted and come back with a new value; without the old `login-key` authenticator apps must be set
up again and the secrets of login providers typed again.
"""

import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wispgate.business.audit.chain import SigningKey, VerifyingKey
from wispgate.domain.authentication.sealing import KEY_OCTETS, OpeningKey, SealingKey
from wispgate.kernel.errors import InvalidValue, Misconfigured
from wispgate.main.installation import write_whole

DATABASE_ROLES = ("owner", "web", "worker", "network")
VAULT_FD = "WISPGATE_VAULT_FD"

_SUPERUSER = "database-superuser"
_VAULT_PRIVATE = "vault-private-key"
_VAULT_PUBLIC = "vault-public-key"
_SEAL_PRIVATE = "seal-private-key"
# One key to a line: seals of a key that was replaced are proved by the older lines.
_SEAL_PUBLIC = "seal-public-keys"
_DJANGO = "django"
_LOGIN = "login-key"
_LONGEST_KEY = 4096


@dataclass(frozen=True, slots=True)
class Secrets:
    """What processes need. Private keys are not among it: see `read_opening_key` for the vault's
    and `read_signing_key` for the seals'.
    """

    database_passwords: Mapping[str, str] = field(repr=False)
    superuser_password: str = field(repr=False)
    django_secret_key: str = field(repr=False)
    login_key: str = field(repr=False)
    sealing_key: SealingKey
    verifying_keys: tuple[VerifyingKey, ...]


def ensure(folder: Path) -> Secrets:
    """The secrets, made first if the folder is new. Raises Misconfigured."""
    if not folder.exists():
        _make(folder)
    if not any((folder / name).exists() for name in (_SEAL_PRIVATE, _SEAL_PUBLIC)):
        _make_seal_keys(folder)  # of an installation that is older than seals
    for name in _renewable():
        if not (folder / name).exists():
            write_whole(folder / name, _password())
    if not (folder / _LOGIN).exists():
        write_whole(folder / _LOGIN, OpeningKey(secrets.token_bytes(KEY_OCTETS)).to_text())
    return load(folder)


def load(folder: Path) -> Secrets:
    """The secrets of an installation. Raises Misconfigured if one is missing or open to others."""
    _require_private(folder)
    return Secrets(
        database_passwords={role: _read(folder / _role_file(role)) for role in DATABASE_ROLES},
        superuser_password=_read(folder / _SUPERUSER),
        django_secret_key=_read(folder / _DJANGO),
        login_key=_read(folder / _LOGIN),
        sealing_key=_read_sealing_key(folder),
        verifying_keys=_read_verifying_keys(folder),
    )


def read_opening_key(folder: Path) -> str:
    """The vault's private key, for the supervisor alone, who hands it to the diameter process."""
    return _read(folder / _VAULT_PRIVATE)


def read_signing_key(folder: Path) -> SigningKey:
    """The private key of the seals, for the worker alone. Raises Misconfigured."""
    try:
        return SigningKey.from_text(_read(folder / _SEAL_PRIVATE))
    except InvalidValue as error:
        raise Misconfigured(f"{folder / _SEAL_PRIVATE}: {error.message}") from None


def receive_opening_key() -> OpeningKey:
    """The vault's private key from the inherited descriptor, read once; it is closed then.

    Raises Misconfigured where none was handed over.
    """
    text = os.environ.pop(VAULT_FD, "")
    if not text.isdigit():
        raise Misconfigured(
            f"the key of the vault was not handed over: `wispgate up` does that; to run the "
            f"diameter process by itself, set {VAULT_FD}=3 and open descriptor 3 on "
            f"secrets/{_VAULT_PRIVATE} of the data folder",
            option=VAULT_FD,
        )
    try:
        with os.fdopen(int(text)) as file:
            return OpeningKey.from_text(file.read(_LONGEST_KEY).strip())
    except (OSError, ValueError):
        raise Misconfigured(
            f"descriptor {text} ({VAULT_FD}) gives no key", option=VAULT_FD
        ) from None


def pipe_with(text: str) -> int:
    """The reading end of a pipe that holds `text` and nothing more, for a child to inherit."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as file:
        file.write(text)
    return reading


def find_open_files(folder: Path) -> list[Path]:
    """Secrets that others than their owner may read."""
    paths = [folder, *folder.iterdir()] if folder.exists() else []
    return [path for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o077]


def _make(folder: Path) -> None:
    """All at once: an interrupted first start leaves no folder that looks complete."""
    draft = folder.with_name(f".{folder.name}.{os.getpid()}")
    draft.mkdir(mode=0o700)
    opening_key = OpeningKey(secrets.token_bytes(KEY_OCTETS))
    write_whole(draft / _VAULT_PRIVATE, opening_key.to_text())
    write_whole(draft / _VAULT_PUBLIC, opening_key.sealing_key.to_text())
    _make_seal_keys(draft)
    write_whole(draft / _SUPERUSER, _password())
    draft.rename(folder)


def _make_seal_keys(folder: Path) -> None:
    key = SigningKey.from_octets(secrets.token_bytes(KEY_OCTETS))
    write_whole(folder / _SEAL_PUBLIC, f"{key.verifying_key.to_text()}\n")
    write_whole(folder / _SEAL_PRIVATE, key.to_text())


def _renewable() -> list[str]:
    return [_DJANGO, *(_role_file(role) for role in DATABASE_ROLES)]


def _role_file(role: str) -> str:
    return f"database-{role}"


def _password() -> str:
    return secrets.token_urlsafe(36)


def _require_private(folder: Path) -> None:
    for path in find_open_files(folder):
        raise Misconfigured(f"{path} can be read by other users: chmod go= {path}")


def _read_sealing_key(folder: Path) -> SealingKey:
    try:
        return SealingKey.from_text(_read(folder / _VAULT_PUBLIC))
    except InvalidValue as error:
        raise Misconfigured(f"{folder / _VAULT_PUBLIC}: {error.message}") from None


def _read_verifying_keys(folder: Path) -> tuple[VerifyingKey, ...]:
    try:
        lines = _read(folder / _SEAL_PUBLIC).split()
        return tuple(VerifyingKey.from_text(line) for line in lines)
    except InvalidValue as error:
        raise Misconfigured(f"{folder / _SEAL_PUBLIC}: {error.message}") from None


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        raise Misconfigured(
            f"{path} is missing: restore it from the backup of the data folder"
        ) from None
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror}") from None
