"""A whole simulated network: phones, eNodeB, MME and gateway, talking Diameter to one node.

    async with SimulatedEpc(settings, time=VirtualTime()) as epc:
        phone = epc.add_ue(imsi, k, opc)
        await epc.attach(phone)
        phone.traffic(1_000_000)
        await epc.run(timedelta(hours=2))
        assert phone.octets == ...

`run` takes time from one event to the next. With virtual time it stands still while the node
answers; with live time phones act side by side. Whoever needs the phones' reaction to something
that the node does by itself calls `settle` (all that began is finished) or `until` (waits for it).
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Final, Self

from wispgate.kernel.identifiers import Imei, Imsi
from wispgate.simulator.agenda import Agenda
from wispgate.simulator.clocks import LiveTime, SimulatedTime
from wispgate.simulator.diameter import NotConnected
from wispgate.simulator.enodeb import ENodeB
from wispgate.simulator.identities import EpcSettings, make_links
from wispgate.simulator.link import Background
from wispgate.simulator.mme import MME
from wispgate.simulator.nas import NasTimers, State
from wispgate.simulator.pgw import PGW, PdnConnection, SessionIds, Surroundings
from wispgate.simulator.ue import UE
from wispgate.simulator.usim import Usim
from wispgate.wire.diameter.answers import Origin, Result, answer_to
from wispgate.wire.diameter.commands import APPLICATION_S6A
from wispgate.wire.diameter.errors import DiameterError
from wispgate.wire.diameter.message import Message

_RECONNECT_AFTER: Final = timedelta(seconds=5)
_LOOK_EVERY: Final = 0.01
_TAC: Final = "35693803"

__all__ = ["EpcSettings", "SimulatedEpc"]


class SimulatedEpc:
    """Owns the connections, the phones and their time. Randomness is the given `random`'s."""

    def __init__(
        self,
        settings: EpcSettings,
        *,
        time: SimulatedTime | None = None,
        random: Random | None = None,
    ) -> None:
        self.settings = settings
        self.time = time or LiveTime()
        self.random = random or Random(0)  # noqa: S311 (staggers phones, hides nothing)
        self.ues: list[UE] = []
        self.enodeb = ENodeB()
        self._locks: dict[int, asyncio.Lock] = {}
        self._busy: set[int] = set()
        self._unpaced: dict[int, UE] = {}
        self._agenda = Agenda()
        self._changed = asyncio.Event()
        self._background = Background()
        self._reconnect_at: datetime | None = None
        self._links = make_links(settings, self._serve)
        self.pgw, self.mme = self._make_nodes()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Connects. Raises NotConnected."""
        for link in self._links.values():
            await link.connect()

    async def close(self) -> None:
        """Says goodbye to the node; sessions stay open there."""
        self._background.cancel()
        for link in self._links.values():
            await link.close()

    def abort(self) -> None:
        """Both connections are gone without a word."""
        for link in self._links.values():
            link.abort()

    @property
    def is_connected(self) -> bool:
        return all(link.is_connected for link in self._links.values())

    # --- phones -------------------------------------------------------------------------------

    def add_ue(
        self, imsi: str, k: bytes, opc: bytes, *, imei: Imei | None = None,
        timers: NasTimers | None = None,
    ) -> UE:  # fmt: skip
        """A phone with that card, switched off."""
        return self.add_phone(Usim(Imsi(imsi), k, opc), imei=imei, timers=timers)

    def add_phone(
        self, usim: Usim, *, imei: Imei | None = None, timers: NasTimers | None = None
    ) -> UE:
        """A phone around a card that exists already."""
        given = imei or Imei(_TAC, f"{len(self.ues):06d}", "01")
        ue = UE(usim, given, timers or NasTimers())
        ue.changed = lambda: self._note(ue)
        self.ues.append(ue)
        self._locks[id(ue)] = asyncio.Lock()
        return ue

    def fleet(
        self, count: int, *, first_imsi: str, keys: Callable[[Imsi], tuple[bytes, bytes]]
    ) -> list[UE]:
        """Phones with consecutive IMSIs; `keys` gives K and OPc of each card."""
        imsis = [Imsi(f"{int(first_imsi) + n:0{len(first_imsi)}d}") for n in range(count)]
        return [self.add_ue(imsi.digits, *keys(imsi)) for imsi in imsis]

    def switch_on(self, *ues: UE, within: timedelta = timedelta(0)) -> None:
        """Phones attach by themselves in `run`, each at a random instant of the span."""
        now = self.time.now()
        for ue in ues or self.ues:
            ue.power_on(now)
            if ue.next_attempt_at is not None:
                ue.next_attempt_at = now + within * self.random.random()
                self._note(ue)

    async def attach(self, ue: UE) -> bool:
        """Switches it on if it is off, and attaches now if nothing forbids; whether it is attached."""
        ue.power_on(self.time.now())
        ue.come_back(self.time.now())
        async with self._lock_of(ue):
            if ue.next_attempt_at is not None and ue.next_attempt_at <= self.time.now():
                await self.mme.attach(ue)
        await self.settle()
        return ue.is_attached

    async def detach(self, ue: UE) -> None:
        """Says goodbye to the network and stays away."""
        async with self._lock_of(ue):
            self._account(ue)
            ue.leave(self.time.now())
            await self.mme.detach(ue)
        await self.settle()

    async def switch_off(self, ue: UE) -> None:
        async with self._lock_of(ue):
            self._account(ue)
            ue.power_off(self.time.now())
            await self.mme.detach(ue)
        await self.settle()

    async def power_cycle(self, ue: UE) -> bool:
        """Off and on again; whether it is attached."""
        await self.switch_off(ue)
        return await self.attach(ue)

    async def change_sim(self, ue: UE, usim: Usim) -> None:
        """Another card in the same phone, which then attaches in `run` if it was on."""
        was_on = ue.state is not State.POWER_OFF
        await self.switch_off(ue)
        ue.change_sim(usim, self.time.now())
        if was_on:
            ue.power_on(self.time.now())

    async def rest(self, ue: UE) -> None:
        """The eNodeB releases the phone now, as after a while without traffic."""
        async with self._lock_of(ue):
            self._account(ue)
            self.mme.release(ue)
        await self.settle()

    def connection(self, ue: UE) -> PdnConnection | None:
        """The gateway's view of the phone's connection, for what a phone cannot see."""
        return self.mme.find_connection(ue)

    def refusal(self, ue: UE) -> str:
        """Which answer of the node refused the phone last, for what a phone cannot see; or ""."""
        return self.mme.refusals.get(ue.imsi, "")

    # --- time ---------------------------------------------------------------------------------

    async def run(self, until: datetime | timedelta) -> None:
        """Lets time pass, and everything happen that falls due in it."""
        end = self.time.now() + until if isinstance(until, timedelta) else until
        while not await self._has_reached(end):
            await self.time.wait_until(min(self._next_event_at() or end, end), self._changed)
        self._account_all()

    async def settle(self) -> None:
        """All that began is finished, and rates are set anew. Time stands still if it is virtual."""
        if self.time.is_virtual:
            await self._background.settle()
        else:
            await self._background.catch_up()
        self._account_all()
        self._pace_changed()

    async def until(self, condition: Callable[[], bool], *, within: float = 10.0) -> None:
        """Waits, without moving virtual time, until the node did what makes `condition` true.

        `within` are real seconds. Raises TimeoutError.
        """
        async with asyncio.timeout(within):
            while not condition():
                await asyncio.sleep(_LOOK_EVERY)
                await self.settle()

    async def _has_reached(self, end: datetime) -> bool:
        self._changed.clear()
        await self._keep_connected()
        self._pace_changed()
        self._start_due()
        if not self.time.is_virtual:
            self._background.raise_failures()
            return self.time.now() >= end
        await self._background.settle()
        self._pace_changed()
        now, following = self.time.now(), self._next_event_at()
        return now >= end and (following is None or following > now)

    def _start_due(self) -> None:
        now = self.time.now()
        for ue in self._agenda.take_due(now):
            self._account(ue)
            at = self._event_of(ue, now)
            if at is not None and at <= now:
                self._busy.add(id(ue))
                self._background.spawn(self._act(ue))
            else:
                self._agenda.put(ue, at)

    def _next_event_at(self) -> datetime | None:
        instants = [self._agenda.first_at()]
        if not self.time.is_virtual and not self.is_connected:
            instants.append(self._reconnect_at)
        return min((instant for instant in instants if instant is not None), default=None)

    def _event_of(self, ue: UE, now: datetime) -> datetime | None:
        """When that phone, or the network for it, has something to do."""
        if id(ue) in self._busy:
            return None
        if not ue.is_attached:
            return ue.next_timer_at
        wants = any(not flow.is_done for flow in ue.flows)
        if wants and not ue.is_active:
            return now
        connection = self.connection(ue)
        instants = []
        if connection is not None and not connection.is_released:
            instants.append(connection.path.next_event_at(now))
        if ue.is_active and not wants and ue.last_octet_at is not None:
            instants.append(ue.last_octet_at + ue.timers.inactivity)
        return min((instant for instant in instants if instant is not None), default=None)

    async def _act(self, ue: UE) -> None:
        try:
            async with self._lock_of(ue):
                self._account(ue)
                await self._step(ue)
        finally:
            self._busy.discard(id(ue))
            self._note(ue)

    async def _step(self, ue: UE) -> None:
        now = self.time.now()
        wants = any(not flow.is_done for flow in ue.flows)
        connection = self.connection(ue)
        if ue.state is State.ATTACHING:
            ue.handle_timer(now)
        elif not ue.is_attached:
            if ue.next_attempt_at is not None and ue.next_attempt_at <= now:
                await self.mme.attach(ue)
        elif wants and not ue.is_active:
            await self.mme.service_request(ue)
        elif connection is not None and not connection.is_released:
            await self.pgw.report_due(connection)
        if self._is_silent(ue):
            self.mme.release(ue)

    def _is_silent(self, ue: UE) -> bool:
        if not ue.is_active or ue.last_octet_at is None or any(not f.is_done for f in ue.flows):
            return False
        return self.time.now() >= ue.last_octet_at + ue.timers.inactivity

    # --- inside -------------------------------------------------------------------------------

    def _lock_of(self, ue: UE) -> asyncio.Lock:
        return self._locks[id(ue)]

    def _note(self, ue: UE) -> None:
        self._unpaced[id(ue)] = ue
        self._changed.set()

    def _account_all(self) -> None:
        for ue in self.ues:
            self._account(ue)

    def _account(self, ue: UE) -> None:
        connection = self.connection(ue)
        if connection is not None:
            connection.path.account(self.time.now())

    def _pace_changed(self) -> None:
        changed, self._unpaced = self._unpaced, {}
        for ue in changed.values():
            connection = self.connection(ue)
            if connection is None:
                ue.halt()
            else:
                connection.path.account(self.time.now())
                connection.path.pace(self.enodeb.find_ambr(ue.imsi))
            self._agenda.put(ue, self._event_of(ue, self.time.now()))

    async def _keep_connected(self) -> None:
        """A live network connects again by itself, so that the node can reach its phones."""
        now = self.time.now()
        if self.time.is_virtual or self.is_connected:
            return
        if self._reconnect_at is not None and now < self._reconnect_at:
            return
        self._reconnect_at = now + _RECONNECT_AFTER
        try:
            await self.start()
        except NotConnected:
            return

    def _serve(self, request: Message) -> bytes:
        is_s6a = request.header.application_id == APPLICATION_S6A
        try:
            return self.mme.serve(request) if is_s6a else self.pgw.serve(request)
        except DiameterError as error:
            result = Result(error.result_code, failed_avp=error.failed_avp)
            host = self.settings.mme_host if is_s6a else self.settings.smf_host
            return answer_to(request, result, Origin(host, self.settings.realm))

    def _find_realm(self) -> str:
        """The node's: as configured, as it said itself, or (nobody answered yet) our own."""
        said = self._links[self.settings.mme_host].node_realm
        return self.settings.destination_realm or said or self.settings.realm

    def _make_nodes(self) -> tuple[PGW, MME]:
        settings = self.settings
        around = Surroundings(
            time=self.time,
            dialect=settings.dialect,
            background=self._background,
            lock_of=self._lock_of,
            plmn=settings.plmn,
            find_realm=self._find_realm,
        )
        start = int(self.time.now().timestamp()) + settings.boot
        ids = {host: SessionIds(host, start, settings.dialect, self.random) for host in self._links}
        pgw = PGW(
            self._links[settings.smf_host],
            ids[settings.smf_host],
            around,
            default_rating_group=settings.default_rating_group,
            # The MME is made after the gateway that tells it.
            lost=lambda ue: self.mme.connection_lost(ue),  # noqa: PLW0108
        )
        mme = MME(
            self._links[settings.mme_host], ids[settings.mme_host], around,
            pgw=pgw, enodeb=self.enodeb,
        )  # fmt: skip
        return pgw, mme
