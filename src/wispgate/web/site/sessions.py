"""Django's sessions over `business.login`: by the installation's clock, listed and revocable.

The store is Django's engine (`SESSION_ENGINE`), the middleware Django's with what a session is
told of its browser. A session belongs to somebody once `business.login` says so (`own`).
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.contrib.sessions.middleware import SessionMiddleware as DjangoMiddleware
from django.http import HttpRequest

from wispgate.business.login.services import sessions
from wispgate.business.login.services.sessions import Browser, Owner
from wispgate.domain.login.lifetimes import Lifetime
from wispgate.web.site import requests

_OWNER = "owner"
_NOWHERE = Browser("", "")


class SessionStore(SessionBase):
    """One browser's session."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self.browser = _NOWHERE
        self.row_id: UUID | None = None
        # Why the session that the cookie named is over, for the page that asks to log in again.
        self.end_cause = ""

    def own(self, owner: Owner) -> None:
        """Whose session it is from the next save on."""
        self[_OWNER] = {
            "member": str(owner.member_id),
            "operator": str(owner.operator_id or ""),
            "way_in": owner.way_in,
            "idle": int(owner.lifetime.idle.total_seconds()),
            "absolute": int(owner.lifetime.absolute.total_seconds()),
        }

    def load(self) -> dict[str, Any]:
        key = self.session_key
        found = sessions.find(key, self.browser, now=_now()) if key else None
        if found is None or found.end:
            self.end_cause = found.end if found else ""
            self._session_key = None
            return {}
        self.row_id = found.id
        data: dict[str, Any] = self.decode(found.data)
        return data

    def exists(self, session_key: str) -> bool:
        return sessions.exists(session_key, now=_now())

    def create(self) -> None:
        self._session_key = self._get_new_session_key()  # type: ignore[attr-defined]  # Django's own
        self.save(must_create=True)
        self.modified = True

    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002 (Django's words)
        if self.session_key is None:
            self.create()
            return
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]  # Django's own
        is_there = self.exists(self.session_key)
        if must_create and is_there:
            raise CreateError
        if not must_create and not is_there:
            raise UpdateError
        key, encoded = self.session_key, self.encode(data)
        sessions.save(key, encoded, self.browser, owner=_owner(data), now=_now())

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            sessions.drop(key, now=_now())

    @classmethod
    def clear_expired(cls) -> None:
        """The worker does it (`business.login.services.sessions.forget_old`)."""

    # Django asks these by the world's clock; ours are decided by `find` when the session is loaded.
    def get_expiry_age(self, **kwargs: Any) -> int:
        owner = _owner(self._session)  # type: ignore[attr-defined]  # Django's own
        return int(owner.lifetime.absolute.total_seconds()) if owner else 0

    def get_expiry_date(self, **kwargs: Any) -> datetime:
        return _now() + timedelta(seconds=self.get_expiry_age())


class SessionMiddleware(DjangoMiddleware):
    """Tells the session from which browser it is used."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        store: Any = request.session
        device = request.headers.get("User-Agent", "")
        plain = "".join(letter for letter in device if letter.isprintable())
        store.browser = Browser(requests.address_of(request), plain[:200])


def store_of(request: HttpRequest) -> SessionStore:
    """The request's session with what only ours can do."""
    store = request.session
    if not isinstance(store, SessionStore):
        raise TypeError(f"sessions are kept by {type(store).__name__}, not by our store")
    return store


def _owner(data: dict[str, Any]) -> Owner | None:
    """Of a session that somebody has logged in to; another's session is nobody's."""
    known = data.get(_OWNER)
    if not known or data.get("_auth_user_id") != known["member"]:
        return None
    return Owner(
        UUID(known["member"]),
        UUID(known["operator"]) if known["operator"] else None,
        known["way_in"],
        Lifetime(timedelta(seconds=known["idle"]), timedelta(seconds=known["absolute"])),
    )


def _now() -> datetime:
    now: datetime = settings.WISPGATE_CLOCK.now()
    return now
