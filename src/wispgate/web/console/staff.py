"""Staff: who works here, what they may do, taking somebody on, another role, letting in no more."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse

from wispgate.business.audit import services as audit
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import looking, queries, role_queries, services
from wispgate.business.staff.roles import Role
from wispgate.kernel.errors import NotFound, WispgateError
from wispgate.web.console import acting, ordering, timeline
from wispgate.web.console.fields import Field, Option, Reader, filled
from wispgate.web.console.ordering import Order, Prepared
from wispgate.web.console.pages import page, show
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import Link, Sentence, counted
from wispgate.web.site import requests


@page("staff.read", of_operator=False)
def staff(visit: Visit) -> HttpResponse:
    roles = {role.name: role for role in _roles()}
    rows = [(row, roles.get(_plain(row.role))) for row in queries.list_staff()]
    return show(visit, "staff.html", title="Staff", answer=_answer(rows), rows=rows)


@page("staff.read", of_operator=False)
def member(visit: Visit, key: str) -> HttpResponse:
    shown = _Member(_get(key))
    return show(
        visit,
        "member.html",
        title=shown.row.name,
        shown=shown,
        role=shown.role,
        orders=ordering.offered(visit, ORDERS, shown),
        answer=_answer_of_one(shown),
        events=timeline.of_objects([("staff_staffmember", str(shown.row.id))]),
    )


@page("staff.read", of_operator=False)
def member_order(visit: Visit, key: str, name: str) -> HttpResponse:
    if name not in ORDERS:
        raise NotFound("action", name)
    return ordering.order(visit, ORDERS[name], lambda: _scene(key))


@page("staff.create", of_operator=False)
def new_member(visit: Visit) -> HttpResponse:
    """The form, and on POST the first password: shown here and never again."""
    if visit.request.method != "POST":
        return _form(visit, _hire_fields())
    given = visit.everything_given()
    try:
        with looking.doing(), transaction.atomic():
            member_id, password = services.hire(
                email=given.get("email", ""),
                name=given.get("name", ""),
                role=given.get("role", ""),
                dealer=given.get("dealer", ""),
            )
    except WispgateError as error:
        audit.record_refusal(error, object_type="staff_staffmember", object_id="")
        kept = filled(_hire_fields(), given)
        return _form(visit, kept, status=409, refusal=error)
    hired = queries.get_colleague(member_id)
    return show(
        visit, "hired.html", title=f"{hired.name} works here", member=hired, password=password
    )


class _Member:
    """A colleague, and the role as it is now."""

    def __init__(self, row: Any) -> None:
        self.row = row

    @property
    def role(self) -> Role:
        operator_id = self.row.operator_id
        return role_queries.role_held(self.row.role, operator_id, is_platform=operator_id is None)


def _get(key: str) -> Any:
    try:
        return queries.get_colleague(UUID(key))
    except ValueError:
        raise NotFound("member of staff", key) from None


def _roles() -> Sequence[Role]:
    operator_id = scopes.current().operator_id
    return role_queries.list_roles(operator_id, is_platform=operator_id is None)


def _plain(role: str) -> str:
    operator_id = scopes.current().operator_id
    return role_queries.plain_name(role, is_platform=operator_id is None)


def _answer(rows: Sequence[Any]) -> Sentence:
    active = sum(row.is_active for row, _role in rows)
    return [f"{counted(active, 'person')} let in, {len(rows) - active} let in no more."]


def _answer_of_one(shown: _Member) -> Sentence:
    if not shown.row.is_active:
        return [f"Let in no more. The role is {shown.role.title}."]
    return [f"{shown.role.title}: {shown.role.about}"]


def _form(visit: Visit, fields: Sequence[Field], *, status: int = 200, **more: Any) -> HttpResponse:
    return show(
        visit,
        "new_member.html",
        status=status,
        title="New colleague",
        fields=fields,
        reference=requests.request_id_of(visit.request),
        **more,
    )


def _hire_fields() -> Sequence[Field]:
    return (
        Field(name="name", label="Name"),
        Field(name="email", label="E-mail address", hint="They log in with it."),
        _role_field(""),
        Field(
            name="dealer",
            label="Dealer",
            is_required=False,
            hint="Whose customers are their own, where the role says so.",
        ),
    )


def _role_field(held: str) -> Field:
    options = [Option(role.name, role.title, role.about) for role in _roles()]
    return Field(name="role", label="Role", kind="choice", value=held, options=options)


def _scene(key: str) -> acting.Scene:
    shown = _Member(_get(key))
    row, home = shown.row, reverse("console:member", args=[key])
    place = acting.Place(
        noun="colleague",
        name=row.name,
        state="let in" if row.is_active else "let in no more",
        home=home,
        trail=[Link("Staff", reverse("console:staff")), Link(row.name, home)],
        table="staff_staffmember",
        row_id=str(row.id),
    )
    return acting.Scene(shown, place, _answer_of_one(shown))


_NO_MONEY = ("Nothing is charged or credited.",)
_NOBODY = ("No subscriber is told.",)


def _give_role(shown: _Member, reader: Reader) -> Prepared | None:
    wanted = next((role for role in _roles() if role.name == reader.text("role")), None)
    if wanted is None:
        reader.errors["role"] = "choose one of them"
        return None
    before, after = shown.role.permissions(), wanted.permissions()
    return Prepared(
        button="Change 1 role",
        done=f"{shown.row.name} is {wanted.title} from now on.",
        network=[
            f"{counted(len(after - before), 'permission')} gained, {len(before - after)} lost, "
            "from the next click on."
        ],
        money=_NO_MONEY,
        messages=_NOBODY,
        perform=lambda _key: services.give_role(shown.row.id, wanted.name),
    )


def _disable(shown: _Member, _reader: Reader) -> Prepared:
    return Prepared(
        button="Let in no more: 1 colleague",
        done=f"{shown.row.name} is let in no more.",
        network=["Open sessions end with their next click."],
        money=_NO_MONEY,
        messages=_NOBODY,
        perform=lambda _key: services.disable(shown.row.id),
    )


def _enable(shown: _Member, _reader: Reader) -> Prepared:
    return Prepared(
        button="Let in 1 colleague",
        done=f"{shown.row.name} is let in again.",
        network=[f"They may do what the role {shown.role.title} says."],
        money=_NO_MONEY,
        messages=_NOBODY,
        perform=lambda _key: services.enable(shown.row.id),
    )


_ROWS = (
    Order(
        name="role",
        permission="staff.role",
        verb="Give another role",
        icon="badge",
        is_possible=lambda _shown: True,
        fields=lambda shown: [_role_field(shown.role.name)],
        prepare=_give_role,
    ),
    Order(
        name="disable",
        permission="staff.disable",
        verb="Let in no more",
        icon="block",
        is_possible=lambda shown: shown.row.is_active,
        prepare=_disable,
        is_harmful=True,
    ),
    Order(
        name="enable",
        permission="staff.disable",
        verb="Let in again",
        icon="login",
        is_possible=lambda shown: not shown.row.is_active,
        prepare=_enable,
    ),
)
ORDERS: Mapping[str, Order] = MappingProxyType({order.name: order for order in _ROWS})
