"""How an operator's staff log in: the rules, the login provider, and help for who is locked out."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters

from wispgate.business.audit import services as audit
from wispgate.business.login import queries
from wispgate.business.login.models import IdentityProvider
from wispgate.business.login.services import helping, policies, providers
from wispgate.business.staff import queries as staff
from wispgate.business.staff import role_queries
from wispgate.domain.login.lifetimes import Lifetime
from wispgate.kernel.errors import InvalidValue, NotFound, WispgateError
from wispgate.web.console import signon
from wispgate.web.console.fields import Field, Option, Reader, filled, positive
from wispgate.web.console.pages import page, show
from wispgate.web.console.tokenlist import words_in
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import Sentence
from wispgate.web.site import addresses, requests

# Each help: its button, what it does in words, and what was done.
_HELPS = {
    "unlock": ("Unlock", "They can try again at once, with password and second factor.", "Unlocked"),
    "end_sessions": ("End all sessions of", "They are logged out everywhere.", "Ended the sessions of"),
    "remove_factors": (
        "Remove the second factors of",
        "Their apps, keys and recovery codes are worth nothing any more, and they are logged out "
        "everywhere. Be sure who asked you: from then on the password is enough, unless the rules "
        "demand a new factor at the next login.",
        "Removed the second factors of",
    ),
}  # fmt: skip


@page("login.read", of_operator=False)
def logins(visit: Visit) -> HttpResponse:
    operator_id = _whose(visit)
    policy, provider = policies.find_policy(operator_id), providers.find_provider(operator_id)
    access = queries.list_access(operator_id)
    titles = _titles(operator_id)
    return show(
        visit,
        "logins.html",
        title="Logins of the platform" if operator_id is None else "Logins",
        of="?of=platform" if operator_id is None else "",
        answer=_answer(access),
        access=[(each, titles.get(each.member.role, each.member.role)) for each in access],
        policy=policy,
        idle=_span(policy.lifetime.idle),
        absolute=_span(policy.lifetime.absolute),
        demanded=_roles_in_words(visit, policy),
        provider=provider,
        way_in=_way_in(visit, provider),
    )


@page("login.rules", of_operator=False, is_risky=True)
def rules(visit: Visit) -> HttpResponse:
    """How long sessions last, and who needs a second factor."""
    operator_id = _whose(visit)
    policy, fields = policies.find_policy(operator_id), list(_rule_fields())
    roles = role_queries.list_roles(operator_id, is_platform=operator_id is None)
    chosen = set(policy.mfa_roles)
    errors: Mapping[str, str] = {}
    if visit.request.method == "POST":
        given = visit.everything_given()
        chosen = set(visit.request.POST.getlist("mfa_roles")) & {
            policies.EVERYBODY, *(role.name for role in roles),
        }  # fmt: skip
        errors = _set_rules(operator_id, given, chosen)
        if not errors:
            messages.success(visit.request, "The rules hold from now on, for open sessions too.")
            return _home(visit)
        fields = filled(fields, given, errors)
    else:
        fields = filled(fields, _as_given(policy))
    return show(
        visit,
        "login_rules.html",
        title="Rules of logging in",
        status=409 if errors else 200,
        fields=fields,
        roles=[Option(policies.EVERYBODY, "Everybody"), *(Option(r.name, r.title) for r in roles)],
        chosen=chosen,
    )


@sensitive_post_parameters("client_secret")
@page("login.rules", of_operator=False, is_risky=True)
def provider(visit: Visit) -> HttpResponse:
    """The operator's login provider: set up, changed, or taken away."""
    operator_id = _whose(visit)
    known = providers.find_provider(operator_id)
    fields = list(_provider_fields(visit, is_new=known is None))
    refusal: WispgateError | None = None
    if visit.request.method == "POST":
        if visit.given("act") == "remove":
            providers.remove_provider(operator_id)
            messages.success(visit.request, "Single sign-on is removed.")
            return _home(visit)
        given = visit.everything_given()
        refusal = _set_provider(operator_id, given)
        if refusal is None:
            messages.success(visit.request, "Single sign-on is set up. Try it in another browser.")
            return _home(visit)
        audit.record_refusal(refusal, object_type="login_identityprovider", object_id="")
        place = _place_of(refusal)
        fields = filled(fields, given | {"client_secret": ""}, {place: refusal.message})
        refusal = None if place else refusal
        status = 409
    else:
        fields, status = filled(fields, _provider_given(known)), 200
    return show(
        visit, "login_provider.html", title="Single sign-on", status=status, fields=fields,
        known=known, redirect_uri=signon.redirect_uri_of(visit.request), refusal=refusal,
        reference=requests.request_id_of(visit.request),
    )  # fmt: skip


@page("login.help", of_operator=False, is_risky=True)
def help_member(visit: Visit, key: str, name: str) -> HttpResponse:
    """Unlock somebody, end their sessions, or take lost factors away."""
    if name not in _HELPS:
        raise NotFound("page", name)
    member = staff.get_member(_uuid(key))
    if member.operator_id != _whose(visit):
        raise NotFound("member of staff", key)
    verb, effect, done = _HELPS[name]
    if visit.request.method == "POST":
        with transaction.atomic():
            getattr(helping, name)(member.id)
        messages.success(visit.request, f"{done} {member.email}.")
        return _home(visit)
    return show(
        visit, "login_help.html", title=f"{verb} {member.email}", member=member, verb=verb,
        effect=effect, is_harmful=name != "unlock",
    )  # fmt: skip


def _whose(visit: Visit) -> UUID | None:
    """The operator whose staff it is about; None for the platform's own, which only they see."""
    is_of_platform = visit.request.GET.get("of") == "platform" or visit.operator is None
    return None if visit.is_platform and is_of_platform else visit.principal.operator_id


