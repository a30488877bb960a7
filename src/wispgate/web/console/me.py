"""The page about oneself: profile, password, second factors, sessions, tokens."""

from collections.abc import Sequence
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.debug import sensitive_post_parameters

from wispgate.business.login.models import Session
from wispgate.business.login.services import factors, keys, passwords, policies, sessions
from wispgate.business.staff import queries as staff
from wispgate.business.staff.models import StaffMember
from wispgate.domain.login.passwords import MIN_LENGTH
from wispgate.kernel.errors import NotFound
from wispgate.web.console import enrolment, tokenlist
from wispgate.web.console.doorsteps import repeated_password
from wispgate.web.console.entrance import words_for
from wispgate.web.console.pages import go_to, page, show
from wispgate.web.console.proving import member_of
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import Sentence
from wispgate.web.site import login
from wispgate.web.site.sessions import store_of


@page(of_operator=False)
def me(visit: Visit) -> HttpResponse:
    member = member_of(visit)
    has = factors.list_factors(member.id)
    mine = sessions.list_of(member.id)
    tokens = staff.list_tokens(member.operator_id, owner_id=member.id)
    needs = policies.find_policy(member.operator_id).needs_factor(member.role)
    return show(
        visit,
        "me.html",
        title=member.name or member.email,
        answer=_answer(member, has, mine),
        member=member,
        has=has,
        needs_factor=needs,
        sessions=[(each, device_in_words(each.device)) for each in mine],
        current=store_of(visit.request).row_id,
        tokens=tokenlist.shown(tokens, now=visit.now),
        can_use_keys=enrolment.can_use_keys(visit.request),
    )


@sensitive_post_parameters("password", "again")
@page(of_operator=False, is_risky=True)
def password(visit: Visit) -> HttpResponse:
    """A new password; all other sessions end."""
    member, refusal = member_of(visit), ""
    if visit.request.method == "POST":
        error = enrolment.trying(
            lambda: passwords.change_password(member, repeated_password(visit.request))
        )
        if error is None:
            login.renew(visit.request, member)
            messages.success(visit.request, "Your password is changed. All other sessions ended.")
            return go_to("me")
        refusal, _ = words_for(error)
    return show(
        visit,
        "me_password.html",
        title="New password",
        status=409 if refusal else 200,
        refusal_words=refusal,
        least=MIN_LENGTH,
        member=member,
    )


@page(of_operator=False, is_risky=True)
def add_app(visit: Visit) -> HttpResponse:
    member, error = member_of(visit), None
    if visit.request.method == "POST":
        error = enrolment.trying(lambda: enrolment.take_app(visit.request, member))
        if error is None:
            return _enrolled(visit, member)
    return show(
        visit,
        "me_app.html",
        title="Add an authenticator app",
        status=409 if error else 200,
        refusal_words=words_for(error)[0] if error else "",
        app=enrolment.show_app(visit.request, member),
        given=visit.request.POST,
    )


@page(of_operator=False, is_risky=True)
def add_key(visit: Visit) -> HttpResponse:
    member, error = member_of(visit), None
    if visit.request.method == "POST":
        error = enrolment.trying(lambda: enrolment.take_key(visit.request, member))
        if error is None:
            return _enrolled(visit, member)
    can_use = enrolment.can_use_keys(visit.request)
    asked = keys.ask_to_enrol(member, enrolment.site_of(visit.request)) if can_use else None
    return show(
        visit,
        "me_key.html",
        title="Add a security key or passkey",
        status=409 if error else 200,
        refusal_words=words_for(error)[0] if error else "",
        options=enrolment.ask_key(visit.request, asked),
        given=visit.request.POST,
    )


@page(of_operator=False, is_risky=True)
def codes(visit: Visit) -> HttpResponse:
    """Ten new recovery codes, shown once."""
    if visit.request.method != "POST":
        left = factors.list_factors(member_of(visit).id).codes_left
        return show(visit, "me_codes.html", title="New recovery codes", left=left)
    made = factors.renew_recovery_codes(member_of(visit))
    return show(visit, "me_codes.html", title="Your recovery codes", codes=made)


@page(of_operator=False, is_risky=True)
def remove_factor(visit: Visit, kind: str, key: str) -> HttpResponse:
    member = member_of(visit)
    factor, refusal = factors.get_factor(member.id, kind, key), ""
    if visit.request.method == "POST":
        error = enrolment.trying(lambda: factors.remove_factor(member, factor))
        if error is None:
            messages.success(visit.request, f"Removed {factor.name}.")
            return go_to("me")
        refusal, _ = words_for(error)
    return show(
        visit,
        "me_remove.html",
        title=f"Remove {factor.name}",
        status=409 if refusal else 200,
        refusal_words=refusal,
        factor=factor,
        left=_left_after(member),
    )


@page(of_operator=False)
def end_session(visit: Visit, key: str) -> HttpResponse:
    """One session, or with `others` all but this one. Sent by a button of the page."""
    member = member_of(visit)
    if visit.request.method != "POST":
        return go_to("me")
    if key == "others":
        ended = sessions.end_others(member.id, kept=store_of(visit.request).row_id)
        messages.success(visit.request, f"Ended {ended} other session{'' if ended == 1 else 's'}.")
        return go_to("me")
    sessions.end(_uuid(key), member_id=member.id)
    messages.success(visit.request, "Ended 1 session.")
    return go_to("me")


def device_in_words(device: str) -> str:
    """`Firefox on Windows`, as far as the browser says."""
    browser = next((name for mark, name in _BROWSERS if mark in device), "A browser")
    system = next((name for mark, name in _SYSTEMS if mark in device), "")
    return f"{browser} on {system}" if system else browser


# In this order: each also names those after it.
_BROWSERS = (
    ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
    ("Mac OS", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def _enrolled(visit: Visit, member: StaffMember) -> HttpResponse:
    """The first factor comes with codes for the drawer."""
    visit.request.session[login.PROVED_AT] = visit.now.isoformat()
    if factors.list_factors(member.id).codes_left:
        messages.success(visit.request, "Your second factor is set up.")
        return go_to("me")
    made = factors.renew_recovery_codes(member)
    return show(visit, "me_codes.html", title="Your recovery codes", codes=made)


def _answer(member: StaffMember, has: factors.Factors, mine: Sequence[Session]) -> Sentence:
    count = len(has.apps) + len(has.keys)
    protected = (
        f"by {count} second factor{'' if count == 1 else 's'}" if count else "by a password only"
    )
    open_now = len(mine)
    words = f"Protected {protected}, {open_now} session{'' if open_now == 1 else 's'} open"
    if member.password_changed_at is None:
        return [f"{words}."]
    return [f"{words}, password chosen ", member.password_changed_at, "."]


def _left_after(member: StaffMember) -> int:
    has = factors.list_factors(member.id)
    return len(has.apps) + len(has.keys) - 1


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("session", text) from None
