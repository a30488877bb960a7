"""S6a/S6d requests of serving nodes: Authentication-Information, Update-Location, reports.

TS 29.272 sections 5.2.1 and 5.2.3. A fault of ours is never answered "unknown": that would
silence the phone until power cycle.
"""

from collections.abc import Awaitable
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
    s6a_answer,
    unknown_as,
)
from wispgate.network.hss.authentication_centre import (
    AuthenticationCentre,
    AuthenticationFault,
    Vectors,
)
from wispgate.network.hss.locations import Locations, Registered, Registration, Subject
from wispgate.network.hss.reports import Reports
from wispgate.network.hss.requests import LocationRequest, location_request_of, vector_request_of
from wispgate.network.hss.resynchronisations import VectorRequest
from wispgate.network.hss.subscription_data import subscription_data
from wispgate.network.hss.usual import read_air, read_ulr
from wispgate.network.transport.applications import LineChanges, Request
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

    def decode(self, raw: bytes) -> HotAir | HotUlr | None:
        """An AIR or ULR by the hot codec, unless it is unusual."""
        command = int.from_bytes(raw[5:8], "big")
        if command == commands.COMMAND_AUTHENTICATION_INFORMATION:
            return decode_air(raw)
        return decode_ulr(raw) if command == commands.COMMAND_UPDATE_LOCATION else None

    def handle(self, request: Request) -> bytes | Awaitable[bytes]:
        """AIR, ULR, PUR and NOR; other commands are answered 3001."""
        hot = request.hot
        if isinstance(hot, HotAir):
            wanted = read_air(hot, request.peer) or vector_request_of(request)
            return self._authentication_information(request, wanted)
        if isinstance(hot, HotUlr):
            asked = read_ulr(hot) or location_request_of(request.message)
            return self._update_location(request, asked)
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

    # --- Authentication-Information (section 5.2.3) ---------------------------------------------

    async def _authentication_information(self, request: Request, wanted: VectorRequest) -> bytes:
        identity = Identity(request.peer.core_id, "imsi", wanted.imsi.digits)
        try:
            answer = await self._authenticate(request, wanted, identity)
        except AuthenticationFault:
            return s6a_answer(request, AUTHENTICATION_DATA_UNAVAILABLE)
        _log_outcome("authentication", request, wanted.imsi, answer)
        if isinstance(answer, Refusal):
            return s6a_answer(request, RESULTS[answer])
        return authentication_answer(request, answer)

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
            decision = decide_authentication(
                issued.profile, visited_plmn=wanted.plmn.mcc + wanted.plmn.mnc, unknown_as=unknown
            )
            match decision:
                case Refused(reason=reason):
                    self._note(
                        request, Procedure.AUTHENTICATION, wanted.imsi, wanted.plmn, place, reason
                    )
                    return reason
                case Allowed():
                    return await self._centre.compute(wanted, issued)
        raise LineChanges("the directory and the partition do not agree about a card")

    # --- Update-Location (section 5.2.1) --------------------------------------------------------

    async def _update_location(self, request: Request, asked: LocationRequest) -> bytes:
        subject = Subject(request.peer.core_id, asked.imsi)
        identity = Identity(subject.core_id, "imsi", subject.imsi.digits)
        for attempt in range(_ATTEMPTS):
            place = self._directory.find_known(identity) or await self._directory.find(identity)
            # What the authentication just read will do: if it is no longer so, nothing is written.
            line = self._locations.find_known(place) if place and not attempt else None
            is_kept = line is not None
            if place is not None and line is None:
                line = await self._locations.read(subject, place)
                if line is None:
                    self._directory.forget(identity)
                    continue
            decided = await self._decide(request, asked, line, place)
            if isinstance(decided, Refusal) and not is_kept:
                shown = decided if place else Refusal.UNKNOWN_SUBSCRIBER
                self._note(request, Procedure.REGISTRATION, asked.imsi, asked.plmn, place, shown)
                return self._refused(request, asked, decided)
            if isinstance(decided, Registered) and line is not None and place is not None:
                await self._see(subject, asked, line, decided, place)
                return self._registered(request, asked, line, decided)
        raise LineChanges("the line kept changing")

    async def _decide(
        self, request: Request, asked: LocationRequest, line: KnownLine | None, place: Place | None
    ) -> Registered | Refusal | None:
        """What was registered before, a refusal, or None to try again."""
        decision = decide_update_location(
            line.profile if line else None,
            visited_plmn=asked.plmn.mcc + asked.plmn.mnc,
            rat_type=asked.rat_type,
            device=asked.device,
            unknown_as=unknown_as(request.peer.unknown_imsi),
        )
        if isinstance(decision, Refused):
            return decision.reason
        if line is None or place is None:
            return None
        registration = Registration(
            subject=Subject(request.peer.core_id, asked.imsi),
            line_id=line.line_id,
            profile_version=line.profile_version,
            is_exhausted=line.is_exhausted,
            host=asked.host,
            realm=asked.realm,
            plmn=asked.plmn,
            rat_type=asked.rat_type or 0,
            imei=asked.imei,
        )
        return await self._locations.register(registration, place)

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
            return s6a_answer(request, SUCCESS, [_ULA_FLAGS])
        data = subscription_data(line.profile, msisdn=line.msisdn)
        return s6a_answer(request, SUCCESS, [_ULA_FLAGS, data])

    def _note(
        self, request: Request, procedure: Procedure, imsi: Imsi, plmn: Plmn, place: Place | None,
        reason: Refusal = Refusal.UNKNOWN_SUBSCRIBER,
    ) -> None:  # fmt: skip
        """For the authentication log; an unknown IMSI counts as unknown, whatever it is answered."""
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

    def _refused(self, request: Request, asked: LocationRequest, reason: Refusal) -> bytes:
        _log_outcome("registration", request, asked.imsi, reason)
        is_always_full = get_core_profile(request.peer.profile).ula_always_full
        dummy = [_ULA_FLAGS, subscription_data(_DUMMY_PROFILE, msisdn="000")]
        return s6a_answer(request, RESULTS[reason], dummy if is_always_full else [])


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
