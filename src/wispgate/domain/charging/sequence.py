"""Where a request stands in its session: numbers come twice, late, early, or after the end.

The store knows which (Session-Id, CC-Request-Number) are booked; what follows is decided here.
"""

from enum import StrEnum

from wispgate.domain.charging.requests import RequestKind
from wispgate.domain.charging.state import SessionState


class Sequence(StrEnum):
    """What to do with a request, conventions 21 and procedures for duplicates.

    FRESH decide it. DUPLICATE give the stored answer. LATE an overtaken number of an open
    session: book its usage, leave the newer grant alone. AFTER_CLOSE the same once the session
    has ended. RESTARTED the client lost the session: close the old, begin anew.
    UNKNOWN_SESSION book into suspense and say that we do not know it.
    """

    FRESH = "fresh"
    DUPLICATE = "duplicate"
    LATE = "late"
    AFTER_CLOSE = "after_close"
    RESTARTED = "restarted"
    UNKNOWN_SESSION = "unknown_session"


def decide_sequence(
    kind: RequestKind, number: int, session: SessionState | None, *, is_booked: bool = False
) -> Sequence:
    """Numbers may have gaps; each is booked once, in whatever order it comes."""
    if is_booked:
        return Sequence.DUPLICATE
    match kind:
        case RequestKind.EVENT:
            return Sequence.FRESH
        case RequestKind.INITIAL:
            return Sequence.RESTARTED if session else Sequence.FRESH
        case RequestKind.UPDATE | RequestKind.TERMINATION:
            return _place(kind, number, session)


def _place(kind: RequestKind, number: int, session: SessionState | None) -> Sequence:
    if session is None:
        return Sequence.UNKNOWN_SESSION
    if not session.is_open:
        return Sequence.AFTER_CLOSE
    # A termination ends the session whatever was counted before it.
    is_overtaken = kind is RequestKind.UPDATE and number < session.last_number
    return Sequence.LATE if is_overtaken else Sequence.FRESH
