"""Orders: what needs to be filled in first, is then shown with all it does, and then done.

Step one asks by GET, so that its address can be kept; step two shows network, money and messages
and posts what was shown, with a key that makes a second click harmless.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect

from wispgate.business.approvals.errors import ApprovalNeeded
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import looking
from wispgate.kernel.errors import Conflict, WispgateError
from wispgate.web.console import waiting
from wispgate.web.console.acting import Place, Scene
from wispgate.web.console.fields import Field, Reader, filled
from wispgate.web.console.pages import forbidden, show
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import Link
from wispgate.web.site import refusals, requests

_KEY_OCTETS = 12


@dataclass(frozen=True, slots=True)
class Prepared:
    """An order that was understood: what it will do, and how it is done under a key.

    `obstacle` says why it would be refused now; `way_out` leads to what helps.
    """

    button: str
    done: str
    network: Sequence[str]
    money: Sequence[str]
    messages: Sequence[str]
    perform: Callable[[str], object]
    obstacle: str = ""
    way_out: Link | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One kind of order. `prepare` reads the fields; what is wrong stays in the reader."""

    name: str
    permission: str
    verb: str
    icon: str
    is_possible: Callable[[Any], bool]
    fields: Callable[[Any], Sequence[Field]] = field(default=lambda _shown: ())
    prepare: Callable[[Any, Reader], Prepared | None]
    is_harmful: bool = False


class OrderNotPossible(Conflict):
    """Somebody else was quicker: the state does not allow it any more."""

    code = "order_not_possible"


def offered(visit: Visit, orders: Mapping[str, Order], shown: Any) -> list[Order]:
    """What the visitor may order now."""
    return [
        order
        for order in orders.values()
        if visit.may(order.permission) and order.is_possible(shown)
    ]


def order(visit: Visit, kind: Order, load: Callable[[], Scene]) -> HttpResponse:
    """Asks, shows what will happen, and on POST does it."""
    if not visit.may(kind.permission):
        return forbidden(visit, kind.permission)
    scene = load()
    if visit.request.method != "POST":
        return _ask(visit, kind, scene)
    done, refusal = _perform(visit, kind, scene)
    if isinstance(refusal, ApprovalNeeded):
        return waiting.ask(visit, refusal)
    if not done:
        return _ask(visit, kind, load(), refusal=refusal)
    messages.success(visit.request, done)
    return HttpResponseRedirect(scene.place.home)


def _perform(visit: Visit, kind: Order, scene: Scene) -> tuple[str, WispgateError | None]:
    """What was done, or why not, which the audit knows too."""
    given, place = visit.everything_given(), scene.place
    try:
        with looking.doing(), transaction.atomic(), scopes.because(given.get("note", "")[:200]):
            prepared = _prepare(kind, scene, Reader(given))
            if prepared is None:
                return "", None
            prepared.perform(given.get("key") or secrets.token_hex(_KEY_OCTETS))
    except ApprovalNeeded as needed:
        return "", needed
    except WispgateError as error:
        refusals.record(error, object_type=place.table, object_id=place.row_id)
        return "", error
    return prepared.done, None


def _prepare(kind: Order, scene: Scene, reader: Reader) -> Prepared | None:
    if not kind.is_possible(scene.shown):
        place = scene.place
        raise OrderNotPossible(
            f"a {place.noun} that is {place.state} does not allow this", state=place.state
        )
    prepared = kind.prepare(scene.shown, reader)
    return None if reader.errors else prepared


def _ask(
    visit: Visit, kind: Order, scene: Scene, *, refusal: WispgateError | None = None
) -> HttpResponse:
    fields, given = list(kind.fields(scene.shown)), visit.everything_given()
    is_possible = kind.is_possible(scene.shown)
    prepared, reader = None, Reader(given)
    # Without fields there is nothing to ask; otherwise the first look at the page asks only.
    if is_possible and (not fields or any(each.name in given for each in fields)):
        prepared, refusal = _try(kind, scene, reader, refusal)
        fields = filled(fields, given, reader.errors)
    is_good = is_possible and refusal is None and not reader.errors
    return show(
        visit,
        "order.html",
        status=200 if is_good or visit.request.method == "GET" else 409,
        title=_title(kind, scene.place),
        order=kind,
        place=scene.place,
        shown=scene.shown,
        answer=scene.answer,
        fields=fields,
        is_possible=is_possible,
        prepared=prepared,
        refusal=refusal,
        reference=requests.request_id_of(visit.request),
        given=given,
        key=given.get("key") or secrets.token_hex(_KEY_OCTETS),
    )


def _title(kind: Order, place: Place) -> str:
    """What is done to whom; a list has no name, and its noun would say nothing."""
    return f"{kind.verb} {place.noun} {place.name}" if place.name else kind.verb


def _try(
    kind: Order, scene: Scene, reader: Reader, refusal: WispgateError | None
) -> tuple[Prepared | None, WispgateError | None]:
    """What would be refused at once, such as a plan that is not on sale, is said at once."""
    try:
        return _prepare(kind, scene, reader), refusal
    except WispgateError as error:
        return None, refusal or error
