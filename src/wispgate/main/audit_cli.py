"""The commands of the audit, as `cli` adds them."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from wispgate.main import audit_commands, checkpoints, tables
from wispgate.main import settings as configuration
from wispgate.main.settings import Settings

EXIT_DAMAGED = 1

app = typer.Typer(help="The audit: search, export, retention, proof.", no_args_is_help=True)

Data = Annotated[
    str | None,
    typer.Option(
        "--data", metavar="DIR", help="The data folder. Default: WISPGATE_DATA, else ./data."
    ),
]
Operator = Annotated[str, typer.Option(help="Slug of the operator; all of them if left out.")]
Who = Annotated[str, typer.Option(help="A part of the actor's name, or the address.")]
Action = Annotated[str, typer.Option(help="insert, update, delete, refused, login or read.")]
Object = Annotated[str, typer.Option("--object", metavar="TYPE[:ID]", help="Kind of object, such as inventory_sim, and its id.")]  # fmt: skip
Words = Annotated[str, typer.Option("--text", help="Words in reason, message, before or after.")]
Request = Annotated[str, typer.Option(help="The id of the request that caused it.")]
Since = Annotated[str, typer.Option(metavar="TIME", help="From then on, such as 2026-03-01 or 2026-03-01T12:00 (UTC).")]  # fmt: skip
Until = Annotated[str, typer.Option(metavar="TIME", help="Before then.")]


def verify(
    *,
    audit: Annotated[bool, typer.Option("--audit", help="Only the audit.")] = False,
    ledger: Annotated[bool, typer.Option("--ledger", help="Only the ledgers.")] = False,
    since: Since = "",
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option("--checkpoints", metavar="FILE", help="Checkpoints kept elsewhere. Repeat for more. Default: those of the data folder."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON array.")] = False,
    data: Data = None,
) -> None:  # fmt: skip
    """Proves that nobody changed the audit or the ledgers, or names the first row that was."""
    what = audit_commands.What(
        with_audit=audit or not ledger,
        with_ledgers=ledger or not audit,
        since=_instant(since),
        checkpoint_files=checkpoint or [],
    )
    reports = audit_commands.verify(_settings(data), what)
    if as_json:
        typer.echo(json.dumps(audit_commands.as_json(reports), indent=2))
        is_well = all(report.finding is None for report in reports)
    else:
        is_well = audit_commands.show(reports, Console(soft_wrap=True))
    if not is_well:
        raise typer.Exit(EXIT_DAMAGED)


@app.command("search")
def search(  # noqa: PLR0913 (one parameter per option)
    *,
    operator: Operator = "",
    who: Who = "",
    action: Action = "",
    object_: Object = "",
    text: Words = "",
    request: Request = "",
    since: Since = "",
    until: Until = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most, the newest first.")] = 50,
    data: Data = None,
) -> None:  # fmt: skip
    """Looks for who did what."""
    asked = _asked(who, action, object_, text, request, since, until)
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "when", "who", "action", "object", "why", "what"):
        table.add_column(heading, overflow="fold")
    for row in audit_commands.search(_settings(data), asked, operator=operator, limit=limit):
        table.add_row(*row)
    tables.print_whole(table)


@app.command("export")
def export(  # noqa: PLR0913 (one parameter per option)
    *,
    operator: Operator = "",
    who: Who = "",
    action: Action = "",
    object_: Object = "",
    text: Words = "",
    request: Request = "",
    since: Since = "",
    until: Until = "",
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV for spreadsheets, without proof.")] = False,
    data: Data = None,
) -> None:  # fmt: skip
    """Writes entries as JSON lines with their proof, or as CSV, to standard output."""
    asked = _asked(who, action, object_, text, request, since, until)
    for line in audit_commands.export(_settings(data), asked, operator=operator, as_csv=as_csv):
        sys.stdout.write(line)


@app.command("retention")
def retention(
    operator: Annotated[str, typer.Option(help="Slug of the operator.")],
    keep: Annotated[str, typer.Option(metavar="DAYS", help="Days to keep entries for, or `forever`. Left out: only shows it.")] = "",
    data: Data = None,
) -> None:  # fmt: skip
    """Shows or sets how long an operator's audit is kept."""
    typer.echo(audit_commands.retention(_settings(data), operator=operator, keep=keep))


@app.command("checkpoint")
def checkpoint(
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write them. Default: standard output.")] = None,
    data: Data = None,
) -> None:  # fmt: skip
    """Writes the newest seal of every chain, to be kept where nobody here can reach it."""
    heads = audit_commands.heads(_settings(data))
    if output is None:
        sys.stdout.write(checkpoints.to_text(heads))
    else:
        output.write_text(checkpoints.to_text(heads))
        typer.echo(f"{len(heads)} checkpoints written to {output}")


@app.command("key")
def key(data: Data = None) -> None:
    """Prints the public keys that prove seals, in PEM, the oldest first."""
    sys.stdout.write("".join(audit_commands.public_keys(_settings(data))))


def _asked(*words: str) -> "audit_commands.Asked":
    who, action, object_, text, request, since, until = words
    object_type, _, object_id = object_.partition(":")
    return audit_commands.Asked(
        who=who,
        action=action,
        object_type=object_type,
        object_id=object_id,
        text=text,
        request_id=request,
        since=_instant(since),
        until=_instant(until),
    )


def _instant(text: str) -> datetime | None:
    return audit_commands.instant(text) if text else None


def _settings(data: str | None) -> Settings:
    return configuration.load(options={"data": data and Path(data)})
