"""How staff are recognised: by e-mail address and password, then by the session."""

from django.conf import settings
from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from wispgate.business.staff import services as staff
from wispgate.business.staff.errors import LoginRefused
from wispgate.business.staff.models import StaffMember


class StaffBackend(BaseBackend):
    """Django's door to `business.staff`. Each look-up sees the one row that it asks for."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **_credentials: object,
    ) -> StaffMember | None:
        if not username or not password:
            return None
        try:
            return staff.authenticate_staff(username, password, now=settings.WISPGATE_CLOCK.now())
        except LoginRefused:
            return None

    def get_user(self, user_id: object) -> StaffMember | None:
        member = staff.find_staff_by_login(str(user_id), now=settings.WISPGATE_CLOCK.now())
        # A session ends with the right to work here.
        return member if member is not None and member.is_active else None
