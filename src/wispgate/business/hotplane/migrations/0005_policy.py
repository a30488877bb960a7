"""What the PCRF and enforcement remember beyond the tables of 0003."""

from django.db import migrations

from wispgate.business.hotplane.schema import ROLES, in_every_partition

_HOT = [
    # The answer to the last number of a session: a retransmitted request gets it again.
    "ALTER TABLE {schema}.policy_session ADD COLUMN last_answer bytea;",
    # A new session with an address of an older one makes that one stale.
    "CREATE INDEX policy_session_address ON {schema}.policy_session (core_id, framed_address);",
    "CREATE INDEX registration_line ON {schema}.registration (line_id);",
    # The profile and flag that enforcement acted upon last: what the network is taken to know.
    """
    ALTER TABLE {schema}.line
        ADD COLUMN enforced_profile jsonb,
        ADD COLUMN enforced_exhausted boolean NOT NULL DEFAULT false;
    """,
]

# Enforcement reads the outboxes from a cursor of its own.
_PUBLIC = f"GRANT SELECT, INSERT, UPDATE ON delivery_cursor TO {ROLES.network};"


class Migration(migrations.Migration):
    dependencies = [("hotplane", "0003_charging")]
    operations = [migrations.RunSQL([_PUBLIC, *in_every_partition(_HOT)])]
