"""Brings the database to the schema of this version, as its owner, one at a time."""

import structlog
import typer

from wispgate.main import business_commands, database, django, founding, moving, secret_files
from wispgate.main.clocks import installation_clock
from wispgate.main.settings import Settings

_log = structlog.get_logger("migrate")


def run(settings: Settings) -> None:
    """Roles and database, then Django's migrations under a lock of the database."""
    business_commands.require_installation(settings)
    # What a newer version needs is made here, before anything of it runs.
    folder = settings.folder.secrets
    secrets = secret_files.ensure(folder) if folder.exists() else secret_files.load(folder)
    with database.reachable(settings, secrets):
        database.prepare(settings, secrets)
        with database.migration_lock(settings, secrets):
            django.setup(settings, secrets, role="owner", process="migrate")

            from django.core.management import call_command  # noqa: PLC0415 (needs Django set up)

            call_command("migrate", verbosity=0, interactive=False)
            if moving.settle(settings, secrets):
                _log.warning(
                    "the database is in another server than before: its order goes on. If a backup "
                    "was restored by hand, tell every peer: wispgate peer forget-sessions --yes"
                )
            _show_first_admin(settings)
    _log.info("database ready")


def _show_first_admin(settings: Settings) -> None:
    """Shown, not logged: a log is kept, and this is to be seen once."""
    credential = founding.find_first_admin_credential(installation_clock(settings.folder).now())
    if credential is not None:
        email, password = credential
        typer.echo("first administrator of the console, shown this once:")
        typer.echo(f"    {email}   {password}")
