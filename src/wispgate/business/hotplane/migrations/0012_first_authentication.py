"""When a card was first asked about: part of the trace of its activation."""

from django.db import migrations

from wispgate.business.hotplane.schema import in_every_partition, union_view

_COLUMN = "ALTER TABLE {schema}.authentication ADD COLUMN first_requested_at timestamptz;"

_VIEW = union_view(
    "authentication",
    "core_id, imsi, operator_id, account_id, line_id, iccid, consecutive_resyncs, "
    "last_requested_at, last_serving_node, last_visited_plmn, first_requested_at",
)


class Migration(migrations.Migration):
    dependencies = [("hotplane", "0011_session_groups")]
    operations = [migrations.RunSQL([*in_every_partition([_COLUMN]), _VIEW])]
