"""Update-Location (TS 29.272 section 5.2.1): a serving node has a phone, and wants its profile.

A line that the authentication has just read is registered by one batched statement, which writes
nothing if the line is no more what it was; all others go the long way.
"""

from dataclasses import dataclass
from typing import Final

from wispgate.domain.diagnosis.evidence import Procedure
from wispgate.domain.plan.speed import Speed
from wispgate.domain.policy.capabilities import get_core_profile
from wispgate.domain.policy.decisions import Allowed, Refusal, Refused, decide_update_location
from wispgate.domain.policy.profile import ApnProfile, NetworkProfile
from wispgate.network.hss.answers import (
    RESULTS,
    SUCCESS,
    common_features,
    diagnostic,
    s6a_answer,
    unknown_as,
)
from wispgate.network.hss.locations import Locations, Registered, Registration, Subject
from wispgate.network.hss.refusals import Refusals, identity_of, log_outcome
from wispgate.network.hss.reports import Reports
from wispgate.network.hss.requests import LocationRequest
from wispgate.network.hss.subscription_data import subscription_data
from wispgate.network.transport.applications import (
    Batched,
    LineChanges,
    LongWays,
    PendingAnswer,
    Request,
)
from wispgate.store.directory import Directory, Identity, Place
from wispgate.store.equipment import LockedLine
from wispgate.store.lines import KnownLine
from wispgate.wire.diameter.hot.vectors import ula_flags

_SEPARATION_INDICATION: Final = 1
_ULA_FLAGS: Final = ula_flags(_SEPARATION_INDICATION)
# How often a line that changes between reading and writing is read again.
_ATTEMPTS: Final = 5
# What an MME that drops answers without Subscription-Data gets with a refusal: nothing usable.
_DUMMY_PROFILE: Final = NetworkProfile(
    version=0, apns=(ApnProfile(1, "none", Speed(1, 1)),), speed=Speed(1, 1)
)


@dataclass(frozen=True, slots=True)
class Registering:
    """A phone whose place is being written, as was decided upon this line."""

    asked: LocationRequest
    line: KnownLine
    place: Place


class LocationUpdates:
    """What answers a ULR."""

    def __init__(
        self, directory: Directory, locations: Locations, reports: Reports, refusals: Refusals
    ) -> None:
        self._directory = directory
        self._locations = locations
        self._reports = reports
        self._refusals = refusals
        self._long_ways = LongWays()

    def begin(self, request: Request, asked: LocationRequest) -> PendingAnswer | None:
        """The answer upon the line that the authentication read: if that is no more, nothing is
        written. None where it is not kept; and who would be refused has the row read first.
        """
        place = self._directory.find_known(identity_of(request, asked.imsi))
        line = None if place is None else self._locations.find_known(place)
        if place is None or line is None:
            return None
        if isinstance(_decide_location(request, asked, line), Refused):
            return None
        waiting = Batched(request, Registering(asked, line, place), self._settle)
        self._locations.hand_in(_registration(request, asked, line), place, waiting)
        return waiting

    def _settle(
        self, waiting: Batched[Registering, Registered | None], before: Registered | None
    ) -> None:
        request, registering = waiting.request, waiting.subject
        asked, line = registering.asked, registering.line
        if before is None:
            self._locations.forget_line(line.line_id)
            self._long_ways.take(waiting, self.answer(request, asked))
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

    async def answer(self, request: Request, asked: LocationRequest) -> bytes:
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
                self._refusals.note(
                    request, Procedure.REGISTRATION, asked.imsi, asked.plmn, place, shown
                )
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
        log_outcome("registration", request, asked.imsi, line)
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

    def _refused(self, request: Request, asked: LocationRequest, refused: Refused) -> bytes:
        log_outcome("registration", request, asked.imsi, refused.reason)
        is_always_full = get_core_profile(request.peer.profile).ula_always_full
        dummy = [_ULA_FLAGS, subscription_data(_DUMMY_PROFILE, msisdn="000")]
        avps = [*diagnostic(refused), *(dummy if is_always_full else [])]
        return s6a_answer(request, RESULTS[refused.reason], avps)


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
