"""A tenant's cards are its own; sealed secrets do not get into the audit."""

from django.db import migrations

from wispgate.store import tenancy


class Migration(migrations.Migration):
    dependencies = [("inventory", "0001_initial"), ("audit", "0002_walls")]
    operations = [
        migrations.RunSQL(
            [
                tenancy.isolate("inventory_simbatch"),
                tenancy.isolate("inventory_sim"),
                tenancy.audited("inventory_simbatch"),
                tenancy.audited(
                    "inventory_sim",
                    hidden=("sealed_key", "sealed_codes", "fingerprint"),
                    ignored=("sqn",),
                ),
            ]
        ),
    ]
