"""Which devices each card was seen in."""

from django.db import migrations, models

from wispgate.business.hotplane.schema import hot_table, in_every_partition, union_view

_COLUMNS = """
    core_id uuid NOT NULL,
    imsi text NOT NULL,
    device text NOT NULL,
    operator_id uuid NOT NULL,
    account_id uuid NOT NULL,
    line_id uuid NOT NULL,
    software_version text NOT NULL,
    first_seen_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (core_id, imsi, device)
"""


class Migration(migrations.Migration):
    dependencies = [("hotplane", "0007_peers")]
    operations = [
        migrations.RunSQL(
            [
                *in_every_partition(
                    [
                        *hot_table("equipment", _COLUMNS),
                        "CREATE INDEX equipment_line ON {schema}.equipment (line_id);",
                        "CREATE INDEX equipment_device ON {schema}.equipment (device);",
                    ]
                ),
                union_view(
                    "equipment",
                    "core_id, imsi, device, operator_id, account_id, line_id, software_version,"
                    " first_seen_at, seen_at",
                ),
            ]
        ),
        migrations.CreateModel(
            name="EveryEquipment",
            fields=[
                ("partition", models.SmallIntegerField()),
                ("core_id", models.UUIDField()),
                ("imsi", models.TextField()),
                ("device", models.TextField(primary_key=True, serialize=False)),
                ("operator_id", models.UUIDField()),
                ("account_id", models.UUIDField()),
                ("line_id", models.UUIDField()),
                ("software_version", models.TextField()),
                ("first_seen_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
            ],
            options={
                "db_table": "every_equipment",
                "managed": False,
            },
        ),
    ]
