"""Who holds the outboxes back, and how far each consumer of them is behind.

An outbox is read only below the oldest running transaction of the whole server, so one session
that leaves a transaction open (of any program, in any database) delays every consumer but
enforcement, which reads ahead. Nothing is lost by it; this names the session.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg import sql

from wispgate.main import database
from wispgate.main.secret_files import Secrets
from wispgate.main.settings import Settings
from wispgate.store import outbox

# Transactions of ours last milliseconds; a bill run or a backup may be older for a good reason.
OLD_SECONDS: Final = 10
VERY_OLD_SECONDS: Final = 300
# Beyond this it is enough to know that there are very many.
_MOST_COUNTED: Final = 10_000

_HOLDERS: Final = """
SELECT pid::text, coalesce(usename, ''), coalesce(application_name, ''),
       coalesce(host(client_addr), 'this machine'), coalesce(datname, ''), coalesce(state, ''),
       extract(epoch FROM clock_timestamp() - xact_start)::bigint AS seconds
FROM pg_stat_activity
WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
UNION ALL
SELECT gid, owner, 'prepared transaction', '', database, 'prepared',
       extract(epoch FROM clock_timestamp() - prepared)::bigint
FROM pg_prepared_xacts
ORDER BY seconds DESC
"""

_BACKLOG: Final = """
SELECT c.consumer, count(late.*), extract(epoch FROM %s - min(late.occurred_at))::bigint
FROM delivery_cursor c LEFT JOIN LATERAL (
    SELECT o.occurred_at FROM {} o WHERE (o.xid, o.event_id) > (c.xid, c.event_id)
    ORDER BY o.xid, o.event_id LIMIT %s
) late ON true
WHERE c.source = %s
GROUP BY c.consumer ORDER BY c.consumer
"""


@dataclass(frozen=True, slots=True)
class Holder:
    """A session with an open transaction. `pid` is a name where it is a prepared one."""

    pid: str
    user: str
    application: str
    address: str
    database: str
    state: str
    seconds: int

    def __str__(self) -> str:
        whose = f"{self.application or 'a program without a name'} (user {self.user}"
        place = f", database {self.database}, from {self.address})" if self.address else ")"
        return f"process {self.pid}, {whose}{place}, {self.state}, open for {self.seconds} s"

    @property
    def remedy(self) -> str:
        if self.state == "prepared":
            return f"end it: ROLLBACK PREPARED '{self.pid}'"
        return f"end it: SELECT pg_terminate_backend({self.pid})"


@dataclass(frozen=True, slots=True)
class Backlog:
    """What one consumer has not seen yet of one outbox. `oldest_seconds`: how old, None if none."""

    consumer: str
    source: str
    waiting: int
    oldest_seconds: int | None

    @property
    def is_late(self) -> bool:
        return self.oldest_seconds is not None and self.oldest_seconds >= OLD_SECONDS


def find_holder(settings: Settings, secrets: Secrets) -> Holder | None:
    """The oldest transaction that holds the outboxes back; None if none is old. Raises Unavailable."""
    with database.administrator(settings, secrets) as admin:
        row = admin.execute(_HOLDERS).fetchone()
    holder = Holder(*row) if row else None
    return holder if holder and holder.seconds >= OLD_SECONDS else None


def list_backlogs(settings: Settings, secrets: Secrets, *, now: datetime) -> list[Backlog]:
    """Every consumer's in every outbox, seen as the worker sees them. Raises Unavailable."""
    with database.client(settings, secrets, "worker") as worker:
        sources = [None, *range(settings.partitions)]
        return [each for number in sources for each in _backlogs_of(worker, number, now)]


def _backlogs_of(worker: psycopg.Connection, partition: int | None, now: datetime) -> list[Backlog]:
    source = outbox.source_of(partition)
    query = sql.SQL(_BACKLOG).format(sql.Identifier(source, "outbox"))
    rows = worker.execute(query, [now, _MOST_COUNTED, source]).fetchall()
    return [
        Backlog(consumer, source, waiting, None if age is None else max(0, age))
        for consumer, waiting, age in rows
    ]


def facts(settings: Settings, secrets: Secrets, *, now: datetime) -> dict[str, Any]:
    """Both for `wispgate status --json`."""
    holder = find_holder(settings, secrets)
    backlogs = list_backlogs(settings, secrets, now=now)
    return {
        "held_back_by": asdict(holder) if holder else None,
        "consumers": [asdict(backlog) for backlog in backlogs],
    }
