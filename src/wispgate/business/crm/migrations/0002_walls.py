"""A tenant's customers are its own, and every change of them is audited."""

from django.db import migrations

from wispgate.store import tenancy


class Migration(migrations.Migration):
    dependencies = [("crm", "0001_initial"), ("audit", "0002_walls")]
    operations = [
        migrations.RunSQL(
            [
                tenancy.isolate("crm_contact"),
                tenancy.isolate("crm_organization"),
                tenancy.isolate("crm_subscriber"),
                tenancy.audited("crm_contact"),
                tenancy.audited("crm_organization"),
                tenancy.audited("crm_subscriber"),
            ]
        ),
    ]
