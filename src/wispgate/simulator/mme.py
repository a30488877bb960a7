"""The MME: attach, service request and detach over S6a, and what the HSS asks of it.

What it answers and what it does about it are two things: see the dialect.
"""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final

from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.identifiers import Imsi
from wispgate.simulator import rejections, s6a
from wispgate.simulator.enodeb import ENodeB
from wispgate.simulator.link import UNANSWERED, Link
from wispgate.simulator.nas import State
from wispgate.simulator.pgw import PGW, PdnConnection, SessionIds, SessionRefused, Surroundings
from wispgate.simulator.subscription import Ambr, Subscription
from wispgate.simulator.ue import UE
from wispgate.simulator.usim import Authenticated, SynchronisationFailure
from wispgate.wire.diameter import commands
from wispgate.wire.diameter.answers import Origin, Result, answer_to, experimental
from wispgate.wire.diameter.message import AvpItem, Message
from wispgate.wire.diameter.results import ExperimentalResultCode, ResultCode

_WITHDRAWAL: Final = 2
_IMPLICIT: Final = (0, 1)
_REATTACH_REQUIRED: Final = 1 << 1
_UNKNOWN_USER: Final = experimental(ExperimentalResultCode.USER_UNKNOWN)
_SUCCESS: Final = Result(ResultCode.SUCCESS)


@dataclass(frozen=True, slots=True)
class Refused:
    """What the phone is told."""

    cause: int
    esm_cause: int | None = None
    # The answer behind it, which the phone does not learn.
    answer: str = ""


@dataclass(slots=True, eq=False)
class Context:
    """A phone at this MME. `needs_update`: the HSS lost it and is told at the next contact."""

    ue: UE
    subscription: Subscription
    connection: PdnConnection
    needs_update: bool = False


