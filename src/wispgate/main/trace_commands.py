"""`wispgate trace …`: what passes of a peer, a card or a session, recorded for a while."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from rich.tree import Tree

from wispgate.kernel.errors import InvalidValue
from wispgate.main import business_commands, tables
from wispgate.main import settings as configuration
from wispgate.main.settings import Settings
from wispgate.wire.diameter.describing import DescribedAvp

if TYPE_CHECKING:
    from wispgate.business.tracing.queries import Shown

app = typer.Typer(
    help="Traces: what passes of a peer, a card or a session, decoded and without secrets.",
    no_args_is_help=True,
)

_POLL_SECONDS: Final = 1.0
_PAGE: Final = 200

Key = Annotated[str, typer.Argument(metavar="ID", help="The trace's id, or enough of its end.")]
Data = Annotated[
    str | None,
    typer.Option(
        "--data", metavar="DIR", help="The data folder. Default: WISPGATE_DATA, else ./data."
    ),
]


@app.command("start")
def start(  # noqa: PLR0913 (one parameter per option)
    *,
    peer: Annotated[str, typer.Option(help="Origin-Host of a peer.")] = "",
    imsi: Annotated[str, typer.Option(help="A card, with the sessions that it has and opens.")] = "",
    session: Annotated[str, typer.Option(help="A Session-Id.")] = "",
    core: Annotated[str, typer.Option(help="Name of the one core to look at.")] = "",
    operator: Annotated[str, typer.Option(help="Slug of the operator whose staff may look too.")] = "",
    minutes: Annotated[int, typer.Option(help="When it ends by itself.")] = 10,
    messages: Annotated[int, typer.Option(help="How many messages it keeps.")] = 1000,
    data: Data = None,
) -> None:  # fmt: skip
    """Begins to record; prints the trace's id."""
    given = {"peer": peer, "imsi": imsi, "session": session}
    chosen = [(kind, value) for kind, value in given.items() if value]
    if len(chosen) != 1:
        raise InvalidValue("give one of --peer, --imsi and --session")
    with _scope(_settings(data), operator):
        from wispgate.business.tracing import services  # noqa: PLC0415 (needs Django)

        subject = services.Subject(*chosen[0], core)
        with _named_as_typed(subject=chosen[0][0], max_messages="messages"):
            typer.echo(services.start(subject, minutes=minutes, max_messages=messages))


@app.command("list")
def list_command(
    *, as_json: Annotated[bool, typer.Option("--json", help="As one JSON array.")] = False, data: Data = None
) -> None:  # fmt: skip
    """Traces that run, and those of the last seven days."""
    traces = _list(_settings(data))
    if as_json:
        typer.echo(json.dumps(traces, indent=2))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "of", "state", "messages", "started", "by"):
        # An id that is broken in two cannot be copied.
        table.add_column(heading, overflow="fold", no_wrap=heading == "id")
    for one in traces:
        table.add_row(
            one["id"], f"{one['kind']} {one['subject']}", one["state"], str(one["messages"]),
            one["started_at"], one["started_by"],
        )  # fmt: skip
    if traces:
        tables.print_whole(table)
    else:
        Console().print("No traces: see wispgate trace start --help.")


@app.command("show")
def show(
    key: Key,
    *,
    tree: Annotated[bool, typer.Option("--tree", help="Every message with all that is in it.")] = False,
    follow: Annotated[bool, typer.Option("--follow", help="Go on as long as the trace runs.")] = False,
    data: Data = None,
) -> None:  # fmt: skip
    """The messages of a trace: when, which way, with whom, what, with what result."""
    settings, console = _settings(data), Console(soft_wrap=True)
    after: UUID | None = None
    while True:
        shown, is_running = _read(settings, key, after)
        for one in shown:
            console.print(_as_line(one), highlight=False)
            if tree:
                console.print(_as_tree(one), highlight=False)
        if shown:
            after = shown[-1].row.id
        if len(shown) == _PAGE:
            continue
        if not (follow and is_running):
            return
        time.sleep(_POLL_SECONDS)


