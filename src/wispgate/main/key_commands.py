"""`wispgate keys …`: the key pairs that SIM secrets are sealed with, and the key agent."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from wispgate.kernel.errors import Conflict
from wispgate.main import business_commands, key_rotation, logs
from wispgate.main import settings as configuration
from wispgate.main.settings import Settings
from wispgate.network.hss.key_agent import KeyAgent, KeyFile, serve

app = typer.Typer(
    help="Keys that SIM secrets are sealed with: see them, replace them.", no_args_is_help=True
)

Data = Annotated[
    str | None,
    typer.Option(
        "--data", metavar="DIR", help="The data folder. Default: WISPGATE_DATA, else ./data."
    ),
]


@app.command("list")
def list_command(data: Data = None) -> None:
    """Which keys there are, how much is sealed with each, and which Diameter process has it."""
    with business_commands.platform_scope_of_many(_settings(data)) as scope:
        from wispgate.business.operators import scope as scopes  # noqa: PLC0415 (needs Django)
        from wispgate.business.operators import vault  # noqa: PLC0415
        from wispgate.business.tenants import rewrapping  # noqa: PLC0415

        counts = rewrapping.count_seals(scope)
        with scopes.within(scope):
            known, holders = vault.list_keys(), vault.list_holders()
    table = Table("key", "state", "since", "seals", "opened by", box=None, padding=(0, 1))
    for one in known:
        name = one.key.key_id.hex()
        table.add_row(
            name,
            one.state,
            f"{one.since:%Y-%m-%d %H:%M}" if one.since else "the founding",
            str((counts.get(name, {}) and counts[name].total()) or 0),
            ", ".join(holder.name for holder in holders if name in holder.key_ids) or "-",
        )
    for name in sorted(counts.keys() - {one.key.key_id.hex() for one in known}):
        table.add_row(name, "[red]unknown[/]", "", str(counts[name].total()), "")
    Console().print(table)


@app.command("rotate")
def rotate_command(
    key: Annotated[str, typer.Option(metavar="KEY", help="Public half (base64) of a pair that was made elsewhere. Left out: made now.")] = "",
    reason: Annotated[str, typer.Option(help="Why, for the audit.")] = "",
    data: Data = None,
) -> None:  # fmt: skip
    """Seals everything with a new key, while the network works. Cut off, run it again: it goes on."""
    settings = _settings(data)
    with business_commands.platform_scope_of_many(
        settings, reason or "the vault's key is replaced"
    ) as scope:
        outcome = key_rotation.rotate(settings, scope, key_text=key)
    typer.echo(f"{outcome.resealed} secrets sealed anew")
    for line in outcome.broken:
        typer.echo(f"left as it was: {line}", err=True)
    if outcome.broken:
        raise Conflict(f"{len(outcome.broken)} secrets cannot be opened; the old key has to stay")
    typer.echo("the old key still opens: end it with `wispgate keys retire`")


@app.command("retire")
def retire_command(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    reason: Annotated[str, typer.Option(help="Why, for the audit.")] = "",
    data: Data = None,
) -> None:
    """Destroys the old private key, once nothing is sealed with it any more."""
    if not yes:
        typer.confirm(
            "Backups of the database from before the rotation can be opened with a kept copy of "
            "the old key only. Destroy it here?",
            abort=True,
        )
    settings = _settings(data)
    with business_commands.platform_scope_of_many(
        settings, reason or "the old key of the vault is destroyed"
    ) as scope:
        ended = key_rotation.retire(settings, scope)
    for key in ended:
        typer.echo(f"key {key.key_id.hex()} is retired")
    if not ended:
        typer.echo("there is no old key")


@app.command("agent")
def agent_command(
    socket: Annotated[Path, typer.Option(metavar="PATH", help="Unix socket to answer at; the setting vault = unix:PATH names it.")],
    keys: Annotated[Path, typer.Option(metavar="FILE", help="File with the private keys; made if it is not there.")],
) -> None:  # fmt: skip
    """Holds the private keys in a process of its own, for the Diameter processes of this machine."""
    logs.configure("keys", log_format="console", level="info")
    file = KeyFile(keys)
    if not file.read():
        file.make()
    for key in file.read():
        typer.echo(f"key {key.sealing_key.key_id.hex()}, public half {key.sealing_key.to_text()}")
    asyncio.run(_serve(KeyAgent(file), socket))


async def _serve(agent: KeyAgent, path: Path) -> None:
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    server = await serve(agent, path)
    typer.echo(f"ready: {path}")
    await stopping.wait()
    server.close()


def _settings(data: str | None) -> Settings:
    return configuration.load(options={"data": data and Path(data)})
