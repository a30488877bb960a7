"""What is remembered of logins."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("operators", "0002_walls"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AttemptCount",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("subject", models.CharField(max_length=20)),
                ("failures", models.PositiveIntegerField()),
                ("last_at", models.DateTimeField()),
                ("waits_until", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="ResetRequest",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("email", models.CharField(max_length=254)),
                ("address", models.CharField(max_length=45)),
                ("base_url", models.CharField(max_length=300)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="AuthenticatorApp",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=60)),
                ("sealed_secret", models.BinaryField()),
                ("last_step", models.BigIntegerField()),
                ("created_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(null=True)),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="operators.operator",
                    ),
                ),
            ],
            options={
                "ordering": ("created_at",),
            },
        ),
        migrations.CreateModel(
            name="IdentityProvider",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("slug", models.SlugField(max_length=40, unique=True)),
                ("name", models.CharField(max_length=60)),
                ("issuer", models.CharField(max_length=300)),
                ("client_id", models.CharField(max_length=255)),
                ("sealed_client_secret", models.BinaryField()),
                (
                    "domains",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=253), size=None
                    ),
                ),
                ("default_role", models.CharField(blank=True, default="", max_length=40)),
                ("is_trusted_with_mfa", models.BooleanField(default=False)),
                ("is_enabled", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
                (
                    "operator",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="operators.operator",
                    ),
                ),
            ],
            options={
                "ordering": ("slug",),
            },
        ),
        migrations.CreateModel(
            name="LoginPolicy",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("idle_minutes", models.PositiveIntegerField()),
                ("absolute_minutes", models.PositiveIntegerField()),
                (
                    "mfa_roles",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), default=list, size=None
                    ),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="operators.operator",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PasswordReset",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="operators.operator",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ProviderIdentity",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("subject", models.CharField(max_length=255)),
                ("email", models.CharField(max_length=254)),
                ("created_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField()),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="operators.operator",
                    ),
                ),
                (
                    "provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="login.identityprovider"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RecoveryCode",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("digest", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="operators.operator",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SecurityKey",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=60)),
                ("host", models.CharField(max_length=255)),
                ("credential_id", models.BinaryField(unique=True)),
                ("credential", models.BinaryField()),
                ("sign_count", models.BigIntegerField()),
                ("is_passkey", models.BooleanField()),
                ("created_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(null=True)),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="operators.operator",
                    ),
                ),
            ],
            options={
                "ordering": ("created_at",),
            },
        ),
        migrations.CreateModel(
            name="Session",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("key_hash", models.CharField(max_length=64, unique=True)),
                ("data", models.TextField()),
                ("address", models.CharField(max_length=45)),
                ("device", models.CharField(max_length=200)),
                ("way_in", models.CharField(max_length=20)),
                ("idle_seconds", models.PositiveIntegerField()),
                ("absolute_seconds", models.PositiveIntegerField()),
                ("created_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("end_cause", models.CharField(default="", max_length=40)),
                (
                    "member",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="operators.operator",
                    ),
                ),
            ],
            options={
                "ordering": ("-seen_at",),
            },
        ),
        migrations.AddConstraint(
            model_name="identityprovider",
            constraint=models.UniqueConstraint(
                fields=("operator",), name="identity_provider_is_one", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="loginpolicy",
            constraint=models.UniqueConstraint(
                fields=("operator",), name="login_policy_is_one", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="provideridentity",
            constraint=models.UniqueConstraint(
                fields=("provider", "subject"), name="provider_identity_is_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="recoverycode",
            constraint=models.UniqueConstraint(
                fields=("member", "digest"), name="recovery_code_is_unique"
            ),
        ),
        migrations.AddIndex(
            model_name="session",
            index=models.Index(fields=["member", "ended_at"], name="login_session_member"),
        ),
    ]