@app.command("export")
def export(
    key: Key,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The pcap file to write.")],
    data: Data = None,
) -> None:
    """Writes a capture file, which Wireshark reads."""
    with _scope(_settings(data)):
        from wispgate.business.tracing import queries  # noqa: PLC0415 (needs Django)

        trace = _find(key)
        capture = queries.encode_capture(trace.id)
    try:
        file.write_bytes(capture)
    except OSError as error:
        raise InvalidValue(f"{file}: {error.strerror}") from None
    typer.echo(f"{trace.messages} messages written to {file}")


@app.command("stop")
def stop(key: Key, data: Data = None) -> None:
    """Ends a trace before its time; what it has stays for seven days."""
    with _scope(_settings(data)):
        from wispgate.business.tracing import services  # noqa: PLC0415 (needs Django)

        trace = _find(key)
        services.stop(trace.id)
    typer.echo(f"trace of {trace.kind} {trace.subject} stopped")


# --- reading ------------------------------------------------------------------------------------


@contextmanager
def _scope(settings: Settings, operator: str = "") -> Iterator[None]:
    """The platform's scope, working for an operator where one is named."""
    with business_commands.platform_scope(settings):
        from wispgate.business.operators import queries, scope  # noqa: PLC0415 (needs Django)

        if not operator:
            yield
            return
        chosen = queries.get_operator(operator)
        with scope.within(replace(scope.current(), operator_id=chosen.id)):
            yield


def _list(settings: Settings) -> list[dict[str, Any]]:
    with _scope(settings):
        from wispgate.business.operators import scope  # noqa: PLC0415 (needs Django)
        from wispgate.business.tracing import queries  # noqa: PLC0415

        now = scope.current().now
        return [
            {
                "id": str(one.id),
                "kind": one.kind,
                "subject": one.subject,
                "state": queries.state_of(one, now=now),
                "messages": one.messages,
                "octets": one.octets,
                "started_at": one.started_at.isoformat(timespec="seconds"),
                "ends_at": one.ends_at.isoformat(timespec="seconds"),
                "started_by": one.started_by,
            }
            for one in queries.list_traces()
        ]


def _read(settings: Settings, key: str, after: UUID | None) -> tuple[list["Shown"], bool]:
    """The messages after one, and whether more may come."""
    with _scope(settings):
        from wispgate.business.operators import scope  # noqa: PLC0415 (needs Django)
        from wispgate.business.tracing import queries  # noqa: PLC0415

        trace = _find(key)
        is_running = queries.is_running(trace, now=scope.current().now)
        return list(queries.list_messages(trace.id, after=after, limit=_PAGE)), is_running


def _find(key: str) -> Any:
    """By its id, or by enough of the end of it to know which is meant."""
    from wispgate.business.tracing import queries  # noqa: PLC0415 (needs Django)

    found = [one for one in queries.list_traces() if key and str(one.id).endswith(key.lower())]
    if len(found) != 1:
        raise InvalidValue(
            f"{len(found) or 'no'} traces have an id that ends in {key!r}: see wispgate trace list"
        )
    return found[0]


# --- showing ------------------------------------------------------------------------------------


@contextmanager
def _named_as_typed(**options: str) -> Iterator[None]:
    """A refused value is named by the option that it was given with."""
    try:
        yield
    except InvalidValue as error:
        raise InvalidValue(error.message, field=options.get(error.field, error.field)) from None


def _as_line(one: "Shown") -> str:
    """ "12:00:00.250 → mme1.example AIA S6a DIAMETER_SUCCESS (2001) 1.8 ms" """
    said, row = one.said, one.row
    way = "→" if row.is_sent else "←"
    words = [
        f"{row.at:%H:%M:%S.%f}"[:-3], way, row.peer, f"[bold]{said.abbreviation}[/]",
        said.interface or said.application,
    ]  # fmt: skip
    if said.result:
        words.append(f"[{'green' if said.is_good else 'red'}]{said.result}[/]")
    if one.latency_ms is not None:
        words.append(f"{one.latency_ms:.1f} ms")
    return " ".join(words)


def _as_tree(one: "Shown") -> Tree:
    tree = Tree("", hide_root=True)
    for avp in one.said.avps:
        _grow(tree, avp)
    return tree


def _grow(tree: Tree, avp: DescribedAvp) -> None:
    branch = tree.add(f"{avp.name}  {avp.value}".rstrip().replace("[", "\\["))
    for member in avp.members:
        _grow(branch, member)


def _settings(data: str | None) -> Settings:
    return configuration.load(options={"data": data and Path(data)})
