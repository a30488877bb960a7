"""Changing a password, and links to a new one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.core import signing

from wispgate.business.audit import services as audit
from wispgate.business.login.errors import ResetRefused
from wispgate.business.login.models import PasswordReset, ResetRequest
from wispgate.business.login.services import attempts
from wispgate.business.operators import ids
from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.business.operators.models import Brand
from wispgate.business.staff import services as staff
from wispgate.business.staff.models import StaffMember
from wispgate.domain.login.slowing import Subject
from wispgate.kernel.errors import InvalidValue

LINK_LASTS = timedelta(minutes=30)
_PRODUCT = "WISPGate"
_SALT = "wispgate.login.reset"
_REFUSAL = "this link is wrong, was used, or is too old: ask for a new one"


@dataclass(frozen=True, slots=True)
class Mail:
    """What is to be sent; by whom, `main` decides."""

    to: str
    subject: str
    text: str


def change_password(member: StaffMember, password: str) -> None:
    """A new password of one's own choice: every other session ends, unused links are void.

    Raises PasswordTooWeak. That the old one is known was proved before.
    """
    staff.set_password(member, password, is_made_up=False)
    PasswordReset.objects.filter(member_id=member.id, used_at=None).delete()


def require_repeated(password: str, again: str) -> str:
    """The password, if it was typed alike twice. Raises InvalidValue."""
    if password != again:
        raise InvalidValue("the two passwords differ", field="again")
    return password


def make_reset_token(member: StaffMember) -> str:
    """A signed token, good once and for half an hour. In a scope that may write for the member."""
    now = scopes.current().now
    reset = PasswordReset.objects.create(
        id=ids.new_id(now),
        operator_id=member.operator_id,
        member_id=member.id,
        created_at=now,
        expires_at=now + LINK_LASTS,
    )
    audit.record_login(object_id=str(member.id), message="a link to a new password was made")
    return signing.Signer(salt=_SALT).sign_object([reset.id.hex, member.id.hex])


def find_by_token(token: str, *, now: datetime) -> StaffMember:
    """Whose link it is. Raises ResetRefused, the same for every cause."""
    reset_id, member_id = _read(token)
    with scopes.within(scopes.Scope(now=now, login=str(member_id))):
        reset = PasswordReset.objects.filter(id=reset_id, member_id=member_id).first()
        member = staff.find_staff_by_login(str(member_id), now=now)
    if reset is None or member is None or not member.is_active:
        raise ResetRefused(_REFUSAL)
    if reset.used_at or reset.expires_at <= now:
        raise ResetRefused(_REFUSAL)
    return member


def use_token(token: str, password: str, *, scope_of: Callable[[StaffMember], scopes.Scope], now: datetime) -> StaffMember:  # fmt: skip
    """Sets the password of whoever holds the link. Raises ResetRefused, PasswordTooWeak.

    It lets nobody in: the login that follows asks for the second factor.
    """
    member = find_by_token(token, now=now)
    reset_id, _ = _read(token)
    with scopes.within(scope_of(member)):
        # Of two at once one counts.
        used = PasswordReset.objects.filter(id=reset_id, used_at=None).update(used_at=now)
        if not used:
            raise ResetRefused(_REFUSAL)
        change_password(member, password)
        attempts.lift(Subject.ACCOUNT, member.email)
        audit.record_login(object_id=str(member.id), message="set a new password by a link")
    return member


def request_reset(email: str, *, address: str, base_url: str, scope: scopes.Scope) -> None:
    """Leaves word that a link is wanted; does the same for every address. Raises TooManyAttempts."""
    subjects = {Subject.RESET_ACCOUNT: email, Subject.RESET_ADDRESS: address}
    attempts.begin(subjects, scope=scope)
    with scopes.within(scope):
        ResetRequest.objects.create(
            id=ids.new_id(scope.now),
            email=email[:254],
            address=address,
            base_url=base_url,
            created_at=scope.now,
        )


def answer_requests(now: datetime, send: Callable[[Mail], object]) -> int:
    """The worker's turn: mails links to those who are on the staff; returns how many asked."""
    with scopes.within(scopes.Scope(now=now, is_platform=True)):
        asked = list(ResetRequest.objects.select_for_update(skip_locked=True)[:50])
        mails = [mail for each in asked if (mail := _answer(each)) is not None]
        ResetRequest.objects.filter(id__in=[each.id for each in asked]).delete()
    # After the commit: a mail cannot be taken back, and sending takes its time.
    for mail in mails:
        send(mail)
    return len(asked)


def make_link(email: str, *, base_url: str) -> str:
    """For the command line, where there is no mail. Raises NotFound."""
    return link(base_url, make_reset_token(staff.get_person(email)))


def link(base_url: str, token: str) -> str:
    return f"{base_url}/login/reset/{token}/"


def _answer(asked: ResetRequest) -> Mail | None:
    member = staff.find_person(asked.email)
    # Whoever is too late must ask again: an old wish is nobody's any more.
    if member is None or scopes.current().now - asked.created_at > LINK_LASTS:
        return None
    brand = _brand_of(member)
    words: Mapping[str, str] = {
        "name": member.name or member.email,
        "address": asked.address,
        "link": link(asked.base_url, make_reset_token(member)),
    }
    text = _TEXT.format_map(words)
    if brand is None:
        return Mail(member.email, f"A new password for {_PRODUCT}", text)
    ways = [way for way in (brand.support_email, brand.support_phone, brand.support_url) if way]
    help_ = f"\nHelp: {', '.join(ways)}" if ways else ""
    text = f"{text}\n-- \n{brand.display_name}{help_}\n"
    return Mail(member.email, f"A new password for {brand.display_name}", text)


def _brand_of(member: StaffMember) -> Brand | None:
    """Of the operator whose staff somebody is, seen in that operator's scope."""
    if member.operator_id is None:
        return None
    own = replace(scopes.current(), operator_id=member.operator_id, is_platform=False)
    with scopes.within(own):
        return operators.find_brand(member.operator_id)


def _read(token: str) -> tuple[UUID, UUID]:
    try:
        reset_id, member_id = signing.Signer(salt=_SALT).unsign_object(token)
        return UUID(reset_id), UUID(member_id)
    except (signing.BadSignature, ValueError, TypeError, AttributeError):
        raise ResetRefused(_REFUSAL) from None


_TEXT = """\
Hello {name},

somebody at {address} asked for a new password for this address. This link lets you choose one; it
is good once, for half an hour:

{link}

If it was not you, do nothing: your password stays as it is.
"""
