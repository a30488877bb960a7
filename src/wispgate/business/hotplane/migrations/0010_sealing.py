"""What the sealing of the ledger needs: the writing transaction of each row, and its text."""

from django.db import migrations

from wispgate.business.hotplane.schema import ROLES, in_every_partition
from wispgate.store import tenancy

# All columns but `xid`, which no role of ours may write: rows are ordered by it.
_COLUMNS = (
    "entry_id, posted_at, operator_id, account_id, bucket_id, line_id, kind, unit, currency, amount, "
    "used_units, session_id, number, rating_group, reason, actor"
)
_WRITERS = f"{ROLES.web}, {ROLES.worker}, {ROLES.network}"

# The id is sealed beside the text, not in it, so that rows that changed places are told apart from
# rows that were changed. A column added later needs a form of its own.
_TEXT = """
CREATE FUNCTION {schema}.ledger_sealed(entry {schema}.ledger, form integer) RETURNS text
LANGUAGE sql STABLE AS $$ SELECT CASE form WHEN 1 THEN jsonb_build_object(
    'posted_at', to_char(entry.posted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'operator_id', entry.operator_id, 'account_id', entry.account_id,
    'bucket_id', entry.bucket_id, 'line_id', entry.line_id, 'kind', entry.kind,
    'unit', entry.unit, 'currency', entry.currency, 'amount', entry.amount,
    'used_units', entry.used_units, 'session_id', entry.session_id, 'number', entry.number,
    'rating_group', entry.rating_group, 'reason', entry.reason, 'actor', entry.actor
)::text END $$;
"""

_HOT = [
    # Filled by the database as in the outbox; statements that write the ledger do not name it.
    "ALTER TABLE {schema}.ledger ADD COLUMN xid bigint NOT NULL "
    "DEFAULT (pg_current_xact_id()::text)::bigint;",
    # A few octets for many rows: the hot path hardly notices it.
    "CREATE INDEX ledger_order ON {schema}.ledger USING brin (xid) "
    "WITH (pages_per_range = 32, autosummarize = on);",
    f"REVOKE INSERT ON {{schema}}.ledger FROM {_WRITERS};",
    f"GRANT INSERT ({_COLUMNS}) ON {{schema}}.ledger TO {_WRITERS};",
    _TEXT,
    f"GRANT EXECUTE ON FUNCTION {{schema}}.ledger_sealed TO {ROLES.web}, {ROLES.worker};",
    tenancy.open_to("{schema}.ledger", ROLES.worker, privileges="SELECT", commands="SELECT"),
]


class Migration(migrations.Migration):
    dependencies = [("hotplane", "0009_pdn_gateways")]
    operations = [migrations.RunSQL([*in_every_partition(_HOT)])]
