"""How often a card resynchronised within a period, and how often its proof was wrong."""

from django.db import migrations, models

from wispgate.business.hotplane.schema import in_every_partition, union_view

_HOT = [
    """
    ALTER TABLE {schema}.authentication
        ADD COLUMN resyncs_since timestamptz,
        ADD COLUMN resyncs_counted integer NOT NULL DEFAULT 0,
        ADD COLUMN mac_failures integer NOT NULL DEFAULT 0;
    """,
]
_VIEW = union_view(
    "authentication",
    "core_id, imsi, operator_id, account_id, line_id, iccid, consecutive_resyncs, "
    "last_requested_at, last_serving_node, last_visited_plmn, first_requested_at, "
    "last_refusal, resyncs_since, resyncs_counted, mac_failures",
)


class Migration(migrations.Migration):
    dependencies = [("hotplane", "0014_repeats")]
    operations = [
        migrations.RunSQL([*in_every_partition(_HOT), _VIEW]),
        migrations.AddField(
            "everyauthentication", "resyncs_since", models.DateTimeField(null=True)
        ),
        migrations.AddField(
            "everyauthentication",
            "resyncs_counted",
            models.IntegerField(default=0),
            preserve_default=False,
        ),
        migrations.AddField(
            "everyauthentication",
            "mac_failures",
            models.IntegerField(default=0),
            preserve_default=False,
        ),
    ]
