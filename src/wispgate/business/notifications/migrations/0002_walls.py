"""A tenant's messages are its own. They are only added, and each names its event: that is their audit."""

from django.db import migrations

from wispgate.business.hotplane.schema import ROLES
from wispgate.store import tenancy


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_initial")]
    operations = [
        migrations.RunSQL(
            [
                tenancy.isolate("notifications_message"),
                f"REVOKE UPDATE, DELETE ON notifications_message FROM {ROLES.web}, {ROLES.worker};",
            ]
        ),
    ]
