"""Showing a card's PIN and PUK: a reason is asked, the authentication function answers, and what it
said is seen for a minute on one page that nothing keeps.

The codes come only as the answer to a POST: no address holds them, so no history and no cache.
"""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse

from wispgate.business.approvals.errors import ApprovalNeeded
from wispgate.business.audit import services as audit
from wispgate.business.inventory import puks
from wispgate.business.staff import looking
from wispgate.kernel.errors import NotFound, WispgateError
from wispgate.web.console import reads, waiting
from wispgate.web.console.pages import KNOWN_AT, go_to, page, show, show_part
from wispgate.web.console.visits import Visit
from wispgate.web.site import requests

SHOWN_SECONDS: Final = 60
# It looks for questions every second: what takes longer than this is no delay but a fault.
PATIENCE: Final = timedelta(seconds=6)
_REASON: Final = "codes_reason"
# By their names: what a card has, most wanted first, and what each is for.
CODES: Final = {
    "puk1": ("PUK", "unlocks the card after three wrong PINs; ten wrong PUKs end the card"),
    "pin1": ("PIN", "as the card was delivered; its owner may have changed it"),
    "puk2": ("PUK 2", "unlocks PIN 2"),
    "pin2": ("PIN 2", "for fixed dialling; as the card was delivered"),
}


@page("field.reveal")
def sim_codes(visit: Visit, iccid: str) -> HttpResponse:
    """Asks why; on POST puts the question, whose answer another page waits for."""
    sim = reads.get_sim(iccid)
    if visit.request.method != "POST":
        return _form(visit, sim)
    try:
        with looking.doing(), transaction.atomic():
            request_id = puks.ask(iccid, reason=visit.given("reason"))
    except ApprovalNeeded as needed:
        return waiting.ask(visit, needed)
    except WispgateError as error:
        audit.record_refusal(error, object_type="inventory_sim", object_id=str(sim.id))
        return _form(visit, sim, refusal=error)
    # For asking again without typing again; the page that waits has no reason in its address.
    visit.request.session[_REASON] = visit.given("reason")
    return go_to("sim_codes_answer", iccid=iccid, key=str(request_id))


@page("field.reveal")
def sim_codes_answer(visit: Visit, iccid: str, key: str) -> HttpResponse:
    """What has come of a question, which the page asks by POST: nothing yet, the codes, or why
    there are none."""
    sim = reads.get_sim(iccid)
    if visit.request.method != "POST":
        return _page(visit, sim, key=key, is_late=False)
    try:
        with looking.doing():
            found = puks.answer(iccid, _id(key))
    except WispgateError as error:
        audit.record_refusal(error, object_type="inventory_sim", object_id=str(sim.id))
        return _page(visit, sim, key=key, failure=_words(error))
    codes = [(*words, found.codes[name]) for name, words in CODES.items() if name in found.codes]
    is_late = not found.is_ready and visit.now - found.asked_at >= PATIENCE
    return _page(visit, sim, key=key, codes=codes, is_late=is_late)


def _id(key: str) -> UUID:
    try:
        return UUID(key)
    except ValueError:
        raise NotFound("question for PUKs", key) from None


def _words(error: WispgateError) -> str:
    if isinstance(error, NotFound):
        return "The question was answered already, or nobody answered it for five minutes"
    return f"The authentication function could not answer: {error.message}"


def _form(visit: Visit, sim: Any, *, refusal: WispgateError | None = None) -> HttpResponse:
    return _show(visit, sim, status=200 if refusal is None else 409, refusal=refusal)


def _page(visit: Visit, sim: Any, **answer: Any) -> HttpResponse:
    """The whole page, or its answer alone where the page asks for it."""
    answer |= {"seconds": SHOWN_SECONDS, "reason": visit.request.session.get(_REASON, "")}
    if "HX-Request" not in visit.request.headers:
        return _show(visit, sim, is_asked=True, **answer)
    response = show_part(visit, "part/card_codes.html", sim=sim, **answer)
    # An answer without it is no answer of this page: somebody was logged out.
    response[KNOWN_AT] = f"{visit.now:%H:%M:%S}"
    return response


def _show(visit: Visit, sim: Any, *, status: int = 200, **context: object) -> HttpResponse:
    return show(
        visit,
        "sim_codes.html",
        status=status,
        title=f"PIN and PUK of {sim.iccid}",
        sim=sim,
        home=reverse("console:sim", args=[sim.iccid]),
        least=puks.MIN_REASON_LENGTH,
        given_reason=visit.given("reason"),
        reference=requests.request_id_of(visit.request),
        **context,
    )
