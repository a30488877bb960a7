"""Where cards in stock lie: at a dealer, in a department."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inventory", "0004_equipment")]

    operations = [
        migrations.AddField(
            "sim", "dealer", models.CharField(max_length=40, blank=True, default="", db_default="")
        ),
        migrations.AddField("sim", "department_id", models.UUIDField(null=True)),
        migrations.AddConstraint(
            "sim",
            models.CheckConstraint(
                condition=models.Q(dealer="") | models.Q(department_id__isnull=True),
                name="sim_lies_in_one_place",
            ),
        ),
    ]
