"""What shows that a push has its effect. An acknowledgement proves nothing; only these do."""

from datetime import datetime

from wispgate.domain.policy.capabilities import Effect, Means
from wispgate.domain.policy.decisions import Admitted, decide_admission
from wispgate.domain.policy.profile import Barring
from wispgate.network.enforcement import ladder
from wispgate.network.enforcement.ladder import LEAVE_NODE
from wispgate.network.enforcement.outcomes import GONE
from wispgate.store.pushes import GxSeen, Picture, PushRow, PushState

Verdict = tuple[PushState, str]

_GATEWAY_SPEED = {Means.GX_RULES, Means.GX_QOS}
_GY = {Means.GY_REAUTHORISE, Means.GY_NEXT_REPORT}
_REFUSED_AT_ATTACH = {Barring.NO_ATTACH, Barring.WITHDRAWN}
_DONE = PushState.IN_EFFECT


def find_verdict(push: PushRow, picture: Picture) -> Verdict | None:
    """How the push ends by what is seen, or None while nothing shows it."""
    if push.effect == LEAVE_NODE:
        is_done = push.state == PushState.ACKNOWLEDGED
        return (_DONE, "the phone was seen at its new node") if is_done else None
    if push.effect == Effect.STOP:
        return _stopped(push, picture)
    if push.means in _GATEWAY_SPEED:
        return _changed_session(push, picture)
    if push.means in _GY:
        return _reported(push, picture)
    return _kept_out(push, picture) or _returned(push, picture)


def _stopped(push: PushRow, picture: Picture) -> Verdict | None:
    """A detach, a refused attach, or a node that does not know the phone."""
    if push.session_id is not None:
        return (_DONE, "the session ended") if _is_over(push.session_id, picture) else None
    if _is_still_served(push, picture):
        return None
    if _has_ended_since(push.asked_at, push, picture):
        return _DONE, "its sessions ended"
    if push.result.endswith(GONE) and push.state == PushState.ACKNOWLEDGED:
        return _DONE, "the node does not know the phone"
    if _was_refused(push, picture):
        return _DONE, "an authentication was refused"
    return None


def _kept_out(push: PushRow, picture: Picture) -> Verdict | None:
    """It asked for vectors where it may not be any more, and does not get in."""
    since = push.sent_at or push.asked_at
    asked_at = picture.vectors_asked_at
    is_misplaced = any(
        r.imsi == push.imsi and not r.is_current and ladder.is_misplaced(picture.wanted, r)
        for r in picture.registrations
    )
    if push.effect != Effect.CHANGE_ACCESS or not is_misplaced or push.imsi != picture.imsi:
        return None
    is_back = asked_at is not None and asked_at > since
    return (_DONE, "it was refused where it may not be any more") if is_back else None


def _changed_session(push: PushRow, picture: Picture) -> Verdict | None:
    """The gateway reported under the new values: the row is written by its requests only."""
    session = next((s for s in picture.gx if s.session_id == push.session_id), None)
    if session is None or not session.is_open:
        return PushState.SUPERSEDED, "the session ended"
    if session.seen_at < (push.sent_at or push.asked_at):
        # What is wanted may have gone back to what the session had before the push.
        return None
    admission = decide_admission(picture.wanted, apn=session.apn, visited_plmn=session.visited_plmn)
    is_new = session.version >= push.wanted_version
    if is_new and isinstance(admission, Admitted) and admission.speed == session.speed:
        return _DONE, "the gateway reported under the new policy"
    return None


def _reported(push: PushRow, picture: Picture) -> Verdict | None:
    """Any later report of the charging session got the new units, or the end."""
    session = next((s for s in picture.gy if s.session_id == push.session_id), None)
    if session is None or not session.is_open:
        return PushState.SUPERSEDED, "the session ended"
    return (_DONE, "the gateway reported") if session.seen_at > _since(push) else None


def _returned(push: PushRow, picture: Picture) -> Verdict | None:
    """The phone registered again, or opened a session, with the new profile."""
    since = _since(push)
    for s in _sessions(push, picture):
        if s.is_open and s.opened_at > since and s.version >= push.wanted_version:
            return _DONE, "a new session has the new policy"
    for r in picture.registrations:
        is_here = r.is_current and r.imsi == push.imsi and r.known_version >= push.wanted_version
        if is_here and _is_later(r.seen_at, push, since):
            return _DONE, "the phone registered with the new profile"
    return None


def _is_later(seen_at: datetime, push: PushRow, since: datetime) -> bool:
    """After a CLR the node's registration was cleared, so that what is there is new."""
    is_cleared = push.means == Means.S6A_CLR_REATTACH and push.state == PushState.ACKNOWLEDGED
    return seen_at >= since if is_cleared else seen_at > since


def _since(push: PushRow) -> datetime:
    return push.acknowledged_at or push.sent_at or push.asked_at


def _sessions(push: PushRow, picture: Picture) -> list[GxSeen]:
    return [s for s in picture.gx if s.imsi == push.imsi]


def _is_over(session_id: str, picture: Picture) -> bool:
    open_sessions = {s.session_id for s in picture.gx if s.is_open}
    return session_id not in open_sessions | {s.session_id for s in picture.gy if s.is_open}


def _has_open_charging(push: PushRow, picture: Picture) -> bool:
    return push.imsi == picture.imsi and any(s.is_open for s in picture.gy)


def _is_still_served(push: PushRow, picture: Picture) -> bool:
    """It has a session; or is registered where it is still to be told.

    A gateway may end by itself, at its next report; its phone does not know, and is to.
    """
    if any(s.is_open for s in _sessions(push, picture)) or _has_open_charging(push, picture):
        return True
    is_there = any(r.is_current and r.imsi == push.imsi for r in picture.registrations)
    return push.means == Means.S6A_CLR_WITHDRAW and push.sent_at is None and is_there


def _has_ended_since(since: datetime, push: PushRow, picture: Picture) -> bool:
    ends = [s.closed_at for s in _sessions(push, picture)]
    if push.imsi == picture.imsi:
        ends += [s.closed_at for s in picture.gy]
    return any(ended_at is not None and ended_at >= since for ended_at in ends)


def _was_refused(push: PushRow, picture: Picture) -> bool:
    """Vectors were asked for since: a barred line gets none."""
    asked_at = picture.vectors_asked_at
    since = push.sent_at or push.asked_at
    wanted = picture.wanted
    is_refused = wanted.barring in _REFUSED_AT_ATTACH or wanted.is_without_packets
    is_barred = push.imsi == picture.imsi and is_refused
    return is_barred and asked_at is not None and asked_at > since
