"""Requests and rules are their operator's; the platform has its own."""

from django.db import migrations

from wispgate.store import tenancy

_MINE = f"operator_id = {tenancy.CURRENT_OPERATOR} OR {tenancy.IS_PLATFORM}"


class Migration(migrations.Migration):
    dependencies = [("approvals", "0001_initial"), ("audit", "0002_walls")]
    operations = [
        migrations.RunSQL(
            [
                tenancy.isolate("approvals_approval", visible=_MINE),
                tenancy.isolate("approvals_approvalrule", visible=_MINE),
                tenancy.audited("approvals_approval", hidden=("arguments",)),
                tenancy.audited("approvals_approvalrule"),
            ]
        ),
    ]
