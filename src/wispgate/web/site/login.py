"""How a session's member of staff is recognised by Django.

There is one way in, `web.console.doorstep`; `authenticate` knows nobody, so that no other page of a
library can let somebody in by a password alone.
"""

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest
from django.middleware.csrf import rotate_token

from wispgate.business.login.services import entering
from wispgate.business.login.services.sessions import Owner
from wispgate.business.staff import services as staff
from wispgate.business.staff.models import StaffMember
from wispgate.domain.login.steps import Proof
from wispgate.web.site.sessions import store_of

PROVED_AT = "proved_at"
_BACKEND = "wispgate.web.site.login.StaffBackend"


class StaffBackend(BaseBackend):
    """Django's door to `business.staff`. Each look-up sees the one row that it asks for."""

    def get_user(self, user_id: object) -> StaffMember | None:
        member = staff.find_staff_by_login(str(user_id), now=settings.WISPGATE_CLOCK.now())
        # A session ends with the right to work here.
        return member if member is not None and _is_welcome(member) else None


def enter(request: HttpRequest, member: StaffMember, proof: Proof) -> None:
    """Logs somebody in who has shown all that is asked. In the member's scope.

    The session gets a new key, so that one that was planted before is worth nothing. Django's own
    `login` would note the time by the world's clock.
    """
    lifetime = entering.record_entry(member, proof)
    session = store_of(request)
    session.flush()
    session[SESSION_KEY] = str(member.id)
    session[BACKEND_SESSION_KEY] = _BACKEND
    session[HASH_SESSION_KEY] = member.get_session_auth_hash()
    session[PROVED_AT] = settings.WISPGATE_CLOCK.now().isoformat()
    session.own(Owner(member.id, member.operator_id, proof, lifetime))
    request.user = member
    rotate_token(request)


def renew(request: HttpRequest, member: StaffMember) -> None:
    """After a new password: this session goes on under a new key, all others have ended."""
    session = store_of(request)
    session.cycle_key()
    session[HASH_SESSION_KEY] = member.get_session_auth_hash()


def _is_welcome(member: StaffMember) -> bool:
    return member.is_active and member.kind == StaffMember.Kind.PERSON
