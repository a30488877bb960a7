"""Keys that SIM secrets are sealed with, and which Diameter process can open seals of which."""

from django.db import migrations, models

from wispgate.business.hotplane.schema import ROLES
from wispgate.store import tenancy

_HOLDERS = f"""
CREATE TABLE key_holder (
    holder text PRIMARY KEY,
    key_ids text[] NOT NULL,
    seen_at timestamptz NOT NULL
) WITH (fillfactor=70);
REVOKE INSERT, UPDATE, DELETE ON key_holder FROM {ROLES.web}, {ROLES.worker};
"""


class Migration(migrations.Migration):
    dependencies = [("operators", "0007_unknown_device"), ("audit", "0002_walls")]
    operations = [
        migrations.CreateModel(
            name="VaultKey",
            fields=[
                ("key_id", models.CharField(max_length=16, primary_key=True, serialize=False)),
                ("public_key", models.CharField(max_length=44)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("current", "current"),
                            ("retiring", "retiring"),
                            ("retired", "retired"),
                        ],
                        max_length=8,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("state_changed_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("created_at", "key_id"),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "current")),
                        fields=("state",),
                        name="vaultkey_one_is_current",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["current", "retiring", "retired"])),
                        name="vaultkey_state_is_known",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            [
                # Public keys: every tenant seals with them, the platform alone changes them.
                tenancy.isolate("operators_vaultkey", visible=tenancy.IS_PLATFORM),
                "CREATE POLICY operators_vaultkey_read ON operators_vaultkey FOR SELECT USING (true);",
                tenancy.audited("operators_vaultkey"),
                _HOLDERS,
                tenancy.isolate("key_holder", visible=tenancy.IS_PLATFORM, writable="false"),
                tenancy.open_to(
                    "key_holder", ROLES.network, privileges="SELECT, INSERT, UPDATE, DELETE"
                ),
            ]
        ),
    ]
