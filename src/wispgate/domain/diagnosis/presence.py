"""Where a phone is, as far as can be told from what nodes ask: an MME may never say good-bye."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

# A phone in the network has a session, and its gateway asks us now and then. With no sign for this
# long a registration says where it was, not where it is.
LOST_AFTER: Final = timedelta(hours=12)


class Whereabouts(StrEnum):
    """ONLINE has a session. REGISTERED its MME has it. LAST_SEEN it was there, and gave no sign for
    long. PURGED its MME said that it is gone. ABSENT it never registered.
    """

    ONLINE = "online"
    REGISTERED = "registered"
    LAST_SEEN = "last_seen"
    PURGED = "purged"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """When each was seen last: the registration, an authentication, a session (open or ended)."""

    registered_at: datetime | None = None
    is_purged: bool = False
    authenticated_at: datetime | None = None
    session_at: datetime | None = None
    has_session: bool = False

    @property
    def last_at(self) -> datetime | None:
        """The newest of them."""
        known = (self.registered_at, self.authenticated_at, self.session_at)
        return max((at for at in known if at is not None), default=None)


def decide_whereabouts(signs: Signs, *, now: datetime) -> Whereabouts:
    """What the signs say. A session counts for more than a purge of an MME that it left."""
    is_fresh = signs.last_at is not None and now - signs.last_at < LOST_AFTER
    if signs.has_session and is_fresh:
        return Whereabouts.ONLINE
    if signs.registered_at is None:
        return Whereabouts.LAST_SEEN if signs.has_session else Whereabouts.ABSENT
    if signs.is_purged:
        return Whereabouts.PURGED
    return Whereabouts.REGISTERED if is_fresh else Whereabouts.LAST_SEEN
