"""What `wispgate status` tells: from what the supervisor noted, the processes and the database."""

import json
from datetime import UTC, datetime
from typing import Any

from rich.table import Table

from wispgate.kernel.errors import WispgateError
from wispgate.main import clocks, database, health, horizon, leftovers, running, secret_files
from wispgate.main.settings import Settings

# The worker notes at least every twenty seconds how far it has sealed.
LATE_SECONDS = 60


async def collect(settings: Settings) -> dict[str, Any]:
    """The facts as JSON values.

    `peers` is what the diameter process answers at `/peers`, null where it does not answer.
    `outboxes` says who holds the events back and how far each consumer is, null where nothing runs.
    """
    is_running = settings.folder.is_locked()
    peers = await _peers(settings) if is_running else None
    known = _database(settings)
    now = clocks.installation_clock(settings.folder).now()
    return {
        "data": str(settings.data),
        "is_running": is_running,
        "is_sandbox": settings.sandbox,
        "clock": now.isoformat(),
        "processes": _processes(settings) if is_running else [],
        "database": known,
        "sealing_lag_seconds": _sealing_lag(settings) if known["state"] == "ready" else None,
        "peers": peers,
        "outboxes": _outboxes(settings, now) if is_running else None,
    }


async def _peers(settings: Settings) -> list[dict[str, Any]] | None:
    """Of all Diameter processes that answer."""
    pages = [await health.http_get(each, "/peers") for each in running.metrics(settings)]
    told = [json.loads(page) for page in pages if page is not None]
    return [peer for peers in told for peer in peers] if told else None


def as_table(facts: dict[str, Any]) -> Table:
    """The same for people."""
    title = "running" if facts["is_running"] else "not running"
    table = Table(title=f"{facts['data']}: {title}", title_justify="left", box=None, pad_edge=False)
    for heading in ("process", "state", "pid", "up", "restarts", "addresses"):
        table.add_column(
            heading, justify="right" if heading in ("pid", "up", "restarts") else "left"
        )
    for each in facts["processes"]:
        addresses = ", ".join(each["addresses"].values())
        table.add_row(
            each["name"], each["state"], str(each["pid"] or "-"),
            _span(each["uptime_seconds"]), str(each["restarts"]), addresses,
        )  # fmt: skip
    known = facts["database"]
    table.add_row("database", known["state"], "", "", "", known["problem"] or known["version"])
    lag = facts["sealing_lag_seconds"]
    if lag is not None:
        table.add_row("sealing", "sealed" if lag < LATE_SECONDS else "late", "", _span(lag), "", "")
    for text in _late(facts["outboxes"]):
        table.add_row("events", "late", "", "", "", text)
    for peer in facts["peers"] or []:
        table.add_row("peer", str(peer.get("state", "")), "", "", "", str(peer.get("identity", "")))
    return table


def _processes(settings: Settings) -> list[dict[str, Any]]:
    return [_process(facts) for facts in running.processes(settings.folder)]


def _process(facts: dict[str, Any]) -> dict[str, Any]:
    pid, launched = facts["pid"], facts["launched_at"]
    is_alive = bool(pid) and leftovers.start_ticks(pid) == facts["start_ticks"]
    uptime = (
        (datetime.now(UTC) - datetime.fromisoformat(launched)) if is_alive and launched else None
    )
    return {
        "name": facts["name"],
        "state": facts["state"],
        "pid": pid if is_alive else None,
        "uptime_seconds": int(uptime.total_seconds()) if uptime else None,
        "restarts": facts["restarts"],
        "addresses": facts["addresses"],
    }


def _database(settings: Settings) -> dict[str, Any]:
    kind = "configured" if settings.database else "embedded"
    try:
        secrets = secret_files.load(settings.folder.secrets)
        version = database.server_version(settings, secrets)
    except WispgateError as error:
        return {"kind": kind, "state": "unreachable", "version": None, "problem": error.message}
    return {"kind": kind, "state": "ready", "version": f"PostgreSQL {version}", "problem": None}


def _sealing_lag(settings: Settings) -> int | None:
    """How far behind the most backward source is; None where nothing was ever sealed."""
    secrets = secret_files.load(settings.folder.secrets)
    through = database.sealed_through(settings, secrets).values()
    if not through:
        return None
    behind = clocks.installation_clock(settings.folder).now() - min(through)
    return max(int(behind.total_seconds()), 0)


def _outboxes(settings: Settings, now: datetime) -> dict[str, Any] | None:
    try:
        return horizon.facts(settings, secret_files.load(settings.folder.secrets), now=now)
    except WispgateError:
        return None  # that the database does not answer stands under `database`


def _late(outboxes: dict[str, Any] | None) -> list[str]:
    if outboxes is None:
        return []
    backlogs = [horizon.Backlog(**each) for each in outboxes["consumers"]]
    late = [f"{b.consumer}: {b.waiting} wait, {b.oldest_seconds} s" for b in backlogs if b.is_late]
    holder = outboxes["held_back_by"]
    return [f"held back by {horizon.Holder(**holder)}", *late] if holder else late


def _span(seconds: int | None) -> str:
    if seconds is None:
        return "-"
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"
