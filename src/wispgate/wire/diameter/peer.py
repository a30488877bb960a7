"""The base protocol with one remote node, without I/O (RFC 6733 sections 5.3 to 5.6).

A driver gives bytes and time, and takes events, bytes and one timer:

    for event in peer.receive_data(data, now=now): ...
    transport.write(peer.data_to_send(now=now))
    deadline = peer.get_timer()

A peer has one transport connection: an initiator opens it, again and again; a responder was
opened by the other side. Where both exist for one remote node, the driver tells the initiator
(`rival_arrived`, `rival_lost`), which holds the election and says what becomes of the rival.
Requests and answers of applications pass unread.
"""

from datetime import datetime

from wispgate.wire.diameter import events as ev
from wispgate.wire.diameter.answers import Result
from wispgate.wire.diameter.capabilities import LocalNode, decode_capabilities
from wispgate.wire.diameter.errors import FramingError, PeerNotOpen
from wispgate.wire.diameter.events import DisconnectCause, DownReason, Event
from wispgate.wire.diameter.framing import Framer
from wispgate.wire.diameter.handshake import decide_refusal
from wispgate.wire.diameter.machine import PeerMachine
from wispgate.wire.diameter.occasion import Occasion
from wispgate.wire.diameter.results import ResultCode
from wispgate.wire.diameter.states import Input, State
from wispgate.wire.diameter.watchdog import Health


