"""The pages between the first proof and the console: second factor, enrolment, a new password."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from wispgate.business.login.services import entering, factors, keys, passwords
from wispgate.business.operators import scope as scopes
from wispgate.domain.login.passwords import MIN_LENGTH
from wispgate.domain.login.steps import Proof, Step
from wispgate.kernel.errors import WispgateError
from wispgate.web.console import doorstep, enrolment
from wispgate.web.console.doorstep import Door
from wispgate.web.console.entrance import show_door, words_for
from wispgate.web.console.pages import go_to

DoorPage = Callable[[HttpRequest, Door], HttpResponse]
View = Callable[[HttpRequest], HttpResponse]


def _at(step: Step) -> Callable[[DoorPage], View]:
    """A page for somebody on the doorstep of whom this is asked now."""

    def decorate(function: DoorPage) -> View:
        @wraps(function)
        @never_cache
        @sensitive_post_parameters()
        @require_http_methods(["GET", "HEAD", "POST"])
        def view(request: HttpRequest) -> HttpResponse:
            door = doorstep.find(request)
            if door is None:
                return go_to("login")
            if doorstep.step_at(request, door) is not step:
                return doorstep.proceed(request, door)
            return function(request, door)

        return view

    return decorate


@_at(Step.FACTOR)
def factor(request: HttpRequest, door: Door) -> HttpResponse:
    """A code, or the answer of a key."""
    refusal, status = "", 200
    if request.method == "POST":
        error = enrolment.trying(lambda: prove(request, door))
        if error is None:
            return doorstep.proceed(request, doorstep.factor_shown(request, door))
        refusal, status = words_for(error)
    return show_door(
        request,
        "login_factor.html",
        status=status,
        title="Second factor",
        refusal=refusal,
        **_ways(request, door),
    )


def prove(request: HttpRequest, door: Door) -> None:
    """Raises FactorRefused, TooManyAttempts."""
    caller, member = doorstep.caller_of(request), door.member
    if "answer" in request.POST:
        state, answer = enrolment.answered(request)
        site = enrolment.site_of(request)
        entering.prove_key(member, site, caller, state=state, answer=answer)
    else:
        entering.prove_factor(member, request.POST.get("code", ""), caller)


@_at(Step.ENROL)
def enrol(request: HttpRequest, door: Door) -> HttpResponse:
    """The operator demands a second factor, and there is none yet."""
    error: WispgateError | None = None
    if request.method == "POST":
        take = enrolment.take_key if "answer" in request.POST else enrolment.take_app
        error = _within(request, door, lambda: take(request, door.member))
        if error is None:
            return _show_codes(request, door)
    refusal, status = words_for(error) if error else ("", 200)
    with scopes.within(doorstep.caller_of(request).scope(door.member)):
        options = (
            enrolment.ask_key(request, keys.ask_to_enrol(door.member, enrolment.site_of(request)))
            if enrolment.can_use_keys(request)
            else None
        )
    return show_door(
        request,
        "login_enrol.html",
        status=status,
        title="Set up a second factor",
        refusal=refusal,
        app=enrolment.show_app(request, door.member),
        options=options,
    )


@_at(Step.NEW_PASSWORD)
def new_password(request: HttpRequest, door: Door) -> HttpResponse:
    """The password was made up by somebody else."""
    refusal = ""
    if request.method == "POST":
        error = _within(request, door, lambda: _change_password(request, door))
        if error is None:
            return doorstep.proceed(request, doorstep.password_changed(request, door))
        refusal, _ = words_for(error)
    return show_door(
        request,
        "login_new_password.html",
        title="Choose a password",
        refusal=refusal,
        member=door.member,
        least=MIN_LENGTH,
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def passkey(request: HttpRequest) -> HttpResponse:
    """Without address and password: the browser's passkey says who it is and proves it."""
    refusal, status, site = "", 200, enrolment.site_of(request)
    if request.method == "POST":
        state, answer = enrolment.answered(request)
        caller, now = doorstep.caller_of(request), doorstep.caller_of(request).now
        member = entering.find_holder(answer, now=now)
        error = enrolment.trying(
            lambda: entering.prove_passkey(member, site, caller, state=state, answer=answer)
        )
        if error is None and member is not None:
            wanted = request.POST.get("next", "")
            return doorstep.begin(request, member, Proof.PASSKEY, wanted=wanted)
        refusal, status = words_for(error) if error else ("", 200)
    options = enrolment.ask_key(request, keys.ask_for_passkey(site))
    return show_door(
        request,
        "login_passkey.html",
        status=status,
        title="Log in with a passkey",
        refusal=refusal,
        options=options,
        next=request.POST.get("next") or request.GET.get("next", ""),
        can_use_keys=enrolment.can_use_keys(request),
    )


def _ways(request: HttpRequest, door: Door) -> dict[str, object]:
    with scopes.within(doorstep.caller_of(request).scope(door.member)):
        has = factors.list_factors(door.member.id)
        asked = keys.ask_for_factor(door.member.id, enrolment.site_of(request))
    return {"has": has, "options": enrolment.ask_key(request, asked)}


def _show_codes(request: HttpRequest, door: Door) -> HttpResponse:
    """Once: whoever goes on has them, or makes new ones later."""
    with scopes.within(doorstep.caller_of(request).scope(door.member)):
        codes = factors.renew_recovery_codes(door.member)
    doorstep.factor_shown(request, door)
    return show_door(request, "login_codes.html", title="Recovery codes", codes=codes)


def onward(request: HttpRequest) -> HttpResponse:
    """From the recovery codes to what comes next."""
    door = doorstep.find(request)
    return doorstep.proceed(request, door) if door else go_to("login")


def _change_password(request: HttpRequest, door: Door) -> None:
    passwords.change_password(door.member, repeated_password(request))


def repeated_password(request: HttpRequest) -> str:
    """The new password, typed twice. Raises InvalidValue."""
    password = request.POST.get("password", "")
    return passwords.require_repeated(password, request.POST.get("again", ""))


def _within(request: HttpRequest, door: Door, act: Callable[[], object]) -> WispgateError | None:
    """Does it in the member's scope; why it was refused."""

    def scoped() -> None:
        with scopes.within(doorstep.caller_of(request).scope(door.member)):
            act()

    return enrolment.trying(scoped)
