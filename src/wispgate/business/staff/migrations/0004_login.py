"""Staff who must change a password, accounts of programs, and tokens with limits of their own."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from wispgate.store import tenancy


class Migration(migrations.Migration):
    dependencies = [
        ("staff", "0003_roles"),
    ]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="last_used_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="apitoken",
            name="last_used_from",
            field=models.CharField(default="", max_length=45),
        ),
        migrations.AddField(
            model_name="apitoken",
            name="networks",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=49), default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="apitoken",
            name="owner",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="apitoken",
            name="permissions",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=80), null=True, size=None
            ),
        ),
        migrations.AddField(
            model_name="staffmember",
            name="kind",
            field=models.CharField(
                choices=[("person", "person"), ("service", "service account")],
                default="person",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="staffmember",
            name="must_change_password",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="staffmember",
            name="password_changed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RunSQL(
            [
                # When a token was last used is no change of it.
                "DROP TRIGGER audit_row ON staff_apitoken;",
                tenancy.audited(
                    "staff_apitoken",
                    hidden=("secret_hash",),
                    ignored=("last_used_at", "last_used_from"),
                ),
            ]
        ),
    ]
