"""What is taken away from a line without suspending it, and the addresses that it always gets."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0007_swap_guard")]
    operations = [
        migrations.AddField(
            "subscription", "restrictions", models.JSONField(default=list, db_default=[])
        ),
        migrations.AddField(
            "subscription", "static_addresses", models.JSONField(default=dict, db_default={})
        ),
    ]
