"""Questions for a card's PUKs, which the authentication function answers."""

import django.db.models.deletion
from django.db import migrations, models

from wispgate.business.hotplane.schema import ROLES
from wispgate.store import tenancy

_TABLE = "inventory_pukrequest"


class Migration(migrations.Migration):
    dependencies = [("inventory", "0005_keepers"), ("audit", "0002_walls")]
    operations = [
        migrations.CreateModel(
            name="PukRequest",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("iccid", models.CharField(max_length=20)),
                ("sealed_codes", models.BinaryField()),
                ("recipient", models.BinaryField(max_length=32)),
                ("asked_by", models.CharField(max_length=160)),
                ("asked_at", models.DateTimeField()),
                ("answer", models.BinaryField(null=True)),
                (
                    "failure",
                    models.CharField(blank=True, db_default="", default="", max_length=200),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="operators.operator"
                    ),
                ),
            ],
        ),
        migrations.RunSQL(
            [
                tenancy.isolate(_TABLE),
                tenancy.open_to(_TABLE, ROLES.network, privileges="SELECT, UPDATE, DELETE"),
            ]
        ),
    ]
