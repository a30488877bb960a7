"""A tenant's plans are its own, and every change of them is audited."""

from django.db import migrations

from wispgate.store import tenancy


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0001_initial"), ("audit", "0002_walls")]
    operations = [
        migrations.RunSQL(
            [
                tenancy.isolate("catalogue_plan"),
                tenancy.isolate("catalogue_planversion"),
                tenancy.audited("catalogue_plan"),
                tenancy.audited("catalogue_planversion"),
            ]
        ),
    ]
