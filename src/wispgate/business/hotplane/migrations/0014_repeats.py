"""Which sending of a push is without an answer: what is sent again then is the same request."""

from django.db import migrations

from wispgate.business.hotplane.schema import in_every_partition

_HOT = [
    # The attempt with which that request left first, and our name in it; '': none is unanswered.
    """
    ALTER TABLE {schema}.push
        ADD COLUMN first_attempt integer NOT NULL DEFAULT 0,
        ADD COLUMN sent_host text NOT NULL DEFAULT '',
        ADD COLUMN sent_realm text NOT NULL DEFAULT '';
    """,
]


class Migration(migrations.Migration):
    dependencies = [("hotplane", "0013_access_log")]
    operations = [migrations.RunSQL([*in_every_partition(_HOT)])]
