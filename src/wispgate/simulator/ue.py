"""A phone: its card, its NAS behaviour and what it wants to transfer. Pure but for its own state.

Tests read only the phone: `is_attached`, `octets_per_second`, `next_attempt_at`, `last_cause`.
The network tells it what happened (`accepted`, `rejected`, ...); it tells when it acts next.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Address
from typing import Final

from wispgate.kernel.identifiers import Imei, Imsi
from wispgate.simulator.nas import (
    BACK_OFF_CAUSES,
    MAX_ATTEMPTS,
    Input,
    NasTimers,
    Reaction,
    State,
    find_reaction,
    next_state,
)
from wispgate.simulator.traffic import Flow
from wispgate.simulator.usim import Usim

_REGISTERED: Final = (State.REGISTERED_IDLE, State.REGISTERED_ACTIVE)


@dataclass(frozen=True, slots=True)
class NasRecord:
    """One line of the phone's diary."""

    at: datetime
    text: str


@dataclass(slots=True, eq=False)
class UE:
    """A phone with one card and one PDN connection.

    next_attempt_at     when it attaches by itself; None: never, or not as things stand
    last_cause          EMM cause of the last refusal, `last_esm_cause` of the session's
    octets_per_second   what passes now, both directions
    received_octets     down, `sent_octets` up: counted since it was made
    """

    usim: Usim
    imei: Imei
    timers: NasTimers = field(default_factory=NasTimers)
    state: State = State.POWER_OFF
    next_attempt_at: datetime | None = None
    gives_up_at: datetime | None = None
    last_cause: int | None = None
    last_esm_cause: int | None = None
    failed_attempts: int = 0
    is_silenced: bool = False
    address: IPv4Address | None = None
    octets_per_second: int = 0
    received_octets: int = 0
    sent_octets: int = 0
    last_octet_at: datetime | None = None
    flows: list[Flow] = field(default_factory=list)
    diary: list[NasRecord] = field(default_factory=list)
    changed: Callable[[], None] = field(default=lambda: None, repr=False)

    @property
    def imsi(self) -> Imsi:
        return Imsi(str(self.usim.imsi))

    @property
    def is_attached(self) -> bool:
        """As far as the phone knows."""
        return self.state in _REGISTERED

    @property
    def is_active(self) -> bool:
        return self.state is State.REGISTERED_ACTIVE

    @property
    def octets(self) -> int:
        """All that passed, both directions."""
        return self.received_octets + self.sent_octets

    @property
    def next_timer_at(self) -> datetime | None:
        """When `handle_timer` or an attach is due."""
        return self.gives_up_at if self.state is State.ATTACHING else self.next_attempt_at

    # --- what its owner does ----------------------------------------------------------------

    def power_on(self, now: datetime) -> None:
        """Forgets what it was refused, and looks for a network at once."""
        if self.state is State.POWER_OFF:
            self._go(Input.POWER_ON, now, "is switched on")
            self.is_silenced = False
            self._attempt_at(now)
            self.failed_attempts = 0

    def power_off(self, now: datetime) -> None:
        if self.state is not State.POWER_OFF:
            self._go(Input.POWER_OFF, now, "is switched off")
            self._rest()

    def change_sim(self, usim: Usim, now: datetime) -> None:
        """Another card; a phone that was on starts anew."""
        was_on = self.state is not State.POWER_OFF
        self.power_off(now)
        self.usim = usim
        if was_on:
            self.power_on(now)

    def move(self, now: datetime) -> None:
        """To another tracking area: what was forbidden there does not count here (5.3.2)."""
        if self.state is State.LIMITED and not self.is_silenced:
            self._attempt_at(now)

    def traffic(
        self,
        octets_per_second: int,
        *,
        up_octets_per_second: int = 0,
        rating_group: int | None = None,
        octets: int | None = None,
        is_walled_garden: bool = False,
    ) -> Flow:
        """Wants to transfer at that speed until `octets` have passed, or until `stop`.

        A flow to the walled garden passes where a final unit redirects or restricts.
        """
        flow = Flow(rating_group, octets_per_second, up_octets_per_second, octets, is_walled_garden)
        self.flows.append(flow)
        self.changed()
        return flow

    def stop_traffic(self, flow: Flow | None = None) -> None:
        """Ends one flow, or all."""
        for ended in [flow] if flow else list(self.flows):
            ended.is_stopped = True
        self.changed()

    # --- what the network tells it -----------------------------------------------------------

    def attach_begins(self, now: datetime) -> None:
        self._go(Input.ATTACH, now, "asks to attach")
        self.next_attempt_at = None

    def accepted(self, address: IPv4Address, now: datetime) -> None:
        self._go(Input.ACCEPT, now, f"is attached as {address}")
        self.address, self.last_octet_at = address, now
        self.failed_attempts, self.gives_up_at = 0, None
        self.last_cause = self.last_esm_cause = None

    def unanswered(self, now: datetime) -> None:
        """Nothing came back: it hangs until T3410 expires (5.5.1.2.6 c)."""
        self.gives_up_at = now + self.timers.t3410
        self._write(now, "waits for an answer")

    def rejected(self, cause: int, now: datetime, *, esm_cause: int | None = None) -> None:
        """Attach or service was refused with an EMM cause, perhaps for the session's ESM cause."""
        self.last_cause, self.last_esm_cause = cause, esm_cause
        self._write(now, f"is refused with cause {cause}" + (f"/{esm_cause}" if esm_cause else ""))
        match find_reaction(cause):
            case Reaction.STAY_SILENT:
                self._go(Input.LIMIT, now)
                self._rest()
                self.is_silenced = True
            case Reaction.LOOK_ELSEWHERE:
                self._go(Input.LIMIT, now)
                self._attempt_at(now + self.timers.forbidden_areas)
            case Reaction.TRY_AGAIN:
                self._fail(now, esm_cause)
            case Reaction.ATTACH_AT_ONCE:
                self._go(Input.DETACH, now)
                self._attempt_at(now)

    def detached(self, now: datetime, *, reattach: bool = False) -> None:
        """By the network: comes back at once if asked to (5.5.2.3.2), else after T3402 (5.5.2.3.4)."""
        if self.is_attached:
            self._go(Input.DETACH, now, "is detached" + (", to attach again" if reattach else ""))
            self._attempt_at(now if reattach else now + self.timers.t3402)
            self.failed_attempts = 0

    def leave(self, now: datetime) -> None:
        """Detached by its owner (flight mode): stays away until switched off and on."""
        if self.is_attached:
            self._go(Input.DETACH, now, "detaches")
        self._rest()

    def come_back(self, now: datetime) -> None:
        """Flight mode ends."""
        if self.state is State.DEREGISTERED and self.next_attempt_at is None:
            self._attempt_at(now)

    def halt(self) -> None:
        """Nothing passes; flows that are over are forgotten."""
        self.flows[:] = [flow for flow in self.flows if not flow.is_done]
        for flow in self.flows:
            flow.pace(0, 0)
        self.octets_per_second = 0

    def wake(self, now: datetime) -> None:
        if self.state is State.REGISTERED_IDLE:
            self._go(Input.WAKE, now)
            self.last_octet_at = now

    def sleep(self, now: datetime) -> None:
        if self.state is State.REGISTERED_ACTIVE:
            self._go(Input.SLEEP, now)

    def handle_timer(self, now: datetime) -> None:
        """T3410: nobody answered."""
        if self.state is State.ATTACHING and self.gives_up_at and now >= self.gives_up_at:
            self._write(now, "gives up waiting")
            self._fail(now, None)

    # --- inside ------------------------------------------------------------------------------

    def _fail(self, now: datetime, esm_cause: int | None) -> None:
        self.failed_attempts += 1
        self._go(Input.WAIT if self.state is State.ATTACHING else Input.DETACH, now)
        pause = self.timers.t3411
        if self.failed_attempts >= MAX_ATTEMPTS:
            self.failed_attempts, pause = 0, self.timers.t3402
        if esm_cause in BACK_OFF_CAUSES:
            pause = max(pause, self.timers.back_off)
        self._attempt_at(now + pause)

    def _attempt_at(self, instant: datetime) -> None:
        self._rest()
        self.next_attempt_at = instant
        self.changed()

    def _rest(self) -> None:
        self.next_attempt_at = self.gives_up_at = self.address = None
        self.octets_per_second = 0

    def _go(self, event: Input, now: datetime, text: str = "") -> None:
        self.state = next_state(self.state, event)
        if text:
            self._write(now, text)
        self.changed()

    def _write(self, now: datetime, text: str) -> None:
        # A phone that is refused for weeks keeps the last lines only.
        if len(self.diary) >= 200:
            del self.diary[:100]
        self.diary.append(NasRecord(now, text))
