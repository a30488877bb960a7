"""Single sign-on: to an operator's login provider and back, as one more way to the doorstep."""

from datetime import datetime
from hmac import compare_digest
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from wispgate.business.login import openid
from wispgate.business.login.errors import ProviderSilent, SignOnRefused, TooManyAttempts
from wispgate.business.login.models import IdentityProvider
from wispgate.business.login.services import entering, providers
from wispgate.business.operators import scope as scopes
from wispgate.business.staff.models import StaffMember
from wispgate.domain.login.claims import Identity, believe
from wispgate.domain.login.errors import ClaimsRefused
from wispgate.domain.login.lifetimes import ON_THE_DOORSTEP
from wispgate.domain.login.steps import Proof
from wispgate.kernel.errors import WispgateError
from wispgate.web.console import doorstep
from wispgate.web.console.entrance import show_door, words_for
from wispgate.web.console.visits import plain_text
from wispgate.web.site import addresses

_KEY = "sign_on"
_NONE_FOUND = "No single sign-on is set up for this address or operator."
_REFUSED = "Single sign-on did not let you in. If you work here, ask your administrator."
_SILENT = "The login provider does not answer as it should. Try again, or use your password."


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_on(request: HttpRequest, name: str = "") -> HttpResponse:
    """Asks whose provider, by e-mail address or operator; an operator's own address says it."""
    given = name or plain_text(request.POST.get("who", ""))
    if not given:
        return _form(request)
    caller = doorstep.caller_of(request)
    try:
        entering.count_sign_on(caller)
        provider = providers.find_by_name(given, now=caller.now)
        if provider is None:
            return _form(request, who=given, refusal=_NONE_FOUND)
        return _to_provider(request, provider, given)
    except (ProviderSilent, TooManyAttempts) as error:
        return _failed(request, error, who=given)


@never_cache
@require_http_methods(["GET", "HEAD"])
def back(request: HttpRequest) -> HttpResponse:
    """Where the provider sends the browser; what was asked is good for one answer."""
    asked: dict[str, Any] | None = request.session.pop(_KEY, None)
    try:
        question = _question(asked, request)
        member, identity, provider = _admitted(request, question, str((asked or {}).get("name")))
    except WispgateError as error:
        return _failed(request, error)
    entering.sign_on_succeeded(doorstep.caller_of(request))
    return doorstep.begin(
        request,
        member,
        Proof.SSO,
        is_factor_shown=provider.is_trusted_with_mfa and identity.used_mfa,
        wanted=str((asked or {}).get("wanted", "")),
    )


def _to_provider(request: HttpRequest, provider: IdentityProvider, given: str) -> HttpResponse:
    client = providers.client_of(provider, redirect_uri=redirect_uri_of(request))
    question = openid.new_question()
    where = openid.authorization_address(
        openid.discover(provider.issuer),
        client,
        question,
        login_hint=given if "@" in given else "",
    )
    request.session[_KEY] = {
        "name": provider.slug,
        "state": question.state,
        "nonce": question.nonce,
        "verifier": question.verifier,
        "wanted": (request.POST.get("next") or request.GET.get("next", ""))[:1000],
        "at": settings.WISPGATE_CLOCK.now().isoformat(),
    }
    if request.method == "POST":
        # A form must not lead to another site by a redirect (our Content-Security-Policy); a page
        # that leads on may.
        title = f"To {provider.name}"
        return show_door(
            request, "login_sso_away.html", title=title, where=where, name=provider.name
        )
    return HttpResponseRedirect(where)


def _question(asked: dict[str, Any] | None, request: HttpRequest) -> openid.Question:
    """What we asked, if the answer is to it, and in time. Raises SignOnRefused."""
    if not asked:
        raise SignOnRefused("nothing was asked in this browser, or it was answered already")
    given = request.GET.get("state", "")
    if not compare_digest(given.encode(), asked["state"].encode()):
        raise SignOnRefused("the answer is to another question than ours")
    now = settings.WISPGATE_CLOCK.now()
    if now - datetime.fromisoformat(asked["at"]) >= ON_THE_DOORSTEP:
        raise SignOnRefused("the answer came too late")
    if "error" in request.GET:
        raise SignOnRefused(f"the provider said {plain_text(request.GET['error'])[:60]}")
    return openid.Question(asked["state"], asked["nonce"], asked["verifier"])


def _admitted(
    request: HttpRequest, question: openid.Question, name: str
) -> tuple[StaffMember, Identity, IdentityProvider]:
    now = settings.WISPGATE_CLOCK.now()
    provider = providers.find_by_name(name, now=now)
    if provider is None:
        raise SignOnRefused("the provider was removed or switched off meanwhile")
    claims = openid.redeem(
        openid.discover(provider.issuer),
        providers.client_of(provider, redirect_uri=redirect_uri_of(request)),
        code=request.GET.get("code", ""),
        verifier=question.verifier,
    )
    caller = doorstep.caller_of(request)
    if caller.house not in {None, provider.operator_id}:
        raise SignOnRefused("the provider is not of the operator whose domain this is")
    identity = believe(claims, providers.expected_of(provider, nonce=question.nonce), now=now)
    scope = caller.provider_scope(provider.operator_id, identity.email)
    with scopes.within(scope):
        return providers.admit(provider, identity), identity, provider


def redirect_uri_of(request: HttpRequest) -> str:
    return addresses.base_url_of(request) + reverse("console:login_sso_back")


def _failed(request: HttpRequest, error: Exception, **context: object) -> HttpResponse:
    """The page says little; the audit says why."""
    if isinstance(error, TooManyAttempts):
        words, status = words_for(error)
        return _form(request, status=status, refusal=words, **context)
    if isinstance(error, SignOnRefused | ClaimsRefused | ProviderSilent):
        entering.record_sign_on_refused(error, doorstep.caller_of(request))
        is_silent = isinstance(error, ProviderSilent)
        return _form(
            request,
            status=502 if is_silent else 403,
            refusal=_SILENT if is_silent else _REFUSED,
            **context,
        )
    raise error


def _form(request: HttpRequest, *, status: int = 200, **context: object) -> HttpResponse:
    wanted = request.POST.get("next") or request.GET.get("next", "")
    given = {"title": "Single sign-on", "next": wanted, "who": "", "refusal": ""}
    return show_door(request, "login_sso.html", status=status, **(given | context))


def address_for(slug: str) -> str:
    """The way in that an operator may tell its people."""
    return reverse("console:login_sso_of", kwargs={"name": slug})
