"""Commands on whole tenants. They run services in this process, audited as a command.

SIM secrets are opened by none of them: sealing anew is done in a process of its own, which gets
the vault's key through a descriptor as the Diameter process does.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Final

import typer

from wispgate.domain.authentication.sealing import SealingKey
from wispgate.kernel.errors import InvalidValue, Unavailable
from wispgate.main import business_commands, secret_files
from wispgate.main import settings as configuration
from wispgate.main.settings import Settings

# An archive holds everything that an operator has: nobody else on this machine reads it.
_PRIVATE: Final = 0o600

app = typer.Typer(help="Whole operators: off, on, out, in and away.", no_args_is_help=True)

Slug = Annotated[str, typer.Argument(help="Short name of the operator.")]
Data = Annotated[
    str | None,
    typer.Option(
        "--data", metavar="DIR", help="The data folder. Default: WISPGATE_DATA, else ./data."
    ),
]
Reason = Annotated[str, typer.Option(help="overdue, contract_end, abuse, own_request or platform.")]


@app.command("suspend")
def suspend_command(
    slug: Slug,
    reason: Reason,
    note: Annotated[str, typer.Option(help="What people should know about it.")] = "",
    data: Data = None,
) -> None:
    """Turns an operator off for a reason: its lines are refused, its staff and tokens locked out."""
    with business_commands.platform_scope(_settings(data)):
        from wispgate.business.tenants import services  # noqa: PLC0415 (needs Django)

        services.suspend(slug, reason=reason, note=note)
    typer.echo(f"operator {slug} is suspended for {reason}")


@app.command("resume")
def resume_command(slug: Slug, reason: Reason, data: Data = None) -> None:
    """Lifts one reason; with the last one the operator is on again."""
    with business_commands.platform_scope(_settings(data)):
        from wispgate.business.operators import queries  # noqa: PLC0415 (needs Django)
        from wispgate.business.tenants import services  # noqa: PLC0415 (needs Django)

        services.resume(slug, reason=reason)
        left = queries.suspension_reasons(queries.get_operator(slug).id)
    rest = f"still suspended for {', '.join(left)}" if left else "on again"
    typer.echo(f"operator {slug} is {rest}")


@app.command("export")
def export_command(
    slug: Slug,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The archive to write; not there yet.")],
    data: Data = None,
) -> None:
    """Writes everything that an operator has into one archive. SIM secrets stay sealed in it."""
    with business_commands.platform_scope(_settings(data)):
        from wispgate.business.tenants import services  # noqa: PLC0415 (needs Django)

        with _new_file(out) as file:
            manifest = services.export(slug, file)
    typer.echo(
        f"{manifest.rows} rows of {slug} in {out}, SHA-256 of its manifest {manifest.digest()}"
    )


@app.command("import")
def import_command(
    archive: Annotated[Path, typer.Argument(metavar="FILE", help="An archive that was exported.")],
    data: Data = None,
) -> None:
    """Makes the operator of an archive, in an installation that has none yet."""
    with _read_file(archive) as file, business_commands.platform_scope(_settings(data)):
        from wispgate.business.tenants import services  # noqa: PLC0415 (needs Django)

        manifest = services.import_archive(file)
    typer.echo(f"operator {manifest.slug} is here, with {manifest.rows} rows")


@app.command("delete")
def delete_command(
    slug: Slug,
    *,
    confirm: Annotated[str, typer.Option(metavar="SLUG", help="Its short name once more; asked for if left out.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Also while it is on and phones of it are online.")] = False,
    reason: Annotated[str, typer.Option(help="Why, for the audit.")] = "",
    data: Data = None,
) -> None:  # fmt: skip
    """Removes an operator with everything it has, for good."""
    typed = confirm or typer.prompt(f"Everything of {slug} will be gone for good. Its short name")
    gone = delete(_settings(data), slug, typed_slug=typed, is_forced=force, reason=reason)
    typer.echo(f"operator {slug} is gone, with {sum(gone.values())} rows")


@app.command("key")
def key_command(data: Data = None) -> None:
    """Prints the public key that archives for this installation are sealed anew for. No secret."""
    settings = _settings(data)
    business_commands.require_installation(settings)
    typer.echo(secret_files.load(settings.folder.secrets).sealing_key.to_text())


@app.command("reseal")
def reseal_command(
    archive: Annotated[Path, typer.Argument(metavar="FILE", help="An archive of this installation.")],
    recipient: Annotated[str, typer.Option("--for", metavar="KEY", help="What `wispgate tenant key` prints where it goes.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The archive to write; not there yet.")],
    data: Data = None,
) -> None:  # fmt: skip
    """Seals the SIM secrets of an archive for another installation. They are never in the clear."""
    settings = _settings(data)
    business_commands.require_installation(settings)
    key = SealingKey.from_text(recipient)
    with _new_file(out):
        pass
    _note_resealing(settings, archive, key)
    said = _run_resealing(settings, archive, out, key)
    typer.echo(said)


def delete(
    settings: Settings, slug: str, *, typed_slug: str, is_forced: bool, reason: str
) -> Mapping[str, int]:
    """The removal opens its own transactions, so this one is in none."""
    with business_commands.platform_scope_of_many(settings, reason) as scope:
        from wispgate.business.tenants import services  # noqa: PLC0415 (needs Django)

        return services.delete(slug, typed_slug=typed_slug, is_forced=is_forced, scope=scope)


def _note_resealing(settings: Settings, archive: Path, key: SealingKey) -> None:
    """Whoever gets this archive can open every card in it: that is written down first."""
    with _read_file(archive) as file, business_commands.platform_scope(settings):
        from wispgate.business.audit import services as audit  # noqa: PLC0415 (needs Django)
        from wispgate.business.tenants.archive import reading  # noqa: PLC0415 (needs Django)

        with reading(file) as reader:
            audit.record_read(
                object_type="operators_operator",
                object_id=reader.manifest.operator_id,
                what=f"SIM secrets of archive {reader.manifest.digest()[:12]} sealed anew for key "
                f"{key.key_id.hex()}",
            )


def _run_resealing(settings: Settings, archive: Path, out: Path, key: SealingKey) -> str:
    """In a process of its own, the only one that gets the vault's private key."""
    descriptor = secret_files.pipe_with(secret_files.read_opening_keys(settings.folder.secrets))
    try:
        done = subprocess.run(  # noqa: S603 (our own program)
            [sys.executable, "-P", "-m", "wispgate.main.resealing", str(archive), str(out), key.to_text()],
            env=os.environ | {secret_files.VAULT_FD: str(descriptor)},
            pass_fds=[descriptor],
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
    finally:
        os.close(descriptor)
    if done.returncode:
        out.unlink(missing_ok=True)
        raise Unavailable(f"nothing was sealed anew: {done.stderr.strip() or 'it was cut off'}")
    return done.stdout.strip()


@contextmanager
def _new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that only its owner reads; gone again if what fills it fails."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _PRIVATE)
    except OSError as error:
        raise InvalidValue(f"{path} cannot be made: {error.strerror}", field="out") from None
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@contextmanager
def _read_file(path: Path) -> Iterator[IO[bytes]]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise InvalidValue(f"{path} cannot be read: {error.strerror}") from None


def _settings(data: str | None) -> Settings:
    return configuration.load(options={"data": data and Path(data)})
