"""Checkpoints outside the database: the newest seal of every chain, a line of JSON each.

The worker keeps them in the data folder. A chain whose end was cut off in the database, seals and
all, is known by them; kept on another machine, they hold against somebody who has this one.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from wispgate.business.audit.chain import Header
from wispgate.kernel.errors import InvalidValue, Misconfigured
from wispgate.main.installation import write_whole


def read(path: Path) -> Sequence[Header]:
    """Nothing for a file that is not there. Raises Misconfigured, naming the line."""
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror}") from None
    return [_parsed(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _parsed(path: Path, number: int, line: str) -> Header:
    try:
        return Header.from_json(json.loads(line))
    except (InvalidValue, ValueError, TypeError) as error:
        raise Misconfigured(f"{path}, line {number}: {error}") from None


def to_text(headers: Iterable[Header]) -> str:
    return "".join(f"{json.dumps(one.as_json())}\n" for one in headers)


def advance(path: Path, heads: Sequence[Header]) -> Sequence[str]:
    """Writes the newest heads down. The chains that went back keep their older, higher line.

    Those are returned: their end was cut off, or the database is an older copy of itself.
    """
    known = {one.chain: one for one in read(path)}
    gone_back = [h.chain for h in heads if h.chain in known and h.number < known[h.chain].number]
    newer = {h.chain: h for h in heads if h.chain not in gone_back}
    if any(known.get(name) != header for name, header in newer.items()):
        merged = known | newer
        write_whole(path, to_text(merged[name] for name in sorted(merged)))
    return gone_back
