"""The page that asks before an action is done, and does it: for a SIM, and for its line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect

from wispgate.business.approvals.errors import ApprovalNeeded
from wispgate.business.audit import services as audit
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import looking
from wispgate.kernel.errors import WispgateError
from wispgate.web.console import actions, telling, waiting
from wispgate.web.console.pages import forbidden, show
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import Link, Sentence
from wispgate.web.site import requests


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is done: on whose page, which the visitor comes back to.

    `noun` and `state` name it in a refusal; `table` and `row_id` in the audit.
    """

    noun: str
    name: str
    state: str
    home: str
    trail: Sequence[Link]
    table: str
    row_id: str


@dataclass(frozen=True, slots=True)
class Scene:
    """An object as it is now, where it stands, and the answer line of its page."""

    shown: Any
    place: Place
    answer: Sentence


def act(visit: Visit, action: actions.Action, load: Callable[[], Scene]) -> HttpResponse:
    """Asks what an action would do, and on POST does it."""
    if not visit.may(action.permission):
        return forbidden(visit, action.permission)
    scene = load()
    if visit.request.method != "POST":
        return _ask(visit, action, scene)
    refusal = _perform(visit, action, scene)
    if isinstance(refusal, ApprovalNeeded):
        return waiting.ask(visit, refusal)
    if refusal is not None:
        return _ask(visit, action, load(), refusal=refusal)
    messages.success(visit.request, f"{action.done} 1 {action.noun}.")
    return HttpResponseRedirect(scene.place.home)


def _perform(visit: Visit, action: actions.Action, scene: Scene) -> WispgateError | None:
    """None when it was done; else why not, which the audit knows too."""
    given, place = {name: visit.given(name) for name in visit.request.POST}, scene.place
    try:
        with looking.doing(), transaction.atomic(), scopes.because(given.get("note", "")[:200]):
            if not action.is_possible(scene.shown):
                raise actions.NotPossible(action, noun=place.noun, state=place.state)
            action.perform(scene.shown, given)
    except ApprovalNeeded as needed:
        return needed
    except WispgateError as error:
        audit.record_refusal(error, object_type=place.table, object_id=place.row_id)
        return error
    return None


def _ask(
    visit: Visit, action: actions.Action, scene: Scene, *, refusal: WispgateError | None = None
) -> HttpResponse:
    shown = scene.shown
    is_possible = action.is_possible(shown)
    return show(
        visit,
        "action.html",
        status=200 if is_possible and refusal is None else 409,
        title=f"{action.verb} {scene.place.noun} {scene.place.name}",
        action=action,
        shown=shown,
        place=scene.place,
        answer=scene.answer,
        effects=action.effects(shown) if is_possible else [],
        told=telling.of_action(action, shown.line),
        is_possible=is_possible,
        refusal=refusal,
        reference=requests.request_id_of(visit.request),
        given=visit.request.POST,
        reasons=actions.reasons_to_give(shown),
        kind=visit.given("kind") or (visit.operator.usual_suspension if visit.operator else ""),
    )
