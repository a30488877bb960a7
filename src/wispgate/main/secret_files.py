"""The installation's random secrets, made at the first start, one file each in `data/secrets`.

Nothing here has a default. `vault-private-key` holds more than one line while the vault's key is
replaced (`wispgate keys rotate`). Three of them cannot be made again: the key pair of the vault (without
it every SIM secret is lost), the one of the seals (without its public half nothing that was sealed
can be proved), and the database's superuser password (with the embedded server). The others may be
deleted and come back with a new value; without the old `login-key` authenticator apps must be set
up again and the secrets of login providers typed again.
"""

import asyncio
import os
import secrets
import socket
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wispgate.business.audit.chain import SigningKey, VerifyingKey
from wispgate.domain.authentication.sealing import KEY_OCTETS, OpeningKey, SealingKey
from wispgate.kernel.errors import InvalidValue, Misconfigured
from wispgate.main.installation import write_whole

DATABASE_ROLES = ("owner", "web", "worker", "network")
VAULT_FD = "WISPGATE_VAULT_FD"
VAULT_KEYS = "WISPGATE_VAULT_KEYS"

_SUPERUSER = "database-superuser"
_VAULT_PRIVATE = "vault-private-key"
_VAULT_PUBLIC = "vault-public-key"
_SEAL_PRIVATE = "seal-private-key"
# One key to a line: seals of a key that was replaced are proved by the older lines.
_SEAL_PUBLIC = "seal-public-keys"
_DJANGO = "django"
_LOGIN = "login-key"
# A line has 44 characters; a handful of keys is there at once at most.
_LONGEST_KEYS = 4096
_ASK = b"keys\n"
_ANSWER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Secrets:
    """What processes need. Private keys are not among it: see `read_opening_keys` for the vault's
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
    if _is_older_than_seals(folder):
        _make_seal_keys(folder)
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


def read_opening_keys(folder: Path) -> str:
    """The vault's private keys, one to a line: for the supervisor alone, who hands them on.

    From the environment where they stand there, else from the file. Raises Misconfigured.
    """
    return os.environ.get(VAULT_KEYS) or _read(folder / _VAULT_PRIVATE)


def add_opening_key(folder: Path, key: OpeningKey) -> None:
    """Puts a private key beside those that are there. Raises Misconfigured."""
    _require_file_of_keys()
    write_whole(folder / _VAULT_PRIVATE, f"{_read(folder / _VAULT_PRIVATE)}\n{key.to_text()}\n")


def drop_opening_key(folder: Path, key: SealingKey) -> None:
    """Destroys a private key. Raises Misconfigured."""
    _require_file_of_keys()
    kept = [
        one for one in opening_keys_of(_read(folder / _VAULT_PRIVATE)) if one.sealing_key != key
    ]
    write_whole(folder / _VAULT_PRIVATE, "".join(f"{one.to_text()}\n" for one in kept))


def put_sealing_key(folder: Path, key: SealingKey) -> None:
    """Makes `key` the one that a new process seals with until the database says otherwise."""
    write_whole(folder / _VAULT_PUBLIC, key.to_text())


def opening_keys_of(text: str) -> tuple[OpeningKey, ...]:
    """Private keys in base64, between blanks or line ends. Raises InvalidValue."""
    return tuple(OpeningKey.from_text(word) for word in text.split())


def read_signing_key(folder: Path) -> SigningKey:
    """The private key of the seals, for the worker alone. Raises Misconfigured."""
    try:
        return SigningKey.from_text(_read(folder / _SEAL_PRIVATE))
    except InvalidValue as error:
        raise Misconfigured(f"{folder / _SEAL_PRIVATE}: {error.message}") from None


@dataclass(frozen=True, slots=True)
class KeyDelivery:
    """The vault's private keys as they were handed over, and whom to ask for them anew."""

    keys: tuple[OpeningKey, ...]
    supervisor: socket.socket | None = None

    def ask_again(self) -> tuple[OpeningKey, ...]:
        """The keys as they are now; those of the start where nobody can be asked (any more)."""
        if self.supervisor is None:
            return self.keys
        try:
            return opening_keys_of(_ask_supervisor(self.supervisor))
        except (OSError, InvalidValue):
            return self.keys


