"""Allotments and exports are a tenant's own; the views in which a host sees its MVNOs.

What a host may see of its MVNOs is in these views, with exactly these columns, and nothing else:
counts, what it gave them, and the usage that wholesale is settled by; never a customer. A view is
the owner's and a security barrier; row-level security lets the owner, and nobody that a service
logs in as, see the rows of the MVNOs that hang under the transaction's operator.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from django.conf import settings
from django.db import migrations

from wispgate.business.hotplane.schema import ROLES
from wispgate.store import partitions, tenancy

_TABLES = ("tenants_allotment", "tenants_allottedsim", "tenants_tenantexport")

# Tables that the views read, and whose rows their owner may therefore see.
_READ: Final = (
    "inventory_sim",
    "inventory_number",
    "inventory_numberrange",
    "subscriptions_subscription",
)

_MVNOS: Final = f"SELECT id FROM operators_operator WHERE host_id = {tenancy.CURRENT_OPERATOR}"
_IS_MVNO: Final = f"operator_id IN ({_MVNOS})"

_VIEWS: Mapping[str, str] = MappingProxyType(
    {
        "host_mvno": f"""
            SELECT o.id AS operator_id, o.slug, o.name, o.created_at,
                   EXISTS (SELECT 1 FROM operators_operatorsuspension s
                           WHERE s.operator_id = o.id) AS is_suspended
            FROM operators_operator o WHERE o.host_id = {tenancy.CURRENT_OPERATOR}
        """,
        "host_mvno_sims": f"""
            SELECT operator_id, core_id, state, count(*) AS sims
            FROM inventory_sim WHERE {_IS_MVNO} GROUP BY operator_id, core_id, state
        """,
        "host_mvno_numbers": f"""
            SELECT operator_id, number_class, sum(last::bigint - first::bigint + 1) AS numbers
            FROM inventory_numberrange WHERE {_IS_MVNO} GROUP BY operator_id, number_class
        """,
        "host_mvno_numbers_used": f"""
            SELECT operator_id, count(*) AS numbers
            FROM inventory_number WHERE {_IS_MVNO} AND state IN ('assigned', 'active')
            GROUP BY operator_id
        """,
        "host_mvno_lines": f"""
            SELECT operator_id, state, count(*) AS lines
            FROM subscriptions_subscription WHERE {_IS_MVNO} GROUP BY operator_id, state
        """,
        "host_allotted_sim": f"""
            SELECT s.operator_id, s.iccid, s.state
            FROM inventory_sim s
            JOIN tenants_allottedsim a ON a.iccid = s.iccid AND a.returned_at IS NULL
                AND a.operator_id = {tenancy.CURRENT_OPERATOR}
            WHERE s.{_IS_MVNO}
        """,
    }
)

# While a tenant is off, whoever logs in for it, by whichever door, finds no row of theirs: neither
# a person nor a token, and a session that is open ends. Restrictive: it stands beside whatever
# else lets a login see.
_LOCK_OUT: Final = f"""
CREATE POLICY operators_operatorsuspension_owner ON operators_operatorsuspension
    FOR SELECT TO {ROLES.owner} USING (true);
CREATE FUNCTION operator_is_off(operator uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM operators_operatorsuspension s WHERE s.operator_id = operator);
$$;
REVOKE ALL ON FUNCTION operator_is_off(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION operator_is_off(uuid) TO {ROLES.web}, {ROLES.worker};
""" + "".join(
    f"CREATE POLICY {table}_operator_is_on ON {table} AS RESTRICTIVE FOR SELECT "
    f"USING ({tenancy.OWN_ROWS} OR {tenancy.IS_PLATFORM} OR NOT operator_is_off(operator_id));"
    for table in ("staff_staffmember", "staff_apitoken")
)

# By UTC days: a host and its MVNOs need not have one time zone.
_USAGE: Final = """
    SELECT operator_id, (posted_at AT TIME ZONE 'UTC')::date AS day, unit AS paid_in, used_units
    FROM {schema}.ledger WHERE used_units > 0 AND {is_mvno}
"""


def _host_views(*, owner: str, readers: Sequence[str], count: int) -> list[str]:
    """DDL of the policies for the views' owner, and of the views, over `count` hot partitions."""
    ledgers = [f"{partitions.schema_of(n)}.ledger" for n in range(count)]
    return [
        # The owner's subquery on operators is under row-level security itself.
        _policy("operators_operator", owner, f"host_id = {tenancy.CURRENT_OPERATOR}"),
        *(_policy(table, owner, _IS_MVNO) for table in (*_READ, *ledgers)),
        *(_view(name, body, readers) for name, body in _VIEWS.items()),
        _view("host_mvno_usage", _usage(count), readers),
    ]


def _policy(table: str, owner: str, visible: str) -> str:
    name = f"{table}_host".replace(".", "_")
    return f"CREATE POLICY {name} ON {table} FOR SELECT TO {owner} USING ({visible});"


def _view(name: str, body: str, readers: Sequence[str]) -> str:
    everybody = ", ".join(readers)
    return (
        f"CREATE VIEW {name} WITH (security_barrier = true) AS {body};"
        f"REVOKE ALL ON {name} FROM {everybody};"
        f"GRANT SELECT ON {name} TO {everybody};"
    )


def _usage(count: int) -> str:
    parts = " UNION ALL ".join(
        _USAGE.format(schema=partitions.schema_of(n), is_mvno=_IS_MVNO) for n in range(count)
    )
    return (
        "SELECT operator_id, day, paid_in, sum(used_units) AS used_units "
        f"FROM ({parts}) AS used GROUP BY operator_id, day, paid_in"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0001_initial"),
        ("inventory", "0003_numbers"),
        ("subscriptions", "0003_plans"),
        ("hotplane", "0006_windows"),
        ("staff", "0002_walls"),
        ("audit", "0002_walls"),
    ]
    operations = [
        migrations.RunSQL(
            [
                *(tenancy.isolate(table) for table in _TABLES),
                _LOCK_OUT,
                # Where each card went stands in the allotment and in the audit of the card itself.
                *(
                    tenancy.audited(table)
                    for table in ("tenants_allotment", "tenants_tenantexport")
                ),
                *_host_views(
                    owner=ROLES.owner,
                    readers=(ROLES.web, ROLES.worker),
                    count=settings.WISPGATE_PARTITIONS,
                ),
            ]
        ),
    ]
