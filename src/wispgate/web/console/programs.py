"""Service accounts and tokens: of programs, and one's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from wispgate.business.audit import services as audit
from wispgate.business.staff import queries, role_queries
from wispgate.business.staff import services as staff
from wispgate.business.staff.models import ApiToken, StaffMember
from wispgate.kernel.errors import InvalidValue, NotFound, WispgateError
from wispgate.web.console import tokenlist
from wispgate.web.console.fields import Field, Option, filled
from wispgate.web.console.pages import forbidden, go_to, page, show
from wispgate.web.console.proving import member_of
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import Link, Sentence
from wispgate.web.site import requests

_TABLE = "staff_apitoken"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form to fill in: what it is called, and where one goes without sending it."""

    title: str
    fields: Sequence[Field]
    button: str
    home: Link
    owner: StaffMember | None = None


@page("token.read")
def programs(visit: Visit) -> HttpResponse:
    """All that programs use to come in, whoever's it is."""
    operator_id = visit.principal.operator_id
    tokens = tokenlist.shown(queries.list_tokens(operator_id), now=visit.now)
    accounts = queries.list_service_accounts(operator_id)
    return show(
        visit,
        "programs.html",
        title="Service accounts & tokens",
        answer=_answer(accounts, tokens),
        accounts=[
            (each, [one for one in tokens if one.token.owner_id == each.id]) for each in accounts
        ],
        others=[one for one in tokens if not _is_of_service(one.token)],
    )


@page("token.create", is_risky=True)
def new_account(visit: Visit) -> HttpResponse:
    sheet = Sheet(
        "New service account", _account_fields(visit), "Create 1 service account", _programs()
    )
    if visit.request.method != "POST":
        return _form(visit, sheet)
    given = visit.everything_given()
    try:
        with transaction.atomic():
            account_id = staff.create_service_account(
                name=given.get("name", ""),
                role=given.get("role", ""),
                operator_id=visit.principal.operator_id,
            )
    except WispgateError as error:
        return _refused(visit, sheet, error)
    messages.success(visit.request, f"Created {given['name']}. Make it a token now.")
    return go_to("new_program_token", key=str(account_id))


@page("token.create", is_risky=True)
def new_token(visit: Visit, key: str) -> HttpResponse:
    """A token of a service account."""
    account = queries.get_service_account(_uuid("service account", key))
    return _new_token(visit, account, home=_programs())


@page(of_operator=False, is_risky=True)
def my_token(visit: Visit) -> HttpResponse:
    """A token of one's own: it may do what its owner may, or less."""
    return _new_token(visit, member_of(visit), home=Link("You", reverse("console:me")))


@page(of_operator=False, is_risky=True)
def token_action(visit: Visit, key: str, name: str) -> HttpResponse:
    """Rotate or revoke: one's own, and with the permission anybody's."""
    token = staff.get_token(_uuid("token", key))
    if name not in ("rotate", "revoke"):
        raise NotFound("page", name)
    permission = "token.create" if name == "rotate" else "token.revoke"
    is_mine = token.owner_id == member_of(visit).id
    if not (is_mine or visit.may(permission)):
        return forbidden(visit, permission)
    home = Link("You", reverse("console:me")) if is_mine else _programs()
    if visit.request.method != "POST":
        return _ask(visit, token, name, home)
    try:
        with transaction.atomic():
            made = staff.rotate_token(token.id) if name == "rotate" else None
            if name == "revoke":
                staff.revoke_token(token.id)
    except WispgateError as error:
        audit.record_refusal(error, object_type=_TABLE, object_id=str(token.id))
        return _ask(visit, token, name, home, refusal=error)
    if made is not None:
        return _show_secret(visit, token.name, made.secret, home)
    messages.success(visit.request, f"Revoked 1 token: {token.name}.")
    return HttpResponseRedirect(home.address)


