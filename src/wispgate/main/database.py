"""Who connects to which database: addresses per role, the roles themselves, one migration at a time.

The roles' passwords are ours, made at random: also on a server that the setting `database` names,
whose user is needed only to create roles and the database.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlencode

import psycopg
from psycopg import conninfo, sql

from wispgate.kernel.errors import Misconfigured, Unavailable
from wispgate.main.binaries import SUPPORTED_MAJORS
from wispgate.main.postgres import PORT, Cluster, socket_folder
from wispgate.main.secret_files import DATABASE_ROLES, Secrets
from wispgate.main.settings import Settings
from wispgate.store.tenancy import Roles

EMBEDDED_NAME = "wispgate"

# What of a configured address holds for our roles too, and what both drivers understand alike.
_CARRIED = ("sslmode", "sslrootcert", "sslcert", "sslkey", "target_session_attrs")
MIGRATION_LOCK = 0x77697370  # "wisp": advisory locks are numbers
_CONNECT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Connection:
    """How one role reaches the database."""

    host: str
    port: int
    dbname: str
    user: str
    password: str = field(repr=False)
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def dsn(self) -> str:
        """A URI for psycopg and asyncpg. It carries the password: not to be logged."""
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        query = urlencode({"host": self.host, "port": self.port, **self.options}, quote_via=quote)
        return f"postgresql://{login}@/{quote(self.dbname, safe='')}?{query}"


def connection(settings: Settings, secrets: Secrets, role: str) -> Connection:
    """How `role` (owner, web, worker or network) connects."""
    user: str = getattr(Roles(settings.role_prefix), role)
    password = secrets.database_passwords[role]
    if not settings.database:
        host = str(socket_folder(settings.folder.postgres))
        return Connection(host, PORT, EMBEDDED_NAME, user, password)
    given = _configured(settings)
    options = {key: given[key] for key in _CARRIED if key in given}
    host, port = given.get("host", "127.0.0.1"), int(given.get("port", PORT))
    return Connection(host, port, given["dbname"], user, password, options)


def embedded(settings: Settings, secrets: Secrets) -> Cluster:
    """The embedded server of the data folder, not started."""
    return Cluster(
        settings.folder.postgres,
        password=secrets.superuser_password,
        binaries=settings.postgres_binaries,
        log=settings.folder.logs / "postgres.log",
    )


@contextmanager
def reachable(settings: Settings, secrets: Secrets) -> Iterator[None]:
    """The database, started for as long as needed if nobody runs the embedded one already."""
    if settings.database:
        yield
        return
    with embedded(settings, secrets):
        yield


def prepare(settings: Settings, secrets: Secrets) -> None:
    """Roles and database, made where missing; passwords set. Raises Misconfigured, Unavailable."""
    prepare_at(
        settings, secrets, settings.database or embedded(settings, secrets).dsn(EMBEDDED_NAME)
    )


def prepare_at(settings: Settings, secrets: Secrets, target: str) -> None:
    """The same on the server and for the database of an administrator's address."""
    name = conninfo.conninfo_to_dict(target)["dbname"]
    roles = Roles(settings.role_prefix)
    with _administration(target) as admin:
        _require_version(admin)
        for role in DATABASE_ROLES:
            _ensure_role(admin, getattr(roles, role), secrets.database_passwords[role])
        _ensure_database(admin, str(name), roles)


@contextmanager
def migration_lock(settings: Settings, secrets: Secrets) -> Iterator[None]:
    """Held while the schema changes; a second migration waits for its end."""
    with _connect(connection(settings, secrets, "owner").dsn) as owner:
        owner.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        yield


def server_version(settings: Settings, secrets: Secrets, role: str = "web") -> int:
    """The server's major version, asked as one of our roles. Raises Unavailable."""
    with _connect(connection(settings, secrets, role).dsn) as client:
        return client.info.server_version // 10_000


def sealed_through(settings: Settings, secrets: Secrets) -> dict[str, datetime]:
    """Of each source until when it is sealed; nothing before the first seal. Raises Unavailable."""
    with _connect(connection(settings, secrets, "web").dsn) as client:
        try:
            rows = client.execute("SELECT source, sealed_through_at FROM audit_sealcursor")
            return dict(rows.fetchall())
        except psycopg.errors.UndefinedTable:
            return {}


def client(settings: Settings, secrets: Secrets, role: str) -> psycopg.Connection:
    """A connection as one of our roles, each statement by itself. Raises Unavailable."""
    return _connect(connection(settings, secrets, role).dsn)


def administrator(settings: Settings, secrets: Secrets) -> psycopg.Connection:
    """A connection as whoever made our roles. Raises Unavailable."""
    return _connect(settings.database or embedded(settings, secrets).dsn(EMBEDDED_NAME))


def _configured(settings: Settings) -> dict[str, str]:
    given = conninfo.conninfo_to_dict(settings.database)
    return {key: str(value) for key, value in given.items() if value is not None}


def _connect(dsn: str) -> psycopg.Connection:
    try:
        return psycopg.connect(dsn, autocommit=True, connect_timeout=_CONNECT_SECONDS)
    except psycopg.OperationalError as error:
        raise Unavailable(f"the database cannot be reached: {_first_line(error)}") from None


@contextmanager
def _administration(target: str) -> Iterator[psycopg.Connection]:
    """A connection of the administrator to the maintenance database, where the target may be new."""
    maintenance = conninfo.make_conninfo(target, dbname="postgres")
    with _connect(maintenance) as admin:
        try:
            yield admin
        except psycopg.errors.InsufficientPrivilege as error:
            raise Misconfigured(
                f"the user of the setting database may not prepare it: {_first_line(error)}; "
                f"it needs CREATEROLE and CREATEDB",
                option="database",
            ) from None


def _require_version(admin: psycopg.Connection) -> None:
    major = admin.info.server_version // 10_000
    if major not in SUPPORTED_MAJORS:
        raise Misconfigured(
            f"the database server is PostgreSQL {major}; WISPGate runs on "
            f"{SUPPORTED_MAJORS[0]} to {SUPPORTED_MAJORS[-1]}",
            option="database",
        )


def _ensure_role(admin: psycopg.Connection, role: str, password: str) -> None:
    """A login without any right of an administrator. Only the password's hash is sent."""
    known = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    hashed = admin.pgconn.encrypt_password(
        password.encode(), role.encode(), b"scram-sha-256"
    ).decode()
    verb = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}" if known else _CREATE_ROLE)
    admin.execute(verb.format(sql.Identifier(role), sql.Literal(hashed)))


_CREATE_ROLE = (
    "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD {}"
)


def _ensure_database(admin: psycopg.Connection, name: str, roles: Roles) -> None:
    """A database of the owner's, to which nobody but our roles connects."""
    if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
        _let_act_as_owner(admin, roles)
        admin.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0").format(
                sql.Identifier(name), sql.Identifier(roles.owner)
            )
        )
    database = sql.Identifier(name)
    members = sql.SQL(", ").join(sql.Identifier(getattr(roles, role)) for role in DATABASE_ROLES)
    admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    admin.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, members))


def _let_act_as_owner(admin: psycopg.Connection, roles: Roles) -> None:
    """Who is no superuser gives a database only to a role of which he is a member."""
    (is_superuser,) = admin.execute(
        "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
    ).fetchone() or (False,)
    if not is_superuser:
        grant = sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(roles.owner))
        admin.execute(grant)


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
