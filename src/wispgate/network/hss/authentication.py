"""Authentication-Information (TS 29.272 section 5.2.3): a serving node asks for vectors.

A card whose place is known is answered by one batched statement; all others go the long way.
"""

from dataclasses import dataclass
from typing import Final

from wispgate.domain.diagnosis.evidence import Procedure
from wispgate.domain.policy.decisions import Allowed, Refusal, Refused, decide_authentication
from wispgate.network.hss.answers import (
    AUTHENTICATION_DATA_UNAVAILABLE,
    RESULTS,
    authentication_answer,
    s6a_answer,
    unknown_as,
)
from wispgate.network.hss.authentication_centre import (
    AuthenticationCentre,
    AuthenticationFault,
    IssuedNumbers,
    Vectors,
)
from wispgate.network.hss.refusals import Refusals, identity_of, log_outcome
from wispgate.network.hss.resynchronisations import VectorRequest
from wispgate.network.transport.applications import (
    Batched,
    LineChanges,
    LongWays,
    PendingAnswer,
    Request,
)
from wispgate.store.directory import Directory, Identity, Place

# How often a card that moves between directory and partition is looked up again.
_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class Authenticating:
    """A card whose number is being stepped."""

    wanted: VectorRequest
    place: Place


class Authentication:
    """What answers an AIR."""

    def __init__(
        self, directory: Directory, centre: AuthenticationCentre, refusals: Refusals
    ) -> None:
        self._directory = directory
        self._centre = centre
        self._refusals = refusals
        self._long_ways = LongWays()

    def begin(self, request: Request, wanted: VectorRequest) -> PendingAnswer | None:
        """The answer where the card's place is known and its own number is not in question."""
        place = self._directory.find_known(identity_of(request, wanted.imsi))
        if place is None or wanted.resynchronisation is not None:
            return None
        subject = Authenticating(wanted, place)
        waiting = Batched(request, subject, self._settle)
        self._centre.hand_in(wanted, place, waiting)
        return waiting

    def _settle(
        self, waiting: Batched[Authenticating, IssuedNumbers | None], issued: IssuedNumbers | None
    ) -> None:
        request, wanted, place = waiting.request, waiting.subject.wanted, waiting.subject.place
        if issued is None:
            # The partition does not know the card: it is looked up anew.
            self._directory.forget(identity_of(request, wanted.imsi))
            self._long_ways.take(waiting, self.answer(request, wanted))
            return
        try:
            outcome = self._find_refusal(
                request, wanted, issued, place
            ) or self._centre.compute_at_once(wanted, issued)
        except AuthenticationFault:
            waiting.resolve(s6a_answer(request, AUTHENTICATION_DATA_UNAVAILABLE))
            return
        if outcome is None:
            self._long_ways.take(waiting, self._open_and_answer(request, wanted, issued))
        else:
            waiting.resolve(_authenticated(request, wanted, outcome))

    async def _open_and_answer(
        self, request: Request, wanted: VectorRequest, issued: IssuedNumbers
    ) -> bytes:
        """For a card whose key was not opened before: somebody else may have to do it."""
        try:
            vectors = await self._centre.compute(wanted, issued)
        except AuthenticationFault:
            return s6a_answer(request, AUTHENTICATION_DATA_UNAVAILABLE)
        return _authenticated(request, wanted, vectors)

    async def answer(self, request: Request, wanted: VectorRequest) -> bytes:
        identity = Identity(request.peer.core_id, "imsi", wanted.imsi.digits)
        try:
            answer = await self._authenticate(request, wanted, identity)
        except AuthenticationFault:
            return s6a_answer(request, AUTHENTICATION_DATA_UNAVAILABLE)
        return _authenticated(request, wanted, answer)

    async def _authenticate(
        self, request: Request, wanted: VectorRequest, identity: Identity
    ) -> Vectors | Refusal:
        unknown = unknown_as(request.peer.unknown_imsi)
        for _ in range(_ATTEMPTS):
            place = self._directory.find_known(identity) or await self._directory.find(identity)
            if place is None:
                self._refusals.note(
                    request, Procedure.AUTHENTICATION, wanted.imsi, wanted.plmn, None
                )
                return unknown
            issued = await self._centre.issue(wanted, place)
            if issued is None:
                self._directory.forget(identity)
                continue
            refusal = self._find_refusal(request, wanted, issued, place)
            return refusal or await self._centre.compute(wanted, issued)
        raise LineChanges("the directory and the partition do not agree about a card")

    def _find_refusal(
        self, request: Request, wanted: VectorRequest, issued: IssuedNumbers, place: Place
    ) -> Refusal | None:
        """Why the card gets no vectors, noted; None if it may have them."""
        decision = decide_authentication(
            issued.profile,
            visited_plmn=wanted.plmn.mcc + wanted.plmn.mnc,
            unknown_as=unknown_as(request.peer.unknown_imsi),
        )
        match decision:
            case Refused(reason=reason):
                self._refusals.note(
                    request, Procedure.AUTHENTICATION, wanted.imsi, wanted.plmn, place, reason
                )
                return reason
            case Allowed():
                return None


def _authenticated(request: Request, wanted: VectorRequest, outcome: Vectors | Refusal) -> bytes:
    log_outcome("authentication", request, wanted.imsi, outcome)
    if isinstance(outcome, Refusal):
        return s6a_answer(request, RESULTS[outcome])
    return authentication_answer(request, outcome)
