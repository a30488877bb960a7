"""Roles: what each may do in words, who has it, writing one, giving a ready one back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from wispgate.business.audit import services as audit
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import looking, queries, role_queries, services
from wispgate.business.staff.grants import in_words
from wispgate.business.staff.permissions import CATALOGUE, SUBJECTS
from wispgate.business.staff.roles import Role
from wispgate.kernel.errors import NotFound, WispgateError
from wispgate.web.console import acting, ordering, roleform
from wispgate.web.console.fields import Reader
from wispgate.web.console.ordering import Order, Prepared
from wispgate.web.console.pages import page, show
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import Link, Sentence, counted
from wispgate.web.site import requests


@dataclass(frozen=True, slots=True)
class ShownRole:
    """A role and who has it."""

    role: Role
    holders: Sequence[Any]

    @property
    def origin(self) -> str:
        if self.role.is_changed:
            return "changed"
        return "ready" if self.role.is_ready else "own"


@page("role.read", of_operator=False)
def roles(visit: Visit) -> HttpResponse:
    shown = _all()
    held = sum(bool(one.holders) for one in shown)
    answer = [f"{counted(len(shown), 'role')}; {held} of them held by somebody."]
    return show(visit, "roles.html", title="Roles", answer=answer, roles=shown)


@page("role.read", of_operator=False)
def role(visit: Visit, name: str) -> HttpResponse:
    shown = _get(name)
    return show(
        visit,
        "role.html",
        title=shown.role.title,
        shown=shown,
        groups=told(shown.role),
        hides=sorted(kind.replace("_", " ") for kind in shown.role.hides),
        answer=_answer(shown),
        orders=ordering.offered(visit, ORDERS, shown),
    )


@page("role.edit", of_operator=False)
def new_role(visit: Visit) -> HttpResponse:
    if visit.request.method == "POST":
        return _written(visit, visit.given("name"), None)
    return _form(visit, roleform.shown(None), None)


@page("role.edit", of_operator=False)
def edit_role(visit: Visit, name: str) -> HttpResponse:
    held = _get(name).role
    if visit.request.method == "POST":
        return _written(visit, held.name, held)
    return _form(visit, roleform.shown(held), held)


@page("role.read", of_operator=False)
def role_order(visit: Visit, name: str, order: str) -> HttpResponse:
    if order not in ORDERS:
        raise NotFound("action", order)
    return ordering.order(visit, ORDERS[order], lambda: _scene(name))


def told(role: Role) -> Sequence[tuple[str, Sequence[tuple[Any, str]]]]:
    """By group: each permission that the role holds, and within which limits."""
    groups: dict[str, list[tuple[Any, str]]] = {group: [] for group in SUBJECTS.values()}
    for name, permission in CATALOGUE.items():
        grants = role.grants_for(name)
        if grants:
            groups[SUBJECTS[permission.subject]].append((permission, in_words(grants[0].limits)))
    return [(group, held) for group, held in groups.items() if held]


def _written(visit: Visit, name: str, before: Role | None) -> HttpResponse:
    given = visit.everything_given()
    try:
        wanted = roleform.read(given, before, currency=_currency(visit))
        with looking.doing(), transaction.atomic():
            if before is None and _find(name) is not None:
                raise roleform.NameTaken(name)
            services.write_role(name, **wanted)
    except WispgateError as error:
        audit.record_refusal(error, object_type="staff_storedrole", object_id=name)
        return _form(visit, roleform.kept(given), before, status=409, refusal=error)
    messages.success(visit.request, f"Saved the role {wanted['title']}; it holds at once.")
    return HttpResponseRedirect(reverse("console:role", args=[name]))


def _form(
    visit: Visit, form: roleform.Form, before: Role | None, *, status: int = 200, **more: Any
) -> HttpResponse:
    return show(
        visit,
        "role_form.html",
        status=status,
        title=f"Edit {before.title}" if before else "New role",
        form=form,
        role=before,
        currency=_currency(visit),
        reference=requests.request_id_of(visit.request),
        **more,
    )


def _currency(visit: Visit) -> str:
    return visit.operator.currency if visit.operator else ""


def _all() -> list[ShownRole]:
    operator_id = scopes.current().operator_id
    is_platform = operator_id is None
    held: dict[str, list[Any]] = {}
    for row in queries.list_staff():
        name = role_queries.plain_name(row.role, is_platform=is_platform)
        held.setdefault(name, []).append(row)
    found = role_queries.list_roles(operator_id, is_platform=is_platform)
    return [ShownRole(one, held.get(one.name, ())) for one in found]


def _get(name: str) -> ShownRole:
    found = next((one for one in _all() if one.role.name == name), None)
    if found is None:
        raise NotFound("role", name)
    return found


def _find(name: str) -> Role | None:
    operator_id = scopes.current().operator_id
    return role_queries.find_role(name, operator_id, is_platform=operator_id is None)


def _answer(shown: ShownRole) -> Sentence:
    return [f"{shown.role.about} {counted(len(shown.holders), 'person')} with this role."]


def _scene(name: str) -> acting.Scene:
    shown = _get(name)
    home = reverse("console:role", args=[name])
    after = reverse("console:roles")
    place = acting.Place(
        noun="role",
        name=shown.role.title,
        state=shown.origin,
        home=home if shown.role.is_ready else after,
        trail=[Link("Roles", after), Link(shown.role.title, home)],
        table="staff_storedrole",
        row_id=name,
    )
    return acting.Scene(shown, place, _answer(shown))


def _give_back(shown: ShownRole, _reader: Reader) -> Prepared:
    what = "as it was delivered" if shown.role.is_ready else "gone"
    return Prepared(
        button="Change 1 role",
        done=f"The role {shown.role.title} is {what}.",
        network=[f"{counted(len(shown.holders), 'person')} will have it {what}, at once."],
        money=["Nothing is charged or credited."],
        messages=["No subscriber is told."],
        perform=lambda _key: services.delete_role(shown.role.name),
    )


_ROWS = (
    Order(
        name="reset",
        permission="role.edit",
        verb="Give back as delivered",
        icon="restart_alt",
        is_possible=lambda shown: shown.role.is_changed,
        prepare=_give_back,
        is_harmful=True,
    ),
    Order(
        name="delete",
        permission="role.edit",
        verb="Delete",
        icon="delete",
        is_possible=lambda shown: not shown.role.is_ready,
        prepare=_give_back,
        is_harmful=True,
    ),
)
ORDERS: Mapping[str, Order] = {order.name: order for order in _ROWS}
