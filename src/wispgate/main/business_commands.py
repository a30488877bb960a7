"""Commands that change business data: they run services in this process, audited as a command."""

import getpass
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from wispgate.kernel.errors import InvalidValue, Misconfigured
from wispgate.kernel.plmn import Plmn
from wispgate.main import database, django, secret_files
from wispgate.main.clocks import installation_clock
from wispgate.main.settings import Settings


@contextmanager
def platform_scope(settings: Settings) -> Iterator[None]:
    """One transaction of the platform's own, in the database of that data folder.

    Nothing of `business` can be imported before it: Django is set up here.
    """
    require_installation(settings)
    secrets = secret_files.load(settings.folder.secrets)
    with database.reachable(settings, secrets):
        django.setup(settings, secrets, role="web", process="command")

        from wispgate.business.operators import scope as scopes  # noqa: PLC0415 (needs Django)

        actor = scopes.Actor("command", _user_name())
        now = installation_clock(settings.folder).now()
        with scopes.within(scopes.Scope(now=now, actor=actor, is_platform=True)):
            yield


def require_installation(settings: Settings) -> None:
    """Raises Misconfigured where `wispgate up` has never run."""
    if settings.folder.find_installation() is None:
        raise Misconfigured(
            f"there is no installation in {settings.data}: start one with `wispgate up`, or name "
            f"its folder with --data (or WISPGATE_DATA)",
            option="--data",
        )


def add_operator(
    settings: Settings, *, slug: str, name: str, currency: str, time_zone: str
) -> None:
    with platform_scope(settings):
        from wispgate.business.operators import services  # noqa: PLC0415 (needs Django)

        services.create_operator(
            slug=slug, name=name, currency=currency.upper(), time_zone=time_zone
        )


def add_core(
    settings: Settings,
    *,
    name: str,
    plmns: Sequence[str],
    operator: str,
    imsi_ranges: Sequence[str],
) -> None:
    """A core, and the operator whose IMSIs it serves: all of them, or the ranges given."""
    networks = [_plmn(text) for text in plmns]
    ranges = [_imsi_range(text) for text in imsi_ranges] or [("0" * 15, "9" * 15)]
    with platform_scope(settings):
        from wispgate.business.operators import services  # noqa: PLC0415 (needs Django)

        services.add_core(name=name, plmns=networks)
        for first, last in ranges if operator else []:
            services.serve_operator(core=name, operator=operator, first_imsi=first, last_imsi=last)


def add_peer(  # noqa: PLR0913 (the words of the service)
    settings: Settings, *, core: str, identity: str, addresses: Sequence[str],
    applications: Sequence[str], realm: str, profile: str,
) -> None:  # fmt: skip
    with platform_scope(settings):
        from wispgate.business.operators import services  # noqa: PLC0415 (needs Django)

        services.add_peer(
            core=core,
            identity=identity,
            addresses=addresses,
            applications=applications,
            realm=realm,
            profile=profile,
        )


def create_token(settings: Settings, *, role: str, operator: str, name: str) -> str:
    """The secret of a new token; it is shown once and kept nowhere."""
    with platform_scope(settings):
        from wispgate.business.staff import services  # noqa: PLC0415 (needs Django)

        return services.create_token(role=role, operator=operator, name=name)


def _plmn(text: str) -> Plmn:
    """`00101`, `001-01` or `001/01`: three digits of country, two or three of network."""
    digits = text.replace("-", "").replace("/", "").replace(" ", "")
    try:
        return Plmn(digits[:3], digits[3:])
    except InvalidValue as error:
        raise InvalidValue(f"{text!r}: {error.message}", field="plmn") from None


def _imsi_range(text: str) -> tuple[str, str]:
    """`001010000000000-001019999999999`."""
    first, dash, last = (part.strip() for part in text.partition("-"))
    if not dash:
        raise InvalidValue(
            f"{text!r}: give the first and the last IMSI with a hyphen between", field="imsi_range"
        )
    return first, last


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
