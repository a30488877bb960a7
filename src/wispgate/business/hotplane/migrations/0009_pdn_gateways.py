"""Which gateway serves each APN of a phone, as its serving node told by NOR."""

from django.db import migrations

from wispgate.business.hotplane.schema import in_every_partition

_COLUMN = """
ALTER TABLE {schema}.registration ADD COLUMN pdn_gateways jsonb NOT NULL DEFAULT '{}';
"""


class Migration(migrations.Migration):
    dependencies = [("hotplane", "0008_equipment")]
    operations = [
        migrations.RunSQL([*in_every_partition([_COLUMN])]),
    ]
