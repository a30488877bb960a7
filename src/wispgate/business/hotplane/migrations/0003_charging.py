"""Charging, policy sessions and pushes: buckets, sessions, requests, the ledger."""

from django.db import migrations

from wispgate.business.hotplane.schema import ROLES, hot_table, in_every_partition, union_view
from wispgate.store import tenancy

_PUBLIC = [
    # Plans as the network reads them. A version never changes, so readers may keep it for ever.
    """
    CREATE TABLE compiled_plan (
        plan_id uuid NOT NULL,
        version integer NOT NULL,
        operator_id uuid NOT NULL,
        plan jsonb NOT NULL,
        PRIMARY KEY (plan_id, version)
    );
    """,
    tenancy.isolate("compiled_plan"),
    tenancy.open_to("compiled_plan", ROLES.network, privileges="SELECT", commands="SELECT"),
]

# What charging needs of a line, in the row that it reads anyway. `is_exhausted` is turned by
# charging and by top-ups, never by a new profile.
_LINE = """
ALTER TABLE {schema}.line
    ADD COLUMN plan_id uuid,
    ADD COLUMN plan_version integer,
    ADD COLUMN time_zone text NOT NULL DEFAULT 'UTC',
    ADD COLUMN is_exhausted boolean NOT NULL DEFAULT false;
"""

# Amounts are octets, seconds, messages (whole numbers) or money. `is_plain`: no cap, floor, window
# and no money, so that the batch statement may serve it. `notify_below`: the next amount of
# `remaining` at which somebody is to be told. None of the columns that change is indexed.
_BUCKET = """
    bucket_id uuid PRIMARY KEY,
    operator_id uuid NOT NULL,
    account_id uuid NOT NULL,
    owner_id uuid,
    unit text NOT NULL CHECK (unit IN ('octets', 'seconds', 'messages', 'money')),
    currency text NOT NULL DEFAULT '' CHECK ((unit = 'money') = (currency <> '')),
    name text NOT NULL,
    source text NOT NULL,
    initial numeric(24, 6) NOT NULL,
    remaining numeric(24, 6) NOT NULL,
    reserved numeric(24, 6) NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    floor numeric(24, 6) NOT NULL DEFAULT 0,
    priority integer NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_until timestamptz,
    rating_groups bigint[],
    zones text[],
    time_window jsonb,
    caps jsonb,
    top_up_count integer NOT NULL DEFAULT 0,
    is_plain boolean NOT NULL,
    notify_below numeric(24, 6),
    created_at timestamptz NOT NULL
"""

_CHARGING_SESSION = """
    session_id text PRIMARY KEY,
    operator_id uuid NOT NULL,
    account_id uuid NOT NULL,
    line_id uuid NOT NULL,
    core_id uuid NOT NULL,
    peer text NOT NULL,
    apn text NOT NULL,
    visited_plmn text NOT NULL,
    framed_address text,
    plan_id uuid NOT NULL,
    plan_version integer NOT NULL,
    last_number bigint NOT NULL,
    is_open boolean NOT NULL,
    opened_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    closed_at timestamptz
"""

# One row per rating group; -1 stands for the command level. `held_*`: what it holds of each bucket.
_SESSION_GROUP = """
    session_id text NOT NULL,
    rating_group bigint NOT NULL,
    operator_id uuid NOT NULL,
    account_id uuid NOT NULL,
    rated_units bigint NOT NULL,
    granted_units bigint NOT NULL,
    granted_at timestamptz,
    is_final boolean NOT NULL,
    held_buckets uuid[] NOT NULL,
    held_amounts numeric(24, 6)[] NOT NULL,
    PRIMARY KEY (session_id, rating_group)
"""

# Every number is booked once, in any order; a duplicate gets the stored answer.
_CHARGING_REQUEST = """
    session_id text NOT NULL,
    number bigint NOT NULL,
    operator_id uuid NOT NULL,
    answer bytea NOT NULL,
    handled_at timestamptz NOT NULL,
    PRIMARY KEY (session_id, number)
"""

# Movements of buckets: `amount` is what it adds to `remaining` (negative for a debit), so that the
# sum over a bucket is its balance. Usage that no bucket paid for has none. Never changed.
_LEDGER = """
    entry_id uuid NOT NULL,
    posted_at timestamptz NOT NULL,
    operator_id uuid NOT NULL,
    account_id uuid NOT NULL,
    bucket_id uuid,
    line_id uuid,
    kind text NOT NULL,
    unit text NOT NULL,
    currency text NOT NULL DEFAULT '',
    amount numeric(24, 6) NOT NULL,
    used_units bigint NOT NULL DEFAULT 0,
    session_id text,
    number bigint,
    rating_group bigint,
    reason text NOT NULL DEFAULT '',
    actor text NOT NULL DEFAULT '',
    PRIMARY KEY (entry_id, posted_at)
"""

