"""Which serving nodes know that we lost state: each is told once, after a backup was restored."""

from django.db import migrations

from wispgate.business.hotplane.schema import ROLES

_RESETS = f"""
CREATE TABLE peer_reset (
    core_id uuid NOT NULL,
    identity text NOT NULL,
    local_identity text NOT NULL,
    origin_state_id bigint NOT NULL,
    PRIMARY KEY (core_id, identity, local_identity)
);
REVOKE ALL ON peer_reset FROM {ROLES.web}, {ROLES.worker};
GRANT SELECT, INSERT, UPDATE ON peer_reset TO {ROLES.network};
"""


class Migration(migrations.Migration):
    dependencies = [("hotplane", "0016_serving_nodes")]
    operations = [migrations.RunSQL([_RESETS])]
