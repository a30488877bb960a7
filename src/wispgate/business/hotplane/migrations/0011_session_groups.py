"""The rating groups of a session move into its row: one row less to find, lock and write."""

from django.db import migrations

from wispgate.business.hotplane.schema import in_every_partition, union_view

# -1 stands for the command level. `held_*`: what the group holds of each bucket.
_TYPE = """
CREATE TYPE charging_group AS (
    rating_group bigint,
    rated_units bigint,
    granted_units bigint,
    granted_at timestamptz,
    is_final boolean,
    held_buckets uuid[],
    held_amounts numeric(24, 6)[]
);
"""

# The owner is under row-level security as well: it must see the rows of all tenants here.
_HOT = [
    "ALTER TABLE {schema}.charging_session ADD COLUMN groups charging_group[] NOT NULL DEFAULT '{}';",
    "ALTER TABLE {schema}.charging_session NO FORCE ROW LEVEL SECURITY;",
    "ALTER TABLE {schema}.session_group NO FORCE ROW LEVEL SECURITY;",
    """
    UPDATE {schema}.charging_session s SET groups = g.groups
    FROM (
        SELECT session_id, array_agg(
            ROW(rating_group, rated_units, granted_units, granted_at, is_final, held_buckets,
                held_amounts)::charging_group ORDER BY rating_group) AS groups
        FROM {schema}.session_group GROUP BY session_id
    ) g
    WHERE g.session_id = s.session_id;
    """,
    "ALTER TABLE {schema}.charging_session FORCE ROW LEVEL SECURITY;",
    "DROP TABLE {schema}.session_group;",
]

_VIEW = union_view(
    "session_group",
    "s.session_id, g.rating_group, s.operator_id, s.account_id, g.rated_units, g.granted_units, "
    "g.granted_at, g.is_final, g.held_buckets, g.held_amounts",
    source="{schema}.charging_session AS s CROSS JOIN LATERAL unnest(s.groups) AS g",
)


class Migration(migrations.Migration):
    dependencies = [("hotplane", "0010_sealing")]
    operations = [
        migrations.RunSQL(
            ["DROP VIEW every_session_group;", _TYPE, *in_every_partition(_HOT), _VIEW]
        )
    ]
