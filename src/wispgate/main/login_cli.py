"""`wispgate token` and `wispgate staff`: tokens of programs, and help for who cannot log in."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from wispgate.main import business_commands, rules
from wispgate.main import settings as configuration
from wispgate.main.settings import Settings

token_app = typer.Typer(help="Tokens of the API.", no_args_is_help=True)
staff_app = typer.Typer(help="Staff who cannot log in.", no_args_is_help=True)

Data = Annotated[
    str | None,
    typer.Option(
        "--data", metavar="DIR", help="The data folder. Default: WISPGATE_DATA, else ./data."
    ),
]
Operator = Annotated[str, typer.Option(help="Slug of its operator; none for the platform.")]
Token = Annotated[str, typer.Argument(help="Id of the token, or its name where one has it.")]
Email = Annotated[str, typer.Option(help="E-mail address of the member of staff.")]


@token_app.command("create")
def token_create(  # noqa: PLR0913, PLR0917 (one parameter per option)
    role: Annotated[str, typer.Option(help="What the token may do: a role's name. Or --for.")] = "",
    owner: Annotated[str, typer.Option("--for", metavar="EMAIL", help="Whose it is: it may do what they may, and is the same person for four eyes.")] = "",
    operator: Operator = "",
    name: Annotated[str, typer.Option(help="What it is for, as the audit shows it.")] = "command line",
    permission: Annotated[list[str] | None, typer.Option(help="Only this of what the role may, such as sim.read or *.read. Repeat for more.")] = None,
    network: Annotated[list[str] | None, typer.Option(help="Only from this address or network. Repeat for more.")] = None,
    expires: Annotated[str, typer.Option(metavar="SPAN", help="For how long it is good, such as 90d. Default: until it is revoked.")] = "",
    data: Data = None,
) -> None:  # fmt: skip
    """Makes a token for the API and prints it, this once."""
    limits = business_commands.TokenLimits(
        permission or (), network or (), rules.duration(expires) if expires else None
    )
    typer.echo(
        business_commands.create_token(
            _settings(data), role=role, operator=operator, name=name, limits=limits, owner=owner
        )
    )


@token_app.command("list")
def token_list(operator: Operator = "", data: Data = None) -> None:
    """Lists the tokens of an operator, or of the platform: never their secrets."""
    rows = business_commands.list_tokens(_settings(data), operator=operator)
    table = Table("id", "name", "owner or role", "state", "expires", "last used", box=None)
    for row in rows:
        table.add_row(*row)
    Console(width=200, soft_wrap=True).print(table if rows else "no tokens")


@token_app.command("rotate")
def token_rotate(token: Token, operator: Operator = "", data: Data = None) -> None:
    """Gives a token another secret and prints it, this once; the old one is refused at once."""
    typer.echo(business_commands.rotate_token(_settings(data), token=token, operator=operator))


@token_app.command("revoke")
def token_revoke(token: Token, operator: Operator = "", data: Data = None) -> None:
    """Ends a token at once and for good."""
    name = business_commands.revoke_token(_settings(data), token=token, operator=operator)
    typer.echo(f"token {name} is revoked")


@staff_app.command("reset-link")
def staff_reset_link(email: Email, data: Data = None) -> None:
    """Prints a link to a new password, good once and for half an hour."""
    typer.echo(business_commands.make_reset_link(_settings(data), email=email))


@staff_app.command("unlock")
def staff_unlock(email: Email, data: Data = None) -> None:
    """Lets somebody who failed too often try again at once."""
    was_waiting = business_commands.unlock_staff(_settings(data), email=email)
    typer.echo(f"{email} may try again" if was_waiting else f"{email} did not have to wait")


@staff_app.command("remove-factors")
def staff_remove_factors(email: Email, data: Data = None) -> None:
    """Takes the second factors of somebody who lost them away, and ends their sessions."""
    removed = business_commands.remove_factors(_settings(data), email=email)
    typer.echo(f"took {removed} second factor{'' if removed == 1 else 's'} of {email} away")


def _settings(data: str | None) -> Settings:
    return configuration.load(options={"data": data and Path(data)})
