"""Looks at what is installed: every package pinned by version and hash, and none with a known hole.

`make audit`. Pins and hashes are looked at without network. Known holes come from a folder or file
of advisories in the OSV form (https://ossf.github.io/osv-schema), named by WISPGATE_ADVISORIES:
a mirror of the PyPI advisories, as an operator's security people have one. Without it that part is
skipped, and said so.
"""

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)(.*)$")
_ADVISORIES = "WISPGATE_ADVISORIES"


def main(locks: list[str]) -> int:
    """Exit code 1 for anything that is wrong."""
    pinned: dict[str, str] = {}
    problems: list[str] = []
    for lock in locks:
        found, wrong = read_lock(Path(lock).read_text(encoding="utf-8"))
        pinned |= found
        problems += [f"{lock}: {one}" for one in wrong]
    print(f"{len(pinned)} packages are pinned in {len(locks)} lock files")
    source = os.environ.get(_ADVISORIES, "")
    if source:
        problems += [*known_holes(pinned, advisories(Path(source)))]
    else:
        print(f"known holes: skipped, no advisories here; name a folder of them in {_ADVISORIES}")
    for problem in problems:
        print(f"wrong: {problem}")
    return 1 if problems else 0


def read_lock(text: str) -> tuple[dict[str, str], list[str]]:
    """Package and version of each entry; and the entries that are not exact or have no hash."""
    pinned: dict[str, str] = {}
    wrong: list[str] = []
    for entry in text.replace("\\\n", " ").splitlines():
        line = entry.strip()
        if not line or line.startswith("#"):
            continue
        found = _PIN.match(line)
        if found is None:
            wrong.append(f"not an exact version: {line[:60]}")
        elif "--hash=sha256:" not in found[3]:
            wrong.append(f"no hash: {found[1]}")
        else:
            pinned[normal(found[1])] = found[2]
    return pinned, wrong


def advisories(source: Path) -> Iterator[dict[str, Any]]:
    """OSV records: a file of one, of a list, or a folder of such files."""
    for path in sorted(source.rglob("*.json")) if source.is_dir() else [source]:
        loaded = json.loads(path.read_text(encoding="utf-8"))
        yield from loaded if isinstance(loaded, list) else [loaded]


def known_holes(pinned: dict[str, str], records: Iterator[dict[str, Any]]) -> Iterator[str]:
    """Advisories that list a pinned version as affected and were not withdrawn."""
    for record in records:
        for affected in record.get("affected", []) if not record.get("withdrawn") else []:
            package = affected.get("package", {})
            name = normal(package.get("name", ""))
            is_ours = package.get("ecosystem") == "PyPI" and name in pinned
            if is_ours and pinned[name] in affected.get("versions", []):
                yield f"{name} {pinned[name]}: {record['id']} {record.get('summary', '')}".strip()


def normal(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