_LEDGER_TABLE = [
    f"CREATE TABLE {{schema}}.ledger ({_LEDGER}) PARTITION BY RANGE (posted_at);",
    "CREATE TABLE {schema}.ledger_rest PARTITION OF {schema}.ledger DEFAULT;",
    "CREATE INDEX ledger_account ON {schema}.ledger (account_id, posted_at);",
    tenancy.isolate("{schema}.ledger"),
    tenancy.isolate("{schema}.ledger_rest"),
    f"GRANT SELECT, INSERT ON {{schema}}.ledger TO {ROLES.web}, {ROLES.worker};",
    tenancy.open_to("{schema}.ledger", ROLES.network, privileges="SELECT, INSERT"),
]

# What was posted under which key: a repeated top-up, transfer or purchase changes nothing.
_POSTING_KEY = """
    account_id uuid NOT NULL,
    key text NOT NULL,
    operator_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    posted_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, key)
"""

_POLICY_SESSION = """
    session_id text PRIMARY KEY,
    operator_id uuid NOT NULL,
    account_id uuid NOT NULL,
    line_id uuid NOT NULL,
    core_id uuid NOT NULL,
    peer text NOT NULL,
    origin_host text NOT NULL,
    origin_realm text NOT NULL,
    imsi text NOT NULL,
    apn text NOT NULL,
    framed_address text,
    visited_plmn text NOT NULL,
    rat_type integer,
    qci integer NOT NULL,
    up_bps bigint NOT NULL,
    down_bps bigint NOT NULL,
    profile_version bigint NOT NULL,
    last_number bigint NOT NULL,
    is_open boolean NOT NULL,
    opened_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    closed_at timestamptz
"""

# Something that the network must be told: durable, in order per line, never silent.
_PUSH = """
    push_id uuid PRIMARY KEY,
    operator_id uuid NOT NULL,
    account_id uuid NOT NULL,
    line_id uuid NOT NULL,
    core_id uuid NOT NULL,
    effect text NOT NULL,
    means text NOT NULL,
    rung integer NOT NULL,
    wanted_version bigint NOT NULL,
    cause text NOT NULL,
    imsi text NOT NULL,
    session_id text,
    target_host text NOT NULL,
    target_realm text NOT NULL,
    next_hop text NOT NULL,
    state text NOT NULL CHECK (state IN
        ('asked', 'waiting_for_peer', 'sent', 'acknowledged', 'in_effect', 'failed', 'superseded')),
    attempts integer NOT NULL DEFAULT 0,
    result text NOT NULL DEFAULT '',
    evidence text NOT NULL DEFAULT '',
    asked_at timestamptz NOT NULL,
    sent_at timestamptz,
    acknowledged_at timestamptz,
    ended_at timestamptz,
    deadline timestamptz NOT NULL
"""

_HOT = [
    _LINE,
    *hot_table("bucket", _BUCKET),
    "CREATE INDEX bucket_account ON {schema}.bucket (account_id);",
    *hot_table("charging_session", _CHARGING_SESSION),
    "CREATE INDEX charging_session_line ON {schema}.charging_session (line_id);",
    *hot_table("session_group", _SESSION_GROUP),
    *hot_table("charging_request", _CHARGING_REQUEST, options="fillfactor=100"),
    "CREATE INDEX charging_request_age ON {schema}.charging_request USING brin (handled_at);",
    *_LEDGER_TABLE,
    *hot_table("posting_key", _POSTING_KEY, options="fillfactor=100"),
    *hot_table("policy_session", _POLICY_SESSION),
    "CREATE INDEX policy_session_line ON {schema}.policy_session (line_id);",
    *hot_table("push", _PUSH),
    "CREATE INDEX push_line ON {schema}.push (line_id, push_id);",
    """
    CREATE INDEX push_open ON {schema}.push (next_hop, push_id)
        WHERE state IN ('asked', 'waiting_for_peer', 'sent', 'acknowledged');
    """,
]


def _names(columns: str) -> str:
    """The column names of a definition above."""
    words = [line.split()[0] for line in columns.splitlines() if line.startswith("    ")]
    return ", ".join(word for word in words if word[0].islower())


_VIEWS = [
    "DROP VIEW every_line;",
    union_view(
        "line",
        "line_id, operator_id, account_id, core_id, state, imsi, msisdn, profile, "
        "profile_version, changed_at, plan_id, plan_version, time_zone, is_exhausted",
    ),
    *(
        union_view(name, _names(columns))
        for name, columns in (
            ("bucket", _BUCKET),
            ("charging_session", _CHARGING_SESSION),
            ("session_group", _SESSION_GROUP),
            ("ledger", _LEDGER),
            ("policy_session", _POLICY_SESSION),
            ("push", _PUSH),
        )
    ),
]


class Migration(migrations.Migration):
    dependencies = [("hotplane", "0002_windows")]
    operations = [migrations.RunSQL([*_PUBLIC, *in_every_partition(_HOT), *_VIEWS])]
