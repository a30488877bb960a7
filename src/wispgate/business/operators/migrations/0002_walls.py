"""Who sees which operators, cores and peers."""

from django.db import migrations

from wispgate.business.hotplane.schema import ROLES
from wispgate.store import tenancy

_MINE = tenancy.CURRENT_OPERATOR
_PLATFORM = tenancy.IS_PLATFORM
_SERVED = f"SELECT core_id FROM operators_coreservice WHERE operator_id = {_MINE}"

_NO_OVERLAP = """
CREATE EXTENSION IF NOT EXISTS btree_gist;
ALTER TABLE operators_coreservice ADD CONSTRAINT coreservice_ranges_do_not_overlap
    EXCLUDE USING gist (core_id WITH =, int8range(first_imsi::bigint, last_imsi::bigint, '[]') WITH &&);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("operators", "0001_initial"),
        ("audit", "0001_initial"),
    ]
    operations = [
        migrations.RunSQL(
            [
                tenancy.isolate(
                    "operators_operator", visible=f"id = {_MINE} OR {_PLATFORM}", writable=_PLATFORM
                ),
                tenancy.isolate(
                    "operators_coreservice",
                    visible=f"operator_id = {_MINE} OR {_PLATFORM}",
                    writable=_PLATFORM,
                ),
                tenancy.isolate(
                    "operators_core",
                    visible=f"id IN ({_SERVED}) OR {_PLATFORM}",
                    writable=_PLATFORM,
                ),
                tenancy.isolate(
                    "operators_peer",
                    visible=f"core_id IN ({_SERVED}) OR {_PLATFORM}",
                    writable=_PLATFORM,
                ),
                tenancy.isolate(
                    "peer_connection",
                    visible=f"core_id IN ({_SERVED}) OR {_PLATFORM}",
                    writable="false",
                ),
                tenancy.open_to(
                    "peer_connection", ROLES.network, privileges="SELECT, INSERT, UPDATE, DELETE"
                ),
                *(
                    tenancy.open_to(table, ROLES.network, privileges="SELECT", commands="SELECT")
                    for table in ("operators_core", "operators_coreservice", "operators_peer")
                ),
                *(
                    tenancy.audited(table)
                    for table in (
                        "operators_operator",
                        "operators_core",
                        "operators_coreservice",
                        "operators_peer",
                    )
                ),
                _NO_OVERLAP,
            ]
        ),
    ]
