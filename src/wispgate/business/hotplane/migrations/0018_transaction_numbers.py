"""Numbers of transactions that go on rising when the database moves to another cluster.

Outboxes, audit and ledgers are ordered by the transaction that wrote a row. A cluster counts its
transactions from its own beginning, so after `pg_restore` into a new one the rows written next
would stand before those that cursors have passed. What is stored is therefore the cluster's count
plus a base, which `wispgate migrate` raises where it finds the database in another cluster.
"""

from django.db import migrations

from wispgate.business.hotplane.schema import ROLES, in_every_partition

# Plain SQL and STABLE: the planner puts all three into the statement that uses them, so a row costs
# one addition more, and plans that are kept are made anew when the base changes.
_FUNCTIONS = f"""
CREATE FUNCTION transaction_base() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT 0::bigint';
CREATE FUNCTION transaction_number() RETURNS bigint LANGUAGE sql STABLE AS
    'SELECT public.transaction_base() + (pg_current_xact_id()::text)::bigint';
CREATE FUNCTION settled_before() RETURNS bigint LANGUAGE sql STABLE AS
    'SELECT public.transaction_base() + (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint';
GRANT EXECUTE ON FUNCTION transaction_base, transaction_number, settled_before
    TO {ROLES.web}, {ROLES.worker}, {ROLES.network};
-- Of the cluster that the base fits; empty until `wispgate migrate` has looked.
ALTER TABLE installation ADD COLUMN system_identifier text NOT NULL DEFAULT '';
"""

_OUTBOX = "ALTER TABLE {schema}.outbox ALTER COLUMN xid SET DEFAULT public.transaction_number()::text::xid8;"

_HOT = [
    _OUTBOX,
    "ALTER TABLE {schema}.ledger ALTER COLUMN xid SET DEFAULT public.transaction_number();",
]

# Last of all apps' tables that it needs: the audit's column comes with the audit's sealing.
_AUDIT = "ALTER TABLE audit_auditentry ALTER COLUMN xid SET DEFAULT public.transaction_number();"


class Migration(migrations.Migration):
    dependencies = [("hotplane", "0017_resets"), ("audit", "0004_erase_seals")]
    operations = [
        migrations.RunSQL(
            [_FUNCTIONS, _OUTBOX.format(schema="public"), _AUDIT, *in_every_partition(_HOT)]
        )
    ]
