"""Zones of networks in which an operator's plans allow roaming."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from wispgate.store import tenancy


class Migration(migrations.Migration):
    dependencies = [("operators", "0008_vault_keys"), ("audit", "0002_walls")]
    operations = [
        migrations.CreateModel(
            name="RoamingZone",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("name", models.SlugField(max_length=40)),
                (
                    "networks",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=6), size=None
                    ),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="roaming_zones",
                        to="operators.operator",
                    ),
                ),
            ],
            options={
                "ordering": ("name",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("operator", "name"), name="roamingzone_name_is_unique"
                    )
                ],
            },
        ),
        migrations.RunSQL(
            [
                tenancy.isolate("operators_roamingzone"),
                tenancy.audited("operators_roamingzone"),
            ]
        ),
    ]
