"""`wispgate verify` and `wispgate audit …`: proving the seals, and what can be told of the audit."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from wispgate.business.audit.chain import Header
from wispgate.kernel.errors import InvalidValue
from wispgate.main import business_commands, checkpoints, database, django, secret_files
from wispgate.main.clocks import installation_clock
from wispgate.main.secret_files import Secrets
from wispgate.main.settings import Settings
from wispgate.web.site import spreadsheets

if TYPE_CHECKING:
    from wispgate.business.audit.queries import Search
    from wispgate.business.audit.verifying import Report


@dataclass(frozen=True, slots=True)
class What:
    """What to verify."""

    with_audit: bool
    with_ledgers: bool
    since: datetime | None
    checkpoint_files: Sequence[Path]


@contextmanager
def _as_worker(settings: Settings) -> Iterator[tuple[Secrets, datetime]]:
    """Django as the role that sees all operators' rows."""
    business_commands.require_installation(settings)
    secrets = secret_files.load(settings.folder.secrets)
    with database.reachable(settings, secrets):
        django.setup(settings, secrets, role="worker", process="verify")
        yield secrets, installation_clock(settings.folder).now()


def verify(settings: Settings, what: What) -> "Sequence[Report]":
    """A report for each chain."""
    files = what.checkpoint_files or [settings.folder.checkpoints]
    for path in what.checkpoint_files:
        if not path.exists():
            raise InvalidValue(f"there is no file {path}", field="checkpoints")
    anchors = _newest(header for path in files for header in checkpoints.read(path))
    with _as_worker(settings) as (secrets, now):
        from wispgate.business.audit import verifying  # noqa: PLC0415 (needs Django)

        ask = verifying.Ask(keys=secrets.verifying_keys, now=now, since=what.since, anchors=anchors)
        return list(
            verifying.verify(ask, with_audit=what.with_audit, with_ledgers=what.with_ledgers)
        )


def show(reports: "Sequence[Report]", console: Console) -> bool:
    """Prints them; whether all is well."""
    table = Table(box=None, pad_edge=False)
    for heading in ("chain", "rows", "blocks", "result"):
        table.add_column(heading, justify="right" if heading in ("rows", "blocks") else "left")
    for report in reports:
        result = report.note or "untouched"
        if report.finding is not None:
            result = _finding(report)
        table.add_row(report.chain, str(report.rows), str(report.blocks), result)
    console.print(table)
    bad = sum(report.finding is not None for report in reports)
    rows = sum(report.rows for report in reports)
    verdict = f"{bad} of {len(reports)} chains are damaged" if bad else "all chains are whole"
    console.print(f"{rows} rows checked in {len(reports)} chains: {verdict}")
    return not bad


def _finding(report: "Report") -> str:
    """`deleted: row 43 (id 1217) in block 5: the row was deleted`."""
    finding = report.finding
    assert finding is not None  # noqa: S101 (said by the caller)
    row = f" (id {finding.row})" if finding.row else ""
    return f"{finding.damage}: row {finding.place}{row} in block {finding.block}: {finding.text}"


def as_json(reports: "Sequence[Report]") -> list[dict[str, object]]:
    return [
        {
            "chain": report.chain,
            "rows": report.rows,
            "blocks": report.blocks,
            "first_row": report.first_place,
            "note": report.note,
            "finding": None
            if report.finding is None
            else {
                "damage": str(report.finding.damage),
                "block": report.finding.block,
                "place": report.finding.place,
                "id": report.finding.row,
                "text": report.finding.text,
            },
        }
        for report in reports
    ]


def heads(settings: Settings) -> Sequence[Header]:
    """The checkpoints as of now."""
    with _as_worker(settings) as (_, now):
        from wispgate.business.audit import sealing  # noqa: PLC0415 (needs Django)

        return sealing.heads(now=now)


def public_keys(settings: Settings) -> Sequence[str]:
    """The keys that prove the seals, the oldest first, in PEM."""
    business_commands.require_installation(settings)
    return [key.to_pem() for key in secret_files.load(settings.folder.secrets).verifying_keys]


def instant(text: str) -> datetime:
    """`2026-03-01` or `2026-03-01T12:00`, in UTC unless it says otherwise."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidValue(f"{text!r} is no date or time such as 2026-03-01T12:00") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _newest(headers: Iterator[Header]) -> Sequence[Header]:
    """Of several checkpoints of one chain the one that knows most."""
    newest: dict[str, Header] = {}
    for header in headers:
        if header.chain not in newest or newest[header.chain].number < header.number:
            newest[header.chain] = header
    return list(newest.values())


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the audit is looked for (`business.audit.queries.Search`)."""

    who: str
    action: str
    object_type: str
    object_id: str
    text: str
    request_id: str
    since: datetime | None
    until: datetime | None


@contextmanager
def _searching(settings: Settings, asked: Asked, operator: str) -> "Iterator[Search]":
    """The search, in the platform's scope, narrowed to an operator where one is named."""
    with business_commands.platform_scope(settings):
        from wispgate.business.audit.queries import ACTIONS, Search  # noqa: PLC0415 (needs Django)
        from wispgate.business.operators import queries as operators  # noqa: PLC0415

        if asked.action and asked.action not in ACTIONS:
            raise InvalidValue(f"there are {', '.join(ACTIONS)}", field="action")
        operator_id = operators.get_operator(operator).id if operator else None
        yield Search(**asdict(asked), operator_id=operator_id)


def search(settings: Settings, asked: Asked, *, operator: str, limit: int) -> list[list[str]]:
    """Rows of a table, the newest first."""
    with _searching(settings, asked, operator) as wanted:
        from wispgate.business.audit import queries  # noqa: PLC0415 (needs Django)

        return [
            [
                str(entry.id), f"{entry.at:%Y-%m-%d %H:%M:%S}", f"{entry.actor} ({entry.actor_kind})",
                entry.action, f"{entry.object_type} {entry.object_id}", entry.reason,
                entry.message or json.dumps(entry.after or entry.before),
            ]
            for entry in queries.find_entries(wanted, limit=limit)
        ]  # fmt: skip


def export(settings: Settings, asked: Asked, *, operator: str, as_csv: bool) -> Iterator[str]:
    """Lines of the file. That somebody took them away is an entry itself."""
    with _searching(settings, asked, operator) as wanted:
        from wispgate.business.audit import exporting, services  # noqa: PLC0415 (needs Django)

        if as_csv:
            yield from spreadsheets.lines(exporting.COLUMNS, exporting.rows(wanted))
        else:
            yield from exporting.json_lines(wanted)
        services.record_read(
            object_type="audit_auditentry", object_id=operator, what="exported the audit"
        )


def retention(settings: Settings, *, operator: str, keep: str) -> str:
    """What is in force afterwards, as a sentence."""
    with business_commands.platform_scope(settings):
        from wispgate.business.audit import retention as audit_retention  # noqa: PLC0415
        from wispgate.business.operators import queries as operators  # noqa: PLC0415
        from wispgate.business.operators import scope as scopes  # noqa: PLC0415

        operator_id = operators.get_operator(operator).id
        with scopes.within(replace(scopes.current(), operator_id=operator_id)):
            if keep:
                audit_retention.set_keep_days(_days(keep))
            days = audit_retention.find_keep_days()
    return f"{operator} keeps its audit {f'for {days} days' if days else 'for ever'}"


def _days(text: str) -> int | None:
    if text == "forever":
        return None
    if not (text.isascii() and text.isdigit()):
        raise InvalidValue("a number of days, or `forever`", field="keep")
    return int(text)
