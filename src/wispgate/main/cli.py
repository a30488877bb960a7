"""The command line. Each command loads the settings, does one thing, and says it in plain words.

What was typed wrongly, or is configured wrongly, costs one line and exit code 2; what does not
work now, exit code 1. A traceback is a defect of ours.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from typer.exceptions import TyperException

import wispgate
from wispgate.kernel.errors import InvalidValue, Unavailable, WispgateError
from wispgate.main import (
    audit_cli,
    backups,
    business_commands,
    clocks,
    diagnose,
    doctor,
    key_commands,
    login_cli,
    logs,
    mass_commands,
    peer_commands,
    rules,
    simulate,
    status,
    tenants,
    trace_commands,
    up,
)
from wispgate.main import settings as configuration
from wispgate.main.settings import Settings
from wispgate.main.supervisor import EXIT_FINISHED

EXIT_UNAVAILABLE = 1
EXIT_WRONG_INPUT = 2
EXIT_INTERRUPTED = 130

app = typer.Typer(
    help="WISPGate: the business and operations system of an LTE operator.",
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip
run_app = typer.Typer(help="One process by itself, without a supervisor.", no_args_is_help=True)
operator_app = typer.Typer(
    help="Operators: the tenants of this installation.", no_args_is_help=True
)
core_app = typer.Typer(
    help="Cores: the networks that this installation serves.", no_args_is_help=True
)
clock_app = typer.Typer(help="The clock of a sandbox.", no_args_is_help=True)
demo_app = typer.Typer(help="The demo that `up --demo` founds.", no_args_is_help=True)
for _name, _part in (
    ("run", run_app), ("operator", operator_app), ("core", core_app),
    ("clock", clock_app), ("demo", demo_app),
):  # fmt: skip
    app.add_typer(_part, name=_name)
app.add_typer(peer_commands.app, name="peer")
app.add_typer(trace_commands.app, name="trace")
app.add_typer(mass_commands.app, name="mass-act")
app.add_typer(key_commands.app, name="keys")
app.add_typer(audit_cli.app, name="audit")
app.add_typer(login_cli.token_app, name="token")
app.add_typer(login_cli.staff_app, name="staff")
app.add_typer(simulate.app, name="simulate")
app.command("verify")(audit_cli.verify)
app.add_typer(tenants.app, name="tenant")

Data = Annotated[
    str | None,
    typer.Option(
        "--data", metavar="DIR", help="The data folder. Default: WISPGATE_DATA, else ./data."
    ),
]


@app.command("up")
def up_command(  # noqa: PLR0913 (one parameter per option)
    *,
    demo: Annotated[bool, typer.Option("--demo", help="Fill a new installation with a demo operator.")] = False,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Make a folder whose clock can be set forward.")] = False,
    data: Data = None,
    http: Annotated[str | None, typer.Option(metavar="A:P", help="Where console and API listen.")] = None,
    diameter: Annotated[str | None, typer.Option(metavar="A:P", help="Where Diameter peers connect.")] = None,
    diameter_tls: Annotated[str | None, typer.Option(metavar="A:P", help="Where Diameter peers connect with TLS.")] = None,
    diameter_processes: Annotated[int | None, typer.Option(metavar="N", help="Processes that serve Diameter.")] = None,
    metrics: Annotated[str | None, typer.Option(metavar="A:P", help="Where metrics are answered.")] = None,
    origin_host: Annotated[str | None, typer.Option(metavar="H", help="Diameter identity of this node.")] = None,
    origin_realm: Annotated[str | None, typer.Option(metavar="R", help="Diameter realm of this node.")] = None,
) -> None:  # fmt: skip
    """Starts everything: database, Diameter, worker, console. Ctrl-C stops it."""
    settings = _settings(
        data,
        sandbox=sandbox or None,
        http=http,
        diameter=diameter,
        diameter_tls=diameter_tls,
        diameter_processes=diameter_processes,
        metrics=metrics,
        origin_host=origin_host,
        origin_realm=origin_realm,
    )
    up.run(settings, with_demo=demo)


@app.command("migrate")
def migrate_command(data: Data = None) -> None:
    """Prepares the database: roles, then the schema. Safe to run again; one runs at a time."""
    from wispgate.main import migration  # noqa: PLC0415 (Django is slow to import)

    settings = _settings(data)
    logs.configure("migrate", log_format=settings.log_format, level=settings.log_level)
    migration.run(settings)


@app.command("backup")
def backup_command(
    file: Annotated[Path, typer.Argument(help="A new file, such as /backups/2026-11-27.dump.")], data: Data = None
) -> None:  # fmt: skip
    """Writes the embedded database into one file, while everything runs."""
    settings = _settings(data)
    business_commands.require_installation(settings)
    backups.back_up(settings, file)
    typer.echo(f"the database is in {file}; keys are not in it. Save apart, and elsewhere:")
    for path in (settings.folder.secrets, settings.folder.settings_file, settings.folder.installation_file, settings.folder.clock_offset, settings.folder.checkpoints):  # fmt: skip
        if path.exists():
            typer.echo(f"    {path}")


@app.command("restore")
def restore_command(
    file: Annotated[Path, typer.Argument(help="A file of `wispgate backup`.", exists=True, dir_okay=False)],
    *,
    nothing_lost: Annotated[bool, typer.Option("--nothing-lost", help="Nothing happened since the backup: peers keep their sessions.")] = False,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="The backup is of a sandbox.")] = False,
    data: Data = None,
) -> None:  # fmt: skip
    """Makes the database of a data folder that has none yet from a backup."""
    settings = _settings(data, sandbox=sandbox or None)
    now = clocks.installation_clock(settings.folder).now()
    restored = backups.restore(settings, file, is_nothing_lost=nothing_lost, now=now)
    for name in restored.missing_keys:
        typer.echo(f"not in {settings.folder.secrets}: {name}")
    if restored.origin_states:
        typer.echo("peers will be told that sessions were lost (Origin-State-Id, Reset)")
    typer.echo(f"restored into {settings.data}; start with `wispgate up`")


@run_app.command("diameter")
def run_diameter(
    *,
    number: Annotated[int, typer.Option(min=1, max=64, help="Which of several processes at one address.")] = 1,
    data: Data = None,
) -> None:  # fmt: skip
    """The Diameter node: HSS, PCRF, online charging."""
    from wispgate.main import diameter_process  # noqa: PLC0415 (each process imports its own)

    diameter_process.run(_process_settings("diameter", data), number=number)


@run_app.command("worker")
def run_worker(data: Data = None) -> None:
    """The worker: jobs and the delivery of events."""
    from wispgate.main import worker_process  # noqa: PLC0415 (each process imports its own)

    worker_process.run(_process_settings("worker", data))


@run_app.command("web")
def run_web(data: Data = None) -> None:
    """The console and the API."""
    from wispgate.main import web_process  # noqa: PLC0415 (each process imports its own)

    web_process.run(_process_settings("web", data))


@run_app.command("phones", hidden=True)
def run_phones(data: Data = None) -> None:
    """The demo's simulated phones."""
    from wispgate.main.demo import phones  # noqa: PLC0415 (each process imports its own)

    phones.run(_process_settings("demo", data))
    raise typer.Exit(EXIT_FINISHED)


