"""Asking once more who it is, before something risky: the second factor, else the password."""

from django.http import HttpRequest, HttpResponse

from wispgate.business.login.services import entering, factors, keys
from wispgate.business.staff.errors import LoginRefused
from wispgate.business.staff.models import StaffMember
from wispgate.web.console import doorstep, enrolment
from wispgate.web.console.entrance import words_for
from wispgate.web.console.pages import page, show
from wispgate.web.console.visits import Visit
from wispgate.web.site import login


def member_of(visit: Visit) -> StaffMember:
    """Who looks: pages are for members of staff only."""
    member = visit.request.user
    if not isinstance(member, StaffMember):
        raise TypeError("a visit is somebody's")
    return member


@page(of_operator=False)
def prove_again(visit: Visit) -> HttpResponse:
    request, member = visit.request, member_of(visit)
    wanted = request.POST.get("next") or request.GET.get("next", "")
    has = factors.list_factors(member.id)
    refusal, status = "", 200
    if request.method == "POST":
        error = enrolment.trying(lambda: _prove(request, member, has))
        if error is None:
            request.session[login.PROVED_AT] = visit.now.isoformat()
            return doorstep.onward(request, wanted)
        refusal, status = words_for(error)
    options = enrolment.ask_key(
        request, keys.ask_for_factor(member.id, enrolment.site_of(request)) if has.keys else None
    )
    return show(
        visit,
        "prove_again.html",
        status=status,
        title="Is it you?",
        refusal_words=refusal,
        has=has,
        options=options,
        next=wanted,
        has_password=member.has_usable_password(),
    )


def _prove(request: HttpRequest, member: StaffMember, has: factors.Factors) -> None:
    """Who has a second factor shows it: a password may have been read over a shoulder."""
    caller = doorstep.caller_of(request, member.email)
    if "answer" in request.POST:
        state, answer = enrolment.answered(request)
        site = enrolment.site_of(request)
        entering.prove_key(member, site, caller, state=state, answer=answer)
    elif has.any:
        entering.prove_factor(member, request.POST.get("code", ""), caller)
    else:
        _prove_password(request, member, caller)


def _prove_password(request: HttpRequest, member: StaffMember, caller: entering.Caller) -> None:
    try:
        entering.prove_password(member.email, request.POST.get("password", ""), caller)
    except LoginRefused as error:
        raise LoginRefused("the password is wrong") from error
