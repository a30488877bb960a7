"""Starts Django in this process, as one of the database's roles, on the installation's clock."""

import json
import os
from urllib.parse import urlsplit

from wispgate.main import database
from wispgate.main.clocks import installation_clock
from wispgate.main.listeners import list_listeners
from wispgate.main.secret_files import Secrets
from wispgate.main.settings import Settings

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def setup(settings: Settings, secrets: Secrets, *, role: str, process: str) -> None:
    """To be called once, before anything of `business` or `web` is imported."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "wispgate.main.django_settings"
    os.environ["WISPGATE_DJANGO"] = json.dumps(_environment(settings, secrets, role, process))

    import django  # noqa: PLC0415 (reads the environment set above)
    from django.conf import settings as django_settings  # noqa: PLC0415

    clock = installation_clock(settings.folder)
    django_settings.WISPGATE_CLOCK = clock
    django_settings.WISPGATE_LISTENERS = lambda: list_listeners(settings, now=clock.now())
    django.setup()
    if role != "owner":
        _refuse_moved_databases()
    # The secrets are in Django's memory now; children and crash reports need not have them.
    del os.environ["WISPGATE_DJANGO"]


def _refuse_moved_databases() -> None:
    """Whenever a connection is opened: the server may have been exchanged under our address."""
    from django.db.backends.base.base import BaseDatabaseWrapper  # noqa: PLC0415
    from django.db.backends.signals import connection_created  # noqa: PLC0415

    from wispgate.store import sync  # noqa: PLC0415
    from wispgate.store.hot import DatabaseMoved  # noqa: PLC0415

    def look(connection: BaseDatabaseWrapper, **_: object) -> None:
        with connection.cursor() as cursor:
            is_at_home = sync.run(cursor, "is_at_home", {})[0]["is_at_home"]
        if not is_at_home:
            connection.close()
            raise DatabaseMoved

    connection_created.connect(look, weak=False, dispatch_uid="moved databases")


def _environment(
    settings: Settings, secrets: Secrets, role: str, process: str
) -> dict[str, object]:
    connection = database.connection(settings, secrets, role)
    return {
        "host": connection.host,
        "port": str(connection.port),
        "dbname": connection.dbname,
        "user": connection.user,
        "password": connection.password,
        "options": dict(connection.options),
        "application_name": f"wispgate {process}",
        "role_prefix": settings.role_prefix,
        "partitions": settings.partitions,
        "is_sandbox": settings.sandbox,
        "vault_public_key": secrets.sealing_key.to_text(),
        "secret_key": secrets.django_secret_key,
        "login_key": secrets.login_key,
        "public_url": settings.public_url,
        "mail_server": settings.mail_server,
        "mail_from": settings.mail_from,
        "allowed_hosts": [
            _host(settings),
            *_LOOPBACK,
            *settings.allowed_hosts,
            *_public_host(settings),
        ],
        "outgoing_networks": list(settings.outgoing_networks),
        "trusted_proxies": list(settings.trusted_proxies),
        "audit_minimum_days": settings.audit_minimum_days,
        "token_requests_per_minute": settings.token_requests_per_minute,
        "address_requests_per_minute": settings.address_requests_per_minute,
        "refusals_per_minute": settings.refusals_per_minute,
        "static_root": str(settings.folder.path / "static"),
    }


def _host(settings: Settings) -> str:
    """The listening address as browsers say it."""
    host = settings.http.host
    return f"[{host}]" if ":" in host else host


def _public_host(settings: Settings) -> list[str]:
    host = urlsplit(settings.public_url).hostname
    return [f"[{host}]" if ":" in host else host] if host else []
