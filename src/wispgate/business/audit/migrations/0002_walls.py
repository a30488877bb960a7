"""The audit is added to and read, never changed: not even by the services that write it."""

from django.db import migrations

from wispgate.business.hotplane.schema import ROLES
from wispgate.store import tenancy

_READABLE = f"operator_id = {tenancy.CURRENT_OPERATOR} OR {tenancy.IS_PLATFORM}"


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [
        migrations.RunSQL(
            [
                # A row may be added for any tenant: the trigger writes for whoever owns the row.
                tenancy.isolate("audit_auditentry", visible=_READABLE, writable="true"),
                f"REVOKE UPDATE, DELETE ON audit_auditentry FROM {ROLES.web}, {ROLES.worker};",
            ]
        ),
    ]
