"""Who was refused what: the authentication log, the last refusal of a card, the cell of a session.

Also why a connection was turned away, in a word for programs beside the words for people.
"""

from django.db import migrations, models

from wispgate.business.hotplane.schema import ROLES, in_every_partition, union_view
from wispgate.store import tenancy

_CAUSE = "ALTER TABLE refused_connection ADD COLUMN cause text NOT NULL DEFAULT '';"

# One row for each kind of refusal of a phone at a peer, counted: a phone that tries for days is one
# row, so the log is as long as there are phones in trouble. `operator_id` is NULL where no
# operator's range holds the IMSI.
_LOG = f"""
CREATE TABLE access_log (
    core_id uuid NOT NULL,
    imsi text NOT NULL,
    procedure text NOT NULL,
    result text NOT NULL,
    peer text NOT NULL,
    visited_plmn text NOT NULL,
    apn text NOT NULL,
    operator_id uuid,
    line_id uuid,
    times bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (core_id, imsi, procedure, result, peer, visited_plmn, apn)
) WITH (fillfactor=70);
CREATE INDEX access_log_newest ON access_log (operator_id, last_at);
REVOKE INSERT, UPDATE, DELETE ON access_log FROM {ROLES.web}, {ROLES.worker};
"""
_VISIBLE = f"{tenancy.OWN_ROWS} OR (operator_id IS NULL AND {tenancy.IS_PLATFORM})"

_HOT = [
    # Emptied by every authentication in the statement that it runs anyway; written only by refusals.
    "ALTER TABLE {schema}.authentication ADD COLUMN last_refusal text NOT NULL DEFAULT '';",
    "ALTER TABLE {schema}.policy_session ADD COLUMN user_location bytea;",
]
_VIEWS = [
    union_view(
        "authentication",
        "core_id, imsi, operator_id, account_id, line_id, iccid, consecutive_resyncs, "
        "last_requested_at, last_serving_node, last_visited_plmn, first_requested_at, "
        "last_refusal",
    ),
    union_view(
        "policy_session",
        "session_id, operator_id, account_id, line_id, core_id, peer, origin_host, origin_realm, "
        "imsi, apn, framed_address, visited_plmn, rat_type, qci, up_bps, down_bps, "
        "profile_version, last_number, is_open, opened_at, seen_at, closed_at, user_location",
    ),
]


class Migration(migrations.Migration):
    dependencies = [("hotplane", "0012_first_authentication"), ("operators", "0007_unknown_device")]
    operations = [
        migrations.RunSQL(
            [
                _CAUSE,
                _LOG,
                tenancy.isolate("access_log", visible=_VISIBLE, writable="false"),
                tenancy.open_to(
                    "access_log", ROLES.network, privileges="SELECT, INSERT, UPDATE, DELETE"
                ),
                *in_every_partition(_HOT),
                *_VIEWS,
            ]
        ),
        migrations.AddField(
            "refusedconnection", "cause", models.TextField(default=""), preserve_default=False
        ),
        migrations.AddField(
            "everyauthentication",
            "last_refusal",
            models.TextField(default=""),
            preserve_default=False,
        ),
        migrations.AddField("everypolicysession", "user_location", models.BinaryField(null=True)),
        migrations.CreateModel(
            name="AccessLog",
            fields=[
                ("core_id", models.UUIDField()),
                ("imsi", models.TextField(primary_key=True, serialize=False)),
                ("procedure", models.TextField()),
                ("result", models.TextField()),
                ("peer", models.TextField()),
                ("visited_plmn", models.TextField()),
                ("apn", models.TextField()),
                ("operator_id", models.UUIDField(null=True)),
                ("line_id", models.UUIDField(null=True)),
                ("times", models.BigIntegerField()),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
            ],
            options={"db_table": "access_log", "managed": False},
        ),
    ]
