"""The gateway (PGW, SMF): PDN connections, each with its Gx and its Gy session.

It asks at both at once when a connection is made, reports when a quota is due, obeys what its
dialect obeys of RAR and ASR, and says goodbye on both.
"""

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from random import Random
from typing import Any, Final

from wispgate.kernel.plmn import Plmn
from wispgate.simulator import gx, gy
from wispgate.simulator.bearers import Bearer
from wispgate.simulator.charging import (
    ChargingSession,
    CreditControl,
    RequestType,
    TerminationCause,
)
from wispgate.simulator.clocks import SimulatedTime
from wispgate.simulator.datapath import DataPath
from wispgate.simulator.dialects import Dialect
from wispgate.simulator.gx import PolicySession
from wispgate.simulator.gy import Route
from wispgate.simulator.link import UNANSWERED, Background, Link
from wispgate.simulator.quota import Reason
from wispgate.simulator.subscription import Ambr, ApnConfiguration
from wispgate.simulator.ue import UE
from wispgate.wire.diameter import commands
from wispgate.wire.diameter.answers import Origin, Result, answer_to
from wispgate.wire.diameter.message import AvpItem, Message
from wispgate.wire.diameter.results import ResultCode, is_success

_POOL: Final = int(IPv4Address("10.45.0.2"))
_POOL_SIZE: Final = 65_533
_UNLIMITED: Final = Ambr(0xFFFF_FFFF, 0xFFFF_FFFF)
_UNKNOWN_SESSION: Final = Result(
    ResultCode.UNKNOWN_SESSION_ID, error_message="DIAMETER_UNKNOWN_SESSION_ID"
)


Work = Callable[["PdnConnection"], Coroutine[Any, Any, None]]


