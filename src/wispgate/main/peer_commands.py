"""`wispgate peer …`: who may connect, whom we call, and with what certificate."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from wispgate.kernel.errors import InvalidValue
from wispgate.main import business_commands, tables
from wispgate.main import settings as configuration
from wispgate.main.settings import Settings

app = typer.Typer(
    help="Diameter peers that may connect, and those that we call.", no_args_is_help=True
)

Core = Annotated[str, typer.Option(help="Name of its core.")]
Identity = Annotated[str, typer.Option(help="Its Origin-Host.")]
Addresses = Annotated[list[str] | None, typer.Option("--address", help="Address or network that it connects from. Repeat for more.")]  # fmt: skip
Profile = Annotated[str | None, typer.Option(help="What kind of software it is: generic3gpp, open5gs.")]  # fmt: skip
Transport = Annotated[str | None, typer.Option(help="tcp, tls (from the first octet) or sctp.")]
Authority = Annotated[Path | None, typer.Option("--certificate-authority", metavar="FILE", help="PEM file of who issued its certificate; for tls.")]  # fmt: skip
ConnectTo = Annotated[str | None, typer.Option(metavar="HOST[:PORT]", help="Where we open the connection; left out, the peer does.")]  # fmt: skip
Routes = Annotated[list[str] | None, typer.Option("--route-realm", metavar="REALM", help="A realm that is reached through it (a DRA); * for every other. Repeat for more.")]  # fmt: skip
Data = Annotated[
    str | None,
    typer.Option(
        "--data", metavar="DIR", help="The data folder. Default: WISPGATE_DATA, else ./data."
    ),
]


@app.command("add")
def add(  # noqa: PLR0913, PLR0917 (one parameter per option)
    core: Core,
    identity: Identity,
    applications: Annotated[str, typer.Option(help="What it may use, with commas: s6a,gx,gy.")],
    realm: Annotated[str, typer.Option(help="Its Origin-Realm.")],
    address: Addresses = None,
    profile: Profile = None,
    transport: Transport = None,
    certificate_authority: Authority = None,
    connect_to: ConnectTo = None,
    route_realm: Routes = None,
    data: Data = None,
) -> None:
    """Allows a Diameter peer to connect, or says where to call it."""
    values = _given(
        addresses=address or [], applications=applications.split(","), realm=realm,
        profile=profile, transport=transport, connect_to=connect_to,
        certificate_authority=_read(certificate_authority), routed_realms=route_realm,
    )  # fmt: skip
    business_commands.add_peer(_settings(data), core=core, identity=identity, values=values)
    verb = "is called" if connect_to else "may connect"
    typer.echo(f"peer {identity} {verb}")


@app.command("edit")
def edit(  # noqa: PLR0913 (one parameter per option)
    core: Core,
    identity: Identity,
    *,
    applications: Annotated[str | None, typer.Option(help="What it may use, with commas.")] = None,
    realm: Annotated[str | None, typer.Option(help="Its Origin-Realm.")] = None,
    address: Addresses = None,
    profile: Profile = None,
    transport: Transport = None,
    certificate_authority: Authority = None,
    connect_to: ConnectTo = None,
    route_realm: Routes = None,
    no_routes: Annotated[bool, typer.Option("--no-routes", help="No realm is reached through it.")] = False,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="Let it in again, or send it away.")] = None,
    data: Data = None,
) -> None:  # fmt: skip
    """Changes what is given of a peer. Connections follow within seconds."""
    changes = _given(
        addresses=address, applications=applications.split(",") if applications else None,
        realm=realm, profile=profile, transport=transport, connect_to=connect_to,
        certificate_authority=_read(certificate_authority),
        routed_realms=[] if no_routes else route_realm, is_enabled=enabled,
    )  # fmt: skip
    if not changes:
        raise InvalidValue("nothing to change: give an option")
    business_commands.change_peer(_settings(data), core=core, identity=identity, changes=changes)
    typer.echo(f"peer {identity} changed: {', '.join(sorted(changes))}")


@app.command("remove")
def remove(core: Core, identity: Identity, data: Data = None) -> None:
    """Makes a peer a stranger; an open connection ends within seconds."""
    business_commands.remove_peer(_settings(data), core=core, identity=identity)
    typer.echo(f"peer {identity} removed")


@app.command("list")
def list_command(
    *, as_json: Annotated[bool, typer.Option("--json", help="As one JSON array.")] = False, data: Data = None
) -> None:  # fmt: skip
    """All peers with their state."""
    peers = business_commands.list_peers(_settings(data))
    if as_json:
        typer.echo(json.dumps(peers, indent=2))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("core", "peer", "state", "transport", "from / to", "applications", "routes"):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("core", "peer"))
    for peer in peers:
        place = f"→ {peer['connect_to']}" if peer["connect_to"] else ", ".join(peer["addresses"])
        table.add_row(
            peer["core"], peer["identity"], peer["state"] if peer["is_enabled"] else "disabled",
            peer["transport"], place, ",".join(peer["applications"]),
            ",".join(peer["routed_realms"]),
        )  # fmt: skip
    if peers:
        tables.print_whole(table)
    else:
        Console().print("No peers yet: see wispgate peer add --help.")


@app.command("forget-sessions")
def forget_sessions(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it: every gateway ends its sessions with us.")] = False,
    data: Data = None,
) -> None:  # fmt: skip
    """After a backup was restored: tells every peer that our sessions are gone (Origin-State-Id)."""
    if not yes:
        raise InvalidValue(
            "every gateway will end its sessions, and phones come back one by one: add --yes"
        )
    for identity, value in business_commands.lose_state(_settings(data)).items():
        typer.echo(f"{identity}: Origin-State-Id is {value} now")


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _read(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidValue(f"{file}: {error}", field="certificate_authority") from None


def _settings(data: str | None) -> Settings:
    return configuration.load(options={"data": data and Path(data)})
