"""What a running `wispgate up` noted of its processes, for commands that are given no options."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from wispgate.kernel.errors import InvalidValue
from wispgate.main import rules
from wispgate.main.installation import DataFolder
from wispgate.main.rules import Address
from wispgate.main.settings import Settings


def processes(folder: DataFolder) -> Sequence[dict[str, Any]]:
    """The facts of each process; none where nothing was noted."""
    try:
        noted: list[dict[str, Any]] = json.loads(folder.state_file.read_text())["processes"]
    except (FileNotFoundError, ValueError, KeyError):
        return []
    return noted


def addresses(folder: DataFolder, key: str) -> list[Address]:
    """Where the processes listen for `key` (http, diameter, metrics), each address once.

    `up` may have been told other addresses than those that the settings' file says.
    """
    return list(dict.fromkeys(_noted(folder, key)))


def metrics(settings: Settings) -> Sequence[Address]:
    """Where the Diameter processes answer: as they were started, else as the settings say."""
    noted = addresses(settings.folder, "metrics") if settings.folder.is_locked() else []
    return noted or settings.metrics_of_processes


def _noted(folder: DataFolder, key: str) -> Iterator[Address]:
    for facts in processes(folder):
        text = facts.get("addresses", {}).get(key)
        if text is None:
            continue
        try:
            yield rules.address(text)
        except InvalidValue:
            continue  # of a version that wrote it otherwise: the settings say it then
