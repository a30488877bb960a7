"""Gy and Ro: the Diameter Credit-Control application (RFC 8506, TS 32.299)."""

from typing import Final

import structlog

from wispgate.domain.charging.requests import RequestKind
from wispgate.domain.diagnosis.evidence import Procedure
from wispgate.domain.policy.capabilities import get_core_profile
from wispgate.domain.policy.decisions import Refusal
from wispgate.kernel.clock import Clock
from wispgate.network.ocs.answers import (
    build_answer,
    build_hot_answer,
    build_refusal,
    frame_hot_answer,
)
from wispgate.network.ocs.brief import brief_of
from wispgate.network.ocs.charging import Charging
from wispgate.network.ocs.stored import StoredAnswer
from wispgate.network.ocs.translation import (
    CreditControl,
    UnknownService,
    UnservedAction,
    read_request,
)
from wispgate.network.ocs.usual import read_hot
from wispgate.network.ocs.work import Work
from wispgate.network.transport.applications import (
    Answer,
    LongWays,
    PendingAnswer,
    RemotePeer,
    Request,
)
from wispgate.network.transport.metrics import count_refusal
from wispgate.store.access_log import AccessLog, Note, is_imsi, plain
from wispgate.store.directory import Directory, Identity, Place
from wispgate.store.hot import HotStore
from wispgate.wire.diameter import commands
from wispgate.wire.diameter.answers import Result, answer_to
from wispgate.wire.diameter.hot.credit_control import HotCcr, decode_ccr
from wispgate.wire.diameter.results import ResultCode

_log = structlog.get_logger("gy")

# A line that moved to another partition is looked up once more.
_ATTEMPTS: Final = 2
_USER_UNKNOWN: Final = StoredAnswer(result_code=ResultCode.USER_UNKNOWN)


