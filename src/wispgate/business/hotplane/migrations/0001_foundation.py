"""Roles' default rights, the directory, leases and cursors, and the hot partitions.

Runs before every other migration, so that row-level security and the roles' rights are there
from the first table on.
"""

from django.conf import settings
from django.db import migrations

from wispgate.business.hotplane.schema import ROLES, hot_table, in_every_partition, union_view
from wispgate.store import tenancy

_BUSINESS = f"{ROLES.web}, {ROLES.worker}"

_RIGHTS = f"""
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO {_BUSINESS}, {ROLES.network};
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {_BUSINESS};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {_BUSINESS};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO {_BUSINESS};
"""

# An outbox row is read only below the oldest running transaction, in the order (xid, event_id);
# `xid` is the writer's own transaction and the only column that the database fills.
_OUTBOX = """
    event_id uuid PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    operator_id uuid NOT NULL,
    account_id uuid,
    line_id uuid,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    occurred_at timestamptz NOT NULL
"""

# Every audited table calls this. The row's own `operator_id` says whose entry it is; tables of the
# platform have none. A change made past the application (plain SQL) is written down too, with the
# database's user and time.
_AUDIT_ROW = """
CREATE FUNCTION audit_row() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    old_row jsonb := '{}'; new_row jsonb := '{}'; subject jsonb; mark text; name text;
    owner uuid;
BEGIN
    IF TG_OP <> 'INSERT' THEN old_row := to_jsonb(OLD); END IF;
    IF TG_OP <> 'DELETE' THEN new_row := to_jsonb(NEW); END IF;
    subject := CASE WHEN TG_OP = 'DELETE' THEN old_row ELSE new_row END;
    owner := CASE WHEN TG_TABLE_NAME = 'operators_operator' THEN (subject->>'id')::uuid
                  ELSE nullif(subject->>'operator_id', '')::uuid END;
    FOREACH mark IN ARRAY coalesce(TG_ARGV, '{}'::text[]) LOOP
        IF mark LIKE '-%' THEN
            old_row := old_row - substr(mark, 2);
            new_row := new_row - substr(mark, 2);
        END IF;
    END LOOP;
    IF TG_OP = 'UPDATE' THEN
        FOR name IN SELECT jsonb_object_keys(old_row) LOOP
            IF old_row->name IS NOT DISTINCT FROM new_row->name THEN
                old_row := old_row - name;
                new_row := new_row - name;
            END IF;
        END LOOP;
        IF new_row = '{}' THEN RETURN NULL; END IF;
    END IF;
    FOREACH mark IN ARRAY coalesce(TG_ARGV, '{}'::text[]) LOOP
        IF old_row->mark <> 'null' THEN old_row := jsonb_set(old_row, ARRAY[mark], '"sealed"'); END IF;
        IF new_row->mark <> 'null' THEN new_row := jsonb_set(new_row, ARRAY[mark], '"sealed"'); END IF;
    END LOOP;
    INSERT INTO audit_auditentry (operator_id, at, actor_kind, actor, address, request_id, reason,
        action, object_type, object_id, before, after, message)
    VALUES (
        owner,
        coalesce(nullif(current_setting('app.now', true), '')::timestamptz, clock_timestamp()),
        coalesce(nullif(current_setting('app.actor_kind', true), ''), 'database'),
        coalesce(nullif(current_setting('app.actor', true), ''), session_user::text),
        coalesce(nullif(current_setting('app.address', true), ''), ''),
        coalesce(nullif(current_setting('app.request', true), ''), ''),
        coalesce(nullif(current_setting('app.reason', true), ''), ''),
        lower(TG_OP), TG_TABLE_NAME, coalesce(subject->>'id', ''),
        nullif(old_row, '{}'), nullif(new_row, '{}'), ''
    );
    RETURN NULL;
END $$;
"""

