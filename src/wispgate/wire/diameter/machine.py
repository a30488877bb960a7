"""Runs the peer's state table for one connection; `peer` is what drivers see of it.

An input looks up its row; each action of the row is a method here. What the other side sends by
mistake becomes an error answer where one is possible, and the end of the connection.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, cast

from wispgate.wire.diameter import events as ev
from wispgate.wire.diameter.answers import Result
from wispgate.wire.diameter.base_messages import BaseMessages
from wispgate.wire.diameter.capabilities import (
    Capabilities,
    LocalNode,
    common_applications,
    decode_capabilities,
)
from wispgate.wire.diameter.commands import (
    AVP_DISCONNECT_CAUSE,
    AVP_ORIGIN_STATE_ID,
    COMMAND_CAPABILITIES_EXCHANGE,
    COMMAND_DEVICE_WATCHDOG,
    COMMAND_DISCONNECT_PEER,
)
from wispgate.wire.diameter.errors import DiameterError, FramingError
from wispgate.wire.diameter.events import DisconnectCause, DownReason, Event
from wispgate.wire.diameter.framing import Framer
from wispgate.wire.diameter.handshake import read_introduction, read_welcome
from wispgate.wire.diameter.header import peek_header
from wispgate.wire.diameter.hot.watchdog import decode_dwr
from wispgate.wire.diameter.message import Message, decode_message
from wispgate.wire.diameter.occasion import SUCCESS, Occasion, result_of
from wispgate.wire.diameter.results import ResultCode
from wispgate.wire.diameter.states import TABLE, Action, Input, State, Transition, decide_election
from wispgate.wire.diameter.timing import Timing
from wispgate.wire.diameter.validation import Violation, violation_of
from wispgate.wire.diameter.watchdog import Deed, Watchdog

Role = Literal["initiator", "responder"]

_UNABLE: Final = Result(ResultCode.UNABLE_TO_COMPLY)

_BASE_INPUTS: Final = {
    (COMMAND_CAPABILITIES_EXCHANGE, True): "Rcv-CER",
    (COMMAND_CAPABILITIES_EXCHANGE, False): "Rcv-CEA",
    (COMMAND_DEVICE_WATCHDOG, True): "Rcv-DWR",
    (COMMAND_DEVICE_WATCHDOG, False): "Rcv-DWA",
    (COMMAND_DISCONNECT_PEER, True): "Rcv-DPR",
    (COMMAND_DISCONNECT_PEER, False): "Rcv-DPA",
}
_TOLD: Final[dict[Deed, Event]] = {
    Deed.FAIL_OVER: ev.WatchdogSuspect(),
    Deed.FAIL_BACK: ev.WatchdogRecovered(),
}
_BEFORE_CEA: Final = frozenset({State.WAIT_I_CEA, State.WAIT_RETURNS})


class PeerMachine:
    """State, timers and output of one peer. Drivers use `peer.Peer`."""

    def __init__(
        self,
        node: LocalNode,
        role: Role,
        *,
        jitter: Callable[[], timedelta],
        seed: int,
        timing: Timing | None = None,
        table: Mapping[tuple[State, Input], Transition] = TABLE,
    ) -> None:
        self.role = role
        self.state = State.CLOSED
        self.remote: Capabilities | None = None
        self.messages = BaseMessages(node, seed=seed)
        self._side = "I" if role == "initiator" else "R"
        self._open_state = State.I_OPEN if role == "initiator" else State.R_OPEN
        self._timing = timing or Timing()
        self._table = table
        self._watchdog = Watchdog(self._timing.watchdog, jitter=jitter)
        self._framer = Framer()
        self._is_connected = False
        self._carries_traffic = False
        self._introduction: Message | None = None
        self._rival_host: str | None = None
        self._origin_state_id: int | None = None
        self._reconnect_after: timedelta | None = None
        self._deadline: datetime | None = None
        self._urgent: list[bytes] = []
        self._output: list[bytes] = []

    @property
    def is_open(self) -> bool:
        """Capabilities are exchanged on this very connection."""
        return self._is_connected and self.state is self._open_state

    # --- the table --------------------------------------------------------------------------

    def _fire(self, happened: Input, occasion: Occasion) -> None:
        """Takes the row for what happened; without a row the other side is in error."""
        before = self.state
        row = self._table.get((before, happened))
        if row is None:
            occasion.detail = occasion.detail or f"{happened} while {before}"
            self._give_up(occasion)
            return
        self.state = row.next_state
        for action in row.actions:
            _ACTIONS[action](self, occasion)
        if self.state is not before:
            self._entered(before, occasion)

    def _entered(self, before: State, occasion: Occasion) -> None:
        message_input = Input(f"{self._side}-Rcv-Message")
        has_row = self._table.get((self.state, message_input)) is not None
        self._carries_traffic = has_row and self._is_connected
        if before is State.CLOSING:
            occasion.reason = DownReason.DISCONNECTED
        if self.state is State.CLOSED:
            is_rivals = before is State.R_OPEN and self.role == "initiator"
            self._go_down(occasion, is_silent=is_rivals)

    def _give_up(self, occasion: Occasion) -> None:
        """The connection ends, whatever the state."""
        self.state = State.CLOSED
        self._go_down(occasion)

    def _go_down(self, occasion: Occasion, *, is_silent: bool = False) -> None:
        self._carries_traffic = False
        self._introduction = None
        self._watchdog.connection_down()
        self._drop_connection(occasion)
        if not is_silent:
            occasion.events.append(ev.PeerDown(occasion.reason, occasion.detail))
        after = self._reconnect_after if self.role == "initiator" else None
        self._deadline = None if after is None else occasion.now + after

    def _drop_connection(self, occasion: Occasion) -> None:
        if self._is_connected:
            self._is_connected = False
            occasion.events.append(ev.ConnectionShouldClose())

    def _drop_rival(self, occasion: Occasion) -> None:
        if self._rival_host is not None:
            self._rival_host = None
            occasion.events.append(ev.RivalRefused())

    def _handle_deadline(self, occasion: Occasion) -> None:
        if self.state is not State.CLOSED:
            is_closing = self.state is State.CLOSING
            occasion.reason = (
                DownReason.DISCONNECTED if is_closing else DownReason.HANDSHAKE_TIMEOUT
            )
            self._fire(Input.TIMEOUT, occasion)
        elif self.role == "initiator":
            self._fire(Input.START, occasion)
        else:
            occasion.reason = DownReason.HANDSHAKE_TIMEOUT
            self._go_down(occasion)

    def _perform(self, deeds: tuple[Deed, ...], occasion: Occasion) -> None:
        for deed in deeds:
            if deed is Deed.SEND_WATCHDOG:
                self._urgent.append(self.messages.watchdog_request(occasion.now))
            elif deed is Deed.CLOSE_CONNECTION:
                occasion.reason = DownReason.WATCHDOG
                self._fire(Input.TIMEOUT, occasion)
            else:
                occasion.events.append(_TOLD[deed])

    # --- what arrives -------------------------------------------------------------------------

    def _receive_messages(self, messages: list[bytes], events: list[Event], now: datetime) -> bool:
        """Whether there was anything but answers to watchdogs. Stops where the peer goes down."""
        has_other = False
        for raw in messages:
            has_other |= self._receive_message(raw, events, now)
            if not self._is_connected:
                break
        return has_other

    def _receive_message(self, raw: bytes, events: list[Event], now: datetime) -> bool:
        """Whether it was anything but the answer to a watchdog."""
        header = peek_header(raw)
        is_request = header.is_request
        kind = _BASE_INPUTS.get((header.command_code, is_request), "Rcv-Message")
        if kind == "Rcv-Message" and self._carries_traffic:
            events.append(
                ev.RequestReceived(raw, header) if is_request else ev.AnswerReceived(raw, header)
            )
            return True
        occasion = Occasion(now, events, raw)
        if self.state is State.CLOSED:
            self._receive_introduction(kind, occasion)
        elif self.state in _BEFORE_CEA:
            happened = Input.I_RCV_NON_CEA
            if kind == "Rcv-CEA" and self._is_welcome(occasion):
                happened = Input.I_RCV_CEA
            self._fire(happened, occasion)
        else:
            self._receive_base_message(kind, occasion)
        return kind != "Rcv-DWA"

    def _receive_introduction(self, kind: str, occasion: Occasion) -> None:
        """The first message of a connection is a CER, and nothing follows until it is answered."""
        occasion.reason = DownReason.HANDSHAKE_FAILED
        if kind != "Rcv-CER" or self._introduction is not None:
            occasion.detail = f"command {occasion.header.command_code} before capabilities"
            self._go_down(occasion)
            return
        introduction = read_introduction(occasion.raw)
        if isinstance(introduction, Violation):
            occasion.detail = introduction.message
            self._refuse_with(result_of(introduction), occasion)
            return
        self._introduction = introduction
        occasion.events.append(ev.CapabilitiesRequested(decode_capabilities(introduction)))

    def _refuse_with(self, result: Result, occasion: Occasion) -> list[Event]:
        request = occasion.request if self._introduction is None else self._introduction
        self._urgent.append(self.messages.capabilities_answer(request, result))
        occasion.reason = DownReason.REFUSED
        self._go_down(occasion)
        return occasion.events

    def _is_welcome(self, occasion: Occasion) -> bool:
        """Whether a CEA opens the peer. If not, the driver hears why."""
        welcome = read_welcome(occasion.raw, self.messages.node)
        if isinstance(welcome, Capabilities):
            occasion.capabilities = welcome
            return True
        if isinstance(welcome, Violation):
            occasion.reason = DownReason.HANDSHAKE_FAILED
            occasion.detail = welcome.message
        else:
            occasion.reason = DownReason.REFUSED
            occasion.events.append(welcome)
        return False

    def _receive_base_message(self, kind: str, occasion: Occasion) -> None:
        """What cannot be read is answered with its error, and counts as what it claims to be."""
        if kind == "Rcv-DWR":
            occasion.watchdog = decode_dwr(occasion.raw)
        if occasion.watchdog is None:
            try:
                occasion.message = decode_message(occasion.raw)
            except DiameterError as error:
                occasion.fault = violation_of(error)
        try:
            happened = Input(f"{self._side}-{kind}")
        except ValueError:  # a CEA, which the table knows only where one is due
            occasion.detail = f"{kind} while {self.state}"
            self._give_up(occasion)
            return
        self._fire(happened, occasion)

    def _give_up_stream(self, error: FramingError, occasion: Occasion) -> None:
        """No message can be found any more. A request that we can number still gets its answer."""
        if not self._is_connected:
            return
        occasion.detail = error.message
        if self.state in _BEFORE_CEA:
            self._fire(Input.I_RCV_NON_CEA, occasion)
            return
        header = peek_header(error.header)
        if self.is_open and header.is_request:
            self._output.append(self.messages.error_answer(header, result_of(violation_of(error))))
        self._give_up(occasion)

    def _note_origin_state(self, occasion: Occasion) -> None:
        if occasion.watchdog is not None:
            self._note_state_number(occasion.watchdog.origin_state_id, occasion.events)
            return
        avp = None if occasion.message is None else occasion.message.find_avp(AVP_ORIGIN_STATE_ID)
        if avp is None or len(avp.data) != 4:
            return
        self._note_state_number(int.from_bytes(avp.data, "big"), occasion.events)

    def _note_state_number(self, current: int | None, events: list[Event]) -> None:
        """One that is lower than what we know is an old message (section 8.16)."""
        previous = self._origin_state_id
        if current is None or (previous is not None and current < previous):
            return
        self._origin_state_id = current
        if current != previous:
            events.append(ev.OriginStateChanged(previous, current))

    # --- the actions of the table ---------------------------------------------------------------

    def _want_connection(self, occasion: Occasion) -> None:
        self._reconnect_after = self._timing.reconnect
        self._deadline = occasion.now + self._timing.handshake
        occasion.events.append(ev.ConnectionWanted())

    def _send_cer(self, occasion: Occasion) -> None:
        self._deadline = occasion.now + self._timing.handshake
        self._urgent.append(self.messages.capabilities_request(occasion.now))

    def _process_cea(self, occasion: Occasion) -> None:
        self._open(occasion)

    def _send_cea(self, occasion: Occasion) -> None:
        if self.role == "initiator":
            self._deadline = None
            self._reconnect_after = self._timing.reconnect
            occasion.events.append(ev.RivalAccepted())
            return
        self._urgent.append(self.messages.capabilities_answer(occasion.request, SUCCESS))
        self._open(occasion)

    def _open(self, occasion: Occasion) -> None:
        # Both ways to an open state have read them: `accept` and `_is_welcome`.
        remote = self.remote = cast(Capabilities, occasion.capabilities)
        self._deadline = None
        self._introduction = None
        self._origin_state_id = remote.origin_state_id
        common = common_applications(self.messages.node, remote)
        occasion.events.append(ev.CapabilitiesExchanged(remote, common))
        self._perform(self._watchdog.connection_up(occasion.now), occasion)

    def _accept_rival(self, occasion: Occasion) -> None:
        """A responder's own connection needs no more than what the driver did already."""
        if self.role == "initiator":
            self._rival_host = occasion.rival_host

    def _reject_rival(self, occasion: Occasion) -> None:
        occasion.events.append(ev.RivalRefused())

    def _elect(self, occasion: Occasion) -> None:
        theirs = self._rival_host
        if theirs is not None and decide_election(self.messages.node.origin_host, theirs):
            self._fire(Input.WIN_ELECTION, occasion)

    def _send_message(self, occasion: Occasion) -> None:
        self._output.append(occasion.raw)

    def _process(self, occasion: Occasion) -> None:
        """Traffic is passed on by `_receive_message`, which asks the table once per state."""

    def _refuse_cer(self, occasion: Occasion) -> None:
        self._output.append(self.messages.capabilities_answer(occasion.request, _UNABLE))

    def _send_dwa(self, occasion: Occasion) -> None:
        if occasion.watchdog is not None:
            self._urgent.append(self.messages.usual_watchdog_answer(occasion.watchdog))
        else:
            self._urgent.append(self.messages.watchdog_answer(occasion.request, occasion.result))

    def _process_dwa(self, occasion: Occasion) -> None:
        self._note_origin_state(occasion)
        if self.is_open:
            self._perform(self._watchdog.receive_answer(occasion.now), occasion)

    def _send_dpr(self, occasion: Occasion) -> None:
        self._stop_watching(occasion)
        self._output.append(self.messages.disconnect_request(occasion.cause, occasion.now))

    def _send_dpa(self, occasion: Occasion) -> None:
        self._stop_watching(occasion)
        self._output.append(self.messages.error_answer(occasion.request, occasion.result))
        message = occasion.message
        avp = None if message is None else message.find_avp(AVP_DISCONNECT_CAUSE)
        cause = None if avp is None or len(avp.data) != 4 else int.from_bytes(avp.data, "big")
        if cause == DisconnectCause.BUSY:
            self._reconnect_after = self._timing.reconnect_when_busy
        elif cause == DisconnectCause.DO_NOT_WANT_TO_TALK_TO_YOU:
            self._reconnect_after = None
        occasion.events.append(ev.DisconnectRequested(cause))

    def _stop_watching(self, occasion: Occasion) -> None:
        """From here on only the closing time counts; a peer that left in order is not DOWN."""
        self._watchdog.forget()
        self._deadline = occasion.now + self._timing.closing

    def _i_disc(self, occasion: Occasion) -> None:
        self._deadline = None
        if self.state is not State.CLOSED:
            self._drop_connection(occasion)

    def _r_disc(self, occasion: Occasion) -> None:
        if self.role == "initiator":
            self._drop_rival(occasion)

    def _error(self, occasion: Occasion) -> None:
        self._drop_rival(occasion)

    def _nothing(self, occasion: Occasion) -> None:
        """Process-CER, Cleanup: the driver has done it, or leaving the state does."""


