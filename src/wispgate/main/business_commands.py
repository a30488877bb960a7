"""Commands that change business data: they run services in this process, audited as a command."""

import getpass
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import psycopg.rows

from wispgate.kernel.errors import Conflict, Forbidden, InvalidValue, Misconfigured, WispgateError
from wispgate.kernel.plmn import Plmn
from wispgate.main import database, django, secret_files
from wispgate.main.clocks import installation_clock
from wispgate.main.settings import Settings
from wispgate.store import sync

if TYPE_CHECKING:
    from wispgate.business.operators.scope import Scope


@dataclass(frozen=True, slots=True)
class TokenLimits:
    """What was said of a new token beside its role; nothing said is no limit."""

    permissions: Sequence[str] = ()
    networks: Sequence[str] = ()
    lasts: timedelta | None = None


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

        actor = scopes.Actor("command", user_name())
        now = installation_clock(settings.folder).now()
        scope = scopes.Scope(now=now, actor=actor, is_platform=True)
        try:
            with scopes.within(scope):
                yield
        except (Conflict, Forbidden) as error:
            _record_refusal(scope, error)
            raise


@contextmanager
def platform_scope_of_many(settings: Settings, reason: str = "") -> Iterator["Scope"]:
    """The platform's scope, in no transaction: for what is many of them.

    As `platform_scope`, nothing of `business` can be imported before it.
    """
    require_installation(settings)
    secrets = secret_files.load(settings.folder.secrets)
    with database.reachable(settings, secrets):
        django.setup(settings, secrets, role="web", process="command")

        from wispgate.business.operators import scope as scopes  # noqa: PLC0415 (needs Django)

        yield scopes.Scope(
            now=installation_clock(settings.folder).now(),
            actor=scopes.Actor("command", user_name()),
            is_platform=True,
            reason=reason,
        )


def _record_refusal(scope: "Scope", error: WispgateError) -> None:
    """What was refused is undone; that somebody tried stays. Only the command's words are told."""
    from wispgate.business.audit import services as audit  # noqa: PLC0415 (needs Django)
    from wispgate.business.operators import scope as scopes  # noqa: PLC0415

    words = [word for word in sys.argv[1:3] if word.replace("-", "").isalpha()]
    with scopes.within(scope):
        audit.record_refusal(error, object_type="command", object_id=" ".join(words))


def require_installation(settings: Settings) -> None:
    """Raises Misconfigured where `wispgate up` has never run."""
    if settings.folder.find_installation() is None:
        raise Misconfigured(
            f"there is no installation in {settings.data}: start one with `wispgate up`, or name "
            f"its folder with --data (or WISPGATE_DATA)",
            option="--data",
        )


def add_operator(  # noqa: PLR0913 (the words of the service)
    settings: Settings, *, slug: str, name: str, currency: str, time_zone: str,
    kind: str = "mno", host: str = "",
) -> None:  # fmt: skip
    with platform_scope(settings):
        from wispgate.business.operators import services  # noqa: PLC0415 (needs Django)

        services.create_operator(
            slug=slug,
            name=name,
            currency=currency.upper(),
            time_zone=time_zone,
            kind=kind,
            host=host,
        )


def add_core(
    settings: Settings,
    *,
    name: str,
    plmns: Sequence[str],
    operator: str,
    imsi_ranges: Sequence[str],
    origin: tuple[str, str] = ("", ""),
) -> None:
    """A core, and the operator whose IMSIs it serves: all of them, or the ranges given."""
    networks = [_plmn(text) for text in plmns]
    ranges = [_imsi_range(text) for text in imsi_ranges] or [("0" * 15, "9" * 15)]
    with platform_scope(settings):
        from wispgate.business.operators import services  # noqa: PLC0415 (needs Django)

        services.add_core(name=name, plmns=networks, origin_host=origin[0], origin_realm=origin[1])
        for first, last in ranges if operator else []:
            services.serve_operator(core=name, operator=operator, first_imsi=first, last_imsi=last)


def change_core(settings: Settings, *, name: str, origin_host: str, origin_realm: str) -> None:
    with platform_scope(settings):
        from wispgate.business.operators import services  # noqa: PLC0415 (needs Django)

        services.change_core(name, origin_host=origin_host, origin_realm=origin_realm)


def add_peer(settings: Settings, *, core: str, identity: str, values: Mapping[str, Any]) -> None:
    """`values` are the words of the service; those of its link have their names."""
    link_words = ("transport", "connect_to", "certificate_authority", "routed_realms")
    with platform_scope(settings):
        from wispgate.business.operators import services  # noqa: PLC0415 (needs Django)

        link = services.Link(**{word: values[word] for word in link_words if word in values})
        others = {word: value for word, value in values.items() if word not in link_words}
        services.add_peer(core=core, identity=identity, link=link, **others)


def change_peer(
    settings: Settings, *, core: str, identity: str, changes: Mapping[str, Any]
) -> None:
    with platform_scope(settings):
        from wispgate.business.operators import queries, services  # noqa: PLC0415 (needs Django)

        services.change_peer(queries.get_peer(core, identity).id, changes)


def remove_peer(settings: Settings, *, core: str, identity: str) -> None:
    with platform_scope(settings):
        from wispgate.business.operators import queries, services  # noqa: PLC0415 (needs Django)

        services.remove_peer(queries.get_peer(core, identity).id)


