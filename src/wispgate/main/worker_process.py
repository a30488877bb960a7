"""The worker: delivers the outboxes to their consumers and runs the jobs of the queue."""

import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import structlog

from wispgate.main import chores, django, health, login_chores, secret_files
from wispgate.main.settings import Settings
from wispgate.store.outbox import StoredEvent

Consumer = Callable[[Sequence[StoredEvent]], None]

# How long an event waits at most before its consumers get it.
POLL_SECONDS = 0.5
# How often somebody looks whether a tenant is to be deleted.
DELETIONS_SECONDS = 2.0
# A consumer that failed is tried again from its cursor; its events wait, others' go on.
RETRY_SECONDS = 5.0

_log = structlog.get_logger("worker")


def run(settings: Settings) -> None:
    """Works until SIGTERM or SIGINT."""
    secrets = secret_files.load(settings.folder.secrets)
    django.setup(settings, secrets, role="worker", process="worker")
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    _log.info("worker ready", consumers=sorted(consumers()))
    key = secret_files.read_signing_key(settings.folder.secrets)
    own = [
        *chores.audit_chores(key, settings.folder),
        *chores.trace_chores(),
        *chores.pruning_chores(consumers().keys()),
        *login_chores.chores(),
    ]

    def on_turn() -> bool:
        health.beat(settings.folder.heartbeat("worker"))
        chores.do_due(own)
        return chores.work_off_mass_acts()

    deleting = threading.Thread(target=delete_tenants, args=(stopping,), name="deletions")
    deleting.start()
    work(stopping, on_turn=on_turn)
    deleting.join()


def delete_tenants(stopping: threading.Event) -> None:
    """Beside the other work, which goes on for the other tenants while a large one is taken away."""
    from django.db import connection  # noqa: PLC0415 (needs Django)

    while not stopping.is_set():
        if not chores.delete_tenants(stopping.is_set):
            # Between two of them nothing keeps a connection, nor what a broken one would say.
            connection.close()
            stopping.wait(DELETIONS_SECONDS)


def consumers() -> Mapping[str, Consumer]:
    """Who listens to the outboxes, by the name of their cursor."""
    from wispgate.business.notifications import consumers as notifications  # noqa: PLC0415
    from wispgate.business.subscriptions import consumers as subscriptions  # noqa: PLC0415

    return {
        "subscriptions.first_registration": subscriptions.record_first_registrations,
        "notifications.catch": notifications.catch,
    }


def work(stopping: threading.Event, *, on_turn: Callable[[], object] = lambda: None) -> None:
    """Delivers until told to stop. `on_turn` does what is else to do; true where more waits."""
    waiting_until: dict[str, float] = {}
    turn = 0
    while not stopping.is_set():
        busy = bool(on_turn())
        for name, consumer in consumers().items():
            if waiting_until.get(name, 0) > turn * POLL_SECONDS:
                continue
            try:
                busy |= deliver_all(name, consumer) > 0
            except Exception:  # noqa: BLE001 (the top of the process's work: tried again later)
                _log.exception("consumer failed", consumer=name)
                waiting_until[name] = turn * POLL_SECONDS + RETRY_SECONDS
        turn += 1
        if not busy:
            stopping.wait(POLL_SECONDS)


def deliver_all(name: str, consumer: Consumer, *, now: datetime | None = None) -> int:
    """One batch from every outbox to one consumer; returns how many events there were."""
    from django.conf import settings  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    from wispgate.business.operators import hot  # noqa: PLC0415
    from wispgate.business.operators import scope as scopes  # noqa: PLC0415
    from wispgate.store import outbox  # noqa: PLC0415

    at = now or settings.WISPGATE_CLOCK.now()
    with scopes.within(scopes.Scope(now=at)):
        partitions = hot.run("read_installation")[0]["partitions"]
    delivered = 0
    for partition in (None, *range(partitions)):
        with scopes.within(scopes.Scope(now=at)), connection.cursor() as cursor:
            delivered += outbox.deliver(cursor, name, consumer, partition=partition)
    return delivered
