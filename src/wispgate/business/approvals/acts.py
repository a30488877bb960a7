"""The acts that can be made to need a second person. Their apps register them when they are ready."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wispgate.business.staff.permissions import permission_named
from wispgate.kernel.errors import NotFound
from wispgate.kernel.money import Money

Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Act:
    """`perform` calls the very service with the arguments that were asked for, as JSON.

    `has_amount`: its rule can spare small amounts. `is_of_platform`: the platform's own act.
    """

    name: str
    title: str
    permission: str
    perform: Callable[[Arguments], object]
    has_amount: bool = False
    is_of_platform: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What a service would do now: enough to tell it to a person and to do it later.

    Two with the same `identity` are the same request; without one, two with the same arguments.
    """

    act: str
    arguments: Arguments = field(repr=False)
    title: str
    words: Sequence[str] = ()
    amount: Money | None = None
    object_type: str = ""
    object_id: str = ""
    identity: str = ""
    reason: str = ""


_ACTS: dict[str, Act] = {}


def register(act: Act) -> None:
    """Called once per act, by the `ready` of the app that does it."""
    permission_named(act.permission)
    _ACTS[act.name] = act


def get_act(name: str) -> Act:
    if name not in _ACTS:
        raise NotFound("act", name)
    return _ACTS[name]


def list_acts(*, is_platform: bool = False) -> Sequence[Act]:
    """By name; the platform's own ones for the platform only."""
    return [act for _, act in sorted(_ACTS.items()) if act.is_of_platform <= is_platform]
