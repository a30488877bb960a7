"""The complete path: requests decided one after the other on the locked rows of their accounts.

Everything that the batch statement does not serve comes here: exhaustion, several buckets, money,
top-ups, numbers out of order, events, refusals. Members of one account see each other's results.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog

from wispgate.domain.charging.decisions import decide_charge
from wispgate.domain.charging.events import (
    QuotaExhausted,
    QuotaRestored,
    SessionEnded,
    SessionStarted,
)
from wispgate.domain.charging.exhaustion import decide_exhaustion
from wispgate.domain.charging.ledger import LedgerEntry
from wispgate.domain.charging.outcome import ChargeDecision
from wispgate.domain.charging.planning import plan_charge
from wispgate.domain.charging.requests import ChargeRequest, RequestKind
from wispgate.domain.charging.sequence import Sequence as Place
from wispgate.domain.charging.state import AccountState, SessionState
from wispgate.domain.plan.compiled import CompiledPlan
from wispgate.domain.plan.tariff import UnitKind
from wispgate.domain.policy.decisions import Refusal, Refused, decide_admission
from wispgate.kernel.events import Event
from wispgate.network.ocs.decided import answer_decision, answer_refusal
from wispgate.network.ocs.stored import StoredAnswer
from wispgate.network.ocs.work import Work
from wispgate.store.charging import Books, Posting, open_books
from wispgate.store.charging_lines import ChargingLine, ChargingLines
from wispgate.store.charging_rows import ChargingSession
from wispgate.store.hot import Partition
from wispgate.wire.diameter.results import ResultCode

_log = structlog.get_logger("ocs")

_OURS = StoredAnswer(result_code=ResultCode.UNABLE_TO_COMPLY)
_NOT_YOURS = StoredAnswer(result_code=ResultCode.UNKNOWN_SESSION_ID)


async def charge_completely(
    partition: Partition, lines: ChargingLines, batch: Sequence[Work], *, now: datetime
) -> list[StoredAnswer | None]:
    """The answers, committed; None for a line that the partition does not know.

    Raises DatabaseLost, and what PostgreSQL says when another process was first: then nothing of
    the batch is done.
    """
    async with partition.transaction() as transaction:
        asked = [(work.key, work.line_id) for work in batch]
        books = await open_books(transaction, lines, asked, now=now)
        cashier = _Cashier(books, lines, now)
        answers = [await cashier.serve(work) for work in batch]
        await books.save(transaction, now=now)
    for line_id, is_exhausted in books.exhausted.items():
        lines.note_exhausted(line_id, is_exhausted=is_exhausted)
    return answers


@dataclass(frozen=True, slots=True)
class _Case:
    """One request with the line that pays for it and the session it belongs to."""

    work: Work
    line: ChargingLine
    plan: CompiledPlan
    account_state: AccountState
    session: ChargingSession | None

    @property
    def request(self) -> ChargeRequest:
        return self.work.asked.charge


class _Cashier:
    """Serves the requests of one batch from its books."""

    def __init__(self, books: Books, lines: ChargingLines, now: datetime) -> None:
        self._books = books
        self._lines = lines
        self._now = now

    async def serve(self, work: Work) -> StoredAnswer | None:
        known = self._books.answers.get(work.key)
        if known is not None:
            return StoredAnswer.decode(known)
        session = self._books.sessions.get(work.key.session_id)
        request = work.asked.charge
        if session is not None and not _is_own(session, work, self._books):
            return _NOT_YOURS if request.kind is not RequestKind.INITIAL else _OURS
        line = self._books.lines.get(self._payer(work, session))
        if line is None:
            return None
        plan = await self._plan_of(line, session, request)
        if plan is None:
            _log.error("the line's plan cannot be read", line=str(line.line_id))
            return _OURS
        return self._decide(self._case(work, line, plan, session))

    @staticmethod
    def _payer(work: Work, session: ChargingSession | None) -> UUID:
        """A session goes on for the line that began it, whoever has the identity by now."""
        if session is None or work.asked.charge.kind is RequestKind.INITIAL:
            return work.line_id
        return session.line_id

    async def _plan_of(
        self, line: ChargingLine, session: ChargingSession | None, request: ChargeRequest
    ) -> CompiledPlan | None:
        """Late usage of a closed session finds the tariff that it had."""
        is_late = session is not None and not session.state.is_open
        if is_late and session is not None and request.kind is not RequestKind.INITIAL:
            return await self._lines.find_plan((session.plan_id, session.plan_version))
        return line.plan

    def _case(
        self, work: Work, line: ChargingLine, plan: CompiledPlan, session: ChargingSession | None
    ) -> _Case:
        account_id = line.account_id if session is None else session.account_id
        return _Case(
            work,
            line,
            plan,
            AccountState(
                operator_id=line.operator_id,
                account_id=account_id,
                line_id=line.line_id,
                buckets=self._books.list_buckets(account_id),
                session=None if session is None else session.state,
                is_exhausted=self._books.is_exhausted(line.line_id),
            ),
            session,
        )

    def _decide(self, case: _Case) -> StoredAnswer:
        request, core = case.request, case.work.core
        refusal = self._find_refusal(case)
        if refusal is not None and request.kind is not RequestKind.UPDATE:
            answer = answer_refusal(refusal, request, core)
            case.work.refusal = refusal.value if request.kind is RequestKind.INITIAL else ""
            self._note_refused(case)
        else:
            if refusal is not None:
                request = without_wishes(request)
            charge_plan = plan_charge(case.plan, request, self._now, time_zone=case.line.time_zone)
            decision = decide_charge(case.account_state, charge_plan)
            if refusal is not None and decision.sequence is not Place.UNKNOWN_SESSION:
                answer = answer_refusal(refusal, request, core)
            else:
                answer = answer_decision(decision, request, core)
                if decision.reason is not None and request.kind is RequestKind.INITIAL:
                    case.work.refusal = decision.reason.value
            self._note(case, decision)
        self._books.answer(case.work.key, case.line.operator_id, answer.encode())
        return answer

    def _find_refusal(self, case: _Case) -> Refusal | None:
        """The decision that the PCRF takes too. An ending session is never refused its end.

        Whether data has run out is asked of the buckets, not of the flag: a new cycle or a top-up
        may have come since. At a report only what bars the line counts, since how much credit is
        left is what the report is about.
        """
        request = case.request
        if request.kind is RequestKind.TERMINATION:
            return None
        is_opening = request.kind is RequestKind.INITIAL and request.unit is UnitKind.OCTETS
        profile = case.line.profile.with_exhausted(
            is_exhausted=is_opening and self._is_exhausted_now(case)
        )
        asked = case.work.asked
        apn = asked.apn or (case.session.apn if case.session else "")
        decision = decide_admission(profile, apn=apn, visited_plmn=request.visited_plmn)
        return decision.reason if isinstance(decision, Refused) else None

    def _is_exhausted_now(self, case: _Case) -> bool:
        return decide_exhaustion(
            case.plan,
            case.account_state.buckets,
            line_id=case.line.line_id,
            now=self._now,
            time_zone=case.line.time_zone,
        )

    def _note(self, case: _Case, decision: ChargeDecision) -> None:
        """Takes what was decided into the books."""
        state, percents = case.account_state, case.plan.notify_percents
        for bucket in decision.buckets:
            self._books.put_bucket(
                bucket,
                operator_id=state.operator_id,
                account_id=state.account_id,
                percents=percents,
            )
        if decision.session is not None:
            self._put_session(case, decision.session, decision.sequence)
        self._post(case, decision.entries)
        self._books.set_exhausted(state.line_id, is_exhausted=decision.is_exhausted)
        self._books.tell(decision.events)

    def _note_refused(self, case: _Case) -> None:
        """A refused session is kept closed, so that its end is not taken for somebody else's."""
        request, state = case.request, case.account_state
        if request.kind is not RequestKind.INITIAL:
            return
        if case.session is not None and case.session.state.is_open:
            self._end_restarted(case)
        closed = SessionState(request.session_id, request.number, is_open=False)
        self._put_session(case, closed, Place.RESTARTED)
        if request.unit is UnitKind.OCTETS:
            is_exhausted = self._is_exhausted_now(case)
            if is_exhausted != state.is_exhausted:
                self._books.set_exhausted(state.line_id, is_exhausted=is_exhausted)
                self._books.tell([self._turn(state, is_exhausted=is_exhausted)])

    def _end_restarted(self, case: _Case) -> None:
        """The client has lost its old session: what that held is given back."""
        ending = replace(case.request, kind=RequestKind.TERMINATION, groups=())
        charge_plan = plan_charge(case.plan, ending, self._now, time_zone=case.line.time_zone)
        self._note(case, decide_charge(case.account_state, charge_plan))

    def _turn(self, state: AccountState, *, is_exhausted: bool) -> Event:
        kind = QuotaExhausted if is_exhausted else QuotaRestored
        return kind(
            operator_id=state.operator_id,
            account_id=state.account_id,
            line_id=state.line_id,
            occurred_at=self._now,
        )

    def _post(self, case: _Case, entries: tuple[LedgerEntry, ...]) -> None:
        if entries:
            state = case.account_state
            self._books.post(
                Posting(case.work.key, state.operator_id, state.account_id, state.line_id, entries)
            )

    def _put_session(self, case: _Case, state: SessionState, place: Place) -> None:
        before = case.session
        is_new = before is None or place is Place.RESTARTED
        session = self._begin(case, state) if before is None or is_new else before
        self._books.put_session(
            replace(
                session.after(state, now=self._now),
                plan_id=case.plan.plan_id,
                plan_version=case.plan.version,
            )
        )
        if is_new and state.is_open:
            self._books.tell([self._started(case)])
        is_ended = before is not None and before.state.is_open and not state.is_open
        if is_ended and place is not Place.RESTARTED:
            self._books.tell([self._ended(case)])

    def _begin(self, case: _Case, state: SessionState) -> ChargingSession:
        asked, account_state = case.work.asked, case.account_state
        return ChargingSession(
            state=state,
            operator_id=account_state.operator_id,
            account_id=account_state.account_id,
            line_id=account_state.line_id,
            core_id=case.work.core_id,
            peer=case.work.peer,
            apn=asked.apn,
            visited_plmn=asked.charge.visited_plmn,
            framed_address=asked.framed_address,
            plan_id=case.plan.plan_id,
            plan_version=case.plan.version,
            opened_at=self._now,
        )

    def _started(self, case: _Case) -> SessionStarted:
        asked, state = case.work.asked, case.account_state
        return SessionStarted(
            operator_id=state.operator_id,
            account_id=state.account_id,
            line_id=state.line_id,
            occurred_at=self._now,
            session_id=asked.charge.session_id,
            apn=asked.apn,
            visited_plmn=asked.charge.visited_plmn,
            framed_address=asked.framed_address or "",
        )

    def _ended(self, case: _Case) -> SessionEnded:
        state = case.account_state
        return SessionEnded(
            operator_id=state.operator_id,
            account_id=state.account_id,
            line_id=state.line_id,
            occurred_at=self._now,
            session_id=case.request.session_id,
        )


def without_wishes(request: ChargeRequest) -> ChargeRequest:
    """The request as a mere report: usage is a fact, whatever the line may do next."""
    groups = tuple(replace(group, wanted_units=None) for group in request.groups)
    return replace(request, groups=groups)


def _is_own(session: ChargingSession, work: Work, books: Books) -> bool:
    """Whether the request may mean this session: of its core and, to begin it anew, its account."""
    if session.core_id != work.core_id:
        return False
    if work.asked.charge.kind is not RequestKind.INITIAL:
        return True
    line = books.lines.get(work.line_id)
    return line is not None and line.account_id == session.account_id
