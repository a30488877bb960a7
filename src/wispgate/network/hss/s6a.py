"""S6a/S6d requests of serving nodes: Authentication-Information and Update-Location.

TS 29.272 sections 5.2.1 and 5.2.3. A fault of ours is never answered "unknown": that would
silence the phone until power cycle.
"""

from collections.abc import Awaitable
from typing import Final

import structlog

from wispgate.domain.authentication.sqn import (
    ResynchronisationRequest,
    find_resynchronisation_request,
)
from wispgate.domain.authentication.vectors import decide_vector_count
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
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.identifiers import Imsi
from wispgate.kernel.plmn import Plmn
from wispgate.network.hss.answers import (
    AUTHENTICATION_DATA_UNAVAILABLE,
    RESULTS,
    SUCCESS,
    s6a_answer,
    unknown_as,
)
from wispgate.network.hss.authentication_centre import (
    AuthenticationCentre,
    AuthenticationFault,
    VectorRequest,
    Vectors,
)
from wispgate.network.hss.locations import KnownLine, Locations, Registration, Subject
from wispgate.network.hss.subscription_data import subscription_data
from wispgate.network.transport.applications import LineChanges, Request
from wispgate.store.directory import Directory, Identity, Place
from wispgate.wire.diameter import commands
from wispgate.wire.diameter.answers import Result
from wispgate.wire.diameter.avp import Avp
from wispgate.wire.diameter.errors import InvalidAvpValue
from wispgate.wire.diameter.message import AvpItem, Message
from wispgate.wire.diameter.results import ResultCode

_log = structlog.get_logger("s6a")

_COMMAND_UNSUPPORTED: Final = Result(ResultCode.COMMAND_UNSUPPORTED)
_SEPARATION_INDICATION: Final = 1
_SKIP_SUBSCRIBER_DATA: Final = 1 << 2
_EUTRAN: Final = "Requested-EUTRAN-Authentication-Info"
_UTRAN: Final = "Requested-UTRAN-GERAN-Authentication-Info"
# How often a line that changes between reading and writing is read again.
_ATTEMPTS: Final = 5
# A DiameterIdentity is a domain name.
_LONGEST_IDENTITY: Final = 255
# What an MME that drops answers without Subscription-Data gets with a refusal: nothing usable.
_DUMMY_PROFILE: Final = NetworkProfile(
    version=0, apns=(ApnProfile(1, "none", Speed(1, 1)),), speed=Speed(1, 1)
)