@run_app.command("demo", hidden=True)
def run_demo(data: Data = None) -> None:
    """Fills the installation with the demo operator, once."""
    from wispgate.main import demo  # noqa: PLC0415 (each process imports its own)

    demo.ensure_demo(_process_settings("demo", data))


@app.command("status")
def status_command(
    *, as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False, data: Data = None
) -> None:  # fmt: skip
    """What runs, since when, where it listens, and which peers are connected."""
    facts = asyncio.run(status.collect(_settings(data)))
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
    else:
        Console().print(status.as_table(facts))
    if not facts["is_running"]:
        raise typer.Exit(EXIT_UNAVAILABLE)


@app.command("doctor")
def doctor_command(data: Data = None) -> None:
    """Looks for what would keep the installation from working, and says what to do."""
    findings = doctor.examine(_settings(data))
    table = Table(show_header=False, box=None, padding=(0, 1))
    for finding in findings:
        table.add_row(_MARKS[finding.grade], finding.subject, finding.text)
    Console().print(table)
    if any(finding.grade == "bad" for finding in findings):
        raise typer.Exit(EXIT_UNAVAILABLE)


@app.command("diagnose")
def diagnose_command(
    core: Annotated[str, typer.Option(help="Only peers of this core.")] = "",
    peer: Annotated[str, typer.Option(metavar="IDENTITY", help="Only the peer of this Origin-Host, allowed or not.")] = "",
    imsi: Annotated[str, typer.Option(help="A phone that should work; with --peer, behind that peer.")] = "",
    data: Data = None,
) -> None:  # fmt: skip
    """Tests the connection with the EPC, and says in plain words what is wrong and what to do."""
    if not diagnose.run(_settings(data), core=core, identity=peer, imsi=imsi):
        raise typer.Exit(EXIT_UNAVAILABLE)


_MARKS = {"good": "[green]ok[/]", "warning": "[yellow]look[/]", "bad": "[red]wrong[/]"}


@operator_app.command("add")
def operator_add(  # noqa: PLR0913, PLR0917 (one parameter per option)
    slug: Annotated[str, typer.Option(help="Its short name, as in --operator elsewhere.")],
    name: Annotated[str, typer.Option(help="Its name as customers know it.")],
    currency: Annotated[str, typer.Option(help="ISO 4217 code, such as EUR.")],
    time_zone: Annotated[str, typer.Option(help="Name of its time zone, such as Europe/Berlin.")] = "UTC",
    kind: Annotated[str, typer.Option(help="mno, mvno or private.")] = "mno",
    host: Annotated[str, typer.Option(help="Slug of the host that an MVNO hangs under.")] = "",
    data: Data = None,
) -> None:  # fmt: skip
    """Adds an operator."""
    settings = _settings(data)
    business_commands.add_operator(
        settings,
        slug=slug,
        name=name,
        currency=currency,
        time_zone=time_zone,
        kind=kind,
        host=host,
    )
    typer.echo(f"operator {slug} added")


