"""Backups of the embedded database, and their way back into an empty data folder.

A backup is a file of pg_dump, made while everything runs. It holds no key: the folder `secrets`
is to be kept apart from it. A restore builds a cluster beside the place of the real one and puts
it there by one rename, so that half a database never starts.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

import psycopg
from psycopg import conninfo

from wispgate.kernel.errors import Conflict, Misconfigured, Unavailable
from wispgate.main import binaries, clocks, database, key_holding, postgres, secret_files
from wispgate.main.installation import DataFolder, Installation
from wispgate.main.postgres import Cluster
from wispgate.main.secret_files import Secrets
from wispgate.main.settings import Settings
from wispgate.store import sync

_SEALED_WITH: Final = (
    "SELECT DISTINCT key FROM audit_sealblock b "
    "WHERE number = (SELECT max(number) FROM audit_sealblock WHERE chain = b.chain)"
)


# What is cut off is thrown away, and what is whole is written to disk in one go: nothing waits.
_UNTIL_WHOLE: Final = MappingProxyType({"fsync": "off", "full_page_writes": "off"})
# A seal names its key after its first octet.
_CARDS_SEALED_WITH: Final = """
SELECT encode(substr(sealed_key, 2, 8), 'hex') AS key, count(*) FROM inventory_sim
WHERE length(sealed_key) > 9 GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back. `missing_keys`: what the database needs and `secrets` does not have."""

    partitions: int
    origin_states: int
    missing_keys: tuple[str, ...] = field(default=())


def back_up(settings: Settings, target: Path) -> None:
    """Writes the database into the new file `target`. Raises Conflict, Misconfigured, Unavailable."""
    _require_embedded(settings)
    if target.exists():
        raise Conflict(f"{target} is there already: a backup is never written over another")
    secrets = secret_files.load(settings.folder.secrets)
    draft = target.with_name(f"{target.name}.part")
    with database.reachable(settings, secrets):
        cluster = database.embedded(settings, secrets)
        # What is in it is for the same eyes as the database.
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        try:
            _run(settings, cluster, secrets, "pg_dump", "--format=custom", f"--file={draft}")
        except Unavailable:
            draft.unlink()
            raise
    _to_disk(draft)
    draft.rename(target)
    _to_disk(target.parent)


def restore(settings: Settings, source: Path, *, is_nothing_lost: bool, now: datetime) -> Restored:
    """Makes the data folder's database from a backup. Cut off, it is to be run again.

    Raises Conflict where there is a database, Misconfigured without the secrets, Unavailable.
    """
    _require_embedded(settings)
    folder = settings.folder
    folder.make()
    with folder.locked():
        if folder.postgres.exists():
            raise Conflict(f"{folder.postgres} is a database already: restore into a new folder")
        secrets = _saved_secrets(folder)
        draft = postgres.draft_of_restore(folder.postgres)
        # Of a restore that was killed, the server may still be at it.
        _cluster(settings, secrets, draft).stop()
        if draft.exists():
            shutil.rmtree(draft)
        with _cluster(settings, secrets, draft) as cluster:
            database.prepare_at(settings, secrets, cluster.dsn(database.EMBEDDED_NAME))
            _run(settings, cluster, secrets, "pg_restore", "--single-transaction", str(source))
            restored = _finish(settings, cluster, is_nothing_lost=is_nothing_lost, now=now)
        for path in (*draft.rglob("*"), draft):
            if path.is_dir() or path.is_file():
                _to_disk(path)
        draft.rename(folder.postgres)
        _to_disk(folder.path)
    return restored


def _require_embedded(settings: Settings) -> None:
    if settings.database:
        raise Misconfigured(
            "the setting database names a server of yours: back it up and restore it with its own "
            "tools, then run `wispgate migrate`; docs/howto/backup.md says how",
            option="database",
        )


def _saved_secrets(folder: DataFolder) -> Secrets:
    if not folder.secrets.exists():
        raise Misconfigured(
            f"{folder.secrets} is missing: copy the saved folder `secrets` there first. Without "
            f"its keys no card of the backup can be used"
        )
    return secret_files.load(folder.secrets)


def _cluster(settings: Settings, secrets: Secrets, folder: Path) -> Cluster:
    return Cluster(
        folder,
        password=secrets.superuser_password,
        binaries=settings.postgres_binaries,
        log=settings.folder.logs / "postgres.log",
        settings=_UNTIL_WHOLE,
    )


def _finish(
    settings: Settings, cluster: Cluster, *, is_nothing_lost: bool, now: datetime
) -> Restored:
    """What the restored database needs before anything starts on it, and what it says of itself."""
    folder = settings.folder
    with psycopg.connect(cluster.dsn(database.EMBEDDED_NAME), autocommit=True) as admin:
        # The planner knows nothing of tables that were filled just now.
        admin.execute("ANALYZE")
        partitions = _agree_on_partitions(folder, admin, is_sandbox=settings.sandbox)
        told = 0
        if not is_nothing_lost:
            cursor = admin.cursor(row_factory=psycopg.rows.dict_row)
            told = len(sync.run(cursor, "grow_origin_states", {"value": int(now.timestamp())}))
        return Restored(partitions, told, tuple(_missing_keys(settings, admin)))


def _agree_on_partitions(folder: DataFolder, admin: psycopg.Connection, *, is_sandbox: bool) -> int:
    (partitions,) = admin.execute("SELECT partitions FROM installation").fetchone() or (0,)
    found = folder.find_installation()
    if found is None:
        if is_sandbox and not folder.clock_offset.exists():
            clocks.make_sandbox_clock(folder)
        folder.remember_installation(Installation(partitions, is_sandbox=is_sandbox))
    elif found.partitions != partitions:
        raise Conflict(
            f"the backup has {partitions} partitions, {folder.installation_file} says "
            f"{found.partitions}: it belongs to another installation"
        )
    return int(partitions)


def _missing_keys(settings: Settings, admin: psycopg.Connection) -> list[str]:
    """Keys that rows of the backup name and that `secrets` does not have."""
    secrets = settings.folder.secrets
    seals = {key.name for key in secret_files.load(secrets).verifying_keys}
    missing = []
    if any(name not in seals for (name,) in admin.execute(_SEALED_WITH)):
        missing.append("the seals' key: `wispgate verify` does not know who signed the newest")
    # An agent or a plug-in has its keys elsewhere.
    if key_holding.is_handed_over(settings):
        text = secret_files.read_opening_keys(secrets)
        mine = {key.sealing_key.key_id.hex() for key in secret_files.opening_keys_of(text)}
        missing += [
            f"the vault's key {name}: {cards} cards cannot be used without it"
            for name, cards in admin.execute(_CARDS_SEALED_WITH)
            if name not in mine
        ]
    return missing


def _run(settings: Settings, cluster: Cluster, secrets: Secrets, program: str, *words: str) -> None:
    """One of PostgreSQL's programs, of the server's own version, on the installation's database."""
    found = binaries.find(settings.postgres_binaries, major=cluster.major())
    path = found.folder / program
    if not path.is_file():
        raise Misconfigured(f"{found} comes without {program}: install postgresql-client")
    at = conninfo.conninfo_to_dict(cluster.dsn(database.EMBEDDED_NAME))
    address: Sequence[str] = [
        f"--host={at['host']}", f"--port={at['port']}", f"--username={at['user']}",
        f"--dbname={at['dbname']}", "--no-password",
    ]  # fmt: skip
    done = subprocess.run(  # noqa: S603 (a program found by us)
        [str(path), *address, *words], capture_output=True, text=True, check=False,
        # Not on the command line, which everybody on the machine can read.
        env=os.environ | {"PGPASSWORD": secrets.superuser_password},
    )  # fmt: skip
    if done.returncode != 0:
        why = " / ".join(done.stderr.strip().splitlines()[:3])
        raise Unavailable(f"{program} failed: {why or f'exit code {done.returncode}'}")


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
