"""Removes the demo: its phones stop, then everything that the demo operator has goes.

The mark in the demo's folder comes first and goes last, with the folder: phones that see it end,
and a removal that was cut off is finished by the next one, or by the next `up --demo`.
"""

import getpass
import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from wispgate.kernel.errors import Conflict
from wispgate.main import business_commands, database, django, leftovers, secret_files
from wispgate.main.clocks import installation_clock
from wispgate.main.demo.names import CORE, FOLDER, OPERATOR
from wispgate.main.installation import write_whole
from wispgate.main.settings import Settings

# How long phones have to switch off. The node sends away those that do not.
_PATIENCE_SECONDS: Final = 15.0
_POLL_SECONDS: Final = 0.1


class NoDemo(Conflict):
    """There is nothing to remove."""

    code = "no_demo"


def mark(settings: Settings) -> Path:
    """The file that says: the demo is being removed."""
    return settings.folder.path / FOLDER / "removing"


def is_wanted(settings: Settings) -> bool:
    """Whether phones still belong to something."""
    return not mark(settings).exists() and (settings.folder.path / FOLDER).exists()


def remove_demo(settings: Settings) -> Mapping[str, int]:
    """Removes the demo of the data folder; how many rows of which table went. Raises NoDemo."""
    business_commands.require_installation(settings)
    secrets = secret_files.load(settings.folder.secrets)
    with database.reachable(settings, secrets):
        django.setup(settings, secrets, role="web", process="command")
        return remove_from_database(settings)


def remove_from_database(settings: Settings) -> Mapping[str, int]:
    """The same where Django is set up already."""
    folder = settings.folder.path / FOLDER
    scope = _scope(settings)
    operator_id = _find_operator(scope)
    if operator_id is None and not mark(settings).exists():
        raise NoDemo(f"there is no demo in {settings.data}: nothing was removed")
    folder.mkdir(mode=0o700, exist_ok=True)
    write_whole(mark(settings), "")
    _await_phones(settings)
    gone = _remove(scope, operator_id)
    shutil.rmtree(folder)
    return gone


def _scope(settings: Settings) -> Any:
    from wispgate.business.operators import scope as scopes  # noqa: PLC0415 (needs Django)

    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    now = installation_clock(settings.folder).now()
    actor = scopes.Actor("command", name)
    return scopes.Scope(now=now, actor=actor, is_platform=True, reason="demo removed")


def _find_operator(scope: Any) -> Any:
    """The demo's operator. One that only has its name, with a network of its own, is not it."""
    from wispgate.business.operators import queries  # noqa: PLC0415 (needs Django)
    from wispgate.business.operators import scope as scopes  # noqa: PLC0415

    with scopes.within(scope):
        found = [each.id for each in queries.list_operators() if each.slug == OPERATOR]
        if not found:
            return None
        cores = [each.core_id for each in queries.list_imsi_ranges(found[0])]
        names = {queries.get_core_by_id(core_id).name for core_id in cores}
        return found[0] if CORE in names else None


def _remove(scope: Any, operator_id: Any) -> Mapping[str, int]:
    from wispgate.business.operators import removal  # noqa: PLC0415 (needs Django)

    gone = {} if operator_id is None else removal.remove_operator(scope, operator_id)
    removal.finish_removals(scope)
    return gone


def _await_phones(settings: Settings) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while _are_phones_on(settings) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def _are_phones_on(settings: Settings) -> bool:
    """As the supervisor noted it, if one runs."""
    if not settings.folder.is_locked():
        return False
    try:
        noted = json.loads(settings.folder.state_file.read_text())["processes"]
    except (FileNotFoundError, ValueError, KeyError):
        return False
    return any(
        leftovers.start_ticks(each["pid"]) == each["start_ticks"]
        for each in noted
        if each["name"] == "demo" and each["pid"]
    )
