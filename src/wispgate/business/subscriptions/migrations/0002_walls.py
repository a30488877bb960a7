"""A tenant's sub-services are its own, and every change of them is audited."""

from django.db import migrations

from wispgate.store import tenancy


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0001_initial"), ("audit", "0002_walls")]
    operations = [
        migrations.RunSQL(
            [
                tenancy.isolate("subscriptions_subscription"),
                tenancy.isolate("subscriptions_suspension"),
                tenancy.audited("subscriptions_subscription"),
                tenancy.audited("subscriptions_suspension"),
            ]
        ),
    ]
