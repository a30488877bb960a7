"""Logging in and out, and which tenant a member of the platform's staff looks at."""

from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from wispgate.business.audit import services as audit
from wispgate.business.login.errors import TooManyAttempts
from wispgate.business.login.services import entering
from wispgate.business.operators import queries as operators
from wispgate.business.staff.errors import LoginRefused
from wispgate.business.staff.models import StaffMember
from wispgate.domain.login.steps import Proof
from wispgate.web.console import doorstep, shell
from wispgate.web.console.pages import go_to, page
from wispgate.web.console.visits import Visit, plain_text
from wispgate.web.site import requests

# Neutral on purpose: it never says which of the two was wrong.
REFUSAL = "The address or the password is wrong."
_ENDED = {
    "idle": "You were logged out because nothing was done for a while.",
    "too old": "You were logged out: a session does not last longer.",
    "revoked": "This session was ended from another one.",
    "password changed": "You were logged out because the password was changed.",
    "role changed": "You were logged out because your role was changed.",
    "disabled": "You were logged out.",
}


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def log_in(request: HttpRequest) -> HttpResponse:
    """The login page. Asked for by somebody who is logged in, it leads on."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    if isinstance(request.user, StaffMember):
        return doorstep.onward(request, wanted)
    if request.method != "POST":
        notice = _ENDED.get(request.GET.get("ended", ""), "")
        return show_door(request, "login.html", title="Log in", next=wanted, notice=notice)
    email = plain_text(request.POST.get("email", "")).lower()
    caller = doorstep.caller_of(request, email)
    try:
        member = entering.prove_password(email, request.POST.get("password", ""), caller)
    except (LoginRefused, TooManyAttempts) as error:
        return _refused(request, error, email=email, next=wanted)
    return doorstep.begin(request, member, Proof.PASSWORD, wanted=wanted)


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    if isinstance(request.user, StaffMember):
        audit.record_login(object_id=str(request.user.id), message="logged out")
    auth.logout(request)
    return go_to("login")


@page(of_operator=False)
def choose_operator(visit: Visit) -> HttpResponse:
    """Looks at another tenant from now on. Staff of an operator have nothing to choose."""
    wanted = visit.request.POST.get("operator", "")
    if visit.request.method == "POST" and visit.is_platform and wanted:
        operator = operators.get_operator(wanted)
        visit.request.session[requests.SESSION_OPERATOR] = str(operator.id)
    return go_to("home")


def show_door(
    request: HttpRequest, template: str, /, *, status: int = 200, **context: object
) -> HttpResponse:
    """A page of somebody who is not in yet."""
    everything = shell.bare(request) | context
    return render(request, f"console/{template}", everything, status=status)


def words_for(error: Exception) -> tuple[str, int]:
    """What a refused step is told, and its status."""
    if isinstance(error, TooManyAttempts):
        return f"Too many attempts. Wait {pause_in_words(error.seconds)}, then try again.", 429
    message = str(error)
    return message[:1].upper() + message[1:] + ".", 200


def pause_in_words(seconds: int) -> str:
    if seconds < 100:
        return f"{seconds} second{'' if seconds == 1 else 's'}"
    minutes = -(-seconds // 60)
    return f"{minutes} minutes"


def _refused(request: HttpRequest, error: Exception, **context: object) -> HttpResponse:
    words, status = words_for(error)
    refusal = words if status == 429 else REFUSAL
    answer = show_door(
        request, "login.html", status=status, title="Log in", refusal=refusal, **context
    )
    if isinstance(error, TooManyAttempts):
        answer["Retry-After"] = str(error.seconds)
    return answer