def receive_opening_keys() -> KeyDelivery:
    """The vault's private keys from the inherited descriptor, or else from the environment.

    A file or a pipe is read once and closed; a supervisor's socket stays open. Raises Misconfigured
    where nothing was handed over.
    """
    descriptor, text = os.environ.pop(VAULT_FD, ""), os.environ.pop(VAULT_KEYS, "")
    if not descriptor.isdigit() and not text:
        raise Misconfigured(
            f"the key of the vault was not handed over: `wispgate up` does that; to run the "
            f"diameter process by itself, set {VAULT_FD}=3 and open descriptor 3 on "
            f"secrets/{_VAULT_PRIVATE} of the data folder, or set {VAULT_KEYS}",
            option=VAULT_FD,
        )
    place = f"descriptor {descriptor} ({VAULT_FD})" if descriptor.isdigit() else VAULT_KEYS
    try:
        delivery = (
            _receive_from(int(descriptor))
            if descriptor.isdigit()
            else KeyDelivery(opening_keys_of(text))
        )
    except (OSError, ValueError):
        raise Misconfigured(f"{place} gives no key", option=VAULT_FD) from None
    if not delivery.keys:
        raise Misconfigured(f"{place} gives no key", option=VAULT_FD)
    return delivery


def _receive_from(descriptor: int) -> KeyDelivery:
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        with os.fdopen(descriptor) as file:
            return KeyDelivery(opening_keys_of(file.read(_LONGEST_KEYS)))
    supervisor = socket.socket(fileno=descriptor)
    # Not for children of this process.
    os.set_inheritable(descriptor, False)  # noqa: FBT003 (the library has it so)
    supervisor.settimeout(_ANSWER_SECONDS)
    return KeyDelivery(opening_keys_of(_ask_supervisor(supervisor)), supervisor)


def _ask_supervisor(supervisor: socket.socket) -> str:
    """The keys, as `answer_for_keys` says them: lines up to an empty one."""
    supervisor.sendall(_ASK)
    answer = b""
    while not answer.endswith(b"\n\n"):
        part = supervisor.recv(_LONGEST_KEYS)
        if not part or len(answer) > _LONGEST_KEYS:
            raise OSError("the supervisor gives no keys")
        answer += part
    return answer.decode("ascii", "replace")


async def answer_for_keys(own: socket.socket, keys: Callable[[], str]) -> None:
    """The supervisor's side: says the keys as often as its child asks, until the child ends."""
    reader, writer = await asyncio.open_unix_connection(sock=own)
    try:
        while await reader.readline() == _ASK:
            writer.write("\n".join((*keys().split(), "", "")).encode())
            await writer.drain()
    except (OSError, ValueError, Misconfigured):
        pass  # the child keeps what it has, or says itself that it got nothing
    finally:
        writer.close()


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


def _is_older_than_seals(folder: Path) -> bool:
    """Nothing was sealed there yet, so there is no key to lose."""
    return not any((folder / name).exists() for name in (_SEAL_PRIVATE, _SEAL_PUBLIC))


def _require_file_of_keys() -> None:
    if os.environ.get(VAULT_KEYS):
        raise Misconfigured(
            f"the vault's keys stand in {VAULT_KEYS}: change them there, and name the new one "
            f"with --key",
            option=VAULT_KEYS,
        )


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
    if _is_older_than_seals(folder):
        return ()  # `ensure` makes them before anything can be sealed
    try:
        lines = _read(folder / _SEAL_PUBLIC).split()
        return tuple(VerifyingKey.from_text(line) for line in lines)
    except InvalidValue as error:
        raise Misconfigured(f"{folder / _SEAL_PUBLIC}: {error.message}") from None


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        cure = (
            "`wispgate up` or `wispgate migrate` makes it"
            if path.name in (*_renewable(), _LOGIN)
            else "restore it from the backup of the data folder"
        )
        raise Misconfigured(f"{path} is missing: {cure}") from None
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror}") from None
