"""Who sees which traces; the network side alone writes messages."""

from django.db import migrations

from wispgate.business.hotplane.schema import ROLES
from wispgate.store import tenancy

_TRACE = "tracing_trace"
_MESSAGE = "tracing_tracemessage"
_SEEN = f"{tenancy.OWN_ROWS} OR {tenancy.IS_PLATFORM}"


class Migration(migrations.Migration):
    dependencies = [("tracing", "0001_initial"), ("audit", "0002_walls")]
    operations = [
        migrations.RunSQL(
            [
                tenancy.isolate(_TRACE, visible=_SEEN),
                tenancy.isolate(_MESSAGE, visible=_SEEN),
                tenancy.open_to(
                    _TRACE, ROLES.network, privileges="SELECT, UPDATE (messages, octets)"
                ),
                tenancy.open_to(_MESSAGE, ROLES.network, privileges="SELECT, INSERT"),
                f"REVOKE INSERT, UPDATE ON {_MESSAGE} FROM {ROLES.web}, {ROLES.worker};",
                tenancy.audited(_TRACE, ignored=("messages", "octets")),
            ]
        ),
    ]
