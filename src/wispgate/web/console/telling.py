"""What a subscriber would be told, in the very words of the message, before it is written."""

from collections.abc import Mapping
from typing import Any

from wispgate.business.notifications import wording
from wispgate.web.console.actions import Action


def preview(
    name: str, kind: str, payload: Mapping[str, Any], *, line: Any = None, plan: str = ""
) -> list[str]:
    """For an event of that kind. Its message stays here until a channel carries it further."""
    if kind not in wording.KINDS:
        return nothing(name)
    called = f"your line {line.msisdn}" if line is not None and line.msisdn else "your line"
    words = wording.write(kind, payload, wording.Names(line=called, plan=plan, currency=""))
    return [f"A message to {name} is written: “{words.text}”"]


def nothing(name: str) -> list[str]:
    return [f"{name} is not told."]


def of_action(action: Action, line: Any) -> str:
    """What stands on the page that asks, before a reason is chosen."""
    if line is None:
        return "Nobody is told."
    if action.tells in wording.KINDS:
        return f"A message to {line.subscriber.name} is written that says so, and why."
    return nothing(line.subscriber.name)[0]
