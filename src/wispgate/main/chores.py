"""What the worker does by the clock, beside delivering events: sealing, checkpoints, retention.

Each chore runs again its interval after it ended; one that fails is logged and tried again then.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog

from wispgate.business.audit.chain import SigningKey
from wispgate.main import checkpoints
from wispgate.main.installation import DataFolder

SEAL_SECONDS = 3.0
CHECKPOINT_SECONDS = 60.0
RETENTION_SECONDS = 3600.0
TRACES_SECONDS = 600.0
PRUNING_SECONDS = 3600.0
# An event that all have passed is kept for whoever looks into a fault.
EVENTS_KEPT = timedelta(days=14)
# Nobody asks again after that; a gateway that was cut off reports within days.
ANSWERS_KEPT = timedelta(days=45)
_PORTION = 5000
# So that a long backlog of old rows does not keep events waiting: the rest goes at the next turn.
_MOST_PORTIONS = 20
DRAFTS_SECONDS = 24 * 3600.0
_BATCHES_IN_A_TURN = 4

_log = structlog.get_logger("worker")


@dataclass(slots=True)
class Chore:
    """Something to be done every so many seconds of the machine's own time."""

    name: str
    every_seconds: float
    run: Callable[[], object]
    due_at: float = field(default=0.0)


def audit_chores(key: SigningKey, folder: DataFolder) -> Sequence[Chore]:
    """What keeps the audit and the ledgers sealed. Needs Django set up as the role worker."""
    return (
        Chore("sealing", SEAL_SECONDS, lambda: _seal(key)),
        Chore("checkpoints", CHECKPOINT_SECONDS, lambda: _keep_checkpoints(folder)),
        Chore("audit retention", RETENTION_SECONDS, lambda: _apply_retention(key)),
    )


def trace_chores() -> Sequence[Chore]:
    """What keeps traces, and choices of lines, from piling up. Needs Django set up as the role worker."""
    return (
        Chore("old traces", TRACES_SECONDS, _forget_traces),
        Chore("choices of lines that nobody confirmed", DRAFTS_SECONDS, _forget_drafts),
    )


def pruning_chores(readers: Collection[str]) -> Sequence[Chore]:
    """What keeps events that all `readers` have and stored answers from piling up."""
    return (
        Chore("old events", PRUNING_SECONDS, lambda: _prune_events(readers)),
        Chore("old answers", PRUNING_SECONDS, _prune_answers),
    )


def do_due(chores: Sequence[Chore]) -> None:
    """Runs those whose time has come."""
    for chore in chores:
        if time.monotonic() < chore.due_at:
            continue
        try:
            chore.run()
        except Exception:  # noqa: BLE001 (the top of the process's work: tried again later)
            _log.exception("chore failed", chore=chore.name)
        chore.due_at = time.monotonic() + chore.every_seconds


def work_off_mass_acts() -> bool:
    """A few batches of acts over many lines; whether more of them waits. In between events pass."""
    from django.conf import settings  # noqa: PLC0415 (needs Django)

    from wispgate.business.subscriptions import mass  # noqa: PLC0415

    try:
        return all(mass.work_off(settings.WISPGATE_CLOCK.now()) for _ in range(_BATCHES_IN_A_TURN))
    except Exception:  # noqa: BLE001 (the top of the process's work: tried again at the next turn)
        _log.exception("a batch of a mass act failed")
        return False


def delete_tenants(should_stop: Callable[[], bool]) -> bool:
    """Takes away a tenant whose deletion waits; whether there was one. Long: in a thread of its own."""
    from django.conf import settings  # noqa: PLC0415 (needs Django)

    from wispgate.business.tenants.services import deletion  # noqa: PLC0415

    try:
        done = deletion.work_off(settings.WISPGATE_CLOCK.now(), should_stop=should_stop)
    except deletion.Interrupted:
        _log.info("the deletion of an operator goes on with the next worker")
        return False
    except Exception:  # noqa: BLE001 (the top of the thread's work: tried again at the next turn)
        _log.exception("the deletion of an operator was cut off")
        return False
    if done:
        _log.info("the deletion of an operator ended")
    return done