@core_app.command("add")
def core_add(  # noqa: PLR0913, PLR0917 (one parameter per option)
    name: Annotated[str, typer.Option(help="Its name, as in --core elsewhere.")],
    plmn: Annotated[list[str], typer.Option(help="PLMN, such as 00101; the first is the home network. Repeat for more.")],
    operator: Annotated[str, typer.Option(help="Slug of the operator that it serves.")] = "",
    imsi_range: Annotated[list[str] | None, typer.Option(metavar="FIRST-LAST", help="IMSIs of that operator; all if left out. Repeat for more.")] = None,
    origin_host: Annotated[str, typer.Option(metavar="H", help="Our Diameter identity towards its peers, if not the node's own.")] = "",
    origin_realm: Annotated[str, typer.Option(metavar="R", help="Our Diameter realm towards its peers.")] = "",
    data: Data = None,
) -> None:  # fmt: skip
    """Adds a core, and says which operator's SIMs it serves."""
    settings = _settings(data)
    business_commands.add_core(
        settings,
        name=name,
        plmns=plmn,
        operator=operator,
        imsi_ranges=imsi_range or [],
        origin=(origin_host, origin_realm),
    )
    typer.echo(f"core {name} added")


@core_app.command("edit")
def core_edit(
    name: Annotated[str, typer.Option(help="Name of the core.")],
    origin_host: Annotated[str, typer.Option(metavar="H", help="Our Diameter identity towards its peers; empty: the node's own.")],
    origin_realm: Annotated[str, typer.Option(metavar="R", help="Our Diameter realm towards its peers; empty: the node's own.")],
    data: Data = None,
) -> None:  # fmt: skip
    """Says who we are towards a core's peers. Their connections are opened anew within seconds."""
    business_commands.change_core(
        _settings(data), name=name, origin_host=origin_host, origin_realm=origin_realm
    )
    typer.echo(f"core {name} changed")


@clock_app.command("advance")
def clock_advance(
    span: Annotated[str, typer.Argument(help="How far, such as 3d, 12h or 1d12h.")],
    data: Data = None,
) -> None:
    """Sets the clock of a sandbox forward, for all its processes at once."""
    try:
        distance = rules.duration(span)
    except InvalidValue as error:
        raise InvalidValue(f"SPAN {span!r} {error.message}") from None
    now = clocks.sandbox_clock(_settings(data).folder).advance(distance)
    typer.echo(f"the clock shows {now:%Y-%m-%d %H:%M:%S} UTC")


@demo_app.command("remove")
def demo_remove(data: Data = None) -> None:
    """Removes the demo: its operator with all it has, its core, its phones. Nothing of others."""
    from wispgate.main.demo import removal  # noqa: PLC0415 (Django is slow to import)

    settings = _settings(data)
    gone = removal.remove_demo(settings)
    typer.echo(
        f"demo removed: {gone.get('subscriptions_subscription', 0)} lines, "
        f"{gone.get('inventory_sim', 0)} SIMs, {sum(gone.values())} rows in all"
    )


@app.callback(invoke_without_command=True)
def _common(
    *, version: Annotated[bool, typer.Option("--version", help="Show the version and end.")] = False
) -> None:
    if version:
        typer.echo(f"wispgate {wispgate.__version__}")
        raise typer.Exit


def main(arguments: list[str] | None = None) -> None:
    """The program `wispgate`."""
    sys.exit(run_command(arguments))


def run_command(arguments: list[str] | None = None) -> int:
    """Runs one command; its exit code."""
    return reporting_errors(lambda: app(arguments, prog_name="wispgate", standalone_mode=False))


def reporting_errors(action: Callable[[], int | None]) -> int:
    """Does it; its exit code. What went wrong is one line on standard error."""
    try:
        return action() or 0
    except TyperException as error:
        message = error.format_message()
        return _complain(message, EXIT_WRONG_INPUT) if message else EXIT_WRONG_INPUT
    except (typer.Abort, KeyboardInterrupt):
        return _complain("interrupted", EXIT_INTERRUPTED)
    except InvalidValue as error:
        option = f"--{error.field.replace('_', '-')}: " if error.field else ""
        return _complain(option + error.message, EXIT_WRONG_INPUT)
    except Unavailable as error:
        return _complain(error.message, EXIT_UNAVAILABLE)
    except WispgateError as error:
        return _complain(error.message, EXIT_WRONG_INPUT)


def _complain(message: str, code: int) -> int:
    typer.echo(f"wispgate: {' '.join(message.split())}", err=True)
    return code


def _settings(data: str | None, **options: object) -> Settings:
    return configuration.load(options={"data": data and Path(data), **options})


def _process_settings(process: str, data: str | None) -> Settings:
    """The settings of a process that runs here, its logging set up."""
    settings = _settings(data)
    business_commands.require_installation(settings)
    logs.configure(process, log_format=settings.log_format, level=settings.log_level)
    return settings


if __name__ == "__main__":
    main()
