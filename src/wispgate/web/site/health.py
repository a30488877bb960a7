"""/healthz: whether this process can serve. Asked by the supervisor and by load balancers."""

import structlog
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, JsonResponse

_log = structlog.get_logger(__name__)


def healthz(request: HttpRequest) -> JsonResponse:
    """200 if all is well, 503 if not. No tenant's data, and no reason that helps an attacker."""
    is_well = _is_database_there()
    body = {
        "status": "ok" if is_well else "failing",
        "checks": {"database": "ok" if is_well else "failing"},
    }
    answer = JsonResponse(body, status=200 if is_well else 503)
    answer["Cache-Control"] = "no-store"
    return answer


def _is_database_there() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError) as error:
        _log.warning("the database does not answer", error=str(error))
        return False
    return True