def list_peers(settings: Settings) -> list[dict[str, Any]]:
    """Who may connect, and the state of each as the database knows it."""
    with platform_scope(settings):
        from wispgate.business.hotplane.models import PeerConnection  # noqa: PLC0415 (needs Django)
        from wispgate.business.operators import queries, scope  # noqa: PLC0415 (needs Django)

        now = scope.current().now
        found: dict[Any, list[str]] = {}
        for each in PeerConnection.objects.all():
            is_over = each.state != "closed" and each.expires_at <= now
            state = "silent" if is_over else each.state
            words = f"{state} ({each.detail})" if each.detail else state
            found.setdefault((each.core_id, each.identity), []).append(words)
        return [
            {
                "core": peer.core.name,
                "identity": peer.identity,
                "realm": peer.realm,
                "addresses": peer.addresses,
                "applications": peer.applications,
                "profile": peer.profile,
                "transport": peer.transport,
                "connect_to": peer.connect_to,
                "routed_realms": peer.routed_realms,
                "is_enabled": peer.is_enabled,
                "state": "; ".join(found.get((peer.core_id, peer.identity), ["never connected"])),
            }
            for peer in queries.list_peers()
        ]


def lose_state(settings: Settings) -> dict[str, int]:
    """Tells every peer that our sessions are gone: after a backup was restored."""
    require_installation(settings)
    secrets = secret_files.load(settings.folder.secrets)
    now = installation_clock(settings.folder).now()
    with (
        database.reachable(settings, secrets),
        psycopg.connect(database.connection(settings, secrets, "network").dsn) as connection,
        connection.cursor(row_factory=psycopg.rows.dict_row) as cursor,
    ):
        rows = sync.run(cursor, "grow_origin_states", {"value": int(now.timestamp())})
    return {row["local_identity"]: row["value"] for row in rows}


def create_token(
    settings: Settings, *, role: str, operator: str, name: str, limits: TokenLimits, owner: str = ""
) -> str:  # fmt: skip
    """The secret of a new token; it is shown once and kept nowhere.

    It has a role of its own, or is somebody's (`owner`, their address) and has theirs.
    """
    if bool(role) == bool(owner):
        raise InvalidValue("a token has a role, or is somebody's: --role or --for", field="role")
    with platform_scope(settings):
        from wispgate.business.operators import scope as scopes  # noqa: PLC0415 (needs Django)
        from wispgate.business.staff import services  # noqa: PLC0415

        now = scopes.current().now
        bounds = services.Bounds(
            limits.permissions or None,
            limits.networks,
            now + limits.lasts if limits.lasts else None,
        )
        if owner:
            member = services.get_person(owner)
            if operator and member.operator_id != _operator_id(operator):
                raise InvalidValue(f"{owner} does not work for {operator}", field="operator")
            return services.make_token_of(member, name=name, bounds=bounds).secret
        return services.make_token(role=role, name=name, operator=operator, bounds=bounds).secret


def list_tokens(settings: Settings, *, operator: str) -> list[tuple[str, ...]]:
    """Id, name, owner or role, state, end and last use of each token, the newest first."""
    with platform_scope(settings):
        from wispgate.business.operators import scope as scopes  # noqa: PLC0415 (needs Django)
        from wispgate.business.staff import queries, services  # noqa: PLC0415

        now = scopes.current().now
        return [
            (
                str(token.id),
                token.name,
                token.owner.name if token.owner else token.role,
                services.state_of_token(token, now=now),
                f"{token.expires_at:%Y-%m-%d %H:%M}" if token.expires_at else "",
                f"{token.last_used_at:%Y-%m-%d %H:%M} {token.last_used_from}"
                if token.last_used_at
                else "",
            )
            for token in queries.list_tokens(_operator_id(operator))
        ]


def revoke_token(settings: Settings, *, token: str, operator: str) -> str:
    """Ends a token, by its id or by its name where only one is called so; returns its name."""
    with platform_scope(settings):
        from wispgate.business.staff import services  # noqa: PLC0415 (needs Django)

        found = services.find_token(token, operator_id=_operator_id(operator))
        services.revoke_token(found.id)
        return found.name


def rotate_token(settings: Settings, *, token: str, operator: str) -> str:
    """The new secret of a token."""
    with platform_scope(settings):
        from wispgate.business.staff import services  # noqa: PLC0415 (needs Django)

        found = services.find_token(token, operator_id=_operator_id(operator))
        return services.rotate_token(found.id).secret


def make_reset_link(settings: Settings, *, email: str) -> str:
    """A link to a new password, for installations without mail."""
    with platform_scope(settings):
        from wispgate.business.login.services import passwords  # noqa: PLC0415 (needs Django)

        base_url = settings.public_url or f"http://{settings.http}"
        return passwords.make_link(email, base_url=base_url)


def unlock_staff(settings: Settings, *, email: str) -> bool:
    """Lets somebody try again at once; whether they had to wait."""
    with platform_scope(settings):
        from wispgate.business.login.services import helping  # noqa: PLC0415 (needs Django)
        from wispgate.business.staff import services  # noqa: PLC0415

        return helping.unlock(services.get_person(email).id)


def remove_factors(settings: Settings, *, email: str) -> int:
    """Takes lost second factors away; returns how many there were."""
    with platform_scope(settings):
        from wispgate.business.login.services import helping  # noqa: PLC0415 (needs Django)
        from wispgate.business.staff import services  # noqa: PLC0415

        return helping.remove_factors(services.get_person(email).id)


def _operator_id(slug: str) -> UUID | None:
    from wispgate.business.operators import queries  # noqa: PLC0415 (needs Django)

    return queries.get_operator(slug).id if slug else None


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


def user_name() -> str:
    """Who runs the command, as the audit names them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
