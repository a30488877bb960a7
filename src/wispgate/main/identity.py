"""As whom child programs run: PostgreSQL refuses root, and no child outlives its parent.

Everything that `main` starts is started through `command_line` (see `launch.py`).
"""

import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wispgate.kernel.errors import Misconfigured

_LAUNCHER = Path(__file__).with_name("launch.py")
_OVERFLOW_UID = 65534  # in a user namespace this number means "nobody whom we know"


@dataclass(frozen=True, slots=True)
class Identity:
    """The user a program runs as: the caller, another one, or root seen as another one.

    In a `namespace` files still belong to the caller, so it enters folders that are the caller's
    alone; the program believes that it is `uid`.
    """

    kind: Literal["same", "user", "namespace"] = "same"
    uid: int = 0
    gid: int = 0

    def __str__(self) -> str:
        return self.kind if self.kind == "same" else f"{self.kind}:{self.uid}:{self.gid}"

    @property
    def owner(self) -> tuple[int, int]:
        """Uid and gid that files must have for the program to own them."""
        return (self.uid, self.gid) if self.kind == "user" else (os.geteuid(), os.getegid())


SAME = Identity()


def command_line(
    program: Sequence[str], *, identity: Identity = SAME, death: signal.Signals = signal.SIGTERM
) -> list[str]:
    """The command that runs `program` as `identity` and sends it `death` when we end.

    Linux ties this to the *thread* that starts the program: start it from one that stays.
    """
    launcher = [sys.executable, "-I", "-S", str(_LAUNCHER)]
    return [*launcher, str(os.getpid()), str(int(death)), str(identity), *program]


def choose_for_database(folder: Path) -> Identity:
    """Who shall run PostgreSQL on `folder`, which must exist. Raises Misconfigured."""
    if os.geteuid() != 0:
        return SAME
    account = _unprivileged_account()
    other = Identity("user", account.pw_uid, account.pw_gid)
    if can_enter(other, folder):
        return other
    namespace = _namespace_identity()
    if _runs(namespace):
        return namespace
    raise Misconfigured(
        f"PostgreSQL does not run as root, and the user {account.pw_name} cannot enter {folder}: "
        f"choose another folder with --data (or WISPGATE_DATA), for example /var/lib/wispgate, "
        f"or let others pass through its parents (chmod o+x)",
        option="--data",
    )


def can_enter(identity: Identity, folder: Path) -> bool:
    """Whether a program that runs so can reach what is in `folder`."""
    return _runs(identity, "test", "-x", str(folder))


def _unprivileged_account() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Misconfigured(
        "PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody: "
        "add one (useradd --system postgres) or run as an ordinary user"
    )


def _namespace_identity() -> Identity:
    """initdb looks its user up by number, so the number must be one that has a name."""
    for account in pwd.getpwall():
        if account.pw_uid not in (0, _OVERFLOW_UID):
            return Identity("namespace", account.pw_uid, account.pw_gid)
    return Identity("namespace", _OVERFLOW_UID, _OVERFLOW_UID)


def _runs(identity: Identity, *program: str) -> bool:
    """Whether a small program (found on the path) ends well under that identity."""
    trial = ["/usr/bin/env", *(program or ("true",))]
    command = command_line(trial, identity=identity)
    return subprocess.run(command, cwd="/", capture_output=True, check=False).returncode == 0  # noqa: S603 (our own words)