class Gy:
    """The credit-control application of the node."""

    application_id = commands.APPLICATION_CREDIT_CONTROL
    vendor_id = 0

    def __init__(
        self, store: HotStore, directory: Directory, charging: Charging, access_log: AccessLog,
        *, clock: Clock,
    ) -> None:  # fmt: skip
        self._access_log = access_log
        self._clock = clock
        self._store = store
        self._directory = directory
        self._charging = charging
        self._long_ways = LongWays()

    def decode(self, raw: bytes) -> HotCcr | None:
        """A CCR by the hot codec, unless it is unusual."""
        return decode_ccr(raw)

    def handle(self, request: Request) -> Answer:
        """CCR; other commands are answered 3001."""
        hot = request.hot
        if isinstance(hot, HotCcr):
            pending = self._begin(request, hot)
            if pending is not None:
                return pending
        elif request.message.header.command_code != commands.COMMAND_CREDIT_CONTROL:
            return answer_to(request.message, ResultCode.COMMAND_UNSUPPORTED, request.origin)
        try:
            asked = read_hot(hot) if isinstance(hot, HotCcr) else read_request(request.message)
        except (UnknownService, UnservedAction) as error:
            result = Result(error.result_code, failed_avp=error.failed_avp)
            return build_refusal(request.message, request.origin, result)
        return self._credit_control(request, asked)

    # --- the usual request of a known subscriber ----------------------------------------------

    def _begin(self, request: Request, hot: HotCcr) -> PendingAnswer | None:
        """The answer in the making, where nothing has to be looked up first."""
        brief = brief_of(hot)
        if brief is None:
            return None
        peer = request.peer
        place = self._directory.find_known(Identity(peer.core_id, "imsi", brief.imsi))
        if place is None:
            return None
        core = get_core_profile(peer.profile)
        work = Work.in_brief(hot, brief, place.line_id, peer.core_id, peer=peer.identity, core=core)
        waiting = WaitingAnswer(self, request, hot, work, place)
        self._charging.hand_in(work, place, waiting)
        return waiting

    def begin_again(self, waiting: "WaitingAnswer") -> None:
        """The line is not where it was: it is looked up anew."""
        work = waiting.work
        self._directory.forget(Identity(work.core_id, *work.asked.identities[0]))
        self._long_ways.take(waiting, self._credit_control(waiting.request, work.asked))

    # --- all others ---------------------------------------------------------------------------

    async def _credit_control(self, request: Request, asked: CreditControl) -> bytes:
        answer = await self._charge(request, asked)
        _log.debug(
            "credit control",
            peer=request.peer.identity,
            session=asked.charge.session_id,
            number=asked.charge.number,
            result=int(answer.result_code),
        )
        hot = request.hot
        if isinstance(hot, HotCcr):
            return build_hot_answer(hot, request.origin, asked, answer)
        return build_answer(request.message, request.origin, asked, answer)

    async def _charge(self, request: Request, asked: CreditControl) -> StoredAnswer:
        peer = request.peer
        core = get_core_profile(peer.profile)
        for _ in range(_ATTEMPTS):
            identity = Identity(peer.core_id, *asked.identities[0]) if asked.identities else None
            place = self._directory.find_known(identity) if identity is not None else None
            if place is None:
                identity, place = await self._find(request, asked)
            if place is None:
                return self._unknown(peer, asked)
            work = Work(asked, place.line_id, peer.core_id, peer.identity, core)
            if isinstance(request.hot, HotCcr):
                work.brief = brief_of(request.hot)
            answer = await self._charging.charge(work, place)
            if answer is not None:
                if work.refusal:
                    self.note_refusal(peer, asked, work.refusal, place)
                return answer
            if identity is not None:
                self._directory.forget(identity)
        return self._unknown(peer, asked)

    def _unknown(self, peer: RemotePeer, asked: CreditControl) -> StoredAnswer:
        if asked.charge.kind is RequestKind.INITIAL:
            self.note_refusal(peer, asked, Refusal.UNKNOWN_SUBSCRIBER.value, None)
        return _USER_UNKNOWN

    def note_refusal(
        self, peer: RemotePeer, asked: CreditControl, reason: str, place: Place | None
    ) -> None:
        """For the authentication log: a session that was not begun, of a phone that has a name."""
        imsi = next((value for kind, value in asked.identities if kind == "imsi"), "")
        _log.debug("refused", peer=peer.identity, imsi=imsi, reason=reason)
        count_refusal(Procedure.CHARGING, reason)
        if not is_imsi(imsi) or not imsi:
            return
        note = Note(
            core_id=peer.core_id,
            imsi=imsi,
            procedure=Procedure.CHARGING,
            result=reason,
            peer=peer.identity,
            visited_plmn=plain(asked.charge.visited_plmn),
            apn=plain(asked.apn),
            place=place,
        )
        self._access_log.note(note, now=self._clock.now())

    async def _find(
        self, request: Request, asked: CreditControl
    ) -> tuple[Identity | None, Place | None]:
        """The place of the first identity that anybody has; else that of the session itself."""
        for kind, value in asked.identities:
            identity = Identity(request.peer.core_id, kind, value)
            place = await self._directory.find(identity)
            if place is not None:
                return identity, place
        if asked.charge.kind in (RequestKind.UPDATE, RequestKind.TERMINATION):
            return None, await self._find_by_session(request, asked.charge.session_id)
        return None, None

    async def _find_by_session(self, request: Request, session_id: str) -> Place | None:
        """Who lost the identity meanwhile, by a swap of SIMs, still pays for what was used."""
        values = {"session_id": session_id, "core_id": request.peer.core_id}
        for partition in self._store.partitions:
            rows = await partition.fetch("find_charging_session", values)
            for row in rows:
                return Place(
                    row["operator_id"], row["account_id"], row["line_id"], partition.number
                )
        return None


class WaitingAnswer(PendingAnswer):
    """The answer to a CCR that waits for its batch: the batcher tells it what became of it."""

    __slots__ = ("_gy", "_hot", "_place", "work")

    def __init__(self, gy: Gy, request: Request, hot: HotCcr, work: Work, place: Place) -> None:
        super().__init__(request)
        self._place = place
        self._gy = gy
        self._hot = hot
        self.work = work

    def done(self) -> bool:
        return False

    def set_result(self, answer: StoredAnswer | None) -> None:
        """Charged, or None: the partition does not know the line. Raises nothing."""
        if answer is None:
            self._gy.begin_again(self)
            return
        try:
            octets = self._encode(answer)
            if self.work.refusal:
                peer, asked = self.request.peer, self.work.asked
                self._gy.note_refusal(peer, asked, self.work.refusal, self._place)
        except Exception as error:  # noqa: BLE001 (the top of a request: it must be answered)
            self.fail(error)
        else:
            self.resolve(octets)

    def set_exception(self, error: Exception) -> None:
        self.fail(error)

    def _encode(self, answer: StoredAnswer) -> bytes:
        foreseen = self.work.foreseen
        origin = self.request.origin
        if foreseen is not None and foreseen.answer is answer:
            return frame_hot_answer(self._hot, origin, answer.result_code, foreseen.avps)
        return build_hot_answer(self._hot, origin, self.work.asked, answer)
