"""Leases per local identity, who opened a connection and why it ended, and what passes over it."""

from django.db import migrations, models

from wispgate.business.hotplane.schema import ROLES
from wispgate.store import tenancy

_BUSINESS = f"{ROLES.web}, {ROLES.worker}"
_SERVED = (
    f"SELECT core_id FROM operators_coreservice WHERE operator_id = {tenancy.CURRENT_OPERATOR}"
)

# A peer may be connected with two nodes of ours that have two names: the lease is per pair of
# identities. Processes that share a name share the lease.
_CONNECTION = """
ALTER TABLE peer_connection
    ADD COLUMN transport text NOT NULL DEFAULT 'tcp',
    ADD COLUMN is_called boolean NOT NULL DEFAULT false,
    ADD COLUMN detail text NOT NULL DEFAULT '',
    DROP CONSTRAINT peer_connection_pkey,
    ADD PRIMARY KEY (core_id, identity, local_identity);
"""

_STATISTICS = f"""
CREATE TABLE peer_statistics (
    core_id uuid NOT NULL,
    identity text NOT NULL,
    local_identity text NOT NULL,
    application_id bigint NOT NULL,
    is_ours boolean NOT NULL,
    holder text NOT NULL,
    requests bigint NOT NULL,
    results jsonb NOT NULL,
    per_second double precision NOT NULL,
    median_ms double precision NOT NULL,
    slowest_ms double precision NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (core_id, identity, local_identity, application_id, is_ours)
) WITH (fillfactor=70);
REVOKE INSERT, UPDATE, DELETE ON peer_statistics FROM {_BUSINESS};
"""


class Migration(migrations.Migration):
    dependencies = [
        ("hotplane", "0006_windows"),
        ("operators", "0006_peer_connections"),
    ]
    operations = [
        migrations.RunSQL(
            [
                _CONNECTION,
                _STATISTICS,
                tenancy.isolate(
                    "peer_statistics",
                    visible=f"core_id IN ({_SERVED}) OR {tenancy.IS_PLATFORM}",
                    writable="false",
                ),
                tenancy.open_to(
                    "peer_statistics", ROLES.network, privileges="SELECT, INSERT, UPDATE, DELETE"
                ),
            ]
        ),
        migrations.AddField(
            "peerconnection", "transport", models.TextField(default="tcp"), preserve_default=False
        ),
        migrations.AddField(
            "peerconnection",
            "is_called",
            models.BooleanField(default=False),
            preserve_default=False,
        ),
        migrations.AddField(
            "peerconnection", "detail", models.TextField(default=""), preserve_default=False
        ),
        migrations.CreateModel(
            name="PeerStatistics",
            fields=[
                ("core_id", models.UUIDField()),
                ("identity", models.TextField(primary_key=True, serialize=False)),
                ("local_identity", models.TextField()),
                ("application_id", models.BigIntegerField()),
                ("is_ours", models.BooleanField()),
                ("holder", models.TextField()),
                ("requests", models.BigIntegerField()),
                ("results", models.JSONField()),
                ("per_second", models.FloatField()),
                ("median_ms", models.FloatField()),
                ("slowest_ms", models.FloatField()),
                ("updated_at", models.DateTimeField()),
            ],
            options={"db_table": "peer_statistics", "managed": False},
        ),
    ]