def _forget_drafts() -> None:
    from django.conf import settings  # noqa: PLC0415 (needs Django)

    from wispgate.business.subscriptions import mass  # noqa: PLC0415

    mass.forget_drafts(settings.WISPGATE_CLOCK.now())


def _seal(key: SigningKey) -> None:
    from django.conf import settings  # noqa: PLC0415 (needs Django)

    from wispgate.business.audit import sealing  # noqa: PLC0415

    sealing.seal(key, now=settings.WISPGATE_CLOCK.now())


def _keep_checkpoints(folder: DataFolder) -> None:
    from django.conf import settings  # noqa: PLC0415 (needs Django)

    from wispgate.business.audit import sealing  # noqa: PLC0415

    gone_back = checkpoints.advance(
        folder.checkpoints, sealing.heads(now=settings.WISPGATE_CLOCK.now())
    )
    for name in gone_back:
        _log.error("a chain is shorter than a checkpoint of it: run `wispgate verify`", chain=name)


def _apply_retention(key: SigningKey) -> None:
    from django.conf import settings  # noqa: PLC0415 (needs Django)

    from wispgate.business.audit import retention  # noqa: PLC0415

    removed = retention.apply(key, now=settings.WISPGATE_CLOCK.now())
    if removed:
        _log.info("audit entries removed by retention", entries=removed)


def _prune_events(readers: Collection[str]) -> None:
    from django.conf import settings  # noqa: PLC0415 (needs Django)
    from django.db import connection  # noqa: PLC0415 (needs Django)

    from wispgate.store import outbox  # noqa: PLC0415

    now = settings.WISPGATE_CLOCK.now()

    def portion(partition: int | None) -> int:
        with connection.cursor() as cursor:
            before = now - EVENTS_KEPT
            return outbox.prune(
                cursor, partition=partition, readers=readers, before=before, most=_PORTION
            )

    removed = sum(
        _by_portions(now, None, partial(portion, partition))
        for partition in (None, *range(_partitions(now)))
    )
    if removed:
        _log.info("old events removed", events=removed)


def _prune_answers() -> None:
    from django.conf import settings  # noqa: PLC0415 (needs Django)

    from wispgate.business.operators import hot  # noqa: PLC0415
    from wispgate.business.operators import queries as operators  # noqa: PLC0415
    from wispgate.business.operators import scope as scopes  # noqa: PLC0415

    now = settings.WISPGATE_CLOCK.now()
    with scopes.within(scopes.Scope(now=now, is_platform=True)):
        tenants = [one.id for one in operators.list_operators()]

    def portion(partition: int) -> int:
        before = now - ANSWERS_KEPT
        return len(
            hot.run("prune_charging_requests", partition=partition, before=before, most=_PORTION)
        )

    # The worker sees the hot rows of one operator at a time.
    removed = sum(
        _by_portions(now, operator_id, partial(portion, partition))
        for operator_id in tenants
        for partition in range(_partitions(now))
    )
    if removed:
        _log.info("old answers removed", answers=removed)


def _partitions(now: datetime) -> int:
    from wispgate.business.operators import hot  # noqa: PLC0415 (needs Django)
    from wispgate.business.operators import scope as scopes  # noqa: PLC0415

    with scopes.within(scopes.Scope(now=now)):
        return int(hot.run("read_installation")[0]["partitions"])


def _by_portions(now: datetime, operator_id: UUID | None, portion: Callable[[], int]) -> int:
    """How many rows went, each portion in a transaction of its own."""
    from wispgate.business.operators import scope as scopes  # noqa: PLC0415 (needs Django)

    removed = 0
    for _ in range(_MOST_PORTIONS):
        with scopes.within(scopes.Scope(now=now, operator_id=operator_id)):
            count = portion()
        removed += count
        if count < _PORTION:
            break
    return removed


def _forget_traces() -> None:
    from django.conf import settings  # noqa: PLC0415 (needs Django)

    from wispgate.business.tracing import services  # noqa: PLC0415

    forgotten = services.forget(now=settings.WISPGATE_CLOCK.now())
    if forgotten:
        _log.info("old traces removed", traces=forgotten)
