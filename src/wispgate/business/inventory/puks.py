"""Looking at a card's PUK, which a customer needs who mistyped the PIN three times.

PUKs are sealed with the card's other codes, so that only the authentication function opens them.
`ask` puts a question to it; `answer` gives what it said, once. The private key for that answer is
derived from the installation's login key, which the web has, and from the question.
"""

import hmac
import json
from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings
from django.db import transaction

from wispgate.business.audit import services as audit
from wispgate.business.inventory import queries
from wispgate.business.inventory.models import PukRequest, Sim
from wispgate.business.operators import ids
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import guards
from wispgate.domain.authentication.sealing import OpeningKey, keyring, open_sealed
from wispgate.kernel.errors import InvalidValue, Misconfigured, NotFound, Unavailable

MIN_REASON_LENGTH = 3
_PERMISSION = "field.reveal"


@dataclass(frozen=True, slots=True)
class Puks:
    """`codes` by their names (puk1, puk2); none while the answer is not there yet."""

    is_ready: bool
    codes: dict[str, str] = field(default_factory=dict, repr=False)


def ask(iccid: str, *, reason: str) -> UUID:
    """Asks for a card's PUKs, which the audit takes for seen. Raises NotFound, InvalidValue."""
    with transaction.atomic():
        guards.require(_PERMISSION)
        if len(reason.strip()) < MIN_REASON_LENGTH:
            raise InvalidValue("say why you need to see it", field="reason")
        sim, scope = queries.get_sim(iccid), scopes.current()
        sealed = Sim.objects.values_list("sealed_codes", flat=True).get(id=sim.id)
        if sealed is None:
            raise NotFound("PUK of the card", iccid)
        request_id = ids.new_id(scope.now)
        PukRequest.objects.create(
            id=request_id,
            operator_id=scopes.current_operator_id(),
            iccid=sim.iccid,
            sealed_codes=bytes(sealed),
            recipient=_key_of(request_id).sealing_key.octets,
            asked_by=scope.actor.name,
            asked_at=scope.now,
        )
        with scopes.because(reason.strip()[:200]):
            audit.record_read(
                object_type="inventory_sim", object_id=str(sim.id), what="looked at the PUKs"
            )
    return request_id


def answer(iccid: str, request_id: UUID) -> Puks:
    """The PUKs for who asked, and then never again. Raises NotFound, Unavailable."""
    with transaction.atomic():
        guards.require(_PERMISSION)
        asked = PukRequest.objects.select_for_update().filter(
            id=request_id, iccid=iccid, asked_by=scopes.current().actor.name
        )
        request = asked.first()
        if request is None:
            raise NotFound("question for PUKs", request_id)
        if request.answer is None and not request.failure:
            return Puks(is_ready=False)
        asked.delete()
    if request.answer is None:
        raise Unavailable(request.failure)
    opened = open_sealed(
        keyring([_key_of(request_id)]), bytes(request.answer), bound_to=f"puk:{request_id}"
    )
    return Puks(is_ready=True, codes=json.loads(opened))


def _key_of(request_id: UUID) -> OpeningKey:
    text = str(settings.WISPGATE_LOGIN_KEY)
    if not text:
        raise Misconfigured("this process was not given the installation's login key")
    secret = OpeningKey.from_text(text).octets
    return OpeningKey(hmac.digest(secret, b"wispgate puk request" + request_id.bytes, "sha256"))
