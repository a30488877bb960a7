"""Sessions: made, looked up, touched, listed, ended. The database knows only hashes of cookies."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from wispgate.business.audit import services as audit
from wispgate.business.login import meters
from wispgate.business.login.models import Session
from wispgate.business.operators import ids
from wispgate.business.operators import scope as scopes
from wispgate.domain.login.lifetimes import ON_THE_DOORSTEP, Lifetime, find_end
from wispgate.kernel.errors import NotFound

# Written at most this often: a page that refreshes every five seconds is no write each.
_TOUCH_EVERY = timedelta(minutes=1)
_DOORSTEP = Lifetime(idle=ON_THE_DOORSTEP, absolute=4 * ON_THE_DOORSTEP)
# How long an ended session's cause is kept, to be told to who comes back with its cookie.
_KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Browser:
    """From where somebody looks: network address, and what the browser calls itself."""

    address: str
    device: str


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose session it is, and for how long."""

    member_id: UUID
    operator_id: UUID | None
    way_in: str
    lifetime: Lifetime


@dataclass(frozen=True, slots=True)
class Found:
    """A session as its cookie finds it. `end` says why it is over; it holds nothing then."""

    id: UUID
    data: str
    end: str = ""


def find(key: str, browser: Browser, *, now: datetime) -> Found | None:
    """The session of a cookie, and that it was seen now."""
    with scopes.within(_scope_of(key, now)):
        row = Session.objects.filter(key_hash=hash_of(key)).first()
        if row is None:
            return None
        end = row.end_cause if row.ended_at else find_end(
            _lifetime(row), created_at=row.created_at, seen_at=row.seen_at, now=now
        )  # fmt: skip
        if end:
            return Found(row.id, "", str(end))
        if now - row.seen_at >= _TOUCH_EVERY or row.address != browser.address:
            Session.objects.filter(id=row.id).update(seen_at=now, address=browser.address)
        return Found(row.id, row.data)


def exists(key: str, *, now: datetime) -> bool:
    with scopes.within(_scope_of(key, now)):
        return Session.objects.filter(key_hash=hash_of(key)).exists()


def save(key: str, data: str, browser: Browser, *, owner: Owner | None, now: datetime) -> None:
    """Writes what the session holds; makes its row if there is none."""
    lifetime = owner.lifetime if owner else _DOORSTEP
    values = {
        "data": data,
        "member_id": owner.member_id if owner else None,
        "operator_id": owner.operator_id if owner else None,
        "way_in": owner.way_in if owner else "",
        "idle_seconds": int(lifetime.idle.total_seconds()),
        "absolute_seconds": int(lifetime.absolute.total_seconds()),
    }
    with scopes.within(_scope_of(key, now)):
        # What was ended meanwhile stays ended.
        if Session.objects.filter(key_hash=hash_of(key)).update(**values):
            return
        Session.objects.create(
            id=ids.new_id(now),
            key_hash=hash_of(key),
            address=browser.address,
            device=browser.device[:200],
            created_at=now,
            seen_at=now,
            **values,
        )


def drop(key: str, *, now: datetime) -> None:
    """The cookie's session is gone: a logout, or a new key for the same session."""
    with scopes.within(_scope_of(key, now)):
        Session.objects.filter(key_hash=hash_of(key)).delete()


def list_of(member_id: UUID) -> Sequence[Session]:
    """The live sessions of a member of staff, the newest use first."""
    now = scopes.current().now
    rows = Session.objects.filter(member_id=member_id, ended_at=None)
    return [
        row
        for row in rows
        if not find_end(_lifetime(row), created_at=row.created_at, seen_at=row.seen_at, now=now)
    ]


def count_live() -> Counter[UUID]:
    """How many sessions are open, by member of staff, as far as the scope sees."""
    now = scopes.current().now
    return Counter(
        row.member_id
        for row in Session.objects.filter(ended_at=None, member__isnull=False).defer("data")
        if row.member_id
        and not find_end(_lifetime(row), created_at=row.created_at, seen_at=row.seen_at, now=now)
    )


def end(session_id: UUID, *, member_id: UUID) -> None:
    """Ends one session of a member of staff. Raises NotFound."""
    if not _end(Session.objects.filter(id=session_id, member_id=member_id), "revoked"):
        raise NotFound("session", session_id)
    audit.record_login(object_id=str(member_id), message="ended one session")


def end_others(member_id: UUID, *, kept: UUID | None, cause: str = "revoked") -> int:
    """Ends all sessions of a member of staff but one; returns how many there were."""
    rows = Session.objects.filter(member_id=member_id)
    ended = _end(rows.exclude(id=kept) if kept else rows, cause)
    if ended:
        audit.record_login(object_id=str(member_id), message=f"ended {ended} sessions: {cause}")
    return ended


def apply_lifetime(lifetime: Lifetime, *, operator_id: UUID | None) -> None:
    """A changed rule holds for sessions that are open, too."""
    rows = Session.objects.filter(operator_id=operator_id, ended_at=None)  # type: ignore[misc]  # None is IS NULL
    rows.exclude(member=None).update(
        idle_seconds=int(lifetime.idle.total_seconds()),
        absolute_seconds=int(lifetime.absolute.total_seconds()),
    )


def forget_old(now: datetime) -> int:
    """Deletes what nobody can come back to; returns how many rows there were."""
    gone = Session.objects.filter(ended_at__lt=now - _KEPT)
    over = Session.objects.filter(seen_at__lt=now - timedelta(days=31))
    nobodys = Session.objects.filter(member=None, created_at__lt=now - _DOORSTEP.absolute)
    return sum(rows.delete()[0] for rows in (gone, over, nobodys))


def hash_of(key: str) -> str:
    """A session's key is random: a fast hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()


def _end(rows: object, cause: str) -> int:
    now = scopes.current().now
    ended: int = rows.filter(ended_at=None).update(ended_at=now, end_cause=cause, data="")  # type: ignore[attr-defined]  # a queryset of sessions
    if ended:
        meters.SESSIONS_ENDED.labels(cause).inc(ended)
    return ended


def _lifetime(row: Session) -> Lifetime:
    return Lifetime(
        idle=timedelta(seconds=row.idle_seconds), absolute=timedelta(seconds=row.absolute_seconds)
    )


def _scope_of(key: str, now: datetime) -> scopes.Scope:
    """Sees the one row of that key."""
    return scopes.Scope(now=now, login=hash_of(key))
