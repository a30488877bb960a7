"""Deletions of tenants: the platform's own, under way once each, with an audit of their own."""

from django.db import migrations, models

from wispgate.store import tenancy


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_walls")]

    operations = [
        migrations.CreateModel(
            name="TenantDeletion",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("slug", models.SlugField(max_length=40)),
                ("name", models.CharField(max_length=120)),
                ("is_forced", models.BooleanField(default=False)),
                ("reason", models.CharField(blank=True, default="", max_length=200)),
                ("person", models.CharField(blank=True, default="", max_length=60)),
                ("ordered_by", models.CharField(max_length=160)),
                (
                    "state",
                    models.CharField(
                        choices=[("queued", "under way"), ("done", "done"), ("failed", "failed")],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("rows", models.PositiveBigIntegerField(default=0)),
                ("tables", models.JSONField(default=dict)),
                ("failure", models.CharField(blank=True, default="", max_length=300)),
                ("ordered_at", models.DateTimeField()),
                ("began_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ("-id",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["queued", "done", "failed"])),
                        name="tenantdeletion_state_is_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "queued")),
                        fields=("tenant_id",),
                        name="tenantdeletion_is_under_way_once",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            [
                tenancy.isolate("tenants_tenantdeletion", visible=tenancy.IS_PLATFORM),
                # How far it is changes with every chunk and is no decision of anybody's.
                tenancy.audited("tenants_tenantdeletion", ignored=("rows", "tables")),
            ]
        ),
    ]