_PUBLIC = [
    _AUDIT_ROW,
    # One row: what was fixed when this installation was made.
    f"""
    CREATE TABLE installation (
        only_one boolean PRIMARY KEY CHECK (only_one),
        partitions smallint NOT NULL
    );
    INSERT INTO installation VALUES (true, {settings.WISPGATE_PARTITIONS});
    REVOKE ALL ON installation FROM {_BUSINESS};
    GRANT SELECT ON installation TO {_BUSINESS}, {ROLES.network};
    """,
    # The account directory: which partition holds an account.
    """
    CREATE TABLE account (
        account_id uuid PRIMARY KEY,
        operator_id uuid NOT NULL,
        partition smallint NOT NULL
    );
    """,
    tenancy.isolate("account"),
    tenancy.open_to("account", ROLES.network, privileges="SELECT", commands="SELECT"),
    # The identity directory: the one global table, by core, since two networks may share an IMSI.
    """
    CREATE TABLE identity (
        core_id uuid NOT NULL,
        kind text NOT NULL CHECK (kind IN ('imsi', 'msisdn', 'iccid', 'nai')),
        value text NOT NULL,
        operator_id uuid NOT NULL,
        account_id uuid NOT NULL,
        partition smallint NOT NULL,
        line_id uuid NOT NULL,
        PRIMARY KEY (core_id, kind, value)
    );
    CREATE INDEX identity_line ON identity (line_id);
    """,
    tenancy.isolate("identity"),
    tenancy.open_to("identity", ROLES.network, privileges="SELECT", commands="SELECT"),
    # Who holds the connection to a remote identity: also the election across processes.
    f"""
    CREATE TABLE peer_connection (
        core_id uuid NOT NULL,
        identity text NOT NULL,
        holder text NOT NULL,
        local_identity text NOT NULL,
        remote_address text NOT NULL,
        state text NOT NULL,
        product_name text NOT NULL,
        applications bigint[] NOT NULL,
        origin_state_id bigint NOT NULL,
        connected_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        PRIMARY KEY (core_id, identity)
    );
    REVOKE INSERT, UPDATE, DELETE ON peer_connection FROM {_BUSINESS};
    """,
    # Refused connections, newest first for the console: who knocked, from where, why not.
    f"""
    CREATE TABLE refused_connection (
        identity text NOT NULL,
        remote_address text NOT NULL,
        reason text NOT NULL,
        attempts bigint NOT NULL,
        last_at timestamptz NOT NULL,
        PRIMARY KEY (identity, remote_address)
    );
    REVOKE INSERT, UPDATE, DELETE ON refused_connection FROM {_BUSINESS};
    """,
    # Only the platform's staff see who knocks: an unknown peer belongs to no tenant.
    tenancy.isolate("refused_connection", visible=tenancy.IS_PLATFORM),
    tenancy.open_to(
        "refused_connection", ROLES.network, privileges="SELECT, INSERT, UPDATE, DELETE"
    ),
    f"""
    CREATE TABLE origin_state (
        local_identity text PRIMARY KEY,
        value bigint NOT NULL
    );
    REVOKE ALL ON origin_state FROM {_BUSINESS};
    GRANT SELECT, INSERT, UPDATE ON origin_state TO {ROLES.network};
    """,
    """
    CREATE TABLE delivery_cursor (
        consumer text NOT NULL,
        source text NOT NULL,
        xid xid8 NOT NULL,
        event_id uuid NOT NULL,
        PRIMARY KEY (consumer, source)
    );
    """,
    f"CREATE TABLE outbox ({_OUTBOX}); CREATE INDEX outbox_order ON outbox (xid, event_id);",
    tenancy.isolate("outbox"),
    tenancy.open_to("outbox", ROLES.worker, privileges="SELECT, DELETE"),
    tenancy.open_to("outbox", ROLES.network, privileges="SELECT, INSERT"),
]

_LINE = """
    line_id uuid PRIMARY KEY,
    operator_id uuid NOT NULL,
    account_id uuid NOT NULL,
    core_id uuid NOT NULL,
    state text NOT NULL,
    imsi text,
    msisdn text,
    profile jsonb NOT NULL,
    profile_version bigint NOT NULL,
    changed_at timestamptz NOT NULL
"""

_AUTHENTICATION = """
    core_id uuid NOT NULL,
    imsi text NOT NULL,
    operator_id uuid NOT NULL,
    account_id uuid NOT NULL,
    line_id uuid NOT NULL,
    iccid text NOT NULL,
    sealed_key bytea NOT NULL,
    sqn bigint NOT NULL CHECK (sqn >= 0 AND sqn < 281474976710656),
    consecutive_resyncs integer NOT NULL,
    last_requested_at timestamptz,
    last_serving_node text,
    last_visited_plmn text,
    PRIMARY KEY (core_id, imsi)
"""

_REGISTRATION = """
    core_id uuid NOT NULL,
    imsi text NOT NULL,
    operator_id uuid NOT NULL,
    account_id uuid NOT NULL,
    line_id uuid NOT NULL,
    mme_host text NOT NULL,
    mme_realm text NOT NULL,
    visited_plmn text NOT NULL,
    rat_type integer NOT NULL,
    imei text,
    known_profile_version bigint NOT NULL,
    registered_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    purged_at timestamptz,
    PRIMARY KEY (core_id, imsi)
"""

_HOT = [
    "CREATE SCHEMA {schema};",
    f"GRANT USAGE ON SCHEMA {{schema}} TO {_BUSINESS}, {ROLES.network};",
    *hot_table("line", _LINE),
    *hot_table("authentication", _AUTHENTICATION),
    *hot_table("registration", _REGISTRATION),
    *hot_table("outbox", _OUTBOX, options="fillfactor=100"),
    "CREATE INDEX outbox_order ON {schema}.outbox (xid, event_id);",
    tenancy.open_to("{schema}.outbox", ROLES.worker, privileges="SELECT, DELETE"),
]

_VIEWS = [
    union_view(
        "line",
        "line_id, operator_id, account_id, core_id, state, imsi, msisdn, profile, "
        "profile_version, changed_at",
    ),
    union_view(
        "authentication",
        "core_id, imsi, operator_id, account_id, line_id, iccid, consecutive_resyncs, "
        "last_requested_at, last_serving_node, last_visited_plmn",
    ),
    union_view(
        "registration",
        "core_id, imsi, operator_id, account_id, line_id, mme_host, mme_realm, visited_plmn, "
        "rat_type, imei, known_profile_version, registered_at, seen_at, purged_at",
    ),
]


class Migration(migrations.Migration):
    initial = True
    run_before = [("contenttypes", "0001_initial")]
    dependencies = []
    operations = [
        migrations.RunSQL([_RIGHTS, *_PUBLIC, *in_every_partition(_HOT), *_VIEWS]),
    ]
