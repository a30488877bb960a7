"""The form of a role: a box for each permission, its limits, and what is hidden."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wispgate.business.staff.grants import NO_LIMITS, Grant, Limits, grants_of
from wispgate.business.staff.masking import FieldKind
from wispgate.business.staff.permissions import (
    AMOUNTS,
    CATALOGUE,
    OWN,
    SUBJECTS,
    Limit,
    Permission,
    matching,
)
from wispgate.business.staff.roles import Role
from wispgate.kernel.errors import Conflict
from wispgate.kernel.money import Money


class NameTaken(Conflict):
    code = "role_name_taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is a role {name} already", role=name)


@dataclass(frozen=True, slots=True)
class Box:
    """One permission; the limits are text as it is typed."""

    permission: Permission
    is_held: bool
    per_act: str
    per_day: str
    own: str

    @property
    def has_amounts(self) -> bool:
        return self.permission.limits >= AMOUNTS

    @property
    def has_own(self) -> bool:
        return self.permission.limits >= OWN


@dataclass(frozen=True, slots=True)
class Form:
    name: str
    title: str
    about: str
    groups: Sequence[tuple[str, Sequence[Box]]]
    hides: Sequence[tuple[str, str, bool]]


def shown(role: Role | None) -> Form:
    """The role as it is now, or an empty form."""
    boxes = [_box(permission, role) for permission in _offered()]
    hidden: frozenset[FieldKind] = role.hides if role else frozenset()
    return _form(role.name if role else "", role, boxes, hidden)


def kept(given: Mapping[str, str]) -> Form:
    """What was typed, when it was refused."""
    boxes = [
        Box(
            one,
            f"may {one.name}" in given,
            given.get(f"per_act {one.name}", ""),
            given.get(f"per_day {one.name}", ""),
            given.get(f"own {one.name}", ""),
        )
        for one in _offered()
    ]
    hidden = frozenset(kind for kind in FieldKind if f"hide {kind}" in given)
    typed = Role(given.get("name", ""), given.get("title", ""), given.get("about", ""), ())
    return _form(typed.name, typed, boxes, hidden)


def read(given: Mapping[str, str], before: Role | None, *, currency: str) -> dict[str, Any]:
    """What `write_role` takes. Grants by a pattern stay, as long as all that it names is ticked."""
    ticked = {
        one.name: _limits(given, one.name, currency)
        for one in _offered()
        if f"may {one.name}" in given
    }
    patterns = [grant for grant in (before.grants if before else ()) if _stays(grant, ticked)]
    covered = {name for grant in patterns for name in matching(grant.pattern)}
    single = [Grant(name, limits) for name, limits in ticked.items() if name not in covered]
    return {
        "title": given.get("title", ""),
        "about": given.get("about", ""),
        "grants": [*patterns, *single],
        "hides": [str(kind) for kind in FieldKind if f"hide {kind}" in given],
    }


def _stays(grant: Grant, ticked: Mapping[str, Limits]) -> bool:
    offered = {one.name for one in _offered()}
    named = matching(grant.pattern) & offered
    return "*" in grant.pattern and all(ticked.get(name) == grant.limits for name in named)


def _limits(given: Mapping[str, str], name: str, currency: str) -> Limits:
    amounts = {
        kind: Money.parse(text, currency)
        for kind in ("per_act", "per_day")
        if (text := given.get(f"{kind} {name}", ""))
    }
    own = given.get(f"own {name}", "")
    return Limits(own=frozenset({Limit(own)}) if own in list(OWN) else frozenset(), **amounts)


def _offered() -> Sequence[Permission]:
    return [one for one in CATALOGUE.values() if not one.is_of_platform]


def _box(permission: Permission, role: Role | None) -> Box:
    grants = grants_of(role.grants, permission.name) if role else []
    limits = grants[0].limits if grants else NO_LIMITS
    own = min(limits.own, default="")
    return Box(permission, bool(grants), _amount(limits.per_act), _amount(limits.per_day), str(own))


def _amount(money: Money | None) -> str:
    return f"{money.amount.normalize():f}" if money else ""


def _form(name: str, role: Role | None, boxes: Sequence[Box], hidden: frozenset[FieldKind]) -> Form:
    groups: dict[str, list[Box]] = {}
    for box in boxes:
        groups.setdefault(SUBJECTS[box.permission.subject], []).append(box)
    hides = [(str(kind), kind.replace("_", " "), kind in hidden) for kind in FieldKind]
    title, about = (role.title, role.about) if role else ("", "")
    return Form(name, title, about, list(groups.items()), hides)