def _home(visit: Visit) -> HttpResponse:
    of = "?of=platform" if _whose(visit) is None else ""
    return HttpResponseRedirect(reverse("console:logins") + of)


def _place_of(refusal: WispgateError) -> str:
    """The field that a refusal names; a role that is gone is the default role's."""
    place = refusal.field if isinstance(refusal, InvalidValue) else ""
    return "default_role" if place == "role" else place


def _set_rules(
    operator_id: UUID | None, given: Mapping[str, str], chosen: set[str]
) -> Mapping[str, str]:
    """What is wrong with the rules; nothing when they were changed."""
    reader = Reader(given)
    idle = reader.read("idle", positive, 1)
    absolute = reader.read("absolute", positive, 1)
    if reader.errors:
        return reader.errors
    try:
        lifetime = Lifetime(timedelta(minutes=idle), timedelta(hours=absolute))
    except InvalidValue as error:
        return {error.field: error.message}
    policies.set_policy(operator_id, lifetime=lifetime, mfa_roles=chosen)
    return {}


def _set_provider(operator_id: UUID | None, given: Mapping[str, str]) -> WispgateError | None:
    try:
        with transaction.atomic():
            providers.set_provider(
                operator_id,
                providers.Wanted(
                    name=given.get("name", ""),
                    issuer=given.get("issuer", ""),
                    client_id=given.get("client_id", ""),
                    client_secret=given.get("client_secret", ""),
                    domains=[each.lower() for each in words_in(given.get("domains", ""))],
                    default_role=given.get("default_role", ""),
                    is_trusted_with_mfa="is_trusted_with_mfa" in given,
                    is_enabled="is_enabled" in given,
                ),
            )
    except WispgateError as error:
        return error
    return None


def _rule_fields() -> Sequence[Field]:
    return (
        Field(
            name="idle", label="Minutes at rest", kind="digits",
            hint="A session ends when nothing was done for so long; 5 at least.",
        ),
        Field(
            name="absolute", label="Hours altogether", kind="digits",
            hint="A session ends after so long whatever is done; 720 at most.",
        ),
    )  # fmt: skip


def _as_given(policy: policies.Policy) -> Mapping[str, str]:
    return {
        "idle": str(policy.lifetime.idle // timedelta(minutes=1)),
        "absolute": str(max(1, policy.lifetime.absolute // timedelta(hours=1))),
    }


def _provider_fields(visit: Visit, *, is_new: bool) -> Sequence[Field]:
    operator_id = _whose(visit)
    roles = role_queries.list_roles(operator_id, is_platform=operator_id is None)
    options = [Option("", "nobody: only who is on the staff already"),
               *(Option(role.name, f"as {role.title}") for role in roles)]  # fmt: skip
    secret_hint = "The provider gave it to you." if is_new else "Empty keeps the one that is known."
    return (
        Field(name="name", label="Name", hint="As your people call it, such as Acme account."),
        Field(name="issuer", label="Issuer", most=300, hint="Such as https://login.acme.example."),
        Field(name="client_id", label="Client ID"),
        Field(
            name="client_secret", label="Client secret", kind="password", is_required=is_new,
            hint=secret_hint, most=1000,
        ),
        Field(
            name="domains", label="Domains", most=1000,
            hint="Of the e-mail addresses that it may vouch for, with commas: acme.example.",
        ),
        Field(name="default_role", label="Who is new is taken on", kind="select", options=options),
        Field(
            name="is_trusted_with_mfa", label="It asks for the second factor", kind="check",
            hint="Where it says so (amr contains mfa), none is asked for here.",
        ),
        Field(name="is_enabled", label="Switched on", kind="check", value="yes"),
    )  # fmt: skip


def _provider_given(known: IdentityProvider | None) -> Mapping[str, str]:
    if known is None:
        return {"is_enabled": "yes"}
    return {
        "name": known.name,
        "issuer": known.issuer,
        "client_id": known.client_id,
        "domains": ", ".join(known.domains),
        "default_role": known.default_role,
        "is_trusted_with_mfa": "yes" if known.is_trusted_with_mfa else "",
        "is_enabled": "yes" if known.is_enabled else "",
    }


def _answer(access: Sequence[queries.Access]) -> Sentence:
    waiting = sum(each.waits_until is not None for each in access)
    inside = sum(each.sessions > 0 for each in access)
    protected = sum(each.factors > 0 for each in access)
    locked = f"{waiting} locked out now" if waiting else "nobody locked out"
    return [f"{inside} of {len(access)} logged in, {protected} with a second factor, {locked}."]


def _titles(operator_id: UUID | None) -> dict[str, str]:
    """Of roles by name, as people call them."""
    roles = role_queries.list_roles(operator_id, is_platform=operator_id is None)
    return {role.name: role.title for role in roles}


def _roles_in_words(visit: Visit, policy: policies.Policy) -> str:
    if policies.EVERYBODY in policy.mfa_roles:
        return "everybody"
    operator_id = _whose(visit)
    roles = role_queries.list_roles(operator_id, is_platform=operator_id is None)
    return ", ".join(role.title for role in roles if role.name in policy.mfa_roles) or "nobody"


def _way_in(visit: Visit, known: IdentityProvider | None) -> str:
    if known is None:
        return ""
    return addresses.base_url_of(visit.request) + signon.address_for(known.slug)


def _span(span: timedelta) -> str:
    minutes = span // timedelta(minutes=1)
    return f"{minutes} minutes" if minutes % 60 or minutes < 60 else f"{minutes // 60} hours"


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("member of staff", text) from None
