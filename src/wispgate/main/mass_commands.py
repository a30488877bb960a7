"""`wispgate mass-act …`: one act over many lines, asked for from a file, watched, stopped, reported."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from rich.table import Table

from wispgate.kernel.errors import InvalidValue, Unavailable
from wispgate.main import business_commands, tables
from wispgate.main import settings as configuration
from wispgate.main.settings import Settings

if TYPE_CHECKING:
    from wispgate.business.subscriptions.mass import Foreseen
    from wispgate.business.subscriptions.models import MassAct

app = typer.Typer(
    help="Acts over many lines: suspend, resume, restrict, change the plan, terminate and more.",
    no_args_is_help=True,
)

Key = Annotated[str, typer.Argument(metavar="ID", help="The mass act's id.")]
Operator = Annotated[str, typer.Option(help="Slug of the operator whose lines they are.")]
Data = Annotated[
    str | None,
    typer.Option(
        "--data", metavar="DIR", help="The data folder. Default: WISPGATE_DATA, else ./data."
    ),
]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was typed of lines and of what is done to them."""

    operator: str
    verb: str
    given: dict[str, str]
    state: str = ""
    dealer: str = ""
    why: str = ""


@app.command("ask")
def ask(  # noqa: PLR0913 (one parameter per option)
    *,
    operator: Operator,
    verb: Annotated[str, typer.Option(help="suspend, resume, restrict, unrestrict, change_plan, activate, retire_sim or terminate.")],
    file: Annotated[Path | None, typer.Option("--file", metavar="FILE", help="Lines by MSISDN, ICCID or id, one in each row.")] = None,
    state: Annotated[str, typer.Option(help="All lines of this state, in place of a file.")] = "",
    dealer: Annotated[str, typer.Option(help="All lines of this dealer's customers, in place of a file.")] = "",
    reason: Annotated[str, typer.Option(help="Of a suspension or restriction: overdue, customer_request, fraud, lost_sim, operator.")] = "",
    kind: Annotated[str, typer.Option(help="Of a suspension: hard or soft.")] = "",
    profile: Annotated[str, typer.Option(help="Which restriction: slow, walled_garden, no_data and so on.")] = "",
    speed_down: Annotated[str, typer.Option(metavar="SPEED", help="Of the restriction slow, such as 64 kbit/s.")] = "",
    speed_up: Annotated[str, typer.Option(metavar="SPEED", help="Of the restriction slow.")] = "",
    page: Annotated[str, typer.Option(metavar="URL", help="Of a walled garden.")] = "",
    plan: Annotated[str, typer.Option(metavar="CODE", help="The plan to change to.")] = "",
    why: Annotated[str, typer.Option(help="For the audit.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would come of it, and begin nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before it begins.")] = False,
    data: Data = None,
) -> None:  # fmt: skip
    """Says what would come of it, asks, and puts it down for the worker; prints the act's id."""
    offered = {
        "reason": reason, "kind": kind, "profile": profile, "speed_down": speed_down,
        "speed_up": speed_up, "page": page, "plan": plan,
    }  # fmt: skip
    given = {name: value for name, value in offered.items() if value}
    wanted = Wanted(operator, verb, given, state, dealer, why)
    settings, content = _settings(data), _read(file)
    act_id, foreseen = _choose(settings, wanted, content, file.name if file else "")
    _say(verb, foreseen)
    if dry_run or not (yes or typer.confirm("Begin?", default=False, err=True)):
        _finish(settings, wanted, act_id, is_wanted=False)
        typer.echo("nothing was begun", err=True)
        return
    _finish(settings, wanted, act_id, is_wanted=True)
    typer.echo(str(act_id))


@app.command("list")
def list_command(
    *,
    operator: Operator,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON array.")] = False,
    data: Data = None,
) -> None:
    """The newest mass acts of an operator."""
    with _scope(_settings(data), operator):
        from wispgate.business.subscriptions import mass  # noqa: PLC0415 (needs Django)

        acts = [_as_row(act) for act in mass.list_acts()]
    if as_json:
        typer.echo(json.dumps(acts, indent=2))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "verb", "state", "total", "done", "refused", "asked", "by"):
        # An id that is broken in two cannot be copied.
        table.add_column(heading, overflow="fold", no_wrap=heading == "id")
    for one in acts:
        names = ("id", "verb", "state", "total", "done", "refused", "created_at", "asked_by")
        table.add_row(*(str(one[name]) for name in names))
    if acts:
        tables.print_whole(table)
    else:
        typer.echo("No mass acts: see wispgate mass-act ask --help.")


@app.command("show")
def show(key: Key, operator: Operator, data: Data = None) -> None:
    """One mass act as JSON, with the first hundred lines that were refused and why."""
    with _scope(_settings(data), operator):
        from wispgate.business.subscriptions import mass  # noqa: PLC0415 (needs Django)

        act = mass.get_act(_id(key))
        refused = mass.list_rows(act.id, outcome="refused", limit=100)
        told = [
            {"row": row.position, "line_id": str(row.line_id), "code": row.code, "why": row.why}
            for row in refused
        ]
        typer.echo(json.dumps(_as_row(act) | {"refusals": told}, indent=2))


