"""What a device in no list is taken for, per core."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("operators", "0006_peer_connections")]
    operations = [
        migrations.AddField(
            model_name="core",
            name="unknown_device",
            field=models.CharField(
                choices=[
                    ("white", "white: it may be used"),
                    ("grey", "grey: it may be used, and is watched"),
                    ("black", "black: it may not be used"),
                    ("unknown", "5422: the serving node decides"),
                ],
                db_default="white",
                default="white",
                max_length=10,
            ),
        ),
    ]
