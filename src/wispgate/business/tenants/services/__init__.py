"""What can be done to a whole tenant, and what a host does with its stock. One verb, one function."""

from wispgate.business.tenants.services.allotting import (
    allot_numbers,
    allot_sims,
    take_back,
)
from wispgate.business.tenants.services.deletion import begin as begin_deletion
from wispgate.business.tenants.services.deletion import count_live_sessions, delete
from wispgate.business.tenants.services.exporting import export
from wispgate.business.tenants.services.importing import import_archive
from wispgate.business.tenants.services.suspension import (
    put_roaming_zone,
    remove_roaming_zone,
    resume,
    set_time_zone,
    suspend,
)

__all__ = [
    "allot_numbers",
    "allot_sims",
    "begin_deletion",
    "count_live_sessions",
    "delete",
    "export",
    "import_archive",
    "put_roaming_zone",
    "remove_roaming_zone",
    "resume",
    "set_time_zone",
    "suspend",
    "take_back",
]
