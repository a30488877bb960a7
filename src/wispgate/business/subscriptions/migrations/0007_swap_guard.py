"""When a line's SIM was swapped, and how long an operator holds back what a thief would do then."""

import django.db.models.deletion
from django.db import migrations, models

from wispgate.store import tenancy


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0006_mass_acts"), ("operators", "0007_unknown_device")]

    operations = [
        migrations.AddField("subscription", "swapped_at", models.DateTimeField(null=True)),
        migrations.CreateModel(
            name="SwapPolicy",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("cool_off_hours", models.PositiveSmallIntegerField(default=0)),
                (
                    "operator",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, to="operators.operator"
                    ),
                ),
            ],
        ),
        migrations.RunSQL(
            [
                tenancy.isolate("subscriptions_swappolicy"),
                tenancy.audited("subscriptions_swappolicy"),
            ]
        ),
    ]
