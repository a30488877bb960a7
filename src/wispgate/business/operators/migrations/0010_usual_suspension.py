"""How an operator's lines are suspended where nobody says."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("operators", "0009_roaming_zones")]
    operations = [
        migrations.AddField(
            model_name="operator",
            name="usual_suspension",
            field=models.CharField(
                choices=[("hard", "refused at attach"), ("soft", "attaches, gets no session")],
                db_default="hard",
                default="hard",
                max_length=4,
            ),
        ),
    ]
