"""A new password by a link: asked for without learning whether an address exists, and used once."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from wispgate.business.login.errors import ResetRefused, TooManyAttempts
from wispgate.business.login.services import passwords
from wispgate.domain.login.passwords import MIN_LENGTH
from wispgate.kernel.errors import InvalidValue
from wispgate.web.console import doorstep
from wispgate.web.console.doorsteps import repeated_password
from wispgate.web.console.entrance import show_door, words_for
from wispgate.web.console.pages import go_to
from wispgate.web.console.visits import plain_text
from wispgate.web.site import addresses, requests

_TOKEN = "reset_token"  # noqa: S105 (a name in the session)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """The same answer for every address, and the same work before it."""
    if request.method != "POST":
        return show_door(request, "login_forgotten.html", title="Forgotten password")
    email = plain_text(request.POST.get("email", "")).lower()
    caller = doorstep.caller_of(request)
    try:
        passwords.request_reset(
            email,
            address=requests.address_of(request),
            base_url=addresses.base_url_of(request),
            scope=caller.scope(name=email if "@" in email else ""),
        )
    except TooManyAttempts as error:
        words, status = words_for(error)
        title = "Forgotten password"
        return show_door(
            request, "login_forgotten.html", status=status, title=title, refusal=words, email=email
        )
    return show_door(request, "login_forgotten.html", title="Look at your mail", is_sent=True)


@never_cache
@require_http_methods(["GET", "HEAD"])
def follow(request: HttpRequest, token: str) -> HttpResponse:
    """The link's page moves the token out of the address: it stays in no history and no log."""
    request.session[_TOKEN] = token[:500]
    return go_to("login_reset")


@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: HttpRequest) -> HttpResponse:
    """The form for the new password, and what became of it."""
    token, now = str(request.session.get(_TOKEN, "")), doorstep.caller_of(request).now
    try:
        member = passwords.find_by_token(token, now=now)
        refusal = _use(request, token) if request.method == "POST" else ""
    except ResetRefused as error:
        words, _ = words_for(error)
        return show_door(
            request, "login_reset.html", status=410, title="This link is over", is_over=words
        )
    if request.method == "POST" and not refusal:
        return show_door(request, "login_reset.html", title="Password set", is_done=True)
    return show_door(
        request,
        "login_reset.html",
        title="Choose a new password",
        refusal=refusal,
        member=member,
        least=MIN_LENGTH,
    )


def _use(request: HttpRequest, token: str) -> str:
    """Sets the password; what is wrong with it, in words. Raises ResetRefused."""
    caller = doorstep.caller_of(request)
    try:
        password = repeated_password(request)
        passwords.use_token(token, password, scope_of=caller.scope, now=caller.now)
    except InvalidValue as error:
        return words_for(error)[0]
    request.session.flush()
    return ""
