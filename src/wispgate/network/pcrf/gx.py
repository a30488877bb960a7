"""Gx requests of gateways: one session per PDN connection, opened, kept up and ended by CCR.

The admission is the same decision over the same row that the OCS takes. What was answered stands
in the session's row before it leaves: a request that comes again gets the same answer.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from wispgate.domain.diagnosis.evidence import Procedure
from wispgate.domain.policy.capabilities import get_core_profile
from wispgate.domain.policy.decisions import Refusal, Refused, decide_admission
from wispgate.kernel.clock import Clock
from wispgate.network.pcrf.answers import (
    INITIAL_PARAMETERS_MISSING,
    RESULTS,
    SUCCESS,
    UNKNOWN_SESSION,
    replay,
)
from wispgate.network.pcrf.dialogue import Dialogue, log_outcome
from wispgate.network.pcrf.entries import end_of, entry_of, initial_policy, next_entry
from wispgate.network.pcrf.requests import (
    PolicyRequest,
    RequestType,
    policy_request_of,
)
from wispgate.network.pcrf.usual import read_hot
from wispgate.network.transport.applications import (
    Answer,
    Batched,
    LineChanges,
    LongWays,
    PendingAnswer,
    Request,
)
from wispgate.network.transport.metrics import count_refusal
from wispgate.store.access_log import AccessLog, Note, is_imsi, plain
from wispgate.store.directory import Directory, Identity, Place
from wispgate.store.lines import KnownLine
from wispgate.store.policy_sessions import (
    KnownSession,
    PolicySessions,
    SessionQuery,
    Subject,
)
from wispgate.wire.diameter import commands
from wispgate.wire.diameter.answers import Result, answer_to
from wispgate.wire.diameter.hot.gx import HotGxCcr, decode_ccr
from wispgate.wire.diameter.results import ResultCode

_COMMAND_UNSUPPORTED: Final = Result(ResultCode.COMMAND_UNSUPPORTED)
# How often a line that changes between reading and writing is read again.
_ATTEMPTS: Final = 5
_REMEMBERED_SESSIONS: Final = 200_000


@dataclass(frozen=True, slots=True)
class Opening:
    """A session that is opened upon what was kept of its line, and what is answered then."""

    dialogue: Dialogue
    answer: bytes
    place: Place


@dataclass(frozen=True, slots=True)
class Ending:
    """A session that is ended where it most likely is."""

    dialogue: Dialogue
    answer: bytes


class Gx:
    """The Gx application of the node."""

    application_id = commands.APPLICATION_GX
    vendor_id = commands.VENDOR_3GPP

    def __init__(
        self, directory: Directory, sessions: PolicySessions, access_log: AccessLog, *, clock: Clock
    ) -> None:
        self._directory = directory
        self._access_log = access_log
        self._clock = clock
        self._sessions = sessions
        self._partition_of: OrderedDict[str, int] = OrderedDict()
        self._long_ways = LongWays()

    def decode(self, raw: bytes) -> HotGxCcr | None:
        """A CCR by the hot codec, unless it is unusual."""
        return decode_ccr(raw)

    def handle(self, request: Request) -> Answer:
        """CCR; other commands are answered 3001."""
        hot = request.hot
        if hot is None and request.message.header.command_code != commands.COMMAND_CREDIT_CONTROL:
            return answer_to(request.message, _COMMAND_UNSUPPORTED, request.origin)
        asked = read_hot(hot, request.peer.core_id) if isinstance(hot, HotGxCcr) else None
        dialogue = Dialogue(
            request,
            asked or policy_request_of(request),
            get_core_profile(request.peer.profile),
        )
        match dialogue.asked.type:
            case RequestType.INITIAL:
                return self._begin_opening(dialogue) or self._initial(dialogue)
            case RequestType.UPDATE:
                return self._update(dialogue)
            case RequestType.TERMINATION:
                return self._begin_ending(dialogue) or self._terminate(dialogue)

    # --- what is in memory already: one statement, and no task ----------------------------------

    def _begin_opening(self, dialogue: Dialogue) -> PendingAnswer | None:
        """The answer upon the line as it was seen last: if that is no more, nothing is written.

        None where it is not kept; and whoever would be refused has the row read first.
        """
        asked = dialogue.asked
        if asked.identity is None or asked.apn is None:
            return None
        place = self._directory.find_known(asked.identity)
        line = None if place is None else self._sessions.find_line(place.line_id)
        if place is None or line is None or not line.has(asked.identity):
            return None
        decision = decide_admission(
            line.profile, apn=asked.apn, visited_plmn=asked.visited_plmn or ""
        )
        if isinstance(decision, Refused):
            return None
        answer = dialogue.answer(SUCCESS, initial_policy(dialogue, decision))
        opening = Opening(dialogue, answer, place)
        waiting = Batched(dialogue.request, opening, self._settle_opening)
        entry = entry_of(dialogue, line, decision, answer)
        self._sessions.hand_in_opening(entry, place.partition, waiting)
        return waiting

    def _begin_ending(self, dialogue: Dialogue) -> PendingAnswer | None:
        """The answer where the session most likely is; None where nothing tells."""
        likely = self._likely_partition(dialogue.asked)
        if likely is None:
            return None
        answer = dialogue.answer(SUCCESS)
        waiting = Batched(dialogue.request, Ending(dialogue, answer), self._settle_ending)
        self._sessions.hand_in_ending(end_of(dialogue, answer), likely, waiting)
        return waiting

    def _settle_opening(self, waiting: Batched[Opening, bool], is_open: bool) -> None:  # noqa: FBT001 (as it is told)
        opening = waiting.subject
        if is_open:
            self._note_opened(opening.dialogue, opening.place.partition)
            waiting.resolve(opening.answer)
            return
        # The rows say otherwise than what was kept.
        self._sessions.forget_line(opening.place.line_id)
        self._long_ways.take(waiting, self._initial(opening.dialogue))

    def _settle_ending(self, waiting: Batched[Ending, bool], is_ended: bool) -> None:  # noqa: FBT001 (as it is told)
        ending = waiting.subject
        if is_ended:
            self._note_ended(ending.dialogue)
            waiting.resolve(ending.answer)
        else:
            # It is somewhere else, was ended before, or never was.
            self._long_ways.take(waiting, self._terminate(ending.dialogue))

    # --- CCR-I (section 4.5.1) ------------------------------------------------------------------

    async def _initial(self, dialogue: Dialogue) -> bytes:
        asked = dialogue.asked
        if asked.identity is None or asked.apn is None:
            return dialogue.answer(INITIAL_PARAMETERS_MISSING)
        for _ in range(_ATTEMPTS):
            place = self._directory.find_known(asked.identity) or await self._directory.find(
                asked.identity
            )
            if place is None:
                return self._refuse(dialogue, Refusal.UNKNOWN_SUBSCRIBER, None, dialogue.asked.imsi)
            answer = await self._open_afresh(dialogue, asked.identity, place)
            if answer is not None:
                return answer
        raise LineChanges("the line kept changing")

    async def _open_afresh(
        self, dialogue: Dialogue, identity: Identity, place: Place
    ) -> bytes | None:
        """The answer upon what the rows say now, or None to try again."""
        query = SessionQuery(dialogue.asked.session_id, place.line_id)
        subject = await self._sessions.read(query, place.partition)
        if subject.line is None or not subject.line.has(identity):
            self._directory.forget(identity)
            return None
        if subject.session is not None:
            return self._answer_again(dialogue, subject.session)
        answer = await self._open(dialogue, subject.line, place)
        if isinstance(answer, Refusal):
            await self._sessions.note_refusal(subject.line.line_id, place.partition)
            return self._refuse(dialogue, answer, place, subject.line.imsi)
        return answer

    async def _open(
        self, dialogue: Dialogue, line: KnownLine, place: Place
    ) -> bytes | Refusal | None:
        """The answer of a session that is open now, or why not; None: the rows say otherwise."""
        asked = dialogue.asked
        decision = decide_admission(
            line.profile, apn=asked.apn or "", visited_plmn=asked.visited_plmn or ""
        )
        if isinstance(decision, Refused):
            return decision.reason
        answer = dialogue.answer(SUCCESS, initial_policy(dialogue, decision))
        if not await self._sessions.open(
            entry_of(dialogue, line, decision, answer), place.partition
        ):
            return None
        self._note_opened(dialogue, place.partition)
        return answer

    def _note_opened(self, dialogue: Dialogue, partition: int) -> None:
        self._remember(dialogue.asked.session_id, partition)
        log_outcome(dialogue, "opened")

    # --- CCR-U (section 4.5.1) ------------------------------------------------------------------

    async def _update(self, dialogue: Dialogue) -> bytes:
        for _ in range(_ATTEMPTS):
            partition, subject = await self._find_session(dialogue)
            session, line = subject.session, subject.line
            if session is None or line is None or not session.is_open:
                return dialogue.answer(UNKNOWN_SESSION)
            if session.last_number == dialogue.asked.number:
                return self._answer_again(dialogue, session)
            entry = next_entry(dialogue, line, session)
            is_late = dialogue.asked.number < session.last_number
            if is_late or await self._sessions.put(entry, partition):
                return entry.answer
        raise LineChanges("the line kept changing")

    # --- CCR-T (section 4.5.7) ------------------------------------------------------------------

    async def _terminate(self, dialogue: Dialogue) -> bytes:
        answer = dialogue.answer(SUCCESS)
        partition, subject = await self._find_session(dialogue)
        session = subject.session
        if session is None:
            return dialogue.answer(UNKNOWN_SESSION)
        # Closed meanwhile: by this very request on another connection, or as stale.
        if session.is_open and await self._sessions.close(end_of(dialogue, answer), partition):
            self._note_ended(dialogue)
        return answer

    def _note_ended(self, dialogue: Dialogue) -> None:
        self._partition_of.pop(dialogue.asked.session_id, None)
        log_outcome(dialogue, "ended")

    # --- where things are -----------------------------------------------------------------------

    async def _find_session(self, dialogue: Dialogue) -> tuple[int, Subject]:
        """The session, wherever it is: its card may long be another line's."""
        asked, core_id = dialogue.asked, dialogue.request.peer.core_id
        place = await self._directory.find(asked.identity) if asked.identity else None
        for partition in self._candidates(asked.session_id, place):
            subject = await self._sessions.read(SessionQuery(asked.session_id, None), partition)
            if subject.session is not None and subject.session.core_id == core_id:
                self._remember(asked.session_id, partition)
                return partition, subject
        return 0, Subject(None, None)

    def _likely_partition(self, asked: PolicyRequest) -> int | None:
        """Where the session most likely is, as far as that is known without asking."""
        remembered = self._partition_of.get(asked.session_id)
        if remembered is not None or asked.identity is None:
            return remembered
        place = self._directory.find_known(asked.identity)
        return None if place is None else place.partition

    def _candidates(self, session_id: str, place: Place | None) -> Iterator[int]:
        likely = [self._partition_of.get(session_id), place.partition if place else None]
        order = [*(number for number in likely if number is not None), *self._sessions.partitions]
        yield from dict.fromkeys(order)

    def _remember(self, session_id: str, partition: int) -> None:
        self._partition_of[session_id] = partition
        if len(self._partition_of) > _REMEMBERED_SESSIONS:
            self._partition_of.popitem(last=False)

    # --- answers --------------------------------------------------------------------------------

    def _answer_again(self, dialogue: Dialogue, session: KnownSession) -> bytes:
        """What was answered to that number; 5002 where the session is long past it."""
        if session.last_answer is None or session.last_number != dialogue.asked.number:
            return dialogue.answer(UNKNOWN_SESSION)
        log_outcome(dialogue, "answered again")
        return replay(session.last_answer, dialogue.request)

    def _refuse(self, dialogue: Dialogue, reason: Refusal, place: Place | None, imsi: str) -> bytes:
        log_outcome(dialogue, reason.value)
        count_refusal(Procedure.SESSION, reason.value)
        if is_imsi(imsi):
            note = Note(
                core_id=dialogue.request.peer.core_id,
                imsi=imsi,
                procedure=Procedure.SESSION,
                result=reason.value,
                peer=dialogue.request.peer.identity,
                visited_plmn=plain(dialogue.asked.visited_plmn or ""),
                apn=plain(dialogue.asked.apn or ""),
                place=place,
            )
            self._access_log.note(note, now=self._clock.now())
        return dialogue.answer(RESULTS[reason])
