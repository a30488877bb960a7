"""Starts a program that dies with its parent, if wanted as another user: `launch.py …; exec`.

Run by path with `python -I -S`, so it imports nothing of ours and costs some milliseconds. Two
things must happen in the new process after it changed its user and before the program runs, and
a callback between fork and exec is no safe place for them:

- the kernel is asked for a signal when the parent ends, also if that is killed (changing the
  user would forget an earlier request);
- a user namespace is made in which root is an ordinary user: for folders that no other user can
  enter, since PostgreSQL refuses to run as root.

Arguments: parent's pid, signal number, identity (`same`, `user:UID:GID` or `namespace:UID:GID`),
then the program and its arguments.
"""

import ctypes
import os
import pathlib
import sys

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000


def main(arguments: list[str]) -> None:
    parent, signal_number, identity = int(arguments[0]), int(arguments[1]), arguments[2]
    _become(identity)
    if sys.platform == "linux":
        _call("prctl", PR_SET_PDEATHSIG, signal_number)
    if os.getppid() != parent:  # it ended before we asked
        sys.exit(1)
    os.execv(arguments[3], arguments[3:])  # noqa: S606 (that is this program's purpose)


def _become(identity: str) -> None:
    if identity == "same":
        return
    kind, uid, gid = identity.split(":")
    if kind == "user":
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
        return
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    _call("unshare", CLONE_NEWUSER)
    own = pathlib.Path("/proc/self")
    own.joinpath("setgroups").write_text("deny")
    own.joinpath("uid_map").write_text(f"{uid} {outer_uid} 1")
    own.joinpath("gid_map").write_text(f"{gid} {outer_gid} 1")


def _call(name: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), name)


if __name__ == "__main__":
    main(sys.argv[1:])
