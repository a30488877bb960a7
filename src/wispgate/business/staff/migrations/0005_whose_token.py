"""Whose a token is in truth: the one that it was made like, and who has seen a secret of it."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("staff", "0004_login")]

    operations = [
        migrations.AddField("apitoken", "root_id", models.UUIDField(null=True)),
        migrations.AddField(
            "apitoken",
            "makers",
            ArrayField(
                base_field=models.CharField(max_length=60), default=list, db_default=[], size=None
            ),
        ),
    ]
