"""Starting and ending traces, and forgetting them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from wispgate.business.hotplane.models import EveryChargingSession, EveryLine, EveryPolicySession
from wispgate.business.inventory import queries as inventory
from wispgate.business.operators import ids
from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.business.tracing import queries
from wispgate.business.tracing.errors import NotYoursToTrace, TooManyTraces
from wispgate.business.tracing.models import Trace
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.identifiers import Imsi

KINDS: Final = tuple(Trace.Kind.values)
# Every message is held against every running trace.
MOST_RUNNING: Final = 20
LONGEST_MINUTES: Final = 240
# Of one trace: what a person can look through, and what a busy peer says in a few seconds.
MOST_MESSAGES: Final = 10_000
MOST_OCTETS: Final = 16 * 1024 * 1024
# After its end a trace can be looked at this long.
KEPT: Final = timedelta(days=7)
_LONGEST_SUBJECT: Final = 255
_MOST_SESSIONS: Final = 50


@dataclass(frozen=True, slots=True)
class Subject:
    """What is followed. `core` is the name of the one core to look at, if not in all."""

    kind: str
    value: str
    core: str = ""


@dataclass(frozen=True, slots=True)
class _Owner:
    """Whose a card or session is, and which sessions go with it."""

    operator_id: UUID | None
    core_id: UUID | None
    sessions: tuple[str, ...] = ()


def start(subject: Subject, *, minutes: int = 10, max_messages: int = 1000) -> UUID:
    """Begins a trace; processes take it up within about a second, and let go of it by themselves.

    Staff of an operator trace its cards and their sessions; the platform's staff anything.
    Raises InvalidValue, NotFound, NotYoursToTrace or TooManyTraces.
    """
    value = check(subject, minutes=minutes, max_messages=max_messages)
    scope = scopes.current()
    owner = _owner(subject, value)
    _refuse_too_many()
    trace = Trace(
        id=ids.new_id(scope.now),
        operator_id=owner.operator_id,
        core_id=owner.core_id,
        kind=subject.kind,
        subject=value,
        sessions=list(owner.sessions[:_MOST_SESSIONS]),
        started_by=scope.actor.name[:254],
        started_at=scope.now,
        ends_at=scope.now + timedelta(minutes=minutes),
        max_messages=max_messages,
        max_octets=MOST_OCTETS,
    )
    trace.save(force_insert=True)
    return trace.id


def stop(trace_id: UUID) -> None:
    """Ends a trace; what it has stays. Nothing happens to one that has ended."""
    trace, now = queries.get_trace(trace_id), scopes.current().now
    if queries.is_running(trace, now=now):
        trace.stopped_at = now
        trace.save(update_fields=("stopped_at",))


def forget(*, now: datetime) -> int:
    """Removes traces that ended long ago, with their messages; how many. For the worker."""
    with scopes.within(scopes.Scope(now=now, is_platform=True)):
        old = Trace.objects.filter(ends_at__lt=now - KEPT)
        count = old.count()
        old.delete()
        return count


# --- checks -------------------------------------------------------------------------------------


def check(subject: Subject, *, minutes: int = 10, max_messages: int = 1000) -> str:
    """The subject's value in its one form. Raises InvalidValue."""
    if subject.kind not in KINDS:
        raise InvalidValue(f"one of {', '.join(KINDS)} is followed", field="kind")
    _check_range(minutes, LONGEST_MINUTES, "minutes")
    _check_range(max_messages, MOST_MESSAGES, "max_messages")
    value = subject.value.strip()
    if not value or len(value) > _LONGEST_SUBJECT or not value.isprintable():
        raise InvalidValue(f"not a {subject.kind}: {subject.value[:40]!r}", field="subject")
    if subject.kind == Trace.Kind.IMSI:
        return _imsi(value)
    return value.lower() if subject.kind == Trace.Kind.PEER else value


def _check_range(value: int, most: int, field: str) -> None:
    if not 1 <= value <= most:
        raise InvalidValue(f"from 1 to {most}, not {value}", field=field)


def _imsi(text: str) -> str:
    try:
        return Imsi(text).digits
    except InvalidValue as error:
        raise InvalidValue(error.message, field="subject") from None


def _refuse_too_many() -> None:
    running = queries.count_running(now=scopes.current().now)
    if running >= MOST_RUNNING:
        raise TooManyTraces(
            f"{running} traces run, and no more than {MOST_RUNNING} may: stop one", running=running
        )


# --- whose it is --------------------------------------------------------------------------------


def _owner(subject: Subject, value: str) -> _Owner:
    scope = scopes.current()
    core_id = operators.get_core(subject.core).id if subject.core else None
    if subject.kind == Trace.Kind.PEER:
        if not scope.is_platform:
            raise NotYoursToTrace("a peer carries every operator's subscribers: ask the platform")
        return _Owner(None, core_id)
    owners = list(_owners(subject.kind, value))
    if scope.operator_id is not None and owners:
        return owners[0]
    if not scope.is_platform:
        raise NotYoursToTrace(f"none of your lines has the {subject.kind} {value}")
    sessions = tuple(session for owner in owners for session in owner.sessions)
    return _Owner(None, core_id, sessions)


def _owners(kind: str, value: str) -> Iterator[_Owner]:
    """Those that the scope sees; for the platform without an operator those of all operators."""
    scope = scopes.current()
    find = _find_card if kind == Trace.Kind.IMSI else _find_session
    if scope.operator_id is not None:
        seen = [scope.operator_id]
    else:
        seen = [operator.id for operator in operators.list_operators()]
    for operator_id in seen:
        with scopes.within(replace(scope, operator_id=operator_id)):
            owner = find(value, operator_id)
        if owner is not None:
            yield owner


def _find_card(imsi: str, operator_id: UUID) -> _Owner | None:
    """A line's card, or one in stock, with the sessions that are open now."""
    line = EveryLine.objects.filter(imsi=imsi, operator_id=operator_id).first()
    if line is not None:
        return _Owner(operator_id, line.core_id, _open_sessions(line.line_id))
    sim = next((sim for sim in inventory.list_sims(imsi=imsi) if sim.imsi == imsi), None)
    return None if sim is None else _Owner(operator_id, sim.core_id)


def _open_sessions(line_id: UUID) -> tuple[str, ...]:
    found: set[str] = set()
    for model in (EveryChargingSession, EveryPolicySession):
        rows = model._default_manager.filter(line_id=line_id, is_open=True)
        found.update(rows.values_list("session_id", flat=True))
    return tuple(sorted(found))


def _find_session(session_id: str, operator_id: UUID) -> _Owner | None:
    for model in (EveryChargingSession, EveryPolicySession):
        rows = model._default_manager.filter(session_id=session_id, operator_id=operator_id)
        core_id = rows.values_list("core_id", flat=True).first()
        if core_id is not None:
            return _Owner(operator_id, core_id)
    return None