@app.command("stop")
def stop(key: Key, operator: Operator, data: Data = None) -> None:
    """Leaves the rest as it is; what is done stays done."""
    with _scope(_settings(data), operator):
        from wispgate.business.subscriptions import mass  # noqa: PLC0415 (needs Django)

        act = mass.stop(_id(key))
        typer.echo(f"stopped: {act.done} done, {act.refused} refused, {act.left} left")


@app.command("resume")
def resume(key: Key, operator: Operator, data: Data = None) -> None:
    """Goes on with what was left when it was stopped."""
    with _scope(_settings(data), operator):
        from wispgate.business.subscriptions import mass  # noqa: PLC0415 (needs Django)

        typer.echo(f"goes on with {mass.resume(_id(key)).left} lines")


@app.command("report")
def report(
    key: Key,
    operator: Operator,
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Where to write it; else it is printed.")] = None,
    data: Data = None,
) -> None:  # fmt: skip
    """Every line with what became of it, as CSV that a spreadsheet opens without running anything."""
    with _scope(_settings(data), operator):
        from wispgate.business.subscriptions import mass  # noqa: PLC0415 (needs Django)
        from wispgate.web.site import spreadsheets  # noqa: PLC0415

        act_id = _id(key)
        mass.get_act(act_id)
        text = "".join(spreadsheets.lines(mass.REPORT_COLUMNS, mass.report(act_id)))
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise Unavailable(f"{output} cannot be written: {error.strerror}") from None


def _choose(
    settings: Settings, wanted: Wanted, content: bytes | None, name: str
) -> tuple[UUID, "Foreseen"]:
    """A draft, and what would come of it. Wrong rows of the file are told one by one."""
    with _scope(settings, wanted.operator):
        from wispgate.business.subscriptions import mass  # noqa: PLC0415 (needs Django)
        from wispgate.business.subscriptions.errors import IdentifiersRefused  # noqa: PLC0415

        source = f"file {name}" if content is not None else "what they have in common"
        if content is not None and (wanted.state or wanted.dealer):
            raise InvalidValue("give a file, or what the lines have in common: one of the two")
        try:
            chosen = (
                mass.choose_from_file(content)
                if content is not None
                else mass.Chosen(state=wanted.state, dealer=wanted.dealer)
            )
        except IdentifiersRefused as error:
            for problem in error.problems[1:]:
                told = f"row {problem.row}, {problem.column} {problem.value!r}: {problem.rule}"
                typer.echo(told, err=True)
            raise
        act = mass.choose(chosen, source=source)
        return act.id, mass.foresee(act.id, wanted.verb, wanted.given)


def _finish(settings: Settings, wanted: Wanted, act_id: UUID, *, is_wanted: bool) -> None:
    with _scope(settings, wanted.operator, reason=wanted.why):
        from wispgate.business.subscriptions import mass  # noqa: PLC0415 (needs Django)

        if is_wanted:
            mass.start(act_id, wanted.verb, wanted.given)
        else:
            mass.discard(act_id)


def _say(verb: str, foreseen: "Foreseen") -> None:
    typer.echo(f"{verb}: {foreseen.fitting} of {foreseen.total} lines will take it", err=True)
    for why, count in foreseen.refused:
        typer.echo(f"  {count} will be refused: {why}", err=True)


def _read(file: Path | None) -> bytes | None:
    if file is None:
        return None
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidValue(f"{file} cannot be read: {error.strerror}", field="file") from None


def _as_row(act: "MassAct") -> dict[str, Any]:
    whole: Sequence[str] = ("verb", "state", "source", "asked_by", "approved_by", "reason")
    counts: Sequence[str] = ("total", "done", "refused", "left")
    instants: Sequence[str] = ("created_at", "started_at", "ended_at")
    row: dict[str, Any] = {"id": str(act.id), "arguments": act.arguments}
    row |= {name: getattr(act, name) for name in (*whole, *counts)}
    for name in instants:
        at = getattr(act, name)
        row[name] = at.isoformat() if at else None
    return row


def _id(key: str) -> UUID:
    try:
        return UUID(key)
    except ValueError:
        raise InvalidValue(f"{key!r} is no id of a mass act") from None


def _settings(data: str | None) -> Settings:
    return configuration.load(options={"data": data and Path(data)})


@contextmanager
def _scope(settings: Settings, operator: str, *, reason: str = "") -> Iterator[None]:
    """As the operator, whose rows alone are seen."""
    with business_commands.platform_scope(settings):
        from wispgate.business.operators import queries, scope  # noqa: PLC0415 (needs Django)

        chosen = queries.get_operator(operator)
        narrowed = replace(scope.current(), operator_id=chosen.id, is_platform=False, reason=reason)
        with scope.within(narrowed):
            yield