class MME:
    """Its procedures are called with the phone's lock held; what it does by itself takes it."""

    def __init__(
        self, link: Link, session_ids: SessionIds, surroundings: Surroundings,
        *, pgw: PGW, enodeb: ENodeB,
    ) -> None:  # fmt: skip
        self._link = link
        self._session_ids = session_ids
        self._around = surroundings
        self._pgw = pgw
        self._enodeb = enodeb
        self._contexts: dict[Imsi, Context] = {}
        # Which answer refused a phone last.
        self.refusals: dict[Imsi, str] = {}

    def find_context(self, ue: UE) -> Context | None:
        """Who asks for a phone, not a card: after a change of card there is none."""
        context = self._contexts.get(ue.imsi)
        return context if context is not None and context.ue is ue else None

    def find_connection(self, ue: UE) -> PdnConnection | None:
        context = self.find_context(ue)
        return context.connection if context else None

    # --- procedures that the phone begins ---------------------------------------------------

    async def attach(self, ue: UE) -> None:
        """Authentication, location update, PDN connection (TS 23.401 section 5.3.2.1)."""
        ue.attach_begins(self._around.time.now())
        await self._forget(ue)
        try:
            outcome = await self._attach(ue)
        except UNANSWERED:
            outcome = None
        if isinstance(outcome, Context):
            self._contexts[ue.imsi] = outcome
        if ue.state is not State.ATTACHING:
            # Its owner switched it off meanwhile.
            await self._forget(ue)
            return
        await self._tell_outcome(ue, outcome)

    async def _tell_outcome(self, ue: UE, outcome: Context | Refused | None) -> None:
        now = self._around.time.now()
        match outcome:
            case None:
                ue.unanswered(now)
            case Refused(cause=cause, esm_cause=esm_cause, answer=answer):
                self.refusals[ue.imsi] = answer
                ue.rejected(cause, now, esm_cause=esm_cause)
            case Context(subscription=subscription, connection=connection):
                self._enodeb.set_up(ue.imsi, subscription.ambr)
                ue.accepted(connection.bearer.address, now)
                await self._notify(ue)

    async def _notify(self, ue: UE) -> None:
        if self._around.dialect.sends_notify:
            await self._tell(ue, commands.COMMAND_NOTIFY, s6a.notify(self._addressing(), ue))

    async def service_request(self, ue: UE) -> None:
        """Idle to active: the eNodeB learns the AMBR as it is now (TS 23.401 section 5.3.4.1)."""
        context = self.find_context(ue)
        if context is None:
            ue.rejected(rejections.IDENTITY_UNKNOWN, self._around.time.now())
            return
        if context.needs_update:
            refused = await self._update_again(context)
            if refused is not None:
                await self._forget(ue)
                ue.rejected(refused.cause, self._around.time.now())
                return
        self._enodeb.set_up(ue.imsi, context.subscription.ambr)
        ue.wake(self._around.time.now())

    def release(self, ue: UE) -> None:
        """The eNodeB lets go of a phone that was silent long enough."""
        self._enodeb.release(ue.imsi)
        ue.sleep(self._around.time.now())

    async def detach(self, ue: UE) -> None:
        """The phone said goodbye."""
        if self.find_context(ue) is not None:
            await self._forget(ue)
            await self._purge(ue)

    # --- what ends elsewhere ----------------------------------------------------------------

    def connection_lost(self, ue: UE) -> None:
        """The gateway ended the last PDN connection: a phone without one is not attached."""
        self._contexts.pop(ue.imsi, None)
        self._enodeb.release(ue.imsi)
        ue.detached(self._around.time.now())
        self._around.background.spawn(self._purge(ue))

    # --- attach, step by step ---------------------------------------------------------------

    async def _attach(self, ue: UE) -> Context | Refused:
        refused = await self._authenticate(ue)
        if refused is not None:
            return refused
        subscription = await self._update_location(ue)
        if isinstance(subscription, Refused):
            return subscription
        return await self._connect(ue, subscription)

    async def _authenticate(self, ue: UE) -> Refused | None:
        """A card that is ahead gets one more vector; Authentication Reject acts like cause 3."""
        resynchronisation = b""
        for _ in range(2):
            avps = s6a.authentication_information(
                self._addressing(), ue, self._around.plmn, resynchronisation=resynchronisation
            )
            answer = await self._ask(commands.COMMAND_AUTHENTICATION_INFORMATION, avps)
            cause = rejections.find_cause(answer)
            if cause is not None:
                return Refused(cause, answer=rejections.describe("AIA", answer))
            vector = s6a.vector_of(answer)
            outcome = ue.usim.authenticate(vector.rand, vector.autn, self._around.plmn)
            if isinstance(outcome, Authenticated):
                return None if outcome.res == vector.xres else Refused(rejections.ILLEGAL_UE)
            if not isinstance(outcome, SynchronisationFailure):
                break
            resynchronisation = vector.rand + outcome.auts
        return Refused(rejections.ILLEGAL_UE)

    async def _update_location(
        self, ue: UE, known: Subscription | None = None
    ) -> Subscription | Refused:
        avps = s6a.update_location(
            self._addressing(), ue, self._around.plmn, is_attach=known is None
        )
        answer = await self._ask(commands.COMMAND_UPDATE_LOCATION, avps)
        data = s6a.subscription_data(answer)
        subscription = known or Subscription()
        if data is not None:
            subscription = subscription.updated(data)
        if self._around.dialect.wants_full_ula:
            # Dropped without a word, refusals too: the phone hangs.
            answer.get_avp("ULA-Flags")
            answer.get_avp("Subscription-Data").members.get_avp("AMBR")
            answer.get_avp("Subscription-Data").members.get_avp("APN-Configuration-Profile")
        cause = rejections.find_cause(answer)
        if cause is not None:
            return Refused(cause, answer=rejections.describe("ULA", answer))
        if not subscription.is_complete:
            return Refused(rejections.NETWORK_FAILURE, answer="ULA without a whole subscription")
        return subscription

    async def _connect(self, ue: UE, subscription: Subscription) -> Context | Refused:
        if self._around.dialect.knows_barring and subscription.is_barred:
            esm_cause = rejections.ESM_OPERATOR_DETERMINED_BARRING
            return self._session_refused(esm_cause, "ULA with barring")
        apn = subscription.find_apn()
        if apn is None:
            return self._session_refused(rejections.ESM_UNKNOWN_APN, "ULA without an APN")
        connection = await self._pgw.create(ue, apn, subscription.msisdn)
        if isinstance(connection, SessionRefused):
            code = connection.result_code
            answer = f"CCA on {connection.interface} {rejections.name_of(code)}"
            return self._session_refused(rejections.find_esm_cause(code), answer)
        return Context(ue, subscription, connection)

    def _session_refused(self, esm_cause: int, answer: str) -> Refused:
        if self._around.dialect.tells_esm_cause:
            return Refused(rejections.ESM_FAILURE, esm_cause, answer)
        return Refused(rejections.NETWORK_FAILURE, answer=answer)

    async def _update_again(self, context: Context) -> Refused | None:
        context.needs_update = False
        try:
            updated = await self._update_location(context.ue, context.subscription)
        except UNANSWERED:
            context.needs_update = True
            return None
        if isinstance(updated, Refused):
            return updated
        context.subscription = updated
        return None

    async def _forget(self, ue: UE) -> None:
        """Removes the context and ends its connection, if there is one."""
        self._enodeb.release(ue.imsi)
        context = self._contexts.pop(ue.imsi, None)
        if context is not None and not context.connection.is_released:
            await self._pgw.terminate(context.connection)

    async def _purge(self, ue: UE) -> None:
        if self._around.dialect.sends_purge:
            await self._tell(ue, commands.COMMAND_PURGE_UE, s6a.purge(self._addressing(), ue))

    # --- what the HSS asks --------------------------------------------------------------------

    def serve(self, request: Message) -> bytes:
        """CLR, IDR, DSR and RSR."""
        match request.header.command_code:
            case commands.COMMAND_CANCEL_LOCATION:
                return self._answer(request, self._cancel(request))
            case commands.COMMAND_INSERT_SUBSCRIBER_DATA:
                return self._answer(request, self._insert(request))
            case commands.COMMAND_DELETE_SUBSCRIBER_DATA if self._around.dialect.serves_dsr_rsr:
                return self._answer(request, self._delete(request))
            case commands.COMMAND_RESET if self._around.dialect.serves_dsr_rsr:
                return self._answer(request, self._reset(request))
            case _:
                return answer_to(request, ResultCode.COMMAND_UNSUPPORTED, self._origin)

    @property
    def _origin(self) -> Origin:
        return Origin(self._link.host, self._link.realm)

    def _answer(self, request: Message, result: Result) -> bytes:
        return answer_to(request, result, self._origin, [s6a.STATELESS, s6a.APPLICATION])

    def _cancel(self, request: Message) -> Result:
        """Cancel-Location: the context goes, and with type 2 the phone is told (5.2.1.2)."""
        context = self._context_of(request)
        if context is None:
            return _UNKNOWN_USER
        kind = request.get_int("Cancellation-Type")
        is_withdrawn = kind == _WITHDRAWAL
        if not is_withdrawn and kind not in _IMPLICIT and not self._around.dialect.serves_dsr_rsr:
            return _SUCCESS
        flags = request.find_int("CLR-Flags") or 0

        async def cancel() -> None:
            await self._forget(context.ue)
            if is_withdrawn:
                # An idle phone is paged first; paging takes no time here.
                reattach = bool(flags & _REATTACH_REQUIRED)
                context.ue.detached(self._around.time.now(), reattach=reattach)
            else:
                context.ue.sleep(self._around.time.now())

        self._later(context, cancel)
        return _SUCCESS

    def _insert(self, request: Message) -> Result:
        """Insert-Subscriber-Data: stored; a full core also acts on it at once (5.2.2.1)."""
        context = self._context_of(request)
        if context is None:
            return _UNKNOWN_USER
        data = s6a.subscription_data(request)
        if data is None or not data.avps:
            is_full = self._around.dialect.applies_idr_at_once
            return _SUCCESS if is_full else Result(
                ResultCode.UNABLE_TO_COMPLY, error_message="DIAMETER_UNABLE_TO_COMPLY"
            )  # fmt: skip
        before = context.subscription
        context.subscription = before.updated(data)
        if self._around.dialect.applies_idr_at_once:
            self._later(context, lambda: self._apply(context, before))
        return _SUCCESS

    def _delete(self, request: Message) -> Result:
        """Delete-Subscriber-Data: APNs by context identifier (5.2.2.2)."""
        context = self._context_of(request)
        if context is None:
            return _UNKNOWN_USER
        ids = {n for n in request.list("Context-Identifier") if isinstance(n, int)}
        context.subscription = context.subscription.without_apns(ids)
        return _SUCCESS

    def _reset(self, request: Message) -> Result:
        """Reset: phones whose IMSI begins so, or all, are told of again (5.2.4.1)."""
        starts = [str(value) for value in request.list("User-Id")] or [""]
        for context in self._contexts.values():
            context.needs_update |= any(map(context.ue.imsi.digits.startswith, starts))
        return _SUCCESS

    async def _apply(self, context: Context, before: Subscription) -> None:
        subscription = context.subscription
        if subscription.is_barred and self._around.dialect.knows_barring:
            await self._forget(context.ue)
            context.ue.detached(self._around.time.now())
            return
        self._enodeb.modify(context.ue.imsi, subscription.ambr)
        ambr = _apn_ambr(context, subscription)
        if ambr is not None and ambr != _apn_ambr(context, before):
            await self._pgw.modify(context.connection, ambr)

    def _later(self, context: Context, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async def locked() -> None:
            async with self._around.lock_of(context.ue):
                if self._contexts.get(context.ue.imsi) is context:
                    await work()
                    context.ue.changed()

        self._around.background.spawn(locked())

    def _context_of(self, request: Message) -> Context | None:
        try:
            return self._contexts.get(Imsi(request.get_text("User-Name")))
        except InvalidValue:
            return None

    # --- asking -------------------------------------------------------------------------------

    def _addressing(self) -> s6a.Addressing:
        return s6a.Addressing(
            self._session_ids.take("app_s6a"),
            self._link.host,
            self._link.realm,
            self._around.destination_realm,
        )

    async def _ask(self, command_code: int, avps: Sequence[AvpItem]) -> Message:
        _, answer = await self._link.request(commands.APPLICATION_S6A, command_code, avps)
        return answer

    async def _tell(self, ue: UE, command_code: int, avps: Sequence[AvpItem]) -> None:
        """A request whose answer changes nothing for the phone."""
        try:
            await self._ask(command_code, avps)
        except UNANSWERED:
            ue.changed()


def _apn_ambr(context: Context, subscription: Subscription) -> Ambr | None:
    apn = subscription.find_apn(context.connection.bearer.apn)
    return apn.ambr if apn else None
