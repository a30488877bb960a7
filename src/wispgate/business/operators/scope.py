"""The scope of a transaction: whose rows it sees, who acts, when, from where and why.

`within(scope)` opens a transaction and sets what row-level security and the audit triggers read.
Scopes nest: the inner one rules until it ends, then the outer one again.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import count
from uuid import UUID

from django.db import connection, transaction

from wispgate.store import tenancy


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: a member of staff, a token's program, a command or the system."""

    kind: str
    name: str
    address: str = ""


SYSTEM = Actor("system", "wispgate")


@dataclass(frozen=True, slots=True)
class Reach:
    """How far somebody sees within an operator: only what is their own by all that is named.

    None does not limit. An empty name is nobody's: who belongs to no dealer sees nothing by it.
    The database reads it (`app.reach`), so that every list, page, search and count is held to it.
    """

    dealer: str | None = None
    # The id of the department; those below it are seen too.
    department: str | None = None
    # Who brought the customer (`staff.Principal.person`).
    person: str | None = None

    def __bool__(self) -> bool:
        return any(value is not None for value in asdict(self).values())

    def to_text(self) -> str:
        """As the policies read it; nothing where nothing is limited."""
        named = {name: value for name, value in asdict(self).items() if value is not None}
        return json.dumps(named, sort_keys=True) if named else ""


EVERYTHING = Reach()


@dataclass(frozen=True, slots=True)
class Scope:
    """One operator's rows, or with `is_platform` the platform's own tables, seen by an actor."""

    now: datetime
    actor: Actor = SYSTEM
    operator_id: UUID | None = None
    is_platform: bool = False
    login: str = ""
    request_id: str = ""
    reason: str = ""
    # The principal whose rights count (`staff.guards`); None where no person asks.
    authority: object | None = None
    reach: Reach = EVERYTHING

    def settings(self) -> dict[str, str]:
        return {
            "app.operator": str(self.operator_id or ""),
            "app.platform": "on" if self.is_platform else "",
            "app.login": self.login,
            "app.actor_kind": self.actor.kind,
            "app.actor": self.actor.name,
            "app.address": self.actor.address,
            "app.request": self.request_id,
            "app.reason": self.reason,
            "app.now": self.now.isoformat(),
            "app.reach": self.reach.to_text(),
        }


_current: ContextVar[Scope | None] = ContextVar("scope", default=None)
# Counts the events of the outermost scope's transaction.
_numbers: ContextVar[Iterator[int]] = ContextVar("numbers")


def current() -> Scope:
    """The scope of the running transaction. Raises LookupError outside of one."""
    scope = _current.get()
    if scope is None:
        raise LookupError("no scope: business services run inside operators.scope.within(...)")
    return scope


def current_operator_id() -> UUID:
    """The tenant of the running transaction. Raises LookupError where there is none."""
    operator_id = current().operator_id
    if operator_id is None:
        raise LookupError("this scope has no operator")
    return operator_id


def next_event_number() -> int:
    """The place of an event among those of the running transaction. Raises LookupError outside."""
    return next(_numbers.get())


@contextmanager
def within(scope: Scope) -> Iterator[Scope]:
    """A transaction (or a savepoint in one) that sees and is audited as `scope` says."""
    outer = _current.get()
    token = _current.set(scope)
    counting = _numbers.set(count()) if outer is None else None
    try:
        with transaction.atomic():
            _apply(scope)
            yield scope
            if outer is not None:
                _apply(outer)
    finally:
        _current.reset(token)
        if counting is not None:
            _numbers.reset(counting)


@contextmanager
def because(reason: str) -> Iterator[Scope]:
    """The same scope with a reason for the audit."""
    with within(replace(current(), reason=reason)) as scope:
        yield scope


def narrow(reach: Reach) -> None:
    """From here on the running scope sees no further than that, nor does what nests in it."""
    scope = replace(current(), reach=reach)
    _current.set(scope)
    _apply(scope)


def _apply(scope: Scope) -> None:
    with connection.cursor() as cursor:
        cursor.execute(tenancy.set_local(scope.settings()))
