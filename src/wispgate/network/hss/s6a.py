"""S6a/S6d requests of serving nodes: Authentication-Information, Update-Location, reports.

TS 29.272 sections 5.2.1 and 5.2.3. A fault of ours is never answered "unknown": that would
silence the phone until power cycle.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final

import structlog

from wispgate.domain.diagnosis.evidence import Procedure
from wispgate.domain.plan.speed import Speed
from wispgate.domain.policy.capabilities import get_core_profile
from wispgate.domain.policy.decisions import (
    Allowed,
    Refusal,
    Refused,
    decide_authentication,
    decide_update_location,
)
from wispgate.domain.policy.profile import ApnProfile, NetworkProfile
from wispgate.kernel.clock import Clock
from wispgate.kernel.identifiers import Imsi
from wispgate.kernel.plmn import Plmn
from wispgate.network.hss.answers import (
    AUTHENTICATION_DATA_UNAVAILABLE,
    RESULTS,
    SUCCESS,
    authentication_answer,
    common_features,
    diagnostic,
    s6a_answer,
    unknown_as,
)
from wispgate.network.hss.authentication_centre import (
    AuthenticationCentre,
    AuthenticationFault,
    IssuedNumbers,
    Vectors,
)
from wispgate.network.hss.locations import Locations, Registered, Registration, Subject
from wispgate.network.hss.reports import Reports
from wispgate.network.hss.requests import LocationRequest, location_request_of, vector_request_of
from wispgate.network.hss.resynchronisations import VectorRequest
from wispgate.network.hss.subscription_data import subscription_data
from wispgate.network.hss.usual import read_air, read_ulr
from wispgate.network.transport.applications import (
    Answer,
    Batched,
    LineChanges,
    LongWays,
    PendingAnswer,
    Request,
)
from wispgate.network.transport.metrics import count_refusal
from wispgate.store.access_log import AccessLog, Note
from wispgate.store.directory import Directory, Identity, Place
from wispgate.store.equipment import LockedLine
from wispgate.store.lines import KnownLine
from wispgate.wire.diameter import commands
from wispgate.wire.diameter.answers import Result
from wispgate.wire.diameter.hot.s6a import HotAir, HotUlr, decode_air, decode_ulr
from wispgate.wire.diameter.hot.vectors import ula_flags
from wispgate.wire.diameter.results import ResultCode

_log = structlog.get_logger("s6a")

_COMMAND_UNSUPPORTED: Final = Result(ResultCode.COMMAND_UNSUPPORTED)
_SEPARATION_INDICATION: Final = 1
_ULA_FLAGS: Final = ula_flags(_SEPARATION_INDICATION)
# How often a line that changes between reading and writing is read again.
_ATTEMPTS: Final = 5
# What an MME that drops answers without Subscription-Data gets with a refusal: nothing usable.
_DUMMY_PROFILE: Final = NetworkProfile(
    version=0, apns=(ApnProfile(1, "none", Speed(1, 1)),), speed=Speed(1, 1)
)


@dataclass(frozen=True, slots=True)
class Authenticating:
    """A card whose number is being stepped."""

    wanted: VectorRequest
    place: Place


@dataclass(frozen=True, slots=True)
class Registering:
    """A phone whose place is being written, as was decided upon this line."""

    asked: LocationRequest
    line: KnownLine
    place: Place


class S6a:
    """The S6a application of the node."""

    application_id = commands.APPLICATION_S6A
    vendor_id = commands.VENDOR_3GPP

    def __init__(
        self,
        directory: Directory,
        centre: AuthenticationCentre,
        locations: Locations,
        reports: Reports,
        access_log: AccessLog,
        *,
        clock: Clock,
    ) -> None:
        self._directory = directory
        self._centre = centre
        self._locations = locations
        self._reports = reports
        self._access_log = access_log
        self._clock = clock
        self._long_ways = LongWays()

    def decode(self, raw: bytes) -> HotAir | HotUlr | None:
        """An AIR or ULR by the hot codec, unless it is unusual."""
        command = int.from_bytes(raw[5:8], "big")
        if command == commands.COMMAND_AUTHENTICATION_INFORMATION:
            return decode_air(raw)
        return decode_ulr(raw) if command == commands.COMMAND_UPDATE_LOCATION else None

    def handle(self, request: Request) -> Answer:
        """AIR, ULR, PUR and NOR; other commands are answered 3001."""
        hot = request.hot
        if isinstance(hot, HotAir):
            wanted = read_air(hot, request.peer) or vector_request_of(request)
            return self._begin_authentication(request, wanted) or (
                self._authentication_information(request, wanted)
            )
        if isinstance(hot, HotUlr):
            asked = read_ulr(hot) or location_request_of(request.message)
            return self._begin_registration(request, asked) or self._update_location(request, asked)
        return self._handle_generic(request)

    def _handle_generic(self, request: Request) -> bytes | Awaitable[bytes]:
        match request.message.header.command_code:
            case commands.COMMAND_AUTHENTICATION_INFORMATION:
                return self._authentication_information(request, vector_request_of(request))
            case commands.COMMAND_UPDATE_LOCATION:
                return self._update_location(request, location_request_of(request.message))
            case commands.COMMAND_PURGE_UE:
                return self._reports.purge(request)
            case commands.COMMAND_NOTIFY:
                return self._reports.notify(request)
            case _:
                return s6a_answer(request, _COMMAND_UNSUPPORTED)

    # --- what is in memory already: one statement, and no task ----------------------------------

    def _begin_authentication(
        self, request: Request, wanted: VectorRequest
    ) -> PendingAnswer | None:
        """The answer where the card's place is known and its own number is not in question."""
        place = self._directory.find_known(_identity_of(request, wanted.imsi))
        if place is None or wanted.resynchronisation is not None:
            return None
        subject = Authenticating(wanted, place)
        waiting = Batched(request, subject, self._settle_authentication)
        self._centre.hand_in(wanted, place, waiting)
        return waiting

    def _settle_authentication(
        self, waiting: Batched[Authenticating, IssuedNumbers | None], issued: IssuedNumbers | None
    ) -> None:
        request, wanted, place = waiting.request, waiting.subject.wanted, waiting.subject.place
        if issued is None:
            # The partition does not know the card: it is looked up anew.
            self._directory.forget(_identity_of(request, wanted.imsi))
            self._long_ways.take(waiting, self._authentication_information(request, wanted))
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

    def _begin_registration(self, request: Request, asked: LocationRequest) -> PendingAnswer | None:
        """The answer upon the line that the authentication read: if that is no more, nothing is
        written. None where it is not kept; and who would be refused has the row read first.
        """
        place = self._directory.find_known(_identity_of(request, asked.imsi))
        line = None if place is None else self._locations.find_known(place)
        if place is None or line is None:
            return None
        if isinstance(_decide_location(request, asked, line), Refused):
            return None
        waiting = Batched(request, Registering(asked, line, place), self._settle_registration)
        self._locations.hand_in(_registration(request, asked, line), place, waiting)
        return waiting

    def _settle_registration(
        self, waiting: Batched[Registering, Registered | None], before: Registered | None
    ) -> None:
        request, registering = waiting.request, waiting.subject
        asked, line = registering.asked, registering.line
        if before is None:
            self._locations.forget_line(line.line_id)
            self._long_ways.take(waiting, self._update_location(request, asked))
        elif self._reports.is_new_device(asked.imei, before.imei):
            self._long_ways.take(waiting, self._see_and_answer(request, registering, before))
        else:
            waiting.resolve(self._registered(request, asked, line, before))

    async def _see_and_answer(
        self, request: Request, registering: Registering, before: Registered
    ) -> bytes:
        asked, line = registering.asked, registering.line
        subject = Subject(request.peer.core_id, asked.imsi)
        await self._see(subject, asked, line, before, registering.place)
        return self._registered(request, asked, line, before)

    # --- Authentication-Information (section 5.2.3) ---------------------------------------------

    async def _authentication_information(self, request: Request, wanted: VectorRequest) -> bytes:
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
                self._note(request, Procedure.AUTHENTICATION, wanted.imsi, wanted.plmn, None)
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
                self._note(
                    request, Procedure.AUTHENTICATION, wanted.imsi, wanted.plmn, place, reason
                )
                return reason
            case Allowed():
                return None

    # --- Update-Location (section 5.2.1) --------------------------------------------------------

    async def _update_location(self, request: Request, asked: LocationRequest) -> bytes:
        subject = Subject(request.peer.core_id, asked.imsi)
        identity = Identity(subject.core_id, "imsi", subject.imsi.digits)
        for _ in range(_ATTEMPTS):
            place = self._directory.find_known(identity) or await self._directory.find(identity)
            line = None
            if place is not None:
                line = await self._locations.read(subject, place)
                if line is None:
                    self._directory.forget(identity)
                    continue
            decided = await self._decide(request, asked, line, place)
            if isinstance(decided, Refused):
                shown = decided.reason if place else Refusal.UNKNOWN_SUBSCRIBER
                self._note(request, Procedure.REGISTRATION, asked.imsi, asked.plmn, place, shown)
                return self._refused(request, asked, decided)
            if isinstance(decided, Registered) and line is not None and place is not None:
                await self._see(subject, asked, line, decided, place)
                return self._registered(request, asked, line, decided)
        raise LineChanges("the line kept changing")

    async def _decide(
        self, request: Request, asked: LocationRequest, line: KnownLine | None, place: Place | None
    ) -> Registered | Refused | None:
        """What was registered before, a refusal, or None to try again."""
        decision = _decide_location(request, asked, line)
        if isinstance(decision, Refused):
            return decision
        if line is None or place is None:
            return None
        return await self._locations.register(_registration(request, asked, line), place)

    async def _see(
        self, subject: Subject, asked: LocationRequest, line: KnownLine, before: Registered,
        place: Place,
    ) -> None:  # fmt: skip
        owner = LockedLine(line.line_id, place.operator_id, place.account_id, ())
        await self._reports.see(subject, owner, place, imei=asked.imei, before=before.imei)

    def _registered(
        self, request: Request, asked: LocationRequest, line: KnownLine, before: Registered
    ) -> bytes:
        _log_outcome("registration", request, asked.imsi, line)
        is_always_full = get_core_profile(request.peer.profile).ula_always_full
        if not is_always_full and _may_skip_data(asked, line, before):
            return s6a_answer(request, SUCCESS, [_ULA_FLAGS, *common_features(asked.features)])
        data = subscription_data(
            line.profile,
            msisdn=line.msisdn,
            features=asked.features,
            has_gprs_data=asked.wants_gprs_data,
        )
        return s6a_answer(request, SUCCESS, [_ULA_FLAGS, *common_features(asked.features), data])

    def _note(
        self, request: Request, procedure: Procedure, imsi: Imsi, plmn: Plmn, place: Place | None,
        reason: Refusal = Refusal.UNKNOWN_SUBSCRIBER,
    ) -> None:  # fmt: skip
        """For the authentication log; an unknown IMSI counts as unknown, whatever it is answered."""
        count_refusal(procedure, reason.value)
        note = Note(
            core_id=request.peer.core_id,
            imsi=imsi.digits,
            procedure=procedure,
            result=reason.value,
            peer=request.peer.identity,
            visited_plmn=str(plmn),
            place=place,
        )
        self._access_log.note(note, now=self._clock.now())

    def _refused(self, request: Request, asked: LocationRequest, refused: Refused) -> bytes:
        _log_outcome("registration", request, asked.imsi, refused.reason)
        is_always_full = get_core_profile(request.peer.profile).ula_always_full
        dummy = [_ULA_FLAGS, subscription_data(_DUMMY_PROFILE, msisdn="000")]
        avps = [*diagnostic(refused), *(dummy if is_always_full else [])]
        return s6a_answer(request, RESULTS[refused.reason], avps)


