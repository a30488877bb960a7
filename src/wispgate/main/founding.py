"""What a new installation needs before anybody can log in: the platform's first administrator."""

import secrets
from datetime import datetime

FIRST_ADMIN = "admin@localhost"


def find_first_admin_credential(now: datetime) -> tuple[str, str] | None:
    """E-mail address and password of the administrator made just now; None if staff exists.

    The password is random and kept nowhere: whoever calls shows it once.
    """
    from wispgate.business.operators import scope as scopes  # noqa: PLC0415 (needs Django)
    from wispgate.business.staff import queries, services  # noqa: PLC0415 (needs Django)

    with scopes.within(scopes.Scope(now=now, is_platform=True, reason="first start")):
        if queries.has_staff():
            return None
        password = secrets.token_urlsafe(15)
        services.create_staff(
            email=FIRST_ADMIN,
            name="Administrator",
            role="admin",
            password=password,
            is_made_up=True,
        )
    return FIRST_ADMIN, password
