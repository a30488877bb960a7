"""The timeline of an object: who did what, when and why, from the audit."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from wispgate.business.audit import queries as audit
from wispgate.business.inventory.lifecycle import SimAction
from wispgate.business.subscriptions.lifecycle import SubscriptionAction
from wispgate.web.console import objects

# How many entries a page shows.
LENGTH = 30

# What nobody asks for when reading what changed.
_SILENT = frozenset(
    {"id", "operator_id", "state_changed_at", "state_cause", "created_at", "activated_at"}
    | {"terminated_at", "profile_version", "plan_paid_until"}
)
# When something else changed, which the entry's own time says.
_STAMPS = frozenset({"password_changed_at", "updated_at", "changed_at", "last_used_at"})
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
# A cause that only repeats the action is no reason.
_VERBS = frozenset({*SimAction, *SubscriptionAction})
_UUID_LENGTH = 36


@dataclass(frozen=True, slots=True)
class Event:
    """One entry in words. `thing` is what it is about, with its page where it has one.

    `kind`: people, network, money or messages.
    """

    at: datetime
    action: str
    thing: str
    address: str
    what: str
    who: str
    why: str
    where: str
    kind: str = "people"


def of_objects(objects: Iterable[tuple[str, str]]) -> Sequence[Event]:
    """The newest entries of several objects in one stream; a statement for each object."""
    entries = [
        entry
        for object_type, object_id in objects
        for entry in audit.list_entries(object_type=object_type, object_id=object_id, limit=LENGTH)
    ]
    entries.sort(key=lambda entry: -entry.id)
    return [told(entry) for entry in entries if not _is_minor(entry)][:LENGTH]


def latest(limit: int) -> Sequence[Event]:
    """The newest entries of all that the reader may see."""
    entries = audit.list_entries(limit=2 * limit)
    return [told(entry) for entry in entries if not _is_minor(entry)][:limit]


def latest_changes(limit: int) -> Sequence[Event]:
    """The same without logins, which say nothing about the business."""
    return [event for event in latest(3 * limit) if event.action != "login"][:limit]


def told(entry: Any) -> Event:
    return Event(
        at=entry.at,
        action=entry.action,
        thing=objects.word_of(entry.object_type),
        address=objects.address_of(
            entry.object_type, entry.object_id, is_there=entry.action != "delete"
        ),
        what=_what(entry),
        who=entry.actor if entry.actor_kind == "staff" else f"{entry.actor} ({entry.actor_kind})",
        why=_why(entry),
        where=entry.address,
    )


def _is_minor(entry: Any) -> bool:
    """A change of what only machines count, such as the profile's version."""
    return entry.action == "update" and not set(entry.after or {}) - _SILENT


def _why(entry: Any) -> str:
    if entry.reason:
        return "" if "first_registered_at" in (entry.after or {}) else str(entry.reason)
    cause = str((entry.after or {}).get("state_cause") or "")
    return "" if cause in _VERBS else cause.replace("_", " ")


def _what(entry: Any) -> str:
    before, after = entry.before or {}, entry.after or {}
    if entry.message:
        return str(entry.message)
    if entry.action == "update" and "state" in after:
        return f"{before.get('state')} → {after['state']}"
    if entry.action == "update" and after.get("first_registered_at"):
        return "seen by the network for the first time"
    if entry.action == "update" and {"plan_id", "plan_version"} & set(after):
        return "plan changed" if before.get("plan_id") or "plan_id" not in after else "got its plan"
    if entry.action == "update":
        return _changes(before, after)
    verb = {"insert": "created", "delete": "removed"}.get(entry.action, entry.action)
    return f"{_name(before | after)} {verb}".strip()


def _name(row: dict[str, Any]) -> str:
    keys = ("subject", "iccid", "msisdn", "identity", "slug", "email", "name", "reason")
    return next((str(row[key]).replace("_", " ") for key in keys if row.get(key)), "")


def _changes(before: dict[str, Any], after: dict[str, Any]) -> str:
    return (
        ", ".join(
            f"{_word(name)} {_shown(before.get(name))} → {_shown(value)}"
            if _shown(before.get(name)) != _shown(value)
            else f"another {_word(name)}"
            for name, value in after.items()
            if name not in _SILENT and name not in _STAMPS
        )
        or "changed"
    )


def _word(column: str) -> str:
    word = column.removesuffix("_id").replace("_", " ")
    return {"sim": "SIM", "msisdn": "MSISDN", "subscription": "line"}.get(word, word)


def _shown(value: Any) -> str:
    """Ids mean nothing to a reader."""
    if value in (None, ""):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    if _INSTANT.match(text):
        return date_format(timezone.localtime(datetime.fromisoformat(text)), "j M Y H:i")
    return "set" if len(text) == _UUID_LENGTH and text.count("-") == 4 else text[:40]