class S6a:
    """The S6a application of the node."""

    application_id = commands.APPLICATION_S6A
    vendor_id = commands.VENDOR_3GPP

    def __init__(
        self, directory: Directory, centre: AuthenticationCentre, locations: Locations
    ) -> None:
        self._directory = directory
        self._centre = centre
        self._locations = locations

    def handle(self, request: Request) -> bytes | Awaitable[bytes]:
        """AIR and ULR; other commands are answered 3001."""
        match request.message.header.command_code:
            case commands.COMMAND_AUTHENTICATION_INFORMATION:
                return self._authentication_information(request)
            case commands.COMMAND_UPDATE_LOCATION:
                return self._update_location(request)
            case _:
                return s6a_answer(request, _COMMAND_UNSUPPORTED)

    # --- Authentication-Information (section 5.2.3) ---------------------------------------------

    async def _authentication_information(self, request: Request) -> bytes:
        wanted = vector_request_of(request)
        identity = Identity(request.peer.core_id, "imsi", wanted.imsi.digits)
        try:
            answer = await self._authenticate(request, wanted, identity)
        except AuthenticationFault:
            return s6a_answer(request, AUTHENTICATION_DATA_UNAVAILABLE)
        _log_outcome("authentication", request, wanted.imsi, answer)
        if isinstance(answer, Refusal):
            return s6a_answer(request, RESULTS[answer])
        return s6a_answer(request, SUCCESS, [_authentication_info(answer)])

    async def _authenticate(
        self, request: Request, wanted: VectorRequest, identity: Identity
    ) -> Vectors | Refusal:
        unknown = unknown_as(request.peer.unknown_imsi)
        for _ in range(_ATTEMPTS):
            place = await self._directory.find(identity)
            if place is None:
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
                    return reason
                case Allowed():
                    return self._centre.compute(wanted, issued)
        raise LineChanges("the directory and the partition do not agree about a card")

    # --- Update-Location (section 5.2.1) --------------------------------------------------------

    async def _update_location(self, request: Request) -> bytes:
        subject = Subject(request.peer.core_id, imsi_of(request.message))
        identity = Identity(subject.core_id, "imsi", subject.imsi.digits)
        for _ in range(_ATTEMPTS):
            place = await self._directory.find(identity)
            known = await self._locations.read(subject, place) if place else None
            if place is not None and known is None:
                self._directory.forget(identity)
                continue
            decided = await self._decide_location(request, subject, place, known)
            if decided is not None:
                _log_outcome("registration", request, subject.imsi, decided)
                return self._location_answer(request, decided)
        raise LineChanges("the line kept changing")

    async def _decide_location(
        self, request: Request, subject: Subject, place: Place | None, known: KnownLine | None
    ) -> KnownLine | Refusal | None:
        """The line as it is registered now, a refusal, or None to try again."""
        plmn = visited_plmn_of(request.message)
        rat_type = request.message.find_int("RAT-Type")
        decision = decide_update_location(
            known.profile if known else None,
            visited_plmn=plmn.mcc + plmn.mnc,
            rat_type=rat_type,
            unknown_as=unknown_as(request.peer.unknown_imsi),
        )
        if isinstance(decision, Refused):
            return decision.reason
        if known is None or place is None:
            return None
        registration = Registration(
            subject=subject,
            line_id=known.line_id,
            profile_version=known.profile_version,
            is_exhausted=known.profile.is_exhausted,
            host=identity_of(request.message, commands.AVP_ORIGIN_HOST),
            realm=identity_of(request.message, commands.AVP_ORIGIN_REALM),
            plmn=plmn,
            rat_type=rat_type or 0,
            imei=_imei_of(request.message),
        )
        return known if await self._locations.register(registration, place) else None

    def _location_answer(self, request: Request, decided: KnownLine | Refusal) -> bytes:
        is_always_full = get_core_profile(request.peer.profile).ula_always_full
        flags: AvpItem = ("ULA-Flags", _SEPARATION_INDICATION)
        if isinstance(decided, Refusal):
            dummy = [flags, subscription_data(_DUMMY_PROFILE, msisdn="000")]
            return s6a_answer(request, RESULTS[decided], dummy if is_always_full else [])
        data = subscription_data(decided.profile, msisdn=decided.msisdn)
        if is_always_full or not _may_skip_data(request, decided):
            return s6a_answer(request, SUCCESS, [flags, data])
        return s6a_answer(request, SUCCESS, [flags])


def imsi_of(message: Message) -> Imsi:
    """User-Name is the IMSI. Raises InvalidAvpValue with the AVP at fault."""
    avp = message.get_avp("User-Name")
    try:
        return Imsi(message.get_text("User-Name"))
    except InvalidValue as error:
        raise InvalidAvpValue(error.message, failed_avp=avp.encode()) from None


def identity_of(message: Message, key: int) -> str:
    """Origin-Host or Origin-Realm, a name that can be kept. Raises InvalidAvpValue."""
    name = message.get_text(key)
    if not (name.isascii() and name.isprintable() and 0 < len(name) <= _LONGEST_IDENTITY):
        failed_avp = message.get_avp(key).encode()
        raise InvalidAvpValue("not a DiameterIdentity", failed_avp=failed_avp)
    return name


def visited_plmn_of(message: Message) -> Plmn:
    """Visited-PLMN-Id. Raises InvalidAvpValue with the AVP at fault."""
    avp = message.get_avp("Visited-PLMN-Id")
    try:
        return Plmn.decode(avp.data)
    except InvalidValue as error:
        raise InvalidAvpValue(error.message, failed_avp=avp.encode()) from None