def _identity_of(request: Request, imsi: Imsi) -> Identity:
    return Identity(request.peer.core_id, "imsi", imsi.digits)


def _authenticated(request: Request, wanted: VectorRequest, outcome: Vectors | Refusal) -> bytes:
    _log_outcome("authentication", request, wanted.imsi, outcome)
    if isinstance(outcome, Refusal):
        return s6a_answer(request, RESULTS[outcome])
    return authentication_answer(request, outcome)


def _decide_location(
    request: Request, asked: LocationRequest, line: KnownLine | None
) -> Allowed | Refused:
    return decide_update_location(
        line.profile if line else None,
        visited_plmn=asked.plmn.mcc + asked.plmn.mnc,
        rat_type=asked.rat_type,
        device=asked.device,
        features=asked.features,
        unknown_as=unknown_as(request.peer.unknown_imsi),
    )


def _registration(request: Request, asked: LocationRequest, line: KnownLine) -> Registration:
    return Registration(
        subject=Subject(request.peer.core_id, asked.imsi),
        line_id=line.line_id,
        profile_version=line.profile_version,
        is_exhausted=line.is_exhausted,
        host=asked.host,
        realm=asked.realm,
        plmn=asked.plmn,
        rat_type=asked.rat_type or 0,
        imei=asked.imei,
        node=asked.node,
        sgsn_number=asked.sgsn_number,
        features=asked.features,
        ending=asked.ending,
    )


def _may_skip_data(asked: LocationRequest, line: KnownLine, before: Registered) -> bool:
    """Skip-Subscriber-Data holds only where this very node has this very version."""
    # A plan that throttles changes the AMBR without another version of the profile.
    is_current = (
        before.known_profile_version == line.profile_version
        and line.profile.throttled_speed is None
    )
    return asked.may_skip_data and before.host == asked.host and is_current


def _log_outcome(what: str, request: Request, imsi: Imsi, outcome: object) -> None:
    shown = outcome.value if isinstance(outcome, Refusal) else "allowed"
    _log.debug(what, peer=request.peer.identity, imsi=imsi.digits, outcome=shown)