_ACTIONS: Final[dict[Action, Callable[[PeerMachine, Occasion], None]]] = {
    Action.I_SND_CONN_REQ: PeerMachine._want_connection,
    Action.I_SND_CER: PeerMachine._send_cer,
    Action.PROCESS_CEA: PeerMachine._process_cea,
    Action.R_ACCEPT: PeerMachine._accept_rival,
    Action.R_REJECT: PeerMachine._reject_rival,
    Action.PROCESS_CER: PeerMachine._nothing,
    Action.REFUSE_CER: PeerMachine._refuse_cer,
    Action.R_SND_CEA: PeerMachine._send_cea,
    Action.ELECT: PeerMachine._elect,
    Action.SND_MESSAGE: PeerMachine._send_message,
    Action.PROCESS: PeerMachine._process,
    Action.PROCESS_DWR: PeerMachine._note_origin_state,
    Action.SND_DWA: PeerMachine._send_dwa,
    Action.PROCESS_DWA: PeerMachine._process_dwa,
    Action.SND_DPR: PeerMachine._send_dpr,
    Action.SND_DPA: PeerMachine._send_dpa,
    Action.I_DISC: PeerMachine._i_disc,
    Action.R_DISC: PeerMachine._r_disc,
    Action.CLEANUP: PeerMachine._nothing,
    Action.ERROR: PeerMachine._error,
}