@page("token.revoke", is_risky=True)
def account_action(visit: Visit, key: str, name: str) -> HttpResponse:
    """Disables a service account with all its tokens, or lets it in again."""
    account = queries.get_service_account(_uuid("service account", key))
    if name not in ("disable", "enable"):
        raise NotFound("page", name)
    if visit.request.method == "POST":
        staff.set_account_active(account.id, is_active=name == "enable")
        messages.success(visit.request, f"{name.title()}d 1 service account: {account.name}.")
        return go_to("programs")
    return show(
        visit, "program_account.html", title=f"{name.title()} {account.name}",
        account=account, verb=name, home=_programs(),
    )  # fmt: skip


def _new_token(visit: Visit, owner: StaffMember, *, home: Link) -> HttpResponse:
    title = f"New token of {owner.name}"
    sheet = Sheet(title, tokenlist.FIELDS, "Make 1 token", home, owner)
    if visit.request.method != "POST":
        return _form(visit, sheet)
    given = visit.everything_given()
    name, bounds, errors = tokenlist.read(given, now=visit.now)
    if bounds is None:
        return _form(visit, sheet, filled(sheet.fields, given, errors), status=409)
    try:
        with transaction.atomic():
            made = staff.make_token_of(owner, name=name, bounds=bounds)
    except WispgateError as error:
        return _refused(visit, sheet, error)
    return _show_secret(visit, name, made.secret, home)


def _show_secret(visit: Visit, name: str, secret: str, home: Link) -> HttpResponse:
    return show(
        visit, "token_secret.html", title=f"Token {name}", name=name, secret=secret, home=home
    )


def _ask(
    visit: Visit, token: ApiToken, name: str, home: Link, *, refusal: WispgateError | None = None
) -> HttpResponse:
    return show(
        visit,
        "token_action.html",
        status=409 if refusal else 200,
        title=f"{name.title()} token {token.name}",
        token=token,
        state=staff.state_of_token(token, now=visit.now),
        verb=name,
        home=home,
        refusal=refusal,
        reference=requests.request_id_of(visit.request),
    )


def _form(
    visit: Visit,
    sheet: Sheet,
    fields: Sequence[Field] | None = None,
    *,
    status: int = 200,
    refusal: WispgateError | None = None,
) -> HttpResponse:
    return show(
        visit,
        "program_form.html",
        status=status,
        title=sheet.title,
        fields=fields or sheet.fields,
        button=sheet.button,
        home=sheet.home,
        owner=sheet.owner,
        refusal=refusal,
        reference=requests.request_id_of(visit.request),
    )


def _refused(visit: Visit, sheet: Sheet, error: WispgateError) -> HttpResponse:
    """What names its field is said there, everything else above; what was typed stays."""
    audit.record_refusal(error, object_type=_TABLE, object_id="")
    place = error.field if isinstance(error, InvalidValue) else ""
    errors: Mapping[str, str] = {place: error.message} if place else {}
    kept = filled(sheet.fields, visit.everything_given(), errors)
    return _form(visit, sheet, kept, status=409, refusal=None if place else error)


def _account_fields(visit: Visit) -> Sequence[Field]:
    operator_id = visit.principal.operator_id
    roles = role_queries.list_roles(operator_id, is_platform=operator_id is None)
    options = [Option(role.name, role.title) for role in roles]
    return [
        Field(name="name", label="Name", hint="Of the program, such as Billing export."),
        Field(
            name="role", label="Role", kind="select", options=options, value="viewer",
            hint="Its tokens may do what the role allows, or less.",
        ),
    ]  # fmt: skip


def _answer(accounts: Sequence[StaffMember], tokens: Sequence[tokenlist.ShownToken]) -> Sentence:
    good = sum(one.is_good for one in tokens)
    count = len(accounts)
    return [
        f"{good} token{'' if good == 1 else 's'} can be used now; "
        f"{count} service account{'' if count == 1 else 's'}."
    ]


def _is_of_service(token: ApiToken) -> bool:
    return token.owner is not None and token.owner.kind == StaffMember.Kind.SERVICE


def _programs() -> Link:
    return Link("Service accounts & tokens", reverse("console:programs"))


def _uuid(kind: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(kind, text) from None
