"""Coming in: the proof of a password, what is still asked then, and the entry in the audit."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from wispgate.business.audit import services as audit
from wispgate.business.login import meters
from wispgate.business.login.errors import FactorRefused
from wispgate.business.login.services import attempts, factors, keys, policies
from wispgate.business.login.services.attempts import Subjects
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import services as staff
from wispgate.business.staff.errors import LoginRefused
from wispgate.business.staff.models import StaffMember
from wispgate.domain.login.lifetimes import Lifetime
from wispgate.domain.login.slowing import Subject
from wispgate.domain.login.steps import Progress, Proof, Step, next_step
from wispgate.kernel.errors import WispgateError

_LONGEST_EMAIL = 254


@dataclass(frozen=True, slots=True)
class Caller:
    """Who knocks: from which address, with which request, on a device known from earlier logins.

    `house` is the operator by whose own domain they come; only its own staff comes in there.
    """

    address: str
    request_id: str
    now: datetime
    known_device: str = ""
    house: UUID | None = None

    def is_at_home(self, member: StaffMember) -> bool:
        return self.house is None or member.operator_id == self.house

    def scope(self, member: StaffMember | None = None, *, name: str = "") -> scopes.Scope:
        """Of the member, who sees their own rows; of nobody (the platform's log) where unknown."""
        actor = scopes.Actor("staff", member.email if member else name, self.address)
        return scopes.Scope(
            now=self.now,
            actor=actor,
            operator_id=member.operator_id if member else None,
            is_platform=member is None or member.operator_id is None,
            login=str(member.id) if member else "",
            request_id=self.request_id,
        )

    def provider_scope(self, operator_id: UUID | None, email: str) -> scopes.Scope:
        """In which a provider's answer is worked on: its operator's, whoever comes of it."""
        return scopes.Scope(
            now=self.now,
            actor=scopes.Actor("staff", email, self.address),
            operator_id=operator_id,
            is_platform=operator_id is None,
            request_id=self.request_id,
            reason="single sign-on",
        )


def prove_password(email: str, password: str, caller: Caller) -> StaffMember:
    """The member of staff with that password.

    Raises LoginRefused, the same for every cause and after the same time, and TooManyAttempts.
    """
    # People type passwords into the wrong field: only what looks like an address is kept.
    email = email if "@" in email and len(email) <= _LONGEST_EMAIL else ""
    subjects, scope = _subjects(email, caller), caller.scope(name=email)
    attempts.begin(subjects, scope=scope)
    try:
        member = _known_here(email or "@", password, caller)
    except LoginRefused as error:
        meters.LOGINS.labels(Proof.PASSWORD, "refused").inc()
        record_refused(error, scope)
        raise
    attempts.succeed(subjects, scope=scope)
    return member


def _known_here(email: str, password: str, caller: Caller) -> StaffMember:
    member = staff.authenticate_staff(email, password, now=caller.now)
    if not caller.is_at_home(member):
        raise LoginRefused("not of the operator whose domain this is")
    return member


def prove_factor(member: StaffMember, code: str, caller: Caller) -> None:
    """An app's code or one for the drawer. Raises FactorRefused, TooManyAttempts."""
    scope, subjects = caller.scope(member), _factor_subjects(member)
    attempts.begin(subjects, scope=scope)
    _take(scope, "code", lambda: factors.take_code(member.id, code))
    attempts.succeed(subjects, scope=scope)


def prove_key(
    member: StaffMember, site: keys.Site, caller: Caller, *, state: object, answer: object
) -> None:
    """A security key's answer. Raises FactorRefused, TooManyAttempts."""
    scope, subjects = caller.scope(member), _factor_subjects(member)
    attempts.begin(subjects, scope=scope)
    _take(scope, "key", lambda: _taken_key(member.id, site, state, answer))
    attempts.succeed(subjects, scope=scope)


def find_holder(answer: object, *, now: datetime) -> StaffMember | None:
    """Whose passkey the browser shows, as it says."""
    holder = keys.find_holder(answer)
    return staff.find_staff_by_login(str(holder), now=now) if holder else None


def prove_passkey(
    member: StaffMember | None, site: keys.Site, caller: Caller, *, state: object, answer: object
) -> None:
    """A passkey alone: both factors in one. Raises FactorRefused, TooManyAttempts."""
    if member is None or not member.is_active or not caller.is_at_home(member):
        subjects: Subjects = {Subject.ADDRESS: caller.address}
        attempts.begin(subjects, scope=caller.scope())
        raise FactorRefused(keys.REFUSAL)
    prove_key(member, site, caller, state=state, answer=answer)


def progress_of(member: StaffMember, proof: Proof, *, is_factor_shown: bool) -> Progress:
    """What is known of a login under way. In the member's scope."""
    return Progress(
        proof=proof,
        has_factor=factors.list_factors(member.id).any,
        needs_factor=policies.find_policy(member.operator_id).needs_factor(member.role),
        must_change_password=member.must_change_password,
        is_factor_shown=is_factor_shown,
    )


def what_is_next(
    member: StaffMember, proof: Proof, caller: Caller, *, is_factor_shown: bool
) -> Step:
    with scopes.within(caller.scope(member)):
        return next_step(progress_of(member, proof, is_factor_shown=is_factor_shown))


def record_entry(member: StaffMember, proof: Proof) -> Lifetime:
    """Writes down that somebody is in; returns how long the session lasts. In their scope."""
    staff.remember_login(member)
    audit.record_login(object_id=str(member.id), message=f"logged in to the console by {proof}")
    meters.LOGINS.labels(proof, "entered").inc()
    return policies.find_policy(member.operator_id).lifetime


def count_sign_on(caller: Caller) -> None:
    """Each way to a provider makes us ask it. Raises TooManyAttempts."""
    attempts.begin({Subject.ADDRESS: caller.address}, scope=caller.scope())


def sign_on_succeeded(caller: Caller) -> None:
    """An office whose people all come in by the provider is no attack."""
    attempts.succeed({Subject.ADDRESS: caller.address}, scope=caller.scope())


def record_sign_on_refused(error: WispgateError, caller: Caller) -> None:
    meters.LOGINS.labels(Proof.SSO, "refused").inc()
    record_refused(error, caller.scope())


def record_refused(error: WispgateError, scope: scopes.Scope, *, object_id: str = "") -> None:
    """A refusal at the door, in the log of the platform: it belongs to no tenant yet."""
    with scopes.within(scope):
        audit.record_refusal(error, object_type="staff", object_id=object_id or scope.actor.name)


def _subjects(email: str, caller: Caller) -> Subjects:
    """A device that its owner has used before pays for itself only: nobody else can lock it out."""
    if caller.known_device:
        return {Subject.DEVICE: f"{email} {caller.known_device}"}
    by_account = {Subject.ACCOUNT: email} if email else {}
    return {**by_account, Subject.ADDRESS: caller.address}


def _factor_subjects(member: StaffMember) -> Subjects:
    return {Subject.FACTOR: str(member.id)}


def _taken_key(member_id: UUID, site: keys.Site, state: object, answer: object) -> str:
    keys.take(member_id, site, state=state, answer=answer)  # type: ignore[arg-type]  # a session's own data
    return "key"


def _take(scope: scopes.Scope, kind: str, take: object) -> None:
    """A wrong one is written down; the refusal's own transaction is undone before."""
    try:
        with scopes.within(scope):
            taken = take()  # type: ignore[operator]  # one of the two above
    except WispgateError as error:
        meters.FACTORS.labels(kind, "refused").inc()
        record_refused(error, scope, object_id=scope.login)
        raise
    meters.FACTORS.labels(taken, "taken").inc()