class SessionIds:
    """Session-Ids of one identity (RFC 6733 section 8.8)."""

    def __init__(self, host: str, start: int, dialect: Dialect, random: Random) -> None:
        self._host, self._start = host, start
        self._dialect, self._random = dialect, random
        self._numbers = itertools.count(1)

    def take(self, suffix: str) -> str:
        last = suffix if self._dialect.has_session_suffixes else f"{self._random.getrandbits(32):x}"
        return f"{self._host};{self._start};{next(self._numbers)};{last}"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What MME and gateway share: time, behaviour, work under way, and one lock per phone."""

    time: SimulatedTime
    dialect: Dialect
    background: Background
    lock_of: Callable[[UE], asyncio.Lock]
    plmn: Plmn
    find_realm: Callable[[], str]

    @property
    def destination_realm(self) -> str:
        """Where requests go: known for sure when the node has told its realm."""
        return self.find_realm()


@dataclass(slots=True, eq=False)
class PdnConnection:
    """One phone at one APN. `sent` keeps the last request of each application, to send again."""

    ue: UE
    bearer: Bearer
    charging: ChargingSession
    policy: PolicySession
    path: DataPath
    gx_route: Route
    gy_route: Route
    last_gx_request: bytes = b""
    last_gy_request: bytes = b""

    @property
    def is_released(self) -> bool:
        return self.path.is_released


@dataclass(frozen=True, slots=True)
class SessionRefused:
    """Gy or Gx said no; 3002 stands for no answer."""

    interface: str
    result_code: int


class PGW:
    """`lost` is told of a phone whose connection ended here, where the dialect tells anybody."""

    def __init__(
        self,
        link: Link,
        session_ids: SessionIds,
        surroundings: Surroundings,
        *,
        default_rating_group: int,
        lost: Callable[[UE], None],
    ) -> None:
        self._link = link
        self._session_ids = session_ids
        self._around = surroundings
        self._default_rating_group = default_rating_group
        self._lost = lost
        self._connections: dict[str, PdnConnection] = {}
        self._charging_ids: Iterator[int] = itertools.count(1)

    @property
    def connections(self) -> Sequence[PdnConnection]:
        """Those that stand, each once."""
        return [c for key, c in self._connections.items() if key == c.policy.session_id]

    # --- a connection's life ------------------------------------------------------------------

    async def create(
        self, ue: UE, apn: ApnConfiguration, msisdn: str
    ) -> PdnConnection | SessionRefused:
        """Gx and Gy CCR-I in parallel; if either refuses, what the other gave is given back."""
        connection = self._new_connection(ue, apn, msisdn)
        groups = [flow.rating_group for flow in ue.flows if not flow.is_done]
        gx_result, answered = await asyncio.gather(
            self._open_policy(connection),
            self._charge(connection, connection.charging.initial(groups)),
        )
        refusal = self._refusal(connection, gx_result)
        if refusal is None:
            return connection
        if not answered and self._around.dialect.terminates_unanswered:
            connection.charging.is_open = True
        await self.terminate(connection)
        return refusal

    async def report_due(self, connection: PdnConnection) -> None:
        """Sends every report that is due, until none is."""
        while not connection.is_released:
            now = self._around.time.now()
            connection.path.account(now)
            charging = connection.charging
            request = charging.update_if_due(now, connection.path.wanted_groups())
            if request is None:
                return
            had_final = charging.final_seen is not None
            if had_final and self._around.dialect.final_unit_ends_session:
                await self._end_with(connection, request)
                return
            await self._update(connection, request)

    async def modify(self, connection: PdnConnection, ambr: Ambr) -> None:
        """The subscribed APN-AMBR changed: the PCRF is asked what to make of it."""
        connection.bearer = replace(connection.bearer, ambr=ambr)
        if connection.is_released or not self._around.dialect.updates_gx:
            return
        avps = gx.qos_changed_avps(
            connection.policy, bearer=connection.bearer, route=connection.gx_route
        )
        await self._ask_policy(connection, avps)

    async def terminate(
        self, connection: PdnConnection, cause: TerminationCause = TerminationCause.LOGOUT
    ) -> None:
        """CCR-T on both, where there is a session."""
        now = self._around.time.now()
        connection.path.account(now)
        charging = connection.charging
        last = charging.termination(now, cause) if charging.is_open else None
        await self._say_goodbye(connection, last, cause)

    async def _end_with(self, connection: PdnConnection, due: CreditControl) -> None:
        """A report is due and the units were the last: it becomes the CCR-T."""
        reports = tuple(
            replace(report, reason=Reason.FINAL, wants_units=False) for report in due.reports
        )
        last = replace(
            due,
            type=RequestType.TERMINATION,
            reports=reports,
            termination_cause=TerminationCause.LOGOUT,
        )
        connection.charging.is_open = False
        await self._say_goodbye(connection, last, TerminationCause.LOGOUT)
        self._tell_of_end(connection)

    async def _end(self, connection: PdnConnection, cause: TerminationCause) -> None:
        if not connection.is_released:
            await self.terminate(connection, cause)
            self._tell_of_end(connection)

    def _tell_of_end(self, connection: PdnConnection) -> None:
        connection.ue.octets_per_second = 0
        if self._around.dialect.tells_phone_of_end:
            self._lost(connection.ue)
        connection.ue.changed()

    async def _say_goodbye(
        self, connection: PdnConnection, last: CreditControl | None, cause: TerminationCause
    ) -> None:
        connection.path.is_released = True
        goodbyes = []
        if connection.policy.is_open:
            connection.policy.is_open = False
            gx_cause = cause if self._around.dialect.updates_gx else None
            avps = gx.termination_avps(
                connection.policy, bearer=connection.bearer, route=connection.gx_route,
                cause=gx_cause,
            )  # fmt: skip
            goodbyes.append(self._ask_policy(connection, avps))
        if last is not None:
            goodbyes.append(self._goodbye_to_charging(connection, last))
        await asyncio.gather(*goodbyes)
        self._connections.pop(connection.policy.session_id, None)
        self._connections.pop(connection.charging.session_id, None)

    async def _goodbye_to_charging(self, connection: PdnConnection, last: CreditControl) -> int:
        return int(await self._charge(connection, last))

    # --- asking -------------------------------------------------------------------------------

    async def _update(self, connection: PdnConnection, request: CreditControl) -> None:
        await self._charge(connection, request)
        if connection.charging.refusal is not None:
            await self._end(connection, TerminationCause.LOGOUT)

    async def _charge(self, connection: PdnConnection, request: CreditControl) -> bool:
        """Sends a CCR on Gy and takes its answer; whether there was one."""
        avps = gy.credit_control_avps(
            connection.charging.session_id,
            request,
            bearer=connection.bearer,
            route=connection.gy_route,
            dialect=self._around.dialect,
            now=self._around.time.now(),
        )
        try:
            connection.last_gy_request, answer = await self._link.request(
                commands.APPLICATION_CREDIT_CONTROL, commands.COMMAND_CREDIT_CONTROL, avps
            )
            parsed = gy.parse_answer(answer)
        except UNANSWERED:
            connection.path.account(self._around.time.now())
            connection.charging.unanswered(request)
            return False
        connection.gy_route = _answered(connection.gy_route, answer)
        connection.path.account(self._around.time.now())
        connection.charging.receive(parsed, request, self._around.time.now())
        return True

    async def _open_policy(self, connection: PdnConnection) -> int:
        avps = gx.initial_avps(
            connection.policy,
            bearer=connection.bearer,
            route=connection.gx_route,
            dialect=self._around.dialect,
        )
        result = await self._ask_policy(connection, avps)
        connection.policy.is_open = is_success(result)
        return result

    async def _ask_policy(self, connection: PdnConnection, avps: Sequence[AvpItem]) -> int:
        """Sends a CCR on Gx and takes its rules; its result, 3002 without an answer."""
        try:
            connection.last_gx_request, answer = await self._link.request(
                commands.APPLICATION_GX, commands.COMMAND_CREDIT_CONTROL, avps
            )
            result = gy.result_of(answer)
            connection.path.account(self._around.time.now())
            connection.policy.apply(answer, with_qos=True)
        except UNANSWERED:
            return ResultCode.UNABLE_TO_DELIVER
        connection.gx_route = _answered(connection.gx_route, answer)
        return result

    async def retransmit_gy(self, connection: PdnConnection) -> Message:
        """Sends the last CCR on Gy again, as a possible duplicate; its answer changes nothing."""
        return await self._link.retransmit(connection.last_gy_request)

    async def retransmit_gx(self, connection: PdnConnection) -> Message:
        return await self._link.retransmit(connection.last_gx_request)

    # --- being asked --------------------------------------------------------------------------

    def serve(self, request: Message) -> bytes:
        """RAR and ASR of PCRF and OCS."""
        origin = Origin(self._link.host, self._link.realm)
        application_id = request.header.application_id
        connection = self._connections.get(request.get_text("Session-Id"))
        command_code = request.header.command_code
        if not self._is_served(application_id, command_code):
            return answer_to(request, ResultCode.COMMAND_UNSUPPORTED, origin)
        if connection is None or connection.is_released:
            return answer_to(request, _UNKNOWN_SESSION, origin)
        if command_code == commands.COMMAND_ABORT_SESSION:
            self._later(connection, self._abort)
            result: int = ResultCode.SUCCESS
        elif application_id == commands.APPLICATION_GX:
            result = self._obey_policy(connection, request)
        else:
            result = self._reauthorise_later(connection, request)
        return answer_to(request, result, origin, [("Auth-Application-Id", application_id)])

    def _is_served(self, application_id: int, command_code: int) -> bool:
        if command_code == commands.COMMAND_RE_AUTH:
            return True
        is_gy = application_id == commands.APPLICATION_CREDIT_CONTROL
        is_abort = command_code == commands.COMMAND_ABORT_SESSION
        return is_abort and is_gy and self._around.dialect.serves_abort

    def _obey_policy(self, connection: PdnConnection, request: Message) -> int:
        is_obedient = self._around.dialect.obeys_gx_qos
        connection.path.account(self._around.time.now())
        connection.policy.apply(request, with_qos=is_obedient)
        if is_obedient and request.find_avp("Session-Release-Cause") is not None:
            self._later(connection, self._abort)
        connection.ue.changed()
        return ResultCode.SUCCESS

    def _reauthorise_later(self, connection: PdnConnection, request: Message) -> int:
        if not self._around.dialect.obeys_reauthorisation:
            return ResultCode.SUCCESS
        groups = [group for group in request.list("Rating-Group") if isinstance(group, int)]

        async def reauthorise(connection: PdnConnection) -> None:
            now = self._around.time.now()
            connection.path.account(now)
            await self._update(connection, connection.charging.forced_update(now, groups))

        self._later(connection, reauthorise)
        return ResultCode.LIMITED_SUCCESS

    async def _abort(self, connection: PdnConnection) -> None:
        await self._end(connection, TerminationCause.ADMINISTRATIVE)

    def _later(self, connection: PdnConnection, work: Work) -> None:
        async def locked() -> None:
            async with self._around.lock_of(connection.ue):
                if not connection.is_released:
                    await work(connection)
                    connection.ue.changed()

        self._around.background.spawn(locked())

    # --- inside -------------------------------------------------------------------------------

    def _new_connection(self, ue: UE, apn: ApnConfiguration, msisdn: str) -> PdnConnection:
        number = next(self._charging_ids)
        dialect = self._around.dialect
        route = Route(self._link.host, self._link.realm, self._around.destination_realm)
        policy = PolicySession(self._session_ids.take("app_gx"))
        charging = ChargingSession(
            self._session_ids.take("app_gy"), dialect, self._default_rating_group
        )
        bearer = Bearer(
            imsi=ue.imsi, imei=ue.imei, msisdn=msisdn, apn=apn.name, qos=apn.qos,
            ambr=apn.ambr or _UNLIMITED,
            address=IPv4Address(_POOL + (number - 1) % _POOL_SIZE),
            charging_id=number, plmn=self._around.plmn,
        )  # fmt: skip
        path = DataPath(ue, charging, policy, dialect, self._around.time.now())
        connection = PdnConnection(ue, bearer, charging, policy, path, route, route)
        self._connections[policy.session_id] = connection
        self._connections[charging.session_id] = connection
        return connection

    @staticmethod
    def _refusal(connection: PdnConnection, gx_result: int) -> SessionRefused | None:
        if connection.charging.refusal is not None:
            return SessionRefused("Gy", connection.charging.refusal)
        if not is_success(gx_result):
            return SessionRefused("Gx", gx_result)
        return None


def _answered(route: Route, answer: Message) -> Route:
    """From now on requests name the host that answered (RFC 6733 section 6.1.2)."""
    return replace(route, destination_host=answer.find_text("Origin-Host") or "")
