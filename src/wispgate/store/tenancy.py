"""Tenant walls in the database: roles, row-level security and the settings that open one tenant.

The SQL that migrations run and the settings that transactions begin with stand here once, for
Django and for the network side. A transaction names its operator with `SET LOCAL app.operator`
(not `set_config`, which a distributed PostgreSQL does not propagate); without it no row of any
tenant is visible, whatever the query says.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

# The operator whose rows this transaction may see; NULL (nobody's) when it was not set.
CURRENT_OPERATOR = "nullif(current_setting('app.operator', true), '')::uuid"
IS_PLATFORM = "coalesce(current_setting('app.platform', true), '') = 'on'"

SETTINGS = (
    "app.operator",  # uuid of the tenant
    "app.platform",  # "on": the platform's own staff and commands, for tables of the platform
    "app.login",  # e-mail address being logged in, id of a session's staff, hash of a token
    "app.actor_kind",
    "app.actor",
    "app.address",
    "app.request",
    "app.reason",
    "app.now",  # the installation's clock, for audit triggers
    "app.reach",  # JSON: what is "own" for somebody who sees no more; empty for everything
)


@dataclass(frozen=True, slots=True)
class Roles:
    """Database roles by function. Roles are cluster-wide, so a prefix keeps installations apart."""

    prefix: str = "wispgate_"

    @property
    def owner(self) -> str:
        """Owns the schema and runs migrations; no service logs in as it."""
        return f"{self.prefix}owner"

    @property
    def web(self) -> str:
        return f"{self.prefix}web"

    @property
    def worker(self) -> str:
        return f"{self.prefix}worker"

    @property
    def network(self) -> str:
        return f"{self.prefix}network"


OWN_ROWS = f"operator_id = {CURRENT_OPERATOR}"
CURRENT_LOGIN = "nullif(current_setting('app.login', true), '')"


def isolate(table: str, *, visible: str = OWN_ROWS, writable: str = "") -> str:
    """Row-level security for a tenant's table, for its owner too.

    Rows of `visible` can be read, rows of `writable` (the same unless given) written.
    """
    name = table.replace(".", "_")
    return (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
        f"CREATE POLICY {name}_tenant ON {table} USING ({visible}) WITH CHECK ({writable or visible});"
    )


def own_only(table: str, seen: str, *, readers: Iterable[str]) -> str:
    """A policy beside the tenant's: who sees only what is their own, sees rows of `seen`.

    Restrictive, so that whatever else shows a row, this one has to let it through too. The inner
    query is run once for a statement, whose reader is mostly somebody who sees everything.
    """
    name = f"{table}_own".replace(".", "_")
    return (
        f"CREATE POLICY {name} ON {table} AS RESTRICTIVE FOR SELECT TO {', '.join(readers)} "
        f"USING ((SELECT current_reach()) IS NULL OR ({seen}));"
    )


def open_to(table: str, role: str, *, privileges: str, commands: str = "ALL") -> str:
    """A policy that lets a service role work on all tenants' rows of an isolated table."""
    name = f"{table}_{role}".replace(".", "_")
    check = "" if commands == "SELECT" else "WITH CHECK (true)"
    return (
        f"GRANT {privileges} ON {table} TO {role};"
        f"CREATE POLICY {name} ON {table} FOR {commands} TO {role} USING (true) {check};"
    )


def audited(table: str, *, hidden: Iterable[str] = (), ignored: Iterable[str] = ()) -> str:
    """A trigger that writes every change of `table` into the audit.

    `hidden` columns are masked; a change of `ignored` columns alone is no entry.
    """
    marked = [f"'{column}'" for column in hidden] + [f"'-{column}'" for column in ignored]
    arguments = ", ".join(marked)
    return (
        f"CREATE TRIGGER audit_row AFTER INSERT OR UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION audit_row({arguments});"
    )


def set_local(settings: Mapping[str, str]) -> str:
    """One text of SET LOCAL commands; values are quoted here, since SET takes no parameters."""
    unknown = settings.keys() - set(SETTINGS)
    if unknown:
        raise KeyError(f"unknown settings {sorted(unknown)}")
    return ";".join(f"SET LOCAL {name} = {_literal(value)}" for name, value in settings.items())


def set_local_operator(operator_id: UUID) -> str:
    """The least that a transaction needs to see a tenant's rows."""
    return set_local({"app.operator": str(operator_id)})


def _literal(value: str) -> str:
    # standard_conforming_strings is on since PostgreSQL 9.1: a backslash is an ordinary character.
    if "\x00" in value:
        raise ValueError("a setting cannot hold a NUL character")
    return "'" + value.replace("'", "''") + "'"