def vector_request_of(request: Request) -> VectorRequest:
    """What an AIR asks for. Raises InvalidAvpValue, or InvalidValue for a double resynchronisation."""
    message = request.message
    eutran, utran = message.find_avp(_EUTRAN), message.find_avp(_UTRAN)
    resynchronisations = [
        found for group in (eutran, utran) if group and (found := _resynchronisation(group))
    ]
    if len(resynchronisations) > 1:
        # Section 5.2.3.1.3: then the HSS answers UNABLE_TO_COMPLY.
        raise DoubleResynchronisation("resynchronisation is asked for twice")
    return VectorRequest(
        core_id=request.peer.core_id,
        imsi=imsi_of(message),
        serving_node=identity_of(message, commands.AVP_ORIGIN_HOST),
        plmn=visited_plmn_of(message),
        eutran_vectors=_count(eutran) if eutran or not utran else 0,
        utran_vectors=_count(utran) if utran else 0,
        resynchronisation=resynchronisations[0] if resynchronisations else None,
    )


class DoubleResynchronisation(InvalidAvpValue):
    code = "double_resynchronisation"
    result_code = ResultCode.UNABLE_TO_COMPLY


def _count(group: Avp | None) -> int:
    wanted = group.members.find_int("Number-Of-Requested-Vectors") if group else None
    return decide_vector_count(1 if wanted is None else wanted)


def _resynchronisation(group: Avp) -> ResynchronisationRequest | None:
    avp = group.members.find_avp("Re-Synchronization-Info")
    if avp is None:
        return None
    try:
        return find_resynchronisation_request(avp.data)
    except InvalidValue as error:
        raise InvalidAvpValue(error.message, failed_avp=group.around(avp.encode())) from None


def _authentication_info(vectors: Vectors) -> AvpItem:
    """Section 7.3.17: Item-Number tells the order where there are several."""
    is_numbered = len(vectors.eutran) > 1
    groups: list[AvpItem] = []
    for number, eutran in enumerate(vectors.eutran, start=1):
        members: list[AvpItem] = [("Item-Number", number)] if is_numbered else []
        members += [
            ("RAND", eutran.rand),
            ("XRES", eutran.xres),
            ("AUTN", eutran.autn),
            ("KASME", eutran.kasme),
        ]
        groups.append(("E-UTRAN-Vector", members))
    for number, utran in enumerate(vectors.utran, start=1):
        members = [("Item-Number", number)] if len(vectors.utran) > 1 else []
        members += [
            ("RAND", utran.rand),
            ("XRES", utran.xres),
            ("AUTN", utran.autn),
            ("Confidentiality-Key", utran.ck),
            ("Integrity-Key", utran.ik),
        ]
        groups.append(("UTRAN-Vector", members))
    return ("Authentication-Info", groups)


def _may_skip_data(request: Request, known: KnownLine) -> bool:
    """Skip-Subscriber-Data holds only where this very node has this very version."""
    flags = request.message.find_int("ULR-Flags") or 0
    host = request.message.get_text(commands.AVP_ORIGIN_HOST)
    # A plan that throttles changes the AMBR without another version of the profile.
    is_current = (
        known.known_profile_version == known.profile_version
        and known.profile.throttled_speed is None
    )
    return bool(flags & _SKIP_SUBSCRIBER_DATA) and known.previous_host == host and is_current


def _imei_of(message: Message) -> str | None:
    """The IMEI as it came: 14 to 16 digits. Anything else is nothing that is worth keeping."""
    terminal = message.find_avp("Terminal-Information")
    imei = terminal.members.find_text("IMEI") if terminal else None
    is_plausible = imei is not None and imei.isascii() and imei.isdigit() and 14 <= len(imei) <= 16
    return imei if is_plausible else None


def _log_outcome(what: str, request: Request, imsi: Imsi, outcome: object) -> None:
    shown = outcome.value if isinstance(outcome, Refusal) else "allowed"
    _log.debug(what, peer=request.peer.identity, imsi=imsi.digits, outcome=shown)
