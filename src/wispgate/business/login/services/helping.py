"""What an administrator does for somebody who cannot come in, or must not stay in."""

from uuid import UUID

from wispgate.business.audit import services as audit
from wispgate.business.login.services import attempts, factors, sessions
from wispgate.business.staff import queries as staff
from wispgate.domain.login.slowing import Subject


def unlock(member_id: UUID) -> bool:
    """Lets somebody try again at once; whether they had to wait."""
    member = staff.get_member(member_id)
    lifted = [
        attempts.lift(Subject.ACCOUNT, member.email),
        attempts.lift(Subject.FACTOR, str(member.id)),
        attempts.lift(Subject.RESET_ACCOUNT, member.email),
    ]
    audit.record_login(object_id=str(member.id), message=f"unlocked {member.email}")
    return any(lifted)


def end_sessions(member_id: UUID) -> int:
    """Ends all sessions of somebody; returns how many there were."""
    return sessions.end_others(staff.get_member(member_id).id, kept=None)


def remove_factors(member_id: UUID) -> int:
    """For somebody who lost phone and codes; who asked must be sure who it is.

    Their sessions end: whoever holds the lost phone must not go on by one of them.
    """
    member = staff.get_member(member_id)
    removed = factors.remove_all(member.id)
    sessions.end_others(member.id, kept=None, cause="factors removed")
    audit.record_login(
        object_id=str(member.id), message=f"took {removed} second factors of {member.email} away"
    )
    return removed