class Peer(PeerMachine):
    """`jitter` draws the watchdog's -2 to +2 s; `seed` is a random number of 32 bits."""

    # --- what the driver may ask --------------------------------------------------------------

    @property
    def node(self) -> LocalNode:
        """The identity that we have towards this peer."""
        return self.messages.node

    @property
    def health(self) -> Health:
        """The watchdog's opinion."""
        return self._watchdog.health

    @property
    def can_send_requests(self) -> bool:
        """New requests go out only on an open connection that is in good health."""
        return self.is_open and self._watchdog.health is Health.OKAY

    @property
    def unread(self) -> bytes:
        """The beginning of a message whose rest has not come yet: where who joins late begins."""
        return self._framer.unread

    def get_timer(self) -> datetime | None:
        """When `handle_timer` wants to be called if nothing happens before."""
        expiries = [t for t in (self._deadline, self._watchdog.expires_at) if t is not None]
        return min(expiries, default=None)

    def data_to_send(self, *, now: datetime) -> bytes:
        """All that waits to be written. Watchdogs do not queue behind traffic (RFC 3539)."""
        data = b"".join(self._urgent + self._output)
        self._urgent.clear()
        self._output.clear()
        return data

    # --- what the driver tells ----------------------------------------------------------------

    def start(self, *, now: datetime) -> list[Event]:
        """An initiator begins to want its connection. Nothing happens if it does already."""
        occasion = Occasion(now, [])
        if self.role == "initiator" and self.state is State.CLOSED:
            self._fire(Input.START, occasion)
        return occasion.events

    def connection_made(self, *, now: datetime) -> list[Event]:
        """The transport connection stands."""
        occasion = Occasion(now, [])
        self._is_connected = True
        self._framer = Framer()
        self._introduction = None
        if self.role == "initiator":
            self._fire(Input.I_RCV_CONN_ACK, occasion)
        else:
            self._deadline = now + self._timing.handshake
        return occasion.events

    def connection_lost(self, *, now: datetime) -> list[Event]:
        """The transport connection is gone, or could not be opened."""
        occasion = Occasion(now, [])
        was_connected, self._is_connected = self._is_connected, False
        occasion.reason = DownReason.CONNECTION_LOST
        if self.state is State.CLOSED:
            if was_connected:
                self._go_down(occasion)
        elif was_connected:
            self._fire(Input(f"{self._side}-Peer-Disc"), occasion)
        elif self.state in (State.WAIT_CONN_ACK, State.WAIT_CONN_ACK_ELECT):
            occasion.reason = DownReason.CONNECTION_FAILED
            self._fire(Input.I_RCV_CONN_NACK, occasion)
        return occasion.events

    def receive_data(self, data: bytes, *, now: datetime) -> list[Event]:
        """Octets arrived. What comes after the connection was given up is not looked at."""
        events: list[Event] = []
        if not self._is_connected:
            return events
        broken: FramingError | None = None
        try:
            messages = self._framer.receive_data(data)
        except FramingError as error:
            messages, broken = error.messages, error
        has_other = self._receive_messages(messages, events, now)
        if has_other and self.is_open:
            self._perform(self._watchdog.receive_other(now), Occasion(now, events))
        if broken is not None:
            self._give_up_stream(broken, Occasion(now, events))
        return events

    def send(self, message: bytes, *, now: datetime) -> None:
        """Queues requests or answers of an application. Raises PeerNotOpen."""
        if not self._is_connected or self._table.get((self.state, Input.SEND_MESSAGE)) is None:
            raise PeerNotOpen(f"the peer is {self.state}", state=self.state)
        self._fire(Input.SEND_MESSAGE, Occasion(now, [], message))

    def handle_timer(self, *, now: datetime) -> list[Event]:
        """To be called once `get_timer` has come; earlier calls do nothing."""
        occasion = Occasion(now, [])
        expires_at = self._watchdog.expires_at
        if self._deadline is not None and now >= self._deadline:
            self._deadline = None
            self._handle_deadline(occasion)
        elif expires_at is not None and now >= expires_at:
            self._perform(self._watchdog.handle_timer(now), occasion)
        return occasion.events

    def accept(
        self, *, now: datetime, node: LocalNode | None = None, is_returning: bool = False
    ) -> list[Event]:
        """A responder takes the node that introduced itself.

        `node` is the identity to have towards it, if not the one given at first. `is_returning`:
        its last connection broke down, so that it has to prove itself (REOPEN, RFC 3539).
        """
        occasion = Occasion(now, [])
        introduction = self._introduction
        if introduction is None or self.state is not State.CLOSED:
            raise PeerNotOpen(f"nobody waits to be accepted, the peer is {self.state}")
        if node is not None:
            self.messages.node = node
        occasion.capabilities = decode_capabilities(introduction)
        refusal = decide_refusal(self.messages.node, occasion.capabilities)
        if refusal is not None:
            occasion.events.append(ev.CapabilitiesRefused(refusal, by_us=True))
            return self._refuse_with(Result(refusal), occasion)
        if is_returning:
            self._watchdog.health = Health.DOWN
        occasion.message = introduction
        self._fire(Input.R_CONN_CER, occasion)
        return occasion.events

    def refuse(self, result_code: int = ResultCode.UNKNOWN_PEER, *, now: datetime) -> list[Event]:
        """A responder does not take the node that introduced itself: CEA, then close."""
        if self._introduction is None or self.state is not State.CLOSED:
            raise PeerNotOpen(f"nobody waits to be refused, the peer is {self.state}")
        return self._refuse_with(Result(result_code), Occasion(now, []))

    def disconnect(self, cause: DisconnectCause, *, now: datetime) -> list[Event]:
        """Says goodbye, and does not come back until `start`. Raises PeerNotOpen."""
        if not self.is_open:
            raise PeerNotOpen(f"the peer is {self.state}", state=self.state)
        occasion = Occasion(now, [])
        occasion.cause = cause
        self._reconnect_after = None
        self._fire(Input.STOP, occasion)
        return occasion.events

    def rival_arrived(self, origin_host: str, *, now: datetime) -> list[Event]:
        """The same node introduced itself on a connection that it opened.

        The events say, now or later, what to do with that connection: RivalAccepted or
        RivalRefused.
        """
        if self.role == "responder" and self.state is State.CLOSED:
            raise PeerNotOpen("this peer does not hold elections", state=self.state)
        occasion = Occasion(now, [])
        occasion.rival_host = origin_host
        self._fire(Input.R_CONN_CER, occasion)
        return occasion.events

    def rival_lost(self, *, now: datetime) -> list[Event]:
        """The connection of which `rival_arrived` told is gone."""
        occasion = Occasion(now, [])
        if self._rival_host is not None:
            self._rival_host = None
            self._fire(Input.R_PEER_DISC, occasion)
        return occasion.events
