"""Staff and tokens are seen by their operator, by the platform, and one row at a time by a login."""

from django.db import migrations

from wispgate.store import tenancy

_MINE = f"operator_id = {tenancy.CURRENT_OPERATOR} OR {tenancy.IS_PLATFORM}"
_LOGIN = tenancy.CURRENT_LOGIN


class Migration(migrations.Migration):
    dependencies = [("staff", "0001_initial"), ("audit", "0002_walls")]
    operations = [
        migrations.RunSQL(
            [
                tenancy.isolate(
                    "staff_staffmember",
                    visible=f"{_MINE} OR email = {_LOGIN} OR id::text = {_LOGIN}",
                    writable=f"{_MINE} OR id::text = {_LOGIN}",
                ),
                tenancy.isolate(
                    "staff_apitoken", visible=f"{_MINE} OR secret_hash = {_LOGIN}", writable=_MINE
                ),
                tenancy.isolate("staff_idempotentrequest", visible=_MINE),
                tenancy.audited("staff_staffmember", hidden=("password",), ignored=("last_login",)),
                tenancy.audited("staff_apitoken", hidden=("secret_hash",)),
            ]
        ),
    ]
