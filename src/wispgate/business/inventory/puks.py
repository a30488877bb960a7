"""Looking at a card's PIN and PUK, which a customer needs who mistyped the PIN three times.

They are sealed with the card's other codes, so that only the authentication function opens them.
`ask` puts a question to it; `answer` gives what it said, once. The private key for that answer is
derived from the installation's login key, which the web has, and from the question.

Where looking needs a second person, approving it lets the one who asked look for an hour: the
codes are no act that somebody else could do in their place.
"""

import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from wispgate.business.approvals import services as approvals
from wispgate.business.approvals.acts import Act, Arguments, Asked
from wispgate.business.audit import services as audit
from wispgate.business.inventory import queries
from wispgate.business.inventory.models import PukRequest, Sim
from wispgate.business.operators import ids
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import guards
from wispgate.domain.authentication.sealing import OpeningKey, keyring, open_sealed
from wispgate.kernel.errors import InvalidValue, Misconfigured, NotFound, Unavailable

MIN_REASON_LENGTH: Final = 3
SHOW: Final = "sim.codes"
# For so long who was allowed by a second person may look, as often as the customer asks again.
PERMITTED: Final = timedelta(hours=1)
_PERMISSION: Final = "field.reveal"


@dataclass(frozen=True, slots=True)
class Puks:
    """`codes` by their names (pin1, puk1, pin2, puk2); none while the answer is not there yet."""

    is_ready: bool
    asked_at: datetime
    codes: dict[str, str] = field(default_factory=dict, repr=False)


def ask(iccid: str, *, reason: str) -> UUID:
    """Asks for a card's codes, which the audit takes for seen.

    Raises NotFound, InvalidValue, and ApprovalNeeded where a second person has to allow it.
    """
    with transaction.atomic():
        guards.require(_PERMISSION)
        if len(reason.strip()) < MIN_REASON_LENGTH:
            raise InvalidValue("say why you need to see it", field="reason")
        with scopes.because(reason.strip()[:200]):
            return _ask(iccid)


def acts() -> list[Act]:
    """Registered when the app is ready."""
    return [Act(SHOW, "Show the PIN and PUK of a card", _PERMISSION, _permit)]


def _ask(iccid: str) -> UUID:
    sim, scope = queries.get_sim(iccid), scopes.current()
    sealed, asked = _sealed_codes(sim), _to_show(sim)
    if not approvals.was_approved(asked, since=scope.now - PERMITTED):
        approvals.require_second_person(asked)
    request_id = ids.new_id(scope.now)
    PukRequest.objects.create(
        id=request_id,
        operator_id=scopes.current_operator_id(),
        iccid=sim.iccid,
        sealed_codes=sealed,
        recipient=_key_of(request_id).sealing_key.octets,
        asked_by=scope.actor.name,
        asked_at=scope.now,
    )
    audit.record_read(
        object_type="inventory_sim", object_id=str(sim.id), what="looked at the PIN and PUK"
    )
    return request_id


def _sealed_codes(sim: Sim) -> bytes:
    sealed = Sim.objects.values_list("sealed_codes", flat=True).get(id=sim.id)
    if sealed is None:
        raise NotFound("PIN and PUK of the card", sim.iccid)
    return bytes(sealed)


def _to_show(sim: Sim) -> Asked:
    return Asked(
        act=SHOW,
        arguments={"iccid": sim.iccid},
        title=f"Show the PIN and PUK of card {sim.iccid}",
        words=[
            "Whoever asked may look at the card's PIN and PUK for one hour, again and again.",
            "The network is not touched. Every look is in the audit.",
        ],
        object_type="inventory_sim",
        object_id=str(sim.id),
    )


def _permit(given: Arguments) -> None:
    """What was approved is kept by the request itself; the card may be gone meanwhile."""
    _sealed_codes(queries.get_sim(given["iccid"]))


def answer(iccid: str, request_id: UUID) -> Puks:
    """The codes for who asked, and then never again. Raises NotFound, Unavailable."""
    with transaction.atomic():
        guards.require(_PERMISSION)
        asked = PukRequest.objects.select_for_update().filter(
            id=request_id, iccid=iccid, asked_by=scopes.current().actor.name
        )
        request = asked.first()
        if request is None:
            raise NotFound("question for PUKs", request_id)
        if request.answer is None and not request.failure:
            return Puks(is_ready=False, asked_at=request.asked_at)
        asked.delete()
    if request.answer is None:
        raise Unavailable(request.failure)
    opened = open_sealed(
        keyring([_key_of(request_id)]), bytes(request.answer), bound_to=f"puk:{request_id}"
    )
    return Puks(is_ready=True, asked_at=request.asked_at, codes=json.loads(opened))


def _key_of(request_id: UUID) -> OpeningKey:
    text = str(settings.WISPGATE_LOGIN_KEY)
    if not text:
        raise Misconfigured("this process was not given the installation's login key")
    secret = OpeningKey.from_text(text).octets
    return OpeningKey(hmac.digest(secret, b"wispgate puk request" + request_id.bytes, "sha256"))
